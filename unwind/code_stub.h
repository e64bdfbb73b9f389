/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code of C libraries that is known by its bytes, instructions which do nothing else anywhere: where they return
 * from signal handlers, and where a thread begins. musl has no CFI for them (or, made with debug information, CFI
 * as for any other function), Go neither; glibc marks them well and is not searched (where its
 * contexts begin is entry_code.h's). Not thread-safe.
 */
#ifndef HEARTH_UNWIND_CODE_STUB_H
#define HEARTH_UNWIND_CODE_STUB_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "unwind/cfi_machine.h"

/* Code that is searched in one file, in all, and in how many pieces it is read: it may have to come from the disk. */
#define CODE_STUB_MAX_BYTES (16u << 20)
#define CODE_STUB_MAX_READS 4096

/* Sections that are known to hold none, though a segment of code has them: so many. */
#define CODE_STUB_MAX_DATA 16

struct code_stub_search {
	const struct elf_file *file;
	const struct cfi_machine *machine;
	bool reads_ahead; /* everything is going to be searched */
	uint64_t bytes_left;
	uint32_t reads_left;
	uint8_t *chunk;
	uint64_t chunk_start; /* file offset */
	size_t chunk_size;
	struct {
		uint64_t start, end; /* file offsets */
	} data[CODE_STUB_MAX_DATA];
	size_t data_count;
};

void code_stub_search_init(struct code_stub_search *search, const struct elf_file *file,
			   const struct cfi_machine *machine, bool reads_ahead);
void code_stub_search_release(struct code_stub_search *search);

struct code_stub {
	enum cfi_stub_kind kind;
	uint64_t start, end; /* file offsets */
};

/* The first one that lies in the file from `start` to `end`, and not in a large section of data. */
bool code_stub_find(struct code_stub_search *search, uint64_t start, uint64_t end,
		    struct code_stub *ret_stub);

#endif
