/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for a slice that is sealed: a copy of its chunks with one more of names takes its place, all at once. Who reads the old one goes on with it. A slice that was taken away meanwhile stays away. Whoever
 * calls holds STORE_NAMES_LOCK, so that there is one at a time; the one who writes into the store may go on.
 */
#ifndef HEARTH_STORE_SLICE_REWRITE_H
#define HEARTH_STORE_SLICE_REWRITE_H

#include <stddef.h>
#include <stdint.h>

#include "store/slice_names.h"

struct slice_entry;

/*
 * `strings`: so many has the slice in its chunks of names. 0; -ENOENT: it is gone; -EBADMSG: some of it is damaged, and it stays as it is; or another error of slice_file.h, and it stays as well.
 */
int slice_add_names(const char *folder, const struct slice_entry *entry, uint32_t strings,
		    const struct named_frame *frames, size_t count);

#endif
