/* SPDX-License-Identifier: Apache-2.0 */
/* held_messages: what is said on a terminal's standard error is held, and nobody waits for whoever takes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "profiler/held_messages.h"

#define WAIT_SECONDS 60

/* A terminal that is standard error, and what came out of it once it was closed. */
struct place {
	int before, control;
	pthread_t reader;
	struct buffer shown;
	struct held_messages held;
};

static void *read_terminal(void *context)
{
	struct place *place = context;
	char bytes[4096];
	ssize_t size;

	while ((size = read(place->control, bytes, sizeof(bytes))) > 0)
		buffer_append(&place->shown, bytes, (size_t)size);
	return NULL;
}

static void place_open(struct place *place)
{
	int terminal;

	*place = (struct place){ .before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0) };
	place->control = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(grantpt(place->control), 0);
	assert_int_equal(unlockpt(place->control), 0);
	terminal = open(ptsname(place->control), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	assert_int_equal(pthread_create(&place->reader, NULL, read_terminal, place), 0);
	assert_int_equal(dup2(terminal, STDERR_FILENO), STDERR_FILENO);
	close(terminal);
	assert_int_equal(held_messages_open(&place->held), 0);
	alarm(WAIT_SECONDS);
}

/* Afterwards `shown` is all that the terminal was told. */
static void place_close(struct place *place)
{
	held_messages_close(&place->held);
	held_messages_close(&place->held);
	assert_true(isatty(STDERR_FILENO));
	dup2(place->before, STDERR_FILENO);
	pthread_join(place->reader, NULL);
	close(place->before);
	close(place->control);
	alarm(0);
}

static void say(const char *text)
{
	assert_int_equal(write(STDERR_FILENO, text, strlen(text)), strlen(text));
}

static bool has_shown(struct place *place, const char *text)
{
	return strstr(buffer_string(&place->shown), text);
}

static void the_last_line_is_taken_and_all_are_said_at_the_end(void **state)
{
	struct place place;
	struct pollfd polled;
	char line[80];

	(void)state;
	place_open(&place);
	assert_null(held_messages_take(&place.held, line, sizeof(line)));
	say("one\ntwo\n");
	polled = (struct pollfd){ .fd = place.held.fd, .events = POLLIN };
	assert_int_equal(poll(&polled, 1, -1), 1);
	assert_string_equal(held_messages_take(&place.held, line, sizeof(line)), "two");
	assert_null(held_messages_take(&place.held, line, sizeof(line)));
	assert_int_equal(place.shown.size, 0);
	say("three\n");
	place_close(&place);
	assert_string_equal(buffer_string(&place.shown), "one\r\ntwo\r\nthree\r\n");
	buffer_release(&place.shown);
}

/* As libbpf, before the screen is there that takes them. */
static void nobody_waits_for_who_takes_them(void **state)
{
	struct place place;

	(void)state;
	place_open(&place);
	say("the first\n");
	for (int i = 0; i < 8 * HELD_MESSAGES_BYTES / 32; i++)
		say("a line of 32 bytes, with its end\n");
	say("the last\n");
	place_close(&place);
	assert_false(has_shown(&place, "the first"));
	assert_true(has_shown(&place, "the last"));
	assert_true(place.shown.size <= HELD_MESSAGES_BYTES * 2);
	buffer_release(&place.shown);
}

static void a_line_without_an_end_is_held_no_more_of(void **state)
{
	struct place place;

	(void)state;
	place_open(&place);
	for (int i = 0; i < 8 * HELD_MESSAGES_BYTES / 16; i++)
		say("no end of a line");
	place_close(&place);
	assert_true(place.shown.size <= HELD_MESSAGES_BYTES);
	buffer_release(&place.shown);
}

/* Without our end of the pipe, as a program that was started. */
static void __attribute__((noreturn)) write_for_ever(const struct place *place)
{
	close(place->held.pipe);
	alarm(WAIT_SECONDS);
	while (write(STDERR_FILENO, "again and again\n", 16) > 0)
		;
	_exit(1);
}

static void who_writes_for_ever_is_left(void **state)
{
	struct place place;
	struct pollfd polled;
	pid_t child;
	int status;

	(void)state;
	place_open(&place);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		write_for_ever(&place);
	polled = (struct pollfd){ .fd = place.held.fd, .events = POLLIN };
	assert_int_equal(poll(&polled, 1, -1), 1);
	held_messages_close(&place.held);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	place_close(&place);
	assert_true(place.shown.size <= HELD_MESSAGES_BYTES * 2);
	buffer_release(&place.shown);
}

static void what_is_no_terminal_is_left_alone(void **state)
{
	struct held_messages held;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	(void)state;
	dup2(null, STDERR_FILENO);
	assert_int_equal(held_messages_open(&held), 0);
	dup2(before, STDERR_FILENO);
	assert_int_equal(held.fd, -1);
	held_messages_close(&held);
	close(before);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_is_taken_and_all_are_said_at_the_end),
		cmocka_unit_test(nobody_waits_for_who_takes_them),
		cmocka_unit_test(a_line_without_an_end_is_held_no_more_of),
		cmocka_unit_test(who_writes_for_ever_is_left),
		cmocka_unit_test(what_is_no_terminal_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
