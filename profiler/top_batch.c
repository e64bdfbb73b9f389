/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/top_batch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/quiet_thread.h"
#include "profiler/live_keeper.h"
#include "terminal/canvas.h"
#include "terminal/view.h"

struct top_batch {
	struct top_batch_options options;
	struct view view;
	uint64_t printed;
	int error;   /* of the first page that could not be printed */
	int stopped; /* eventfd */
	pthread_t thread;
};

static int write_all(const struct buffer *text)
{
	for (size_t done = 0; done < text->size;) {
		ssize_t size = write(STDOUT_FILENO, text->data + done, text->size - done);

		if (size < 0 && errno != EINTR)
			return -errno;
		done += size > 0 ? (size_t)size : 0;
	}
	return 0;
}

static int print_page(struct top_batch *batch, struct picture *picture)
{
	_cleanup_(canvas_release) struct canvas canvas = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int error;

	view_take_picture(&batch->view, picture);
	error = view_refresh(&batch->view);
	if (!error)
		error = view_page_draw(&batch->view, &batch->options.page, &canvas);
	if (error)
		return error;
	if (batch->printed)
		buffer_append_char(&text, '\n');
	canvas_print(&canvas, &text);
	batch->printed++;
	error = buffer_error(&text);
	return error ? error : write_all(&text);
}

static bool is_over(const struct top_batch *batch)
{
	return batch->error || (batch->options.pages && batch->printed >= batch->options.pages);
}

/* One that is not named yet is followed by one that is. False: there is none. */
static bool take_picture(struct top_batch *batch)
{
	struct picture *picture = live_keeper_take(batch->options.keeper);

	if (!picture)
		return false;
	if (picture->is_named && !is_over(batch))
		batch->error = print_page(batch, picture);
	else
		picture_release(picture);
	return true;
}

static void *run(void *context)
{
	struct top_batch *batch = context;
	struct pollfd polled[] = {
		{ .fd = batch->stopped, .events = POLLIN },
		{ .fd = live_keeper_fd(batch->options.keeper), .events = POLLIN },
	};

	while (!is_over(batch)) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			batch->error = -errno;
		else if (polled[0].revents)
			break;
		else if (polled[1].revents)
			take_picture(batch);
	}
	eventfd_write(batch->options.end_fd, 1);
	return NULL;
}

int top_batch_start(const struct top_batch_options *options, struct top_batch **ret_batch)
{
	struct top_batch *batch = calloc(1, sizeof(*batch));
	int error;

	if (!batch)
		return -ENOMEM;
	batch->options = *options;
	view_init(&batch->view);
	batch->view.target = options->target;
	batch->view.span = options->span;
	batch->view.is_page = true;
	batch->stopped = eventfd(0, EFD_CLOEXEC);
	error = batch->stopped < 0 ? -errno : quiet_thread_start(&batch->thread, run, batch);
	if (!error) {
		*ret_batch = batch;
		return 0;
	}
	cleanup_close(&batch->stopped);
	free(batch);
	return error;
}

int top_batch_stop(struct top_batch *batch)
{
	int error;

	if (!batch)
		return 0;
	eventfd_write(batch->stopped, 1);
	pthread_join(batch->thread, NULL);
	while (take_picture(batch))
		;
	error = batch->error;
	view_release(&batch->view);
	close(batch->stopped);
	free(batch);
	return error;
}
