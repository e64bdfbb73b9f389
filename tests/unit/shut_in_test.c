/* SPDX-License-Identifier: Apache-2.0 */
/* shut_in.c: what a function that computes in a process of its own gives, logs, cannot do, and leaves behind when it dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "profiler/shut_in.h"

static const struct shut_in_limits limits = {
	.data_bytes = 256u << 20,
	.cpu_seconds = 60,
	.max_output_bytes = 1u << 20,
};

static const struct shut_in_inputs none = { .what = "the input" };

static int need_root(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	return 0;
}

/* Keeps what it is given. */
static int keep(void *context, const void *bytes, size_t size)
{
	struct buffer *kept = context;

	buffer_append(kept, bytes, size);
	return buffer_error(kept);
}

static int refuse(void *context, const void *bytes, size_t size)
{
	(void)context, (void)bytes;
	assert_true(size > 0);
	return -ENOSPC;
}

/* Calls, and gives what was logged meanwhile. */
static int call(shut_in_fn fn, void *context, struct buffer *output, struct buffer *ret_log)
{
	struct buffer_drain drain = { .take = output ? keep : refuse, .context = output };
	int error;

	log_to_buffer(ret_log);
	error = shut_in_call(&none, &limits, fn, context, &drain);
	log_to_buffer(NULL);
	assert_non_null(buffer_string(ret_log));
	/* No child is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return error;
}

static void assert_fails(shut_in_fn fn, int error, const char *log)
{
	struct buffer output = { 0 }, logged = { 0 };

	assert_int_equal(call(fn, NULL, &output, &logged), error);
	if (!strstr(logged.data, log))
		fail_msg("'%s' is not in '%s'", log, logged.data);
	buffer_release(&output);
	buffer_release(&logged);
}

static int compute(void *context, const int *inputs, struct buffer *output)
{
	(void)inputs;
	log_warning("line %d is odd", 7);
	log_info("a %s of %s", "\x1b[31mred", "two\nlines");
	buffer_printf(output, "%s by %d", (const char *)context, getpid());
	return 0;
}

static int read_input(void *context, const int *inputs, struct buffer *output)
{
	(void)context;
	return buffer_read_fd(output, inputs[0], 100);
}

/* From wherever it stands; a descriptor that the cage has its own in place of, too. */
static void the_input_is_read(void **state)
{
	(void)state;
	for (int at = -1; at < 5; at++) {
		struct buffer output = { 0 };
		struct buffer_drain drain = { .take = keep, .context = &output };
		int fd = memfd_create("input", 0), error, before = -1, given = at < 0 ? fd : at;
		const struct shut_in_inputs one = { "the input", &given, 1 };

		assert_int_equal(write(fd, "content", 7), 7);
		assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
		if (at >= 0) {
			before = fcntl(at, F_DUPFD_CLOEXEC, 100);
			assert_int_equal(dup2(fd, at), at);
		}
		error = shut_in_call(&one, &limits, read_input, NULL, &drain);
		if (before >= 0)
			dup2(before, at);
		else if (at >= 0 && at != fd)
			close(at);
		assert_int_equal(error, 0);
		assert_int_equal(output.size, 4);
		assert_memory_equal(output.data, "tent", 4);
		buffer_release(&output);
		close(before);
		close(fd);
	}
}

#define INPUTS 40

static int read_inputs(void *context, const int *inputs, struct buffer *output)
{
	const size_t *count = context;

	for (size_t i = 0; i < *count; i++) {
		struct buffer text = { 0 };
		int error = buffer_read_fd(&text, inputs[i], 100);

		if (error)
			return error;
		buffer_append(output, text.data, text.size);
		buffer_release(&text);
	}
	return 0;
}

/* In their order, also where one stands at the number that another one gets. */
static void several_inputs_are_read(void **state)
{
	struct buffer output = { 0 }, wanted = { 0 };
	struct buffer_drain drain = { .take = keep, .context = &output };
	size_t count = INPUTS;
	int fds[INPUTS];
	const struct shut_in_inputs several = { "the inputs", fds, INPUTS };

	(void)state;
	for (size_t i = INPUTS; i-- > 0;) {
		fds[i] = memfd_create("input", MFD_CLOEXEC);
		assert_int_equal(dprintf(fds[i], "%zu,", i), i < 10 ? 2 : 3);
		assert_int_equal(lseek(fds[i], 0, SEEK_SET), 0);
	}
	for (size_t i = 0; i < INPUTS; i++)
		buffer_printf(&wanted, "%zu,", i);
	assert_int_equal(shut_in_call(&several, &limits, read_inputs, &count, &drain), 0);
	assert_string_equal(buffer_string(&output), buffer_string(&wanted));
	for (size_t i = 0; i < INPUTS; i++)
		close(fds[i]);
	buffer_release(&output);
	buffer_release(&wanted);
}

static void output_and_log_come_back(void **state)
{
	struct buffer output = { 0 }, logged = { 0 };
	char word[] = "made";

	(void)state;
	assert_int_equal(call(compute, word, &output, &logged), 0);
	assert_memory_equal(buffer_string(&output), "made by ", 8);
	assert_true(strtol(output.data + 8, NULL, 10) != getpid());
	assert_non_null(strstr(logged.data, "hearth: warning: line 7 is odd\n"));
	assert_null(strchr(logged.data, '\x1b'));
	buffer_release(&output);
	buffer_release(&logged);
}

static int open_something(void *context, const int *inputs, struct buffer *output)
{
	(void)inputs;
	(void)context, (void)output;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int give_up(void *context, const int *inputs, struct buffer *output)
{
	(void)inputs;
	(void)context;
	buffer_append_string(output, "half of it");
	log_error("it is broken");
	return -EINVAL;
}

static int die(void *context, const int *inputs, struct buffer *output)
{
	(void)inputs;
	(void)context, (void)output;
	__builtin_trap();
}

static int leave(void *context, const int *inputs, struct buffer *output)
{
	(void)inputs;
	(void)context, (void)output;
	_exit(0);
}

static int talk(void *context, const int *inputs, struct buffer *output)
{
	(void)inputs;
	(void)context;
	return buffer_extend(output, 4u << 20) ? 0 : -ENOMEM;
}

static int eat(void *context, const int *inputs, struct buffer *output)
{
	(void)context, (void)output;
	for (size_t i = 0; i < 1024; i++) {
		char *more = malloc(1 << 20);

		(void)inputs;
		if (!more)
			return -ENOMEM;
		memset(more, 1, 1 << 20);
	}
	return 0;
}

/* More than a buffer keeps, in pieces of many sizes; the pattern of 251 bytes falls on no border. */
static int make_much(void *context, const int *inputs, struct buffer *output)
{
	const size_t *wanted = context;

	(void)inputs;
	for (size_t i = 0; i < *wanted; i++)
		buffer_append_char(output, (char)(i % 251));
	return buffer_error(output);
}

static void output_of_any_size_comes(void **state)
{
	static const size_t sizes[] = { 0,
					1,
					BUFFER_DRAIN_BYTES - 1,
					BUFFER_DRAIN_BYTES,
					BUFFER_DRAIN_BYTES + 1,
					5 * BUFFER_DRAIN_BYTES / 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buffer output = { 0 };
		struct buffer_drain drain = { .take = keep, .context = &output };
		struct shut_in_limits much = limits;
		size_t wanted = sizes[i];

		much.max_output_bytes = sizes[i];
		assert_int_equal(shut_in_call(&none, &much, make_much, &wanted, &drain), 0);
		assert_int_equal(output.size, wanted);
		for (size_t at = 0; at < wanted; at++)
			if (output.data[at] != (char)(at % 251))
				fail_msg("byte %zu is another one", at);
		buffer_release(&output);
	}
}

/* What cannot be taken ends the process, with that error and without a further word. */
static void output_that_nobody_takes_is_an_error(void **state)
{
	struct buffer logged = { 0 };
	size_t wanted = 3 * BUFFER_DRAIN_BYTES;

	(void)state;
	assert_int_equal(call(make_much, &wanted, NULL, &logged), -ENOSPC);
	assert_string_equal(buffer_string(&logged), "");
	buffer_release(&logged);
}

static void failures_are_told(void **state)
{
	(void)state;
	assert_fails(open_something, -EPERM, "");
	assert_fails(give_up, -EINVAL, "it is broken");
	assert_fails(die, -EIO, "the input: reading it ");
	assert_fails(leave, -EIO, "the input: reading it gave nonsense");
	assert_fails(talk, -EFBIG, "the input: File too large");
	assert_fails(eat, -ENOMEM, "");
}

/*
 * Where there is no memory the sanitizer's allocator would abort; what the
 * cage has no room for, a process that looks for leaks, it does without.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:detect_leaks=0";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_input_is_read, need_root),
		cmocka_unit_test_setup(several_inputs_are_read, need_root),
		cmocka_unit_test_setup(output_and_log_come_back, need_root),
		cmocka_unit_test_setup(output_of_any_size_comes, need_root),
		cmocka_unit_test_setup(output_that_nobody_takes_is_an_error, need_root),
		cmocka_unit_test_setup(failures_are_told, need_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
