/* SPDX-License-Identifier: Apache-2.0 */
/* Where debug files are looked for: the folders of --symbols, in their order, then the system's. */
#ifndef HEARTH_PROFILER_DEBUG_FOLDERS_H
#define HEARTH_PROFILER_DEBUG_FOLDERS_H

#include <stddef.h>

#define DEBUG_FOLDERS_MAX 16

struct debug_folders {
	const char *list[DEBUG_FOLDERS_MAX + 2]; /* NULL at the end */
	size_t count; /* of the user's, whose paths are ours, and absolute */
};

/* None but the system's. */
void debug_folders_init(struct debug_folders *folders);
void debug_folders_release(struct debug_folders *folders);

/* The value of an option; a path that is not absolute is of the folder that this process is in now. 0, or -EINVAL and why. */
int debug_folders_add(struct debug_folders *folders, const char *value, const char **ret_why);

#endif
