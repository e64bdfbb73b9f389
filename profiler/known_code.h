/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the code of files lies, by their build-id, and of which of them a store's open slice was told (store/slice_modules.h): so that they can be named anew by debug files that come later
 * (names_rescan.h). One thread at a time.
 */
#ifndef HEARTH_PROFILER_KNOWN_CODE_H
#define HEARTH_PROFILER_KNOWN_CODE_H

#include "base/string_pool.h"
#include "base/buffer.h"

struct code_segments;
struct store_writer;

/* Zero bytes are an empty one but for the pool. */
struct known_code {
	struct string_pool build_ids;
	struct buffer files; /* struct known_file, by the string's number */
};

void known_code_init(struct known_code *code);
void known_code_release(struct known_code *code);

/* Notes a file: 0 or -ENOMEM. */
int known_code_add(struct known_code *code, const char *build_id,
		   const struct code_segments *segments);

/* A window of this slice has the file; nothing is done of one that was not noted. */
void known_code_meet(struct known_code *code, const char *build_id, uint64_t slice);

/* Tells the slice that is open of those that its windows have and that it was not told of; another one knows nothing yet. 0 or an error of store_writer_add_modules(), and it is tried again. */
int known_code_tell(struct known_code *code, struct store_writer *writer);

#endif
