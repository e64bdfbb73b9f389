/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The section .gnu_debuglink (GDB manual, "Debugging Information in Separate Files"): the base name of
 * the file that holds this one's debug information, and a CRC-32 of that whole file.
 */
#ifndef HEARTH_ELF_DEBUGLINK_H
#define HEARTH_ELF_DEBUGLINK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

/* A larger file is not read through for its checksum. */
#define DEBUGLINK_MAX_FILE_BYTES (1ull << 30)

struct debuglink {
	char name[NAME_MAX + 1];
	uint32_t crc;
};

/*
 * Reads the link: 0; -ENOENT: the file has none; -EBADMSG: it is malformed or is more than a base name
 * (a slash, ".", ".."), which would point somewhere that the file may not choose; or a read error.
 */
int debuglink_read(struct elf_file *file, struct debuglink *ret_link);

/* What a link's name must be: no slash, not "." or "..". */
bool debuglink_is_base_name(const char *name);

/* The CRC-32 of everything in `fd`: 0, -EFBIG, or a read error. */
int debuglink_crc(int fd, uint32_t *ret_crc);

#endif
