/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/held_messages.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quiet_thread.h"

/* --- reading --- */

/* Up to a line's end, if there is one: whoever writes none is held to as many bytes, too. */
static void forget_first(struct buffer *text)
{
	size_t over = text->size > HELD_MESSAGES_BYTES ? text->size - HELD_MESSAGES_BYTES : 0;
	const char *end = over ? memchr(text->data + over, '\n', text->size - over) : NULL;

	if (!over)
		return;
	if (end && end + 1 < text->data + text->size)
		over = (size_t)(end - text->data) + 1;
	memmove(text->data, text->data + over, text->size - over);
	text->size -= over;
}

/* As much as is held, at most, for others may go on writing for ever. */
static void read_some(struct held_messages *held)
{
	char bytes[4096];
	size_t left = HELD_MESSAGES_BYTES;
	ssize_t size;

	while (left && (size = read(held->pipe, bytes, sizeof(bytes))) > 0) {
		pthread_mutex_lock(&held->lock);
		buffer_append(&held->text, bytes, (size_t)size);
		forget_first(&held->text);
		held->has_more = true;
		pthread_mutex_unlock(&held->lock);
		left -= (size_t)size < left ? (size_t)size : left;
	}
	eventfd_write(held->fd, 1);
}

static void *run(void *context)
{
	struct held_messages *held = context;
	struct pollfd polled[] = {
		{ .fd = held->pipe, .events = POLLIN },
		{ .fd = held->ended, .events = POLLIN },
	};

	while (!polled[1].revents && (poll(polled, 2, -1) >= 0 || errno == EINTR))
		if (polled[0].revents)
			read_some(held);
	return NULL;
}

/* --- taking --- */

const char *held_messages_take(struct held_messages *held, char *line, size_t size)
{
	const char *taken = NULL;
	eventfd_t count;
	size_t start;

	eventfd_read(held->fd, &count);
	pthread_mutex_lock(&held->lock);
	if (held->has_more && held->text.size && !buffer_error(&held->text)) {
		start = held->text.size - 1;
		while (start && held->text.data[start - 1] != '\n')
			start--;
		snprintf(line, size, "%.*s", (int)(held->text.size - start - 1),
			 held->text.data + start);
		taken = line;
	}
	held->has_more = false;
	pthread_mutex_unlock(&held->lock);
	return taken;
}

/* --- life cycle --- */

static void release(struct held_messages *held)
{
	cleanup_close(&held->fd);
	cleanup_close(&held->saved);
	cleanup_close(&held->pipe);
	cleanup_close(&held->ended);
	held->fd = held->saved = held->pipe = held->ended = -1;
	buffer_release(&held->text);
}

static int open_descriptors(struct held_messages *held, int *ret_written)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	held->pipe = ends[0];
	*ret_written = ends[1];
	if (fcntl(held->pipe, F_SETFL, O_NONBLOCK))
		return -errno;
	held->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	held->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	held->ended = eventfd(0, EFD_CLOEXEC);
	return held->saved < 0 || held->fd < 0 || held->ended < 0 ? -errno : 0;
}

int held_messages_open(struct held_messages *held)
{
	_cleanup_close_ int written = -1;
	int error;

	*held = (struct held_messages){
		.fd = -1,
		.saved = -1,
		.pipe = -1,
		.ended = -1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	if (!isatty(STDERR_FILENO))
		return 0;
	error = open_descriptors(held, &written);
	if (!error)
		error = quiet_thread_start(&held->thread, run, held);
	if (error)
		release(held);
	else
		dup2(written, STDERR_FILENO);
	return error;
}

static void say(const struct buffer *text)
{
	size_t done = 0;

	while (done < text->size) {
		ssize_t size = write(STDERR_FILENO, text->data + done, text->size - done);

		if (size < 0 && errno != EINTR)
			break; /* a terminal that is gone leaves nobody to tell */
		done += size > 0 ? (size_t)size : 0;
	}
}

void held_messages_close(struct held_messages *held)
{
	if (held->fd < 0)
		return;
	dup2(held->saved, STDERR_FILENO);
	eventfd_write(held->ended, 1);
	pthread_join(held->thread, NULL);
	read_some(held);
	say(&held->text);
	release(held);
}
