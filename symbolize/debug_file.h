/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the file that holds the symbols which were stripped from another one (GDB manual, "Debugging
 * Information in Separate Files"):
 *
 *  1. by build-id:      FOLDER/.build-id/xx/yyyy.debug of each debug folder; the file found must have
 *                       the same build-id;
 *  2. by debuglink:     NAME beside the file, in .debug/ beside it, in FOLDER/its-directory and in FOLDER; the
 *                       file found must have the link's checksum, and no other build-id.
 *
 * The link's name is a base name (debuglink.h). Only regular files are ever opened: each candidate is
 * first held by a path descriptor and looked at, so that a FIFO cannot hang us nor a device do anything, and given to the
 * judge only if it begins as an ELF file does. Symbolic links are followed in the debug folders (distributions use them), but none
 * is beside the file, where whoever owns it put them.
 */
#ifndef HEARTH_SYMBOLIZE_DEBUG_FILE_H
#define HEARTH_SYMBOLIZE_DEBUG_FILE_H

#include <stdbool.h>

#include "elf/build_id.h"
#include "elf/debuglink.h"

/* Whoever opens files for this process, where that is not the process itself: open for reading, as debug_file_try() has it, and regular. */
struct debug_file_access {
	int (*open)(void *context, const char *path, bool follow, int *ret_fd);
	void *context;
};

struct debug_file_query {
	const struct build_id *build_id; /* size 0: none */
	const struct debuglink *link;    /* NULL: none */
	const char *path;                /* of the stripped file, absolute; NULL: not known */
	const char *const *folders;      /* NULL at the end */
	const struct debug_file_access *access; /* NULL: this process */
};

/* How a candidate was found, and so what must be right in it. */
enum debug_file_way {
	DEBUG_FILE_BY_BUILD_ID,
	DEBUG_FILE_BY_LINK,
	DEBUG_FILE_SUPPLEMENT, /* supplement.h */
	DEBUG_FILE_PACKAGE,    /* split_file.h */
	DEBUG_FILE_SPLIT,
};

/* Is this the file? Reads it. */
bool debug_file_fits(const struct debug_file_query *query, int fd, enum debug_file_way way);

/* Is this candidate the file? It is closed afterwards, unless it was taken (take_fd()). */
typedef bool (*debug_file_judge_fn)(void *context, int *fd, enum debug_file_way way);

/* Who is asked, and who opens. */
struct debug_file_judge {
	debug_file_judge_fn judge;
	void *context;
	const struct debug_file_access *access; /* NULL: this process */
};

/*
 * One candidate, to which all the others come as well: files are opened here and nowhere else. `follow`: its last
 * component may be a symbolic link. 0, or -ENOENT: it cannot be opened, or is not the file.
 */
int debug_file_try(const char *path, bool follow, enum debug_file_way way,
		   const struct debug_file_judge *judge);

/* FOLDER/.build-id/xx/yyyy.debug of each folder: 0, or -ENOENT. */
int debug_file_try_build_id(const struct build_id *build_id, const char *const *folders,
			    enum debug_file_way way, const struct debug_file_judge *judge);

/*
 * Opens one candidate after the other until one is the file. Nothing is read from them here, so that this can be left to
 * whoever may open files, and the judgement to whoever may not. 0, or -ENOENT: none was.
 */
int debug_file_search(const struct debug_file_query *query, debug_file_judge_fn judge,
		      void *context);

/* The debug file, open for reading: 0, or -ENOENT: none that fits can be opened. */
int debug_file_open(const struct debug_file_query *query, int *ret_fd);

/* A debug file that is open. */
struct debug_file {
	int fd;                /* -1: none */
	struct elf_file *file; /* NULL: none */
};

/* The debug file of `file`, by its own build-id and debuglink. There may be none, or none that can be used. */
void debug_file_of(struct elf_file *file, const struct build_id *build_id, const char *path,
		   const char *const *folders, struct debug_file *ret_debug_file);

/* The same with its sections mapped (elf_file_open_mapped()). */
void debug_file_of_mapped(struct elf_file *file, const struct build_id *build_id, const char *path,
			  const char *const *folders, struct debug_file *ret_debug_file);
void debug_file_release(struct debug_file *debug_file);

#endif
