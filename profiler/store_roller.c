/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/store_roller.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/store_roller_child.h"
#include "store/chunk_body.h"
#include "store/roll_up.h"
#include "worker/child_process.h"

/* A body that cannot be compressed is a little larger. */
#define PACKED_MAX_BYTES (CHUNK_MAX_BYTES + CHUNK_MAX_BYTES / 64)

#define LOOK_MS 200 /* whether it is to be given up */

static int send_all(int socket, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = send(socket, (const char *)bytes + done, size - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* What is asked of the process, and how it is listened to. */
struct roller {
	int socket;
	const struct roll_up_group *group;
};

static int wait_for_more(const struct roller *roller)
{
	struct pollfd polled = { .fd = roller->socket, .events = POLLIN };
	int ready;

	do {
		if (roller->group->stops && *roller->group->stops)
			return -ECANCELED;
		ready = poll(&polled, 1, LOOK_MS);
	} while (!ready || (ready < 0 && errno == EINTR));
	return ready < 0 ? -errno : 0;
}

/* -EPIPE: it has ended. */
static int receive_all(const struct roller *roller, void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		int error = wait_for_more(roller);
		ssize_t n;

		if (error)
			return error;
		n = recv(roller->socket, (char *)to + done, size - done, 0);
		if (!n)
			return -EPIPE;
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int send_order(int socket, const char *folder, const struct roll_up_group *group,
		      bool is_slow)
{
	struct roller_order order = {
		.level = group->level->number,
		.is_slow = is_slow,
		.count = group->count,
	};
	int error;

	if (strlen(folder) >= sizeof(order.folder) || group->count > ROLLER_MAX_SLICES)
		return -EINVAL;
	memcpy(order.folder, folder, strlen(folder));
	error = send_all(socket, &order, sizeof(order));
	return error ? error
		     : send_all(socket, group->slices, group->count * sizeof(*group->slices));
}

/* Before it has seen anything of a slice: what it says then is true. */
static int take_start(const struct roller *roller)
{
	struct roller_start start;
	bool may_not;
	int error = receive_all(roller, &start, sizeof(start));

	if (error || !start.error)
		return error;
	may_not = start.error == -EPERM || start.error == -EACCES || start.error == -ENOSYS;
	log_error(
		"slices of the store are not rolled up: what reads them cannot be shut in: %.*s: %s; %s",
		(int)sizeof(start.failed), start.failed, strerror(-start.error),
		may_not ? "a root who may build no cage cannot do it, any other user who may write the store can"
			: "it is tried again");
	return may_not ? -EPERM : start.error;
}

static int take_chunk(const struct roller *roller, const struct roller_record *record,
		      struct buffer *packed, slice_chunk_fn put, void *context)
{
	const struct slice_chunk chunk = {
		.kind = (enum chunk_kind)record->kind,
		.span = record->span,
		.size = record->size,
		.packed = { NULL, record->packed_size },
	};
	struct slice_chunk taken = chunk;
	void *to;
	int error;

	if (record->packed_size > PACKED_MAX_BYTES)
		return -EPROTO;
	buffer_clear(packed);
	to = buffer_extend(packed, record->packed_size + 1);
	error = to ? receive_all(roller, to, record->packed_size) : -ENOMEM;
	taken.packed.data = to;
	return error ? error : put(context, &taken);
}

static int take_answer(const struct roller *roller, slice_chunk_fn put, void *context,
		       struct roller_record *ret_end)
{
	_cleanup_(buffer_release) struct buffer packed = { 0 };
	struct roller_record record;
	int error = take_start(roller);

	if (error)
		return error;
	do {
		error = receive_all(roller, &record, sizeof(record));
		if (!error && !record.is_end)
			error = take_chunk(roller, &record, &packed, put, context);
	} while (!error && !record.is_end);
	if (!error)
		*ret_end = record;
	return error;
}

static int make_elsewhere(const char *folder, const struct roll_up_group *group, bool is_slow,
			  slice_chunk_fn put, void *context, struct roller_record *ret_end)
{
	static char name[] = STORE_ROLLER_NAME;
	static char *const arguments[] = { name, NULL };
	pid_t pid;
	int socket, error = child_process_start(arguments, SOCK_STREAM, &socket, &pid);

	if (error)
		return error;
	error = send_order(socket, folder, group, is_slow);
	if (!error)
		error = take_answer(&(struct roller){ socket, group }, put, context, ret_end);
	close(socket);
	kill(pid, SIGKILL); /* it has said all, or is not listened to any more */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
	return error;
}

static int make(const char *folder, const struct roll_up_group *group, bool is_slow,
		slice_chunk_fn put, void *context, size_t *ret_taken)
{
	struct roller_record end = { 0 };
	int error;

	if (geteuid())
		return roll_up_make(folder, group, put, context, ret_taken);
	*ret_taken = 0;
	error = make_elsewhere(folder, group, is_slow, put, context, &end);
	if (error)
		return error;
	*ret_taken = end.taken;
	/* That it may not be done at all is not for it to say. */
	return end.error > 0 || end.error == -EPERM ? -EPROTO : end.error;
}

int store_roller_make(const char *folder, const struct roll_up_group *group, slice_chunk_fn put,
		      void *context, size_t *ret_taken)
{
	return make(folder, group, false, put, context, ret_taken);
}

int store_roller_make_slowly(const char *folder, const struct roll_up_group *group,
			     slice_chunk_fn put, void *context, size_t *ret_taken)
{
	return make(folder, group, true, put, context, ret_taken);
}

static void warn(const struct slice_rolling *rolling, int error)
{
	const size_t to_blame = rolling->taken < rolling->group.count ? rolling->taken : 0;

	log_warning("%s: slice %" PRIu64 " cannot be rolled up, and stays as it is: %s",
		    rolling->folder, rolling->group.slices[to_blame].number, strerror(-error));
}

int store_roller_roll_all(struct store_writer *writer, const struct roll_up_ages *ages,
			  uint64_t now_ns, struct store_rolled *ret_rolled)
{
	*ret_rolled = (struct store_rolled){ 0 };
	for (;;) {
		struct slice_rolling rolling;
		size_t taken;
		int error = store_writer_begin_rolling(writer, ages, now_ns, &rolling);

		if (error || !rolling.group.count)
			return error;
		error = slice_rolling_run(&rolling, store_roller_make);
		taken = rolling.taken;
		if (error && error != -EINVAL && error != -EPERM)
			warn(&rolling, error);
		error = store_writer_end_rolling(writer, now_ns, &rolling);
		if (error == -ENOMEM || error == -ENOSPC || error == -EIO || error == -EPERM ||
		    error == -EAGAIN)
			return error;
		ret_rolled->failed += error && error != -EINVAL && error != -ESTALE;
		ret_rolled->made += !error;
		ret_rolled->replaced += error ? 0 : taken;
	}
}
