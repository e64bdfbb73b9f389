/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a file's code lies in it and at which addresses: its executable PT_LOAD segments. They alone turn an offset in the file into an address, and what is kept beside its debug file has them no
 * more: objcopy --only-keep-debug moves its segments together.
 */
#ifndef HEARTH_ELF_CODE_SEGMENTS_H
#define HEARTH_ELF_CODE_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

struct elf_file;

#define CODE_SEGMENTS_MAX 4 /* linkers make one */

struct code_segment {
	uint64_t offset, address, size;
};

struct code_segments {
	uint64_t count; /* 0: none, or more than there is room for */
	struct code_segment list[CODE_SEGMENTS_MAX];
};

void code_segments_read(const struct elf_file *file, struct code_segments *ret_segments);

/* False: none has the offset. */
bool code_segments_address(const struct code_segments *segments, uint64_t offset,
			   uint64_t *ret_address);

#endif
