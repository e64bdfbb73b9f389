/* SPDX-License-Identifier: Apache-2.0 */
/* The build-id of an ELF file: the content of its note NT_GNU_BUILD_ID of the owner "GNU". */
#ifndef HEARTH_ELF_BUILD_ID_H
#define HEARTH_ELF_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

/* Linkers write 8 to 20 bytes; one given by hand may have any length, and beyond this it is none. */
#define BUILD_ID_MAX_BYTES 64

/* Notes are looked for in so much of a section or segment. */
#define BUILD_ID_MAX_NOTE_BYTES (64u << 10)

struct build_id {
	uint8_t bytes[BUILD_ID_MAX_BYTES];
	size_t size; /* 0: none */
};

/*
 * The build-id, from the note sections or else (no section headers) the PT_NOTE segments: 0; -ENOENT:
 * the file has none; or a read error.
 */
int build_id_read(const struct elf_file *file, struct build_id *ret_id);

/* As hexadecimal digits, terminated: as the names of debug files have it. */
void build_id_format(const struct build_id *id, char text[2 * BUILD_ID_MAX_BYTES + 1]);

bool build_id_equal(const struct build_id *a, const struct build_id *b);

#endif
