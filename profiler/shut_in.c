/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/shut_in.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/file_limit.h"
#include "worker/cage.h"

#define MAX_LOG_BYTES 65536
#define FEW_INPUTS \
	32 /* with more than these the usual limit of open files may not do: each takes two */

/* What is called, and on what. */
struct shut_in {
	const struct shut_in_inputs *inputs;
	const struct shut_in_limits *limits;
	shut_in_fn fn;
	void *context;
	struct buffer_drain *drain;
};

/* The process says what it has to say in pieces, the end last: a head, and so many bytes. */
enum piece_kind { PIECE_OUTPUT, PIECE_LOG, PIECE_END };

struct piece_head {
	uint32_t kind;
	uint32_t size;
};

#define MAX_PIECE_BYTES ((uint32_t)64 << 20)

/* The content of PIECE_END. */
struct shut_in_result {
	int32_t cage_error; /* it could not be shut in, and did nothing; `failed` says why */
	int32_t error;
	char failed[64];
};

/* --- in the process --- */

static uint64_t data_bytes(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *line;

	if (buffer_read_file(&text, "/proc/self/status", 64 * 1024) || !buffer_string(&text))
		return 0;
	line = strstr(text.data, "VmData:");
	return line ? strtoull(line + strlen("VmData:"), NULL, 10) * 1024 : 0;
}

static bool write_all(const void *bytes, size_t size)
{
	for (size_t written = 0; written < size;) {
		ssize_t n = write(CAGE_SOCKET, (const char *)bytes + written, size - written);

		if (n < 0 && errno != EINTR)
			return false;
		written += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int write_piece(enum piece_kind kind, const void *bytes, size_t size)
{
	const struct piece_head head = { kind, (uint32_t)size };

	return write_all(&head, sizeof(head)) && write_all(bytes, size) ? 0 : -EPIPE;
}

static int write_output(void *context, const void *bytes, size_t size)
{
	const char *at = bytes;

	(void)context;
	for (size_t written = 0; written < size;) {
		size_t part = size - written < MAX_PIECE_BYTES ? size - written : MAX_PIECE_BYTES;
		int error = write_piece(PIECE_OUTPUT, at + written, part);

		if (error)
			return error;
		written += part;
	}
	return 0;
}

/* Of a log that is too long the beginning and the end are told, by whole lines: the last one often says what ended it. */
static void shorten(struct buffer *log)
{
	const size_t half = MAX_LOG_BYTES / 2 - 64; /* with room for what stands between them */
	const char *end_of_first = memrchr(log->data, '\n', half);
	const char *start_of_last = memchr(log->data + log->size - half, '\n', half);
	struct buffer shorter = { 0 };

	if (!end_of_first || !start_of_last)
		return;
	buffer_append(&shorter, log->data, (size_t)(end_of_first - log->data) + 1);
	buffer_append_string(&shorter, "hearth: (more of it is left out)\n");
	buffer_append(&shorter, start_of_last + 1,
		      log->size - (size_t)(start_of_last + 1 - log->data));
	buffer_release(log);
	*log = shorter;
}

/* Calls the function, and says what it made and logged. */
static int32_t compute(const struct shut_in *called)
{
	struct buffer_drain drain = { .take = write_output };
	struct buffer log = { 0 }, output = { .drain = &drain };
	int inputs[CAGE_MAX_INPUTS], error, log_error;

	for (size_t i = 0; i < called->inputs->count; i++)
		inputs[i] = CAGE_INPUT + (int)i;
	log_to_buffer(&log);
	error = called->fn(called->context, inputs, &output);
	if (!error)
		error = buffer_flush(&output);
	if (log.size > MAX_LOG_BYTES)
		shorten(&log);
	log_error = write_piece(PIECE_LOG, log.data,
				log.size < MAX_LOG_BYTES ? log.size : MAX_LOG_BYTES);
	return error ? error : log_error;
}

static int run(int pipe, const struct shut_in *called)
{
	const struct cage_limits cage = {
		.data_bytes = data_bytes() + called->limits->data_bytes,
		.cpu_seconds = called->limits->cpu_seconds,
		.kind = CAGE_OF_RENDERER,
		.inputs = called->inputs->fds,
		.input_count = called->inputs->count,
	};
	struct shut_in_result result = { 0 };
	const char *failed = "";

	result.cage_error = cage_enter(pipe, &cage, &failed);
	memcpy(result.failed, failed, strnlen(failed, sizeof(result.failed) - 1));
	if (!result.cage_error)
		result.error = compute(called);
	return write_piece(PIECE_END, &result, sizeof(result)) ? 1 : 0;
}

/* --- in the caller --- */

/* A line that it logged has its prefix, and may hold anything: it is cleaned once more. */
static void log_lines(const char *text, size_t size)
{
	for (const char *line = text; line < text + size;) {
		const char *end = memchr(line, '\n', (size_t)(text + size - line));
		int length = (int)((end ? end : text + size) - line);

		log_info("%.*s", length, line);
		line += length + 1;
	}
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return SIGKILL; /* how it ended is not known */
	return status;
}

static int judge_end(const char *what, int status)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFSIGNALED(status))
		log_error("%s: reading it ended by signal %d (%s)", what, WTERMSIG(status),
			  strsignal(WTERMSIG(status)));
	else
		log_error("%s: reading it failed", what);
	return -EIO;
}

/* What came of the process so far. */
struct reading {
	const struct shut_in *called;
	int pipe;
	uint64_t output_bytes;
	bool has_ended;
	struct shut_in_result result;
	struct buffer piece;
};

/* So many bytes into `piece`: 0, -ENODATA: there are none any more, -EBADMSG: fewer. */
static int read_bytes(struct reading *reading, size_t size)
{
	buffer_clear(&reading->piece);
	while (reading->piece.size < size) {
		size_t wanted = size - reading->piece.size;
		char *room;
		ssize_t got;

		buffer_reserve(&reading->piece, size);
		room = buffer_extend(&reading->piece, wanted);
		if (!room)
			return -ENOMEM;
		got = read(reading->pipe, room, wanted);
		if (got < 0 && errno != EINTR)
			return -errno;
		reading->piece.size -= wanted - (got > 0 ? (size_t)got : 0);
		if (!got)
			return reading->piece.size ? -EBADMSG : -ENODATA;
	}
	return 0;
}

static int take_output(struct reading *reading)
{
	struct buffer_drain *drain = reading->called->drain;

	reading->output_bytes += reading->piece.size;
	if (reading->output_bytes > reading->called->limits->max_output_bytes)
		return -EFBIG;
	if (reading->piece.size)
		drain->error =
			drain->take(drain->context, reading->piece.data, reading->piece.size);
	return drain->error;
}

static int take_piece(struct reading *reading, enum piece_kind kind)
{
	switch (kind) {
	case PIECE_OUTPUT:
		return take_output(reading);
	case PIECE_LOG:
		if (reading->piece.size)
			log_lines(reading->piece.data, reading->piece.size);
		return 0;
	case PIECE_END:
		memcpy(&reading->result, reading->piece.data, sizeof(reading->result));
		reading->result.failed[sizeof(reading->result.failed) - 1] = '\0';
		reading->has_ended = true;
		return 0;
	}
	return -EBADMSG;
}

static bool is_sound(const struct piece_head *head)
{
	return (head->kind == PIECE_OUTPUT && head->size <= MAX_PIECE_BYTES) ||
	       (head->kind == PIECE_LOG && head->size <= MAX_LOG_BYTES) ||
	       (head->kind == PIECE_END && head->size == sizeof(struct shut_in_result));
}

/* One piece after the other, until the end or an error; a process that dies has none to give any more. */
static int read_pieces(struct reading *reading)
{
	int error = 0;

	while (!error && !reading->has_ended) {
		struct piece_head head;

		error = read_bytes(reading, sizeof(head));
		if (error)
			break;
		memcpy(&head, reading->piece.data, sizeof(head));
		error = is_sound(&head) ? read_bytes(reading, head.size) : -EBADMSG;
		if (!error)
			error = take_piece(reading, (enum piece_kind)head.kind);
	}
	return error;
}

/* `error` is that of reading what the process said, `status` how it ended. */
static int judge(const struct reading *reading, int error, int status, bool *ret_has_no_cage)
{
	const char *what = reading->called->inputs->what;

	if (reading->called->drain->error)
		return reading->called->drain->error; /* whoever took it told */
	if (error == -EFBIG || error == -ENOMEM)
		log_error("%s: %s", what, strerror(-error));
	else if (judge_end(what, status))
		error = -EIO;
	else if (error || !reading->has_ended) {
		log_error("%s: reading it gave nonsense", what);
		error = -EIO;
	}
	if (error)
		return error;
	if (reading->result.cage_error == -EMFILE) {
		log_error("%s: too many for the limit of open files (ulimit -n)", what);
		return -EMFILE;
	}
	if (reading->result.cage_error) {
		log_warning("%s: cannot be read by a process that is shut in: %s: %s", what,
			    reading->result.failed, strerror(-reading->result.cage_error));
		*ret_has_no_cage = true;
		return -EPERM;
	}
	return reading->result.error <= 0 ? reading->result.error : -EIO;
}

static int log_unstarted(const struct shut_in *called, int error)
{
	log_error("%s: cannot start the process that reads it: %s", called->inputs->what,
		  strerror(-error));
	return error;
}

static int call(const struct shut_in *called, bool *ret_has_no_cage)
{
	struct reading reading = { .called = called };
	_cleanup_close_ int from = -1;
	_cleanup_close_ int to = -1;
	int pipes[2], error;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return log_unstarted(called, -errno);
	from = pipes[0];
	to = pipes[1];
	pid = fork();
	if (pid < 0)
		return log_unstarted(called, -errno);
	if (!pid)
		_exit(run(to, called));
	close(take_fd(&to));
	reading.pipe = from;
	error = read_pieces(&reading);
	buffer_release(&reading.piece);
	close(take_fd(&from)); /* one that has more to say ends by it */
	return judge(&reading, error, wait_for(pid), ret_has_no_cage);
}

/* Lowers what this process may take; what it might take before. */
static struct rlimit limit_data(uint64_t most)
{
	struct rlimit before = { RLIM_INFINITY, RLIM_INFINITY }, limit;

	getrlimit(RLIMIT_DATA, &before);
	limit = before;
	if (most < limit.rlim_cur)
		limit.rlim_cur = most;
	setrlimit(RLIMIT_DATA, &limit);
	return before;
}

/* Not shut in, but with the same limit of its memory. */
static int call_here(const struct shut_in *called)
{
	_cleanup_(buffer_release) struct buffer output = { .drain = called->drain };
	const struct rlimit before = limit_data(data_bytes() + called->limits->data_bytes);
	int error = called->fn(called->context, called->inputs->fds, &output);

	if (!error)
		error = buffer_flush(&output);
	setrlimit(RLIMIT_DATA, &before);
	return error;
}

int shut_in_call(const struct shut_in_inputs *inputs, const struct shut_in_limits *limits,
		 shut_in_fn fn, void *context, struct buffer_drain *drain)
{
	const struct shut_in called = { inputs, limits, fn, context, drain };
	bool has_no_cage = false;
	int error;

	if (geteuid())
		return call_here(&called);
	if (inputs->count > FEW_INPUTS)
		file_limit_raise();
	error = call(&called, &has_no_cage);
	return has_no_cage ? call_here(&called) : error;
}
