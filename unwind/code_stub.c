/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/code_stub.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (64u << 10)
#define CHUNK_MIN   (4u << 10) /* of what lies between functions the next piece is near */
#define STUB_MAX    16

/* In a program that one segment maps whole, most of what has no CFI. Small ones are searched like code. */
static bool is_large_data(const struct elf_section *section)
{
	return section->flags & SHF_ALLOC && !(section->flags & SHF_EXECINSTR) &&
	       section->type != SHT_NOBITS && section->size >= CHUNK_BYTES &&
	       section->size <= UINT64_MAX - section->offset;
}

static void find_data(struct code_stub_search *search)
{
	for (size_t i = 0; i < elf_file_section_count(search->file); i++) {
		const struct elf_section *section = elf_file_section(search->file, i);

		if (!is_large_data(section))
			continue;
		if (search->data_count == CODE_STUB_MAX_DATA)
			return;
		search->data[search->data_count].start = section->offset;
		search->data[search->data_count++].end = section->offset + section->size;
	}
}

void code_stub_search_init(struct code_stub_search *search, const struct elf_file *file,
			   const struct cfi_machine *machine, bool reads_ahead)
{
	*search = (struct code_stub_search){
		.file = file,
		.machine = machine,
		.reads_ahead = reads_ahead,
		.bytes_left = CODE_STUB_MAX_BYTES,
		.reads_left = CODE_STUB_MAX_READS,
	};
	find_data(search);
}

void code_stub_search_release(struct code_stub_search *search)
{
	free(search->chunk);
	search->chunk = NULL;
}

static bool ends_with(struct bytes code, struct bytes end)
{
	return code.size >= end.size &&
	       !memcmp(code.data + code.size - end.size, end.data, end.size);
}

/* The longest stub that some code ends with; its `start` and `end` from where the code begins. */
static bool find_at_end(const struct cfi_machine *machine, struct bytes code,
			struct code_stub *ret_stub)
{
	size_t found = 0;

	for (size_t i = 0; i < CFI_MACHINE_MAX_STUBS; i++) {
		const struct cfi_stub *stub = &machine->stubs[i];

		if (stub->code.size <= found || !ends_with(code, stub->code))
			continue;
		found = stub->code.size;
		*ret_stub = (struct code_stub){ stub->kind, code.size - found, code.size };
	}
	return found != 0;
}

/*
 * The first stub in a chunk. All are looked for at once, by what each ends with: that is so short that its last byte
 * finds it. It is nowhere else in them, so that the first one that ends is the first one that begins.
 */
static bool find_in_chunk(const struct cfi_machine *machine, struct bytes chunk,
			  struct code_stub *ret_stub)
{
	const struct bytes *mark = &machine->stub_end;
	const uint8_t *at = chunk.data, *end = chunk.data + chunk.size;

	while (at < end && mark->size && (at = memchr(at, mark->data[mark->size - 1], end - at))) {
		struct bytes code = { chunk.data, ++at - chunk.data };

		if (ends_with(code, *mark) && find_at_end(machine, code, ret_stub))
			return true;
	}
	return false;
}

static bool fill_chunk(struct code_stub_search *search, uint64_t start, size_t size)
{
	search->chunk_size = 0;
	if (!search->chunk)
		search->chunk = malloc(CHUNK_BYTES);
	if (search->reads_ahead)
		size = CHUNK_BYTES;
	else if (size < CHUNK_MIN)
		size = CHUNK_MIN;
	if (!search->chunk || !search->reads_left)
		return false;
	search->reads_left--;
	search->chunk_start = start;
	return !elf_file_read(search->file, start, search->chunk, size, &search->chunk_size);
}

/* Fewer bytes than asked for: the file has become shorter, or what may be read is used up. */
static struct bytes read_chunk(struct code_stub_search *search, uint64_t start, uint64_t end)
{
	size_t size = end - start < CHUNK_BYTES ? end - start : CHUNK_BYTES;
	uint64_t within = start - search->chunk_start;

	/* What is searched again, behind each one that was found, counts again. */
	if (size > search->bytes_left)
		return (struct bytes){ 0 };
	search->bytes_left -= size;

	if (start < search->chunk_start || within > search->chunk_size ||
	    size > search->chunk_size - within) {
		if (!fill_chunk(search, start, size))
			return (struct bytes){ 0 };
		within = 0;
	}
	if (size > search->chunk_size - within)
		size = search->chunk_size - within;
	return (struct bytes){ search->chunk + within, size };
}

/* Where the data ends that `start` lies in, or `start` itself. */
static uint64_t leave_data(const struct code_stub_search *search, uint64_t start)
{
	for (size_t i = 0; i < search->data_count; i++) {
		if (start >= search->data[i].start && start < search->data[i].end)
			return search->data[i].end;
	}
	return start;
}

/* Where data begins between `start` and `end`, or `end`. */
static uint64_t next_data(const struct code_stub_search *search, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < search->data_count; i++) {
		if (search->data[i].start > start && search->data[i].start < end)
			end = search->data[i].start;
	}
	return end;
}

/* In code that lies in one piece. */
static bool find_in_code(struct code_stub_search *search, uint64_t start, uint64_t end,
			 struct code_stub *ret_stub)
{
	while (start < end) {
		struct bytes chunk = read_chunk(search, start, end);

		if (find_in_chunk(search->machine, chunk, ret_stub)) {
			ret_stub->start += start;
			ret_stub->end += start;
			return true;
		}
		if (chunk.size <= STUB_MAX || chunk.size == end - start)
			return false;
		start += chunk.size - STUB_MAX; /* one may lie across */
	}
	return false;
}

bool code_stub_find(struct code_stub_search *search, uint64_t start, uint64_t end,
		    struct code_stub *ret_stub)
{
	while (start < end) {
		uint64_t code = leave_data(search, start);

		if (code > start) {
			start = code;
			continue;
		}
		code = next_data(search, start, end);
		if (find_in_code(search, start, code, ret_stub))
			return true;
		start = code;
	}
	return false;
}
