/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/held_messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

int held_messages_open(struct held_messages *held)
{
	int ends[2];

	*held = (struct held_messages){ .fd = -1, .saved = -1 };
	if (!isatty(STDERR_FILENO))
		return 0;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	held->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (held->saved < 0 || dup2(ends[1], STDERR_FILENO) < 0 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK)) {
		int error = -errno;

		close(ends[0]);
		close(ends[1]);
		cleanup_close(&held->saved);
		held->saved = -1;
		return error;
	}
	close(ends[1]);
	held->fd = ends[0];
	return 0;
}

static void forget_first(struct buffer *text)
{
	size_t over = text->size > HELD_MESSAGES_BYTES ? text->size - HELD_MESSAGES_BYTES : 0;
	const char *end = over ? memchr(text->data + over, '\n', text->size - over) : NULL;

	if (!end)
		return;
	over = (size_t)(end - text->data) + 1;
	memmove(text->data, text->data + over, text->size - over);
	text->size -= over;
}

static void read_all(struct held_messages *held)
{
	char bytes[4096];
	ssize_t size;

	while (held->fd >= 0 && (size = read(held->fd, bytes, sizeof(bytes))) > 0) {
		buffer_append(&held->text, bytes, (size_t)size);
		forget_first(&held->text);
	}
}

const char *held_messages_take(struct held_messages *held, char *line, size_t size)
{
	size_t before = held->text.size, start;

	read_all(held);
	if (held->text.size == before || buffer_error(&held->text))
		return NULL;
	start = held->text.size - 1;
	while (start && held->text.data[start - 1] != '\n')
		start--;
	snprintf(line, size, "%.*s", (int)(held->text.size - start - 1), held->text.data + start);
	return line;
}

void held_messages_close(struct held_messages *held)
{
	size_t done = 0;

	if (held->fd < 0)
		return;
	dup2(held->saved, STDERR_FILENO);
	read_all(held);
	while (done < held->text.size) {
		ssize_t size = write(STDERR_FILENO, held->text.data + done, held->text.size - done);

		if (size < 0 && errno != EINTR)
			break; /* a terminal that is gone leaves nobody to tell */
		done += size > 0 ? (size_t)size : 0;
	}
	close(held->fd);
	close(held->saved);
	held->fd = held->saved = -1;
	buffer_release(&held->text);
}
