/* SPDX-License-Identifier: Apache-2.0 */
/* How a file grew: looks (symbolize/code_look.h) that were taken of it, oldest first. */
#ifndef HEARTH_PROFILER_FILE_LOOKS_H
#define HEARTH_PROFILER_FILE_LOOKS_H

#include <stddef.h>

#include "symbolize/code_look.h"

/* Where there are so many, every other one is dropped: what grew in between is known less exactly. */
#define FILE_LOOKS_MAX 1024

struct file_looks {
	struct code_look *looks;
	size_t count, capacity;
};

void file_looks_release(struct file_looks *looks);

/*
 * Adds a look; `look.last_ns` is its time. A file that became shorter is taken for another one. Without memory the look is
 * not taken.
 */
void file_looks_add(struct file_looks *looks, struct code_look look);

#endif
