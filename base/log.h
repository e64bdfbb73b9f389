/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hearth says to its user, on standard error, one line each: what, where, what to do. Only
 * profiler/ calls this; library folders return errors. errno is left as it was.
 */
#ifndef HEARTH_BASE_LOG_H
#define HEARTH_BASE_LOG_H

#include <stdarg.h>

struct buffer;

/* From now on lines are appended here: for a process that has no standard error. */
void log_to_buffer(struct buffer *lines);

/* From now on lines to standard error begin with their level, "<3>", as sd-daemon(3) says it: for a journal. */
void log_with_levels(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
