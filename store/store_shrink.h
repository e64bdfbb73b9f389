/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the oldest slices of a store away; for the one who writes into it (store_writer.h). */
#ifndef HEARTH_STORE_STORE_SHRINK_H
#define HEARTH_STORE_STORE_SHRINK_H

#include <stdint.h>

/* What was taken away, and what is left. */
struct shrunk {
	uint64_t removed, removed_bytes;
	uint64_t left, left_bytes;
};

/* As store_writer_shrink(). */
int store_folder_shrink(const char *folder, uint64_t oldest_ns, uint64_t max_bytes,
			struct shrunk *ret_shrunk);

#endif
