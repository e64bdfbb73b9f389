/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file's separate debug file is looked for by. The worker reads it and says it, whoever may open files looks for
 * candidates (debug_file_search()) and hands one in with the question, and the worker judges whether it is the one.
 */
#ifndef HEARTH_WORKER_DEBUG_IDENTITY_H
#define HEARTH_WORKER_DEBUG_IDENTITY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/altlink.h"
#include "symbolize/debug_file.h"
#include "symbolize/split_file.h"

struct elf_file;
struct local_files;
struct opener;

#define SPLIT_FILES_MAX 24 /* at a time; what further units have is not asked for */

/* The file of a unit (split_file.h), where the program says that it is: an absolute path, or only a name. */
struct split_wish {
	uint64_t id;
	const char *path;
};

struct debug_identity {
	struct build_id build_id; /* size 0: none */
	struct debuglink link;
	bool has_link;
	/* The supplementary file that the DWARF refers to, wherever that lies (supplement.h): looked for when it is known. */
	struct altlink supplement;
	bool has_supplement;
	/* The file that has the DWARF has skeletons of units, whose entries may lie in a package, or else in these. */
	bool wants_package;
	struct split_wish split_files
		[SPLIT_FILES_MAX]; /* their paths live as long as the answer that they came with */
	size_t split_file_count;
};

/* A candidate; fd -1: none. */
struct debug_candidate {
	int fd;
	enum debug_file_way way;
	bool is_anybodys; /* whoever the file belongs to: a server sent it */
	bool has_supplement;
	bool lacks_supplement; /* it was looked for, and there is none */
	bool has_package;
	int supplement; /* the supplementary file of its DWARF, or of the file's own */
	int package;    /* of the same's split units */
	/* And files of single ones, by their ids. */
	int split_files[SPLIT_FILES_MAX];
	uint64_t split_ids[SPLIT_FILES_MAX];
	size_t split_file_count;
};

/* In an answer. */
struct debug_identity_said {
	uint32_t build_id_bytes;
	uint32_t has_link;
	uint32_t crc;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	char link_name[NAME_MAX + 1];
	uint32_t supplement_id_bytes; /* 0: there is none */
	uint8_t supplement_id[BUILD_ID_MAX_BYTES];
	char supplement_below_dwz[NAME_MAX + 1]; /* empty: not known, or longer */
};

/* In the worker. */
void debug_identity_read(struct elf_file *file, struct debug_identity *ret_identity);
bool debug_identity_fits(const struct debug_identity *identity,
			 const struct debug_candidate *candidate);

/* Adds the supplementary file of the file that has the DWARF. */
void debug_identity_read_supplement(struct elf_file *file, struct debug_identity *identity);
void debug_identity_say(const struct debug_identity *identity,
			struct debug_identity_said *ret_said);

/* Whoever asked: false: it is none. */
bool debug_identity_hear(const struct debug_identity_said *said,
			 struct debug_identity *ret_identity);

/* Is there anything that a debug file could be looked for by? */
bool debug_identity_is_known(const struct debug_identity *identity);

/*
 * Where it is looked for: by the opener what may lie on a file system that never answers, here what does not. A folder that does not answer is
 * not asked again.
 */
struct debug_places {
	const char *const *folders;      /* NULL at the end */
	struct opener *opener;           /* NULL: all by this process */
	struct local_files *local_files; /* with an opener */
};

/*
 * Looks for the debug file of a file by its identity in the folders, and beside `path` (NULL: not known)
 * by its link: `judge` asks the worker with each candidate. 0, or -ENOENT: none was taken.
 */
int debug_identity_search(const struct debug_identity *identity, const char *path,
			  const struct debug_places *places, debug_file_judge_fn judge,
			  void *context);

/* The same for the supplementary file, in the folders alone. */
int debug_identity_search_supplement(const struct debug_identity *identity,
				     const struct debug_places *places, debug_file_judge_fn judge,
				     void *context);

/*
 * Opens the first file at a place of split DWARF (split_file.h), as whoever owns the files that it is looked for by may name it
 * (file_owner_may_name()): 0, or -ENOENT. The opener is needed.
 */
int debug_identity_search_split(const struct split_file_wanted *wanted, uint32_t owner,
				const struct debug_places *places, int *ret_fd);

#endif
