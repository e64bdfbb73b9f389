/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/code_segments.h"

#include <elf.h>
#include <stddef.h>

#include "elf/elf_file.h"

void code_segments_read(const struct elf_file *file, struct code_segments *ret_segments)
{
	struct code_segments segments = { 0 };

	*ret_segments = segments;
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		const struct elf_segment *segment = elf_file_segment(file, i);

		if (segment->type != PT_LOAD || !(segment->flags & PF_X))
			continue;
		if (segments.count == CODE_SEGMENTS_MAX)
			return;
		segments.list[segments.count++] =
			(struct code_segment){ segment->offset, segment->address,
					       segment->file_size };
	}
	*ret_segments = segments;
}

bool code_segments_address(const struct code_segments *segments, uint64_t offset,
			   uint64_t *ret_address)
{
	for (uint64_t i = 0; i < segments->count && i < CODE_SEGMENTS_MAX; i++) {
		const struct code_segment *segment = &segments->list[i];

		if (offset < segment->offset || offset - segment->offset >= segment->size)
			continue;
		*ret_address = segment->address + (offset - segment->offset);
		return true;
	}
	return false;
}
