/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link to a supplementary file, where dwz puts what the DWARF of several files has in common: the section
 * .gnu_debugaltlink (dwz(1): a file name and a build-id), or .debug_sup (DWARF 5, section 7.3.6: a file name and a
 * checksum of any size, for which dwz takes the same bytes).
 */
#ifndef HEARTH_ELF_ALTLINK_H
#define HEARTH_ELF_ALTLINK_H

#include <limits.h>
#include <stdbool.h>

#include "elf/build_id.h"
#include "elf/elf_file.h"

struct altlink {
	/*
	 * Where it is in a debug folder: what follows "/.dwz/" in the file name, and in it no "." nor "..". Empty: the
	 * name does not say.
	 */
	char below_dwz[PATH_MAX];
	struct build_id build_id; /* what the supplementary file must have */
};

/* Does a path lead to somewhere below where it begins, and nowhere else? */
bool altlink_stays_below(const char *path);

/* Reads the link: 0; -ENOENT: the file has none; -EBADMSG: it is malformed; or a read error. */
int altlink_read(struct elf_file *file, struct altlink *ret_link);

/*
 * What tells a supplementary file from another: its build-id, or where it has none, the checksum in its .debug_sup. 0; -ENOENT: it
 * has neither; or a read error.
 */
int altlink_identity(struct elf_file *file, struct build_id *ret_id);

#endif
