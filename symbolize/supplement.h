/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supplementary file of a debug file, which dwz(1) makes of what several have in common. Looked for in the debug
 * folders only, since whoever made the file may not choose where: by its build-id, as debug files are, and as FOLDER/.dwz/NAME
 * where the link says so (Debian has them there). The file found must have what the link says that it has (altlink.h).
 */
#ifndef HEARTH_SYMBOLIZE_SUPPLEMENT_H
#define HEARTH_SYMBOLIZE_SUPPLEMENT_H

#include "elf/altlink.h"
#include "symbolize/debug_file.h"

/* Is this the file? Reads it. */
bool supplement_fits(const struct altlink *link, int fd);

/* Opens one candidate after the other until one is the file, as debug_file_search(): 0, or -ENOENT. */
int supplement_search(const struct altlink *link, const char *const *folders,
		      const struct debug_file_judge *judge);

/* The supplementary file of `file`, mapped. There may be none, or none that can be used. */
void supplement_of_mapped(struct elf_file *file, const char *const *folders,
			  struct debug_file *ret_supplement);

#endif
