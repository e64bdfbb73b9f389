/* SPDX-License-Identifier: Apache-2.0 */
/* What formats with a profile a thread call one: "COMM (pid PID) (tid TID)", of these what is known. */
#ifndef HEARTH_MODEL_THREAD_NAME_H
#define HEARTH_MODEL_THREAD_NAME_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

/* PROFILE_NONE, or a size of 0, where a part is not known. */
struct thread_name {
	const char *comm; /* not terminated */
	size_t comm_size;
	uint32_t pid, tid;
};

void thread_name_append(struct buffer *to, const struct thread_name *name);

/* A text without a number is somebody else's name for something else: then nothing is known. */
struct thread_name thread_name_parse(const char *text, size_t size);

#endif
