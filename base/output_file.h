/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a result. A regular file appears whole or not at all: the bytes go to a nameless file in
 * the same folder (O_TMPFILE; where the file system has none, a hidden name next to it), are synced,
 * and only then take the name. Links are followed, but as the kernel would: in a folder that everybody may
 * write to, nothing that somebody else laid there is followed or replaced. "-" is standard output; a device, a
 * pipe or a descriptor of this process (/dev/stdout) is written in place.
 */
#ifndef HEARTH_BASE_OUTPUT_FILE_H
#define HEARTH_BASE_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Can `path` be written? Asked before the work whose result goes there: 0, or the error that writing
 * would meet (-ENOENT, -EACCES, -EISDIR, -EROFS, ...). Leaves nothing behind.
 */
int output_file_check(const char *path);

/* Would one overwrite what was written as the other? Of two terminals or /dev/nulls it would not. */
bool output_file_is_same(const char *a, const char *b);

/*
 * What is written piece by piece. Nothing is opened before the first piece, or the end; a regular file that is freed before its
 * end leaves nothing.
 */
struct output_file;

struct output_file *
output_file_new(const char *path); /* the path is the caller's; NULL: out of memory */
void output_file_free(struct output_file *file);

/* Errors as of output_file_write(); what follows one gives it, too. */
int output_file_append(struct output_file *file, const void *bytes, size_t size);
int output_file_end(struct output_file *file); /* it takes its name */

/* Writes `size` bytes as `path`: 0 or the first error (-ENOSPC, -EPIPE, ...). -EINTR: a signal came while it waited for
 * a FIFO's reader. */
int output_file_write(const char *path, const void *bytes, size_t size);

#endif
