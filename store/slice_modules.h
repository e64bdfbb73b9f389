/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the code of files lies, for those whose frames have no name yet (slice_dictionary.h): by it an offset in a file is an address, also when that file is gone and only its debug file is left. A
 * chunk that stands anywhere; the body, all numbers as columns:
 *
 *   build-ids   count; the size of each, then their digits
 *   modules     one for each build-id: how many segments it has
 *   segments    count; three columns: offset in the file, address, size
 */
#ifndef HEARTH_STORE_SLICE_MODULES_H
#define HEARTH_STORE_SLICE_MODULES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"

#define MODULE_SEGMENTS_MAX 4

struct module_segment {
	uint64_t offset, address, size;
};

struct module_code {
	const char *build_id; /* digits */
	size_t count;         /* MODULE_SEGMENTS_MAX at most */
	struct module_segment segments[MODULE_SEGMENTS_MAX];
};

/* The body of a chunk: 0 or -ENOMEM. */
int slice_modules_append(const struct module_code *modules, size_t count, struct buffer *to);

/* Anything but 0 ends the reading, and is its result. The digits are valid during the call. */
typedef int (*module_code_fn)(void *context, const struct module_code *module);

/* Calls `take` for each: 0, its result, -ENOMEM, or -EBADMSG: it is no chunk, and some may have been told. */
int slice_modules_each(struct bytes body, module_code_fn take, void *context);

#endif
