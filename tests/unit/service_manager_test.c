/* SPDX-License-Identifier: Apache-2.0 */
/* service_manager.c: what a service manager hears, by a socket of either kind, and that one that is deaf or gone holds nothing up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "profiler/service_manager.h"

/* The manager's own socket; '@' is an abstract one. */
static int listen_as_manager(const char *kind, char *name, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int length = snprintf(name, size, "%s/tmp/service_manager_test.%d", kind, (int)getpid());

	assert_true(fd >= 0 && length > 0);
	memcpy(address.sun_path, name, (size_t)length);
	if (*kind)
		address.sun_path[0] = '\0';
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !*kind)),
		0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void assert_heard(int fd, const char *wanted)
{
	char text[1024];
	ssize_t size = recv(fd, text, sizeof(text) - 1, 0);

	assert_true(size > 0);
	text[size] = '\0';
	assert_string_equal(text, wanted);
}

static void assert_nothing_heard(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void speak(const char *kind)
{
	struct service_manager manager;
	unsigned long long time;
	char name[108], text[128];
	int fd = listen_as_manager(kind, name, sizeof(name));

	assert_int_equal(service_manager_init(&manager), 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_int_equal(service_manager_ready(&manager, "19 Hz on 2 CPUs"), 0);
	assert_heard(fd, "READY=1\nSTATUS=19 Hz on 2 CPUs\n");
	assert_int_equal(service_manager_alive(&manager), 0);
	assert_heard(fd, "WATCHDOG=1\n");
	assert_int_equal(service_manager_reloading(&manager), 0);
	text[recv(fd, text, sizeof(text) - 1, 0)] = '\0';
	assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%llu\n", &time), 1);
	assert_in_range(clock_monotonic_ns() / 1000 - time, 0, 60 * 1000000);
	assert_int_equal(service_manager_status(&manager, "two\nREADY=1"), 0);
	assert_heard(fd, "STATUS=two\n");
	assert_int_equal(service_manager_stopping(&manager, ""), 0);
	assert_heard(fd, "STOPPING=1\nSTATUS=\n");
	assert_nothing_heard(fd);
	service_manager_release(&manager);
	close(fd);
	unlink(name);
}

static void it_hears_by_a_path(void **state)
{
	(void)state;
	speak("");
}

static void it_hears_by_an_abstract_name(void **state)
{
	(void)state;
	speak("@");
}

static void without_one_nothing_happens(void **state)
{
	struct service_manager manager;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(service_manager_init(&manager), 0);
	assert_int_equal(service_manager_ready(&manager, "there"), 0);
	assert_int_equal(service_manager_alive_ns(&manager), 0);
	service_manager_release(&manager);
}

static void an_address_that_is_none_is_an_error(void **state)
{
	static const char *const names[] = { "",         "/",         "@",
					     "relative", "vsock:2:1", "/nowhere/at/all" };
	struct service_manager manager;
	char longest[200] = "/";

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_true(service_manager_init(&manager) < 0);
		assert_int_equal(service_manager_ready(&manager, ""), 0);
		service_manager_release(&manager);
	}
	memset(longest + 1, 'a', sizeof(longest) - 2);
	setenv("NOTIFY_SOCKET", longest, 1);
	assert_int_equal(service_manager_init(&manager), -ENAMETOOLONG);
	service_manager_release(&manager);
}

/* Until its queue is full it takes what is said; then nothing waits for it. */
static void a_deaf_one_holds_nothing_up(void **state)
{
	struct service_manager manager;
	char name[108];
	int fd = listen_as_manager("@", name, sizeof(name)), error = 0;

	(void)state;
	assert_int_equal(service_manager_init(&manager), 0);
	for (int i = 0; i < 100000 && !error; i++)
		error = service_manager_alive(&manager);
	assert_int_equal(error, -EAGAIN);
	close(fd);
	assert_int_equal(service_manager_alive(&manager), -ECONNREFUSED);
	service_manager_release(&manager);
}

static void assert_watched(const char *pid, const char *time, uint64_t wanted_ns)
{
	struct service_manager manager;
	char name[108];
	int fd = listen_as_manager("@", name, sizeof(name));

	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", time, 1);
	assert_int_equal(service_manager_init(&manager), 0);
	assert_int_equal(service_manager_alive_ns(&manager), wanted_ns);
	assert_null(getenv("WATCHDOG_USEC"));
	service_manager_release(&manager);
	close(fd);
}

static void it_says_how_often_it_looks(void **state)
{
	char self[16];

	(void)state;
	snprintf(self, sizeof(self), "%d", (int)getpid());
	assert_watched(self, "30000000", 15000000000);
	assert_watched(NULL, "2000000", 1000000000);
	assert_watched("1", "30000000", 0);
	assert_watched(self, "0", 0);
	assert_watched(self, "-5", 0);
	assert_watched(self, "99999999999999999999", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_hears_by_a_path),
		cmocka_unit_test(it_hears_by_an_abstract_name),
		cmocka_unit_test(without_one_nothing_happens),
		cmocka_unit_test(an_address_that_is_none_is_an_error),
		cmocka_unit_test(a_deaf_one_holds_nothing_up),
		cmocka_unit_test(it_says_how_often_it_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
