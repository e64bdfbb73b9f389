/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slice made of several as they grow old (roll_up_level.h): fewer words, for each stands once; and fewer bytes a sample. What any label or frame that is kept adds up to stays the same to the sample, and so do fates.
 *
 * It reads slices, which others may have made: where that is to do no harm it runs in a process that is shut in.
 */
#ifndef HEARTH_STORE_ROLL_UP_H
#define HEARTH_STORE_ROLL_UP_H

#include <stddef.h>

#include "store/roll_up_level.h"
#include "store/slice_file.h"

/*
 * Gives the chunks of the new slice to `put`, in their order, all but the seal; ids are 0. It is made of the first `ret_taken` of the group, which are one at least. 0, -ENOMEM, -ECANCELED: the group stops, the result of `put`, -EINVAL: it has
 * several values, or an error of slice_file.h: the slice number `ret_taken`, counted from 0, cannot be read, and without it the others may.
 */
int roll_up_make(const char *folder, const struct roll_up_group *group, slice_chunk_fn put,
		 void *context, size_t *ret_taken);

#endif
