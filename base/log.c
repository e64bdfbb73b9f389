/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/utf8.h"

#define LINE_LIMIT 4096

static struct buffer *lines; /* NULL: to standard error */

void log_to_buffer(struct buffer *to)
{
	lines = to;
}

static void log_line(const char *prefix, const char *format, va_list arguments)
{
	char text[LINE_LIMIT];
	struct buffer line;
	int error = errno; /* a caller may still want it */
	int length = vsnprintf(text, sizeof(text), format, arguments);

	if (length < 0)
		return;
	buffer_init(&line);
	buffer_append_string(&line, prefix);
	/* File and process names stand in these lines: nothing in them may steer a terminal. */
	utf8_append_clean(&line, text, strlen(text), LINE_LIMIT);
	buffer_append_char(&line, '\n');
	if (lines)
		buffer_append(lines, line.data, line.size);
	/* A standard error that is gone leaves nobody to tell. */
	while (!lines && !buffer_error(&line) && write(STDERR_FILENO, line.data, line.size) < 0 &&
	       errno == EINTR)
		;
	buffer_release(&line);
	errno = error;
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line("hearth: ", format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line("hearth: warning: ", format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line("", format, arguments);
	va_end(arguments);
}
