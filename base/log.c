/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/utf8.h"

#define LINE_LIMIT 4096

static struct buffer *lines; /* NULL: to standard error */
static bool has_levels;      /* ahead of each line, as the journal reads them, in place of words */

struct log_level {
	const char *words;
	const char *level; /* of syslog(3) */
};

void log_to_buffer(struct buffer *to)
{
	lines = to;
}

void log_with_levels(void)
{
	has_levels = true;
}

/* What is said of no memory is said without any, and without what could steer a terminal. */
static void write_plain(const char *head, char *text)
{
	struct iovec parts[] = {
		{ (char *)head, strlen(head) },
		{ text, strlen(text) },
		{ (char *)"\n", 1 },
	};

	for (char *at = text; *at; at++)
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
	while (writev(STDERR_FILENO, parts, 3) < 0 && errno == EINTR)
		;
}

static void log_line(struct log_level level, const char *format, va_list arguments)
{
	char text[LINE_LIMIT];
	struct buffer line;
	int error = errno; /* a caller may still want it */
	const char *head = has_levels && !lines ? level.level : level.words;
	int length = vsnprintf(text, sizeof(text), format, arguments);

	if (length < 0)
		return;
	buffer_init(&line);
	buffer_append_string(&line, head);
	/* File and process names stand in these lines: nothing in them may steer a terminal. */
	utf8_append_clean(&line, text, strlen(text), LINE_LIMIT);
	buffer_append_char(&line, '\n');
	if (lines)
		buffer_append(lines, line.data, line.size);
	/* A standard error that is gone leaves nobody to tell. */
	while (!lines && !buffer_error(&line) && write(STDERR_FILENO, line.data, line.size) < 0 &&
	       errno == EINTR)
		;
	if (!lines && buffer_error(&line))
		write_plain(head, text);
	buffer_release(&line);
	errno = error;
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line((struct log_level){ "hearth: ", "<3>" }, format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line((struct log_level){ "hearth: warning: ", "<4>" }, format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line((struct log_level){ "", "<6>" }, format, arguments);
	va_end(arguments);
}
