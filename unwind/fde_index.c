/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/fde_index.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "unwind/cfi_machine.h"
#include "unwind/cfi_source.h"
#include "unwind/fde_list.h"
#include "unwind/text_map.h"

/* The head of .eh_frame_hdr in the one form that linkers write (LSB 5.0 Core, 10.6.2). */
struct hdr_head {
	uint8_t version, eh_frame_encoding, count_encoding, table_encoding;
	int32_t eh_frame;
	uint32_t count;
};

#define HDR_VERSION 1

static bool is_usual(const struct hdr_head *head)
{
	return head->version == HDR_VERSION &&
	       head->eh_frame_encoding == (CFI_POINTER_PC | CFI_POINTER_SDATA4) &&
	       head->count_encoding == CFI_POINTER_UDATA4 &&
	       head->table_encoding == (CFI_POINTER_DATA | CFI_POINTER_SDATA4);
}

static const struct elf_segment *find_hdr(const struct elf_file *file)
{
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		const struct elf_segment *segment = elf_file_segment(file, i);

		if (segment->type == PT_GNU_EH_FRAME)
			return segment;
	}
	return NULL;
}

static bool is_sorted(const struct fde_index_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (entries[i - 1].start > entries[i].start)
			return false;
	}
	return true;
}

/* 0; -ENOENT: the file has no table that can be used; -ENOMEM. */
static int take_own_table(struct fde_index *index)
{
	const struct elf_segment *hdr = find_hdr(index->file);
	_cleanup_free_ struct fde_index_entry *entries = NULL;
	struct hdr_head head;
	size_t size, bytes;

	if (!hdr || hdr->file_size < sizeof(head) ||
	    elf_file_read(index->file, hdr->offset, &head, sizeof(head), &size) ||
	    size < sizeof(head) || !is_usual(&head) || !head.count || head.count > FDE_INDEX_MAX)
		return -ENOENT;
	bytes = head.count * sizeof(*entries);
	if (bytes > hdr->file_size - sizeof(head))
		return -ENOENT;
	entries = malloc(bytes);
	if (!entries)
		return -ENOMEM;
	if (elf_file_read(index->file, hdr->offset + sizeof(head), entries, bytes, &size) ||
	    size < bytes || !is_sorted(entries, head.count))
		return -ENOENT;
	index->entries = take_ptr(entries);
	index->count = head.count;
	index->base = hdr->address;
	return 0;
}

/* An address as a distance from the base; false: it does not fit. */
static bool to_distance(uint64_t address, uint64_t base, int32_t *ret_distance)
{
	int64_t distance = (int64_t)(address - base);

	if (distance < INT32_MIN || distance > INT32_MAX)
		return false;
	*ret_distance = (int32_t)distance;
	return true;
}

static int fill_table(struct fde_index *index, const struct fde_list *list)
{
	index->entries = malloc((list->count + 1) * sizeof(*index->entries));
	if (!index->entries)
		return -ENOMEM;
	index->base = index->section.address;
	for (size_t i = 0; i < list->count; i++) {
		struct fde_index_entry *entry = &index->entries[index->count];
		uint64_t address, fde = index->section.address + fde_offset(&list->fdes[i]);

		if (elf_file_address_of_offset(index->file, list->fdes[i].start, &address) &&
		    to_distance(address, index->base, &entry->start) &&
		    to_distance(fde, index->base, &entry->fde))
			index->count++;
	}
	/* Segments may lie in another order in memory than in the file. */
	if (!is_sorted(index->entries, index->count))
		index->count = 0;
	return 0;
}

static int make_table(struct fde_index *index)
{
	struct cfi_section section;
	struct cfi_source source;
	struct fde_list list;
	struct text_map text;
	int err;

	if (text_map_init(&text, index->file) || cfi_section_init_eh_frame(&section, index->file))
		return 0;
	cfi_source_init(&source, &section, cfi_machine_find(EM_X86_64));
	fde_list_init(&list);
	err = fde_list_collect(&list, &source, 0, &text);
	if (!err)
		err = fde_list_resolve(&list);
	if (!err)
		err = fill_table(index, &list);
	fde_list_release(&list);
	cfi_source_release(&source);
	return err == -ENOMEM ? err : 0;
}

int fde_index_init(struct fde_index *index, struct elf_file *file)
{
	int err;

	*index = (struct fde_index){ .file = file };
	if (!elf_file_is_64(file) || elf_file_machine(file) != EM_X86_64)
		return 0;
	err = cfi_section_init_eh_frame(&index->section, file);
	if (err)
		return err == -ENOMEM ? err : 0;
	err = take_own_table(index);
	return err == -ENOENT ? make_table(index) : err;
}

void fde_index_release(struct fde_index *index)
{
	cfi_section_release(&index->section);
	free(index->entries);
	elf_file_free(index->file);
	*index = (struct fde_index){ 0 };
}

bool fde_index_read(struct fde_index *index, uint64_t address, void *to, size_t size)
{
	uint64_t start = index->section.address, skip = 0;
	struct bytes bytes;

	/* Of a word that begins before the section, what is in it. */
	if (address < start && start - address < size) {
		skip = start - address;
		address = start;
	}
	if (!index->section.size || address < start || address - start >= index->section.size ||
	    cfi_section_read(&index->section, address - start, size - skip, &bytes) || !bytes.size)
		return false;
	memset(to, 0, size);
	memcpy((uint8_t *)to + skip, bytes.data, bytes.size);
	return true;
}
