/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/shut_in.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "worker/cage.h"

#define MAX_LOG_BYTES 65536

/* What is called, and on what. */
struct shut_in {
	const char *what;
	int input;
	const struct shut_in_limits *limits;
	shut_in_fn fn;
	void *context;
};

/* What the process says at its end: this, its log, its output. */
struct shut_in_result {
	int32_t cage_error; /* it could not be shut in, and did nothing; `failed` says why */
	int32_t error;
	uint64_t log_bytes;
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

static int run(int pipe, const struct shut_in *called)
{
	const struct cage_limits cage = {
		.data_bytes = data_bytes() + called->limits->data_bytes,
		.cpu_seconds = called->limits->cpu_seconds,
		.has_input = called->input >= 0,
		.input = called->input,
	};
	struct shut_in_result result = { 0 };
	struct buffer log = { 0 }, output = { 0 };
	const char *failed = "";

	result.cage_error = cage_enter(pipe, &cage, &failed);
	memcpy(result.failed, failed, strnlen(failed, sizeof(result.failed) - 1));
	if (!result.cage_error) {
		log_to_buffer(&log);
		result.error =
			called->fn(called->context, called->input < 0 ? -1 : CAGE_INPUT, &output);
		result.log_bytes = log.size < MAX_LOG_BYTES ? log.size : MAX_LOG_BYTES;
	}
	return write_all(&result, sizeof(result)) && write_all(log.data, result.log_bytes) &&
			       (result.error || write_all(output.data, output.size))
		       ? 0
		       : 1;
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

/* All that came through the pipe, if the process ended well. */
static int take_result(const char *what, struct buffer *bytes, struct buffer *ret_output,
		       bool *ret_has_no_cage)
{
	struct shut_in_result result;
	size_t start;

	if (bytes->size < sizeof(result)) {
		log_error("%s: reading it gave nothing", what);
		return -EIO;
	}
	memcpy(&result, bytes->data, sizeof(result));
	result.failed[sizeof(result.failed) - 1] = '\0';
	if (result.cage_error) {
		log_warning("%s: cannot be read by a process that is shut in: %s: %s", what,
			    result.failed, strerror(-result.cage_error));
		*ret_has_no_cage = true;
		return -EPERM;
	}
	if (result.log_bytes > bytes->size - sizeof(result) || result.log_bytes > MAX_LOG_BYTES) {
		log_error("%s: reading it gave nonsense", what);
		return -EIO;
	}
	log_lines(bytes->data + sizeof(result), result.log_bytes);
	if (result.error)
		return result.error < 0 ? result.error : -EIO;
	start = sizeof(result) + result.log_bytes;
	memmove(bytes->data, bytes->data + start, bytes->size - start);
	bytes->size -= start;
	*ret_output = *bytes;
	*bytes = (struct buffer){ 0 };
	return 0;
}

static int call(const struct shut_in *called, struct buffer *ret_output, bool *ret_has_no_cage)
{
	const char *what = called->what;
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	_cleanup_close_ int from = -1;
	_cleanup_close_ int to = -1;
	int pipes[2], error, status;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	from = pipes[0];
	to = pipes[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(run(to, called));
	cleanup_close(&to);
	error = buffer_read_fd(&bytes, from,
			       called->limits->max_output_bytes + MAX_LOG_BYTES +
				       sizeof(struct shut_in_result));
	cleanup_close(&from); /* one that has more to say ends by it */
	status = wait_for(pid);
	if (error)
		log_error("%s: %s", what, strerror(-error));
	else
		error = judge_end(what, status);
	return error ? error : take_result(what, &bytes, ret_output, ret_has_no_cage);
}

int shut_in_call(const char *what, int input, const struct shut_in_limits *limits, shut_in_fn fn,
		 void *context, struct buffer *ret_output)
{
	const struct shut_in called = { what, input, limits, fn, context };
	bool has_no_cage = false;
	int error;

	if (geteuid())
		return fn(context, input, ret_output);
	error = call(&called, ret_output, &has_no_cage);
	return has_no_cage ? fn(context, input, ret_output) : error;
}
