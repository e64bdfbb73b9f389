/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What container engines' files say of a container, read when it is met, for it may be removed soon, and not parsed: that is the worker's
 * (worker/container_service.h).
 *
 * The files lie below a few folders (container_roots.def). An engine that was told to keep them elsewhere is found by what its container's root file system is
 * made of: an overlay's layers lie in the same folder. What users have written is taken for their own containers only, on file systems that always
 * answer, and through no link.
 *
 * One thread at a time. Nothing waits.
 */
#ifndef HEARTH_PROFILER_CONTAINER_FILES_H
#define HEARTH_PROFILER_CONTAINER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct container_path;

#define CONTAINER_FILE_MAX_BYTES (4u << 20)
#define CONTAINER_FILES_MAX_HELD \
	(16u << 20)       /* of all texts that somebody has; further ones are not read */
#define CONTAINER_TEXTS 3 /* files that tell of one container, at most */

/* A file as it was read. It does not change; several containers may be told in it. */
struct container_text {
	size_t *held; /* of its reader, who lives longer */
	uint32_t references;
	bool is_of_many;
	bool is_users; /* not only root could write it */
	uint64_t device, inode, written_ns;
	size_t size;
	char bytes[];
};

struct container_text *container_text_take(struct container_text *text); /* one reference more */
void container_text_drop(struct container_text *text);

struct container_files;

/* NULL: out of memory. */
struct container_files *container_files_new(void);
void container_files_free(struct container_files *files);

/* Who asks: a process of the container that lives. */
struct container_witness {
	uint32_t pid; /* 0: none does any more */
	uint32_t uid;
};

/*
 * Reads what tells of the container of a path that has an ID: how many files, CONTAINER_TEXTS at most, each with a reference of the
 * caller's. 0: no engine is known to have it.
 */
size_t container_files_read(struct container_files *files, const struct container_path *path,
			    const struct container_witness *witness,
			    struct container_text *ret_texts[CONTAINER_TEXTS]);

#endif
