/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user frames of ticks that have no name: in which modules they are, why, and what would mend it. A frame counts once for
 * each tick that it is in.
 *
 * hearth record says so in one line, where UNNAMED_FRAMES_SAID_PERCENT of them or more have no name: it is the share that hearth holds
 * itself to, and what is less is no wide frame of a flame graph. --stats has it all.
 */
#ifndef HEARTH_PROFILER_UNNAMED_FRAMES_H
#define HEARTH_PROFILER_UNNAMED_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/string_pool.h"
#include "bpf/events.h"
#include "elf/build_id.h"

struct modules;

#define UNNAMED_FRAMES_SAID_PERCENT 1
#define UNNAMED_FRAMES_SAID_MODULES 3    /* of the line; the others are counted */
#define UNNAMED_FRAMES_MAX_MODULES  1024 /* further ones are counted as others */

struct unnamed_frames {
	uint64_t user_frames;     /* all, those with a name too */
	uint64_t others;          /* without a name, of further modules */
	uint64_t without_inlined; /* ticks whose inlined calls were left out (NAMER_MAX_INLINED) */
	struct string_pool keys;
	struct buffer modules; /* struct unnamed_module, by key */
	struct buffer sorted;  /* struct unnamed_words, the worst first */
};

/* A file, or the code that processes of one name made. */
struct unnamed_key {
	uint64_t module;            /* MODULE_ANONYMOUS: made code */
	char comm[EVENT_COMM_SIZE]; /* of made code */
	uint64_t was_told; /* of made code: there is a perf map or jitdump of the process */
	uint32_t
		error; /* why that, or the file, could not be read: an errno (naming_failures.def) */
	uint32_t is_debug_file; /* of the file's debug file, which was found */
};

void unnamed_frames_init(struct unnamed_frames *unnamed);
void unnamed_frames_release(struct unnamed_frames *unnamed);

/* `build_id`: of the file, NULL: none is known. Without memory they are counted as others. */
void unnamed_frames_add(struct unnamed_frames *unnamed, const struct unnamed_key *key,
			const struct build_id *build_id, uint64_t frames);

/*
 * Finds out why, and what would mend it, when all is counted; `database`: PACKAGE_OWNER_DATABASE. 0 or -ENOMEM: then
 * nothing is said.
 */
int unnamed_frames_explain(struct unnamed_frames *unnamed, const struct modules *modules,
			   const char *database);

/* The line, if it is to be said. */
void unnamed_frames_log(const struct unnamed_frames *unnamed);

/* An object, without what would stand around it. */
void unnamed_frames_write_json(const struct unnamed_frames *unnamed, struct buffer *to);

#endif
