/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/text_map.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

static int compare_offsets(const void *a, const void *b)
{
	uint64_t left = ((const struct text_segment *)a)->offset;
	uint64_t right = ((const struct text_segment *)b)->offset;

	return (left > right) - (left < right);
}

/* What a header claims beyond the file's end is not there. */
static bool to_text(const struct elf_file *file, const struct elf_segment *segment,
		    struct text_segment *ret_text)
{
	uint64_t size = elf_file_size(file);

	if (segment->type != PT_LOAD || !(segment->flags & PF_X) || segment->offset >= size)
		return false;
	size -= segment->offset;
	if (size > segment->file_size)
		size = segment->file_size;
	if (size > UINT64_MAX - segment->address)
		size = UINT64_MAX - segment->address;
	*ret_text = (struct text_segment){ segment->address, segment->offset, size };
	return size > 0;
}

int text_map_init(struct text_map *map, const struct elf_file *file)
{
	map->count = 0;
	map->last = 0;
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		struct text_segment text;

		if (!to_text(file, elf_file_segment(file, i), &text))
			continue;
		if (map->count == TEXT_MAP_MAX)
			return -EFBIG;
		map->segments[map->count++] = text;
	}
	qsort(map->segments, map->count, sizeof(*map->segments), compare_offsets);
	return map->count ? 0 : -ENOENT;
}

static bool holds(const struct text_segment *text, uint64_t address)
{
	return address >= text->address && address - text->address < text->size;
}

bool text_map_find(struct text_map *map, uint64_t address, uint64_t *ret_offset, uint64_t *ret_end)
{
	const struct text_segment *text;
	size_t tried = 0;

	while (!holds(&map->segments[map->last], address)) {
		if (++tried == map->count)
			return false;
		map->last = (map->last + 1) % map->count;
	}
	text = &map->segments[map->last];
	*ret_offset = text->offset + (address - text->address);
	*ret_end = text->offset + text->size;
	return true;
}
