/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/code_stub.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (64u << 10)
#define STUB_MAX    16

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
}

void code_stub_search_release(struct code_stub_search *search)
{
	free(search->chunk);
	search->chunk = NULL;
}

/* A stub in a chunk; `start` and `end` from the chunk's start on. */
static bool find_in_chunk(const struct cfi_machine *machine, struct bytes chunk,
			  struct code_stub *ret_stub)
{
	const uint8_t *first = NULL;

	if (!chunk.size)
		return false;
	for (size_t i = 0; i < CFI_MACHINE_MAX_STUBS && machine->stubs[i].code.size; i++) {
		const struct bytes *code = &machine->stubs[i].code;
		const uint8_t *at = memmem(chunk.data, chunk.size, code->data, code->size);

		if (!at || (first && at >= first))
			continue;
		first = at;
		ret_stub->kind = machine->stubs[i].kind;
		ret_stub->start = at - chunk.data;
		ret_stub->end = ret_stub->start + code->size;
	}
	return first != NULL;
}

static bool fill_chunk(struct code_stub_search *search, uint64_t start, size_t size)
{
	search->chunk_size = 0;
	if (!search->chunk)
		search->chunk = malloc(CHUNK_BYTES);
	if (search->reads_ahead)
		size = CHUNK_BYTES;
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

bool code_stub_find(struct code_stub_search *search, uint64_t start, uint64_t end,
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
