/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that a profile is read from. It is opened and looked into before anything is begun; it is read later, perhaps by a process that can open
 * none (shut_in.h). Whatever goes wrong, and what was left out, is logged under its name.
 */
#ifndef HEARTH_PROFILER_PROFILE_INPUT_H
#define HEARTH_PROFILER_PROFILE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "profiler/perf_data.h"

struct profile;
struct profile_format;

struct profile_input {
	const char *name; /* for messages */
	int fd;
	struct perf_data perf; /* what it was looked into with */
};

bool profile_input_is_standard(const char *path); /* input */

/* A folder is told from a file that cannot be read. `path` stays the caller's. 0, or -errno after logging; to be closed in either case. */
int profile_input_open(struct profile_input *input, const char *path);

/* Its size if it is a file, else 0: false. */
bool profile_input_size(const struct profile_input *input, uint64_t *ret_bytes);

/*
 * Reads `fd`, which is its descriptor under whatever number, into a new profile; `value` is the one that is to count, or NULL. 0, or -errno after logging. The format is NULL where there was
 * nothing to tell it by.
 */
int profile_input_read(const struct profile_input *input, int fd, const char *value,
		       struct profile *profile, const struct profile_format **ret_format);

/* `error`, if not 0, is what its reading ended with, and what this gives; else 0, or -errno after logging what who made it said. */
int profile_input_close(struct profile_input *input, int error);

#endif
