/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of split DWARF are (DWARF 5, section 7.3.2; GNU's extension of DWARF 4): a package beside the program, PATH.dwp,
 * and for a unit the file that it names, in the folder where it was compiled, or under its base name beside the program.
 *
 * What is wanted is told apart from where it is found, so that one process may open files and another one read them. The name is
 * the program's own choice and may be any path: only for whoever asks about a file by hand, with the rights of who
 * asks. Only regular files are opened, and what has not the unit's id is not taken (dwarf_split.h).
 */
#ifndef HEARTH_SYMBOLIZE_SPLIT_FILE_H
#define HEARTH_SYMBOLIZE_SPLIT_FILE_H

#include <limits.h>
#include <stdint.h>

#include "symbolize/debug_file.h"

struct split_file_wanted {
	const char *path; /* of the program, absolute; NULL: not known */
	const char
		*name; /* of the unit's file, as the program has it; NULL: the package is wanted */
	const char *comp_dir; /* where the unit was compiled; NULL: not known */
	uint64_t id;          /* of the unit; where the package is wanted, none */
};

/* Where the program says that a unit's file is, as an absolute path: false: that is not known, or too long. */
bool split_file_path(const struct split_file_wanted *wanted, char path[PATH_MAX]);

/* Opens one candidate after the other until one is the file, as debug_file_search(): 0, or -ENOENT. */
typedef int (*split_file_search_fn)(void *context, const struct split_file_wanted *wanted,
				    const struct debug_file_judge *judge);

/* The one that opens them in this process; it needs no context. */
int split_file_search(void *context, const struct split_file_wanted *wanted,
		      const struct debug_file_judge *judge);

#endif
