/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles a file's call frame information to a table of rows (row_table.h). A file descriptor goes in and
 * one flat buffer comes out, so that this can run in a process without privileges.
 *
 * Taken are, each only where those before it say nothing: .eh_frame, Go's .gopclntab (go_table.h),
 * .debug_frame, and the .debug_frame of a separate debug file. Code that none of them covers has the rule UNWIND_NO_CFI from its first byte on,
 * except gaps of less than ROW_COMPILER_MIN_GAP bytes, which are padding and go with what is before them,
 * and what is known by its shape (code_shapes.h) or its bytes (code_stub.h).
 *
 * Memory: 16 bytes for each FDE, 128 for each CIE, a window of the section (a compressed one whole:
 * cfi_section.h), and the table itself. Time: linear in the section, but for the sorting of FDEs that are out of
 * order, and in its instructions also in the code that they are for (cfi_program.h); a table that grows beyond
 * ROW_TABLE_MAX_BYTES ends it at once. Nothing is ever recursed into.
 */
#ifndef HEARTH_UNWIND_ROW_COMPILER_H
#define HEARTH_UNWIND_ROW_COMPILER_H

#include "base/buffer.h"
#include "elf/elf_file.h"

#define ROW_COMPILER_MIN_GAP 16

/*
 * `debug_fd`: the separate debug file, or -1. The caller has seen that it belongs to the file. 0, and a table
 * that row_table_open() takes, for buffer_release(). -ENOEXEC: no ELF file; -EOPNOTSUPP: of a processor that
 * there are no rules for; -ENOENT: without code; -EFBIG: beyond a limit; -ENOMEM; or the error of a read. A
 * debug file that cannot be read is as none, and damaged CFI gives a table that says where it is damaged.
 */
int row_compiler_compile(int fd, int debug_fd, struct buffer *ret_table);

/* The same for files that are open (the vdso: elf_file_open_image()); `debug` may be NULL. */
int row_compiler_compile_files(struct elf_file *file, struct elf_file *debug,
			       struct buffer *ret_table);

#endif
