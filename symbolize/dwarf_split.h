/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split DWARF: the program itself has only the skeleton of each unit, with its ranges of code, its line program and all
 * addresses; the entries and their strings are in another file, a .dwo or a package of them. Both know the unit by an id,
 * and what does not have it is not taken.
 *
 * One file is open at a time, for as long as its unit is looked at; a package stays open. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_SPLIT_H
#define HEARTH_SYMBOLIZE_DWARF_SPLIT_H

#include "symbolize/dwarf_package.h"
#include "symbolize/dwarf_unit.h"
#include "symbolize/split_file.h"

/* Where the split units of one program come from. */
struct dwarf_splits {
	struct dwarf_file *program;  /* which pays for what is read */
	const char *path;            /* of the program; NULL: not known */
	split_file_search_fn search; /* NULL: nobody opens files, and there are no split units */
	void *context;               /* of it */
	struct debug_file package_file;
	struct dwarf_package package;
	bool has_tried_package, has_package;
};

/* One of them. */
struct dwarf_split {
	struct debug_file own; /* a file of its own; none: it is in the package */
	struct dwarf_file file;
	struct dwarf_units units;
	const struct dwarf_unit *unit; /* NULL: none */
};

/* `program` and `path` live longer. */
void dwarf_splits_init(struct dwarf_splits *splits, struct dwarf_file *program, const char *path,
		       split_file_search_fn search, void *context);
void dwarf_splits_release(struct dwarf_splits *splits);

/* Has this unit only a skeleton here? */
bool dwarf_unit_is_skeleton(const struct dwarf_unit *unit);

/* The unit of a skeleton: 0, with no unit where there is none that can be read; or -ENOMEM. */
int dwarf_split_open(struct dwarf_split *split, struct dwarf_splits *splits,
		     const struct dwarf_unit *skeleton);
void dwarf_split_release(struct dwarf_split *split);

/*
 * Reads the unit of a skeleton of `program` out of a file that is open, and owns the descriptor from then on. 0; -ENOENT: it is not
 * there; or an error of elf_file_open() or dwarf_file_init(), and the descriptor is still the caller's.
 */
int dwarf_split_read(struct dwarf_split *split, struct dwarf_file *program,
		     const struct dwarf_unit *skeleton, int *fd);

#endif
