/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a command line that stand in files: "@FILE" stands for what is in FILE, between blanks, with quotes and backslashes as a shell
 * has them, and with further such words; as of GNU's programs. What cannot be opened stays as it is.
 */
#ifndef HEARTH_PROFILER_ARGUMENT_FILE_H
#define HEARTH_PROFILER_ARGUMENT_FILE_H

#include "base/arena.h"

/* More of them, as where one names itself, or more bytes in one are refused. */
#define ARGUMENT_FILES_MAX      1000
#define ARGUMENT_FILE_MAX_BYTES (64u << 20)

struct argument_list {
	char **words; /* NULL at the end */
	int count;
	struct arena strings;
};

/* 0, or -errno after logging; to be released in either case. */
int argument_list_init(struct argument_list *list, int argc, char **argv);
void argument_list_release(struct argument_list *list);

#endif
