/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A section of call frame information, .eh_frame or .debug_frame, wherever it is in a file, as bytes with
 * their addresses.
 *
 * .eh_frame is found by its section header or, in a file without section headers, through the program
 * header PT_GNU_EH_FRAME: .eh_frame_hdr begins with a pointer to it (LSB 5.0 Core, 10.6.2). The hdr's search
 * table is not used: where it is missing, unsorted or wrong nothing changes.
 *
 * A section is not held in memory: it is read through a window (file_window.h), since the entries of a
 * program built from many object files come in several ascending runs. Only a compressed section is inflated
 * whole, and so it is refused where it would become larger than CFI_SECTION_MAX_INFLATED, or out of proportion to
 * what it takes in the file: those of real programs shrink to a third or a fourth, zeros to a thousandth. So is any
 * other that is out of proportion to what the whole file takes where it is stored: one of holes costs whoever wrote
 * it nothing, and whoever reads it as much time as bytes. Not thread-safe.
 */
#ifndef HEARTH_UNWIND_CFI_SECTION_H
#define HEARTH_UNWIND_CFI_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "elf/elf_file.h"
#include "elf/file_window.h"
#include "unwind/cfi_pointer.h"

#define CFI_SECTION_MAX_BYTES    ELF_FILE_MAX_SECTION_BYTES
#define CFI_SECTION_MAX_INFLATED (24u << 20)
#define CFI_SECTION_MAX_RATIO    32                   /* of a section's bytes to stored ones, */
#define CFI_SECTION_ANY_RATIO    (1u << 20)           /* but up to here every ratio is taken */
#define CFI_SECTION_MAX_READ     FILE_WINDOW_MAX_READ /* of one cfi_section_read() */

enum cfi_section_kind { CFI_EH_FRAME, CFI_DEBUG_FRAME };

struct cfi_section {
	enum cfi_section_kind kind;
	uint64_t address; /* of its first byte; 0 for .debug_frame */
	uint64_t size;
	bool ends_at_terminator; /* nothing but the zero entry tells where it ends */

	/* What text- and data-relative pointers count from; absent: such pointers cannot be read. */
	struct cfi_pointer_bases bases;

	const struct elf_file *file;
	uint64_t file_offset;
	struct bytes memory; /* the whole of it, where it is inflated (the file owns it) */
	struct file_window window;
};

/* 0; -ENOENT: the file has none with bytes; -EFBIG: beyond a limit above; -EBADMSG: one that cannot be read; -ENOMEM. */
int cfi_section_init_eh_frame(struct cfi_section *section, struct elf_file *file);
int cfi_section_init_debug_frame(struct cfi_section *section, struct elf_file *file);
void cfi_section_release(struct cfi_section *section);

/* Serves the next one: of a section in memory. */
int cfi_section_read_memory(const struct cfi_section *section, uint64_t offset, size_t size,
			    struct bytes *ret_bytes);

/*
 * Up to `size` bytes (at most CFI_SECTION_MAX_READ) at `offset`; fewer only at the section's end. They are
 * valid until the next call. 0, -ENOMEM, or the error of a read.
 */
static inline int cfi_section_read(struct cfi_section *section, uint64_t offset, size_t size,
				   struct bytes *ret_bytes)
{
	if (section->memory.data)
		return cfi_section_read_memory(section, offset, size, ret_bytes);
	return file_window_read(&section->window, offset, size, ret_bytes);
}

#endif
