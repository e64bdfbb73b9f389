/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slice that is made of others (roll_up.h), from choosing them to its place in the store. It is chosen and put in its place by whoever writes into the store (store_writer.h); between the two it is run, in any thread,
 * while the store goes on. Until the file has its name nothing has changed; from then on the slices that it was made of count no more (store_folder.h), and are taken away later, so that who has just found
 * them can still open them.
 */
#ifndef HEARTH_STORE_SLICE_ROLLING_H
#define HEARTH_STORE_SLICE_ROLLING_H

#include <stddef.h>
#include <stdint.h>

#include "store/roll_up_level.h"
#include "store/slice_file.h"
#include "store/store_folder.h"

/* roll_up_make(), or one that does it elsewhere. */
typedef int (*roll_up_make_fn)(const char *folder, const struct roll_up_group *group,
			       slice_chunk_fn put, void *context, size_t *ret_taken);

struct slice_rolling {
	const char *folder;
	struct roll_up_group group; /* the first `taken` of it are replaced, once it was run */
	size_t taken;
	struct slice_entry entry; /* what it becomes */
	int error;                /* of running it, 0 until then */
};

/* Makes the file. `make` is not believed: what took more slices than there are, or has many more bytes than they, is -EBADMSG. 0 or an error of slice_file.h, which `rolling->error` has, too; `taken` is then the one of the group that is to blame, or the first one. */
int slice_rolling_run(struct slice_rolling *rolling, roll_up_make_fn make);

/* Gives the file its name, if it was made: 0, or its error, after which the file is gone. -EAGAIN: somebody makes names better (STORE_NAMES_LOCK); -ESTALE: of one that it was made of they are better by now. */
int slice_rolling_settle(struct slice_rolling *rolling);

void slice_rolling_release(struct slice_rolling *rolling);

#endif
