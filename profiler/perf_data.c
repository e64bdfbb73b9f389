/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/perf_data.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "worker/privileges.h"

/* tools/perf/util/header.c: of a file, and of a stream (perf record -o -), whose head is this long. */
static const char magic[8] = "PERFILE2";
#define STREAM_HEAD_BYTES 16u

#define COPY_BYTES        (256u << 10) /* at a time */
#define MAX_MESSAGE_BYTES (64u << 10)
#define NOT_RUN           127 /* exit status, as a shell has it */

/* --- the input --- */

static int read_ahead(int fd, struct perf_data *data)
{
	while (data->ahead_size < sizeof(data->ahead)) {
		ssize_t got = read(fd, data->ahead + data->ahead_size,
				   sizeof(data->ahead) - data->ahead_size);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			break;
		data->ahead_size += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* Of what can be read twice, from its beginning, nothing is taken; a file that somebody read the beginning of is as a pipe. */
static int look(int fd, struct perf_data *data, bool *ret_is_file)
{
	int error = read_ahead(fd, data);

	*ret_is_file = !error && lseek(fd, 0, SEEK_CUR) == (off_t)data->ahead_size &&
		       lseek(fd, 0, SEEK_SET) == 0;
	return error;
}

static bool is_perf_data(const struct perf_data *data)
{
	return data->ahead_size == sizeof(data->ahead) &&
	       !memcmp(data->ahead, magic, sizeof(magic));
}

static bool is_stream(const struct perf_data *data)
{
	uint64_t size;

	memcpy(&size, data->ahead + sizeof(magic), sizeof(size));
	return size == STREAM_HEAD_BYTES;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno != EINTR)
			return -errno;
		bytes += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int copy(int from, int to)
{
	_cleanup_free_ char *bytes = malloc(COPY_BYTES);
	ssize_t got = 1;
	int error = bytes ? 0 : -ENOMEM;

	while (!error && got) {
		got = read(from, bytes, COPY_BYTES);
		if (got < 0)
			error = errno == EINTR ? 0 : -errno;
		else
			error = write_all(to, bytes, (size_t)got);
	}
	return error;
}

/* perf jumps about in a file: a pipe becomes one without a name. */
static int make_file(int *fd, struct perf_data *data)
{
	const char *folder = getenv("TMPDIR");
	_cleanup_close_ int file =
		open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int error = file < 0 ? -errno : write_all(file, data->ahead, data->ahead_size);

	if (!error)
		error = copy(*fd, file);
	if (!error && lseek(file, 0, SEEK_SET) < 0)
		error = -errno;
	if (error)
		return error;
	close(*fd);
	*fd = take_fd(&file);
	return 0;
}

/* --- perf --- */

struct plumbing {
	const char *name;
	int input, output, messages;
	int failed; /* where errno is told if perf cannot be run */
	bool is_stream;
};

/* A root who may not (in a container without CAP_SYS_ADMIN) is told, and perf has what it cannot be kept from. */
static void give_up(const char *name)
{
	const char *failed;
	int error = privileges_keep_reading_program(&failed);

	if (error)
		log_warning("%s: perf runs with more privileges than it needs: %s: %s", name,
			    failed, strerror(-error));
}

/* So that what it says fits into memory; a pipe has no size. SIGXFSZ is ignored. */
static void limit_messages(void)
{
	const struct rlimit limit = { MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES };

	setrlimit(RLIMIT_FSIZE, &limit);
}

/* With a choice of fields perf prints no stacks of tracepoints any more, so that what a frame is made of is asked for as well. */
#define FIELDS "+pid,+ip,+sym,+dso"

/* In the child. Opened again, the input is read from its beginning. */
static void run_perf(const struct plumbing *pipes)
{
	const char *input = pipes->is_stream ? "-" : "/proc/self/fd/0";
	const char *const arguments[] = {
		"perf", "script", "--force", "--no-inline", "-F", FIELDS, "--show-lost-events",
		"-i",   input,    NULL
	};
	int error;

	give_up(pipes->name);
	limit_messages();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
	if (dup2(pipes->input, STDIN_FILENO) >= 0 && dup2(pipes->output, STDOUT_FILENO) >= 0 &&
	    dup2(pipes->messages, STDERR_FILENO) >= 0)
		execvp(arguments[0], (char *const *)arguments);
	error = errno;
	_exit(write_all(pipes->failed, (const char *)&error, sizeof(error)) ? NOT_RUN + 1
									    : NOT_RUN);
}

/* Nothing is said before perf runs: then the pipe is closed. */
static int wait_for_start(int failed)
{
	int error = 0;
	ssize_t got;

	do
		got = read(failed, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	return got == sizeof(error) ? -error : 0;
}

static int start(const char *name, int *fd, struct perf_data *data)
{
	_cleanup_close_ int from = -1;
	_cleanup_close_ int to = -1;
	_cleanup_close_ int failed = -1;
	_cleanup_close_ int failing = -1;
	int output[2], told[2];

	data->messages = memfd_create("perf messages", MFD_CLOEXEC);
	if (data->messages < 0 || pipe2(output, O_CLOEXEC))
		return -errno;
	from = output[0];
	to = output[1];
	if (pipe2(told, O_CLOEXEC))
		return -errno;
	failed = told[0];
	failing = told[1];
	data->perf = fork();
	if (data->perf < 0) {
		data->perf = 0;
		return -errno;
	}
	if (!data->perf)
		run_perf(&(struct plumbing){ name, *fd, to, data->messages, failing,
					     is_stream(data) });
	close(take_fd(&failing));
	close(*fd);
	*fd = take_fd(&from);
	return wait_for_start(failed);
}

static int fail(const char *name, int error)
{
	if (error == -ENOENT)
		log_error(
			"%s is a perf.data, and perf is not installed: it is perf that reads these; elsewhere, perf script | hearth render - does the same",
			name);
	else
		log_error("%s: perf cannot be run on it: %s", name, strerror(-error));
	return error;
}

int perf_data_open(const char *name, int *fd, struct perf_data *data)
{
	bool is_file;
	int error;

	*data = (struct perf_data){ .messages = -1 };
	error = look(*fd, data, &is_file);
	if (error)
		log_error("cannot read %s: %s", name, strerror(-error));
	if (error || !is_perf_data(data)) {
		data->ahead_size = is_file ? 0 : data->ahead_size;
		return error;
	}
	if (!is_file)
		error = make_file(fd, data);
	if (!error)
		error = start(name, fd, data);
	data->ahead_size = 0;
	return error ? fail(name, error) : 0;
}

/* --- its end --- */

/* The first line that perf wrote; nothing: "". */
static void first_message(int messages, struct buffer *text)
{
	char *end;

	if (lseek(messages, 0, SEEK_SET) || buffer_read_fd(text, messages, MAX_MESSAGE_BYTES))
		buffer_clear(text);
	end = text->size ? memchr(text->data, '\n', text->size) : NULL;
	if (end)
		text->size = (size_t)(end - text->data);
}

static int judge(const char *name, const struct perf_data *data, int status)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	first_message(data->messages, &text);
	if (WIFSIGNALED(status))
		log_error("%s: perf script ended by signal %d (%s)", name, WTERMSIG(status),
			  strsignal(WTERMSIG(status)));
	else
		log_error("%s: perf script cannot read it: %s", name,
			  text.size ? buffer_string(&text) : "it does not say why");
	return -EIO;
}

int perf_data_end(const char *name, struct perf_data *data, int error)
{
	int status = 0;

	if (data->perf) {
		/* What nobody reads any more need not be made. */
		if (error)
			kill(data->perf, SIGKILL);
		while (waitpid(data->perf, &status, 0) < 0 && errno == EINTR)
			;
		data->perf = 0;
		if (!error)
			error = judge(name, data, status);
	}
	if (data->messages >= 0)
		close(take_fd(&data->messages));
	return error;
}
