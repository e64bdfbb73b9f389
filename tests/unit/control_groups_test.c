/* SPDX-License-Identifier: Apache-2.0 */
/* control_groups.c: which path tells the most, whose container it is, and that a PID is not taken for another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "bpf/events.h"
#include "profiler/control_groups.h"
#include "profiler/task_start.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void the_longest_path_is_taken(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "0::/user.slice/user-0.slice\n", "/user.slice/user-0.slice" },
		{ "9:name=systemd:/\n4:memory:/docker/x\n2:cpu,cpuacct:/docker\n0::/\n",
		  "/docker/x" },
		{ "3:a:/one\n2:b:/two\n", "/one" },
		{ "0::/a:b:c", "/a:b:c" },
		{ "0::/\n", "/" },
		{ "0::\n", NULL },
		{ "0:memory\n\n::\nx\n", NULL },
		{ "0::relative\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *path;
		size_t size;
		bool is_there =
			control_group_longest(cases[i].text, strlen(cases[i].text), &path, &size);

		assert_int_equal(is_there, cases[i].path != NULL);
		if (is_there) {
			assert_int_equal(size, strlen(cases[i].path));
			assert_memory_equal(path, cases[i].path, size);
		}
	}
}

static void a_container_is_known_by_the_digits_of_its_id(void **state)
{
	static const struct {
		const char *path;
		size_t at; /* SIZE_MAX: it is none */
	} cases[] = {
		{ "/docker/" ID, 8 },
		{ "/system.slice/docker-" ID ".scope", 21 },
		{ "/kubepods/pod-a/cri-containerd-" ID ".scope/inner", 31 },
		{ "/libpod_parent/libpod-" ID, 22 },
		{ "/" ID "/" ID, 66 }, /* one inside another */
		{ "/docker/" ID "0", SIZE_MAX },
		{ "/docker/0123456789ab", SIZE_MAX },
		{ "/", SIZE_MAX },
		{ "", SIZE_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *found = control_group_container(cases[i].path);

		if (cases[i].at == SIZE_MAX)
			assert_null(found);
		else
			assert_ptr_equal(found, cases[i].path + cases[i].at);
	}
}

static struct process_event own_process(void)
{
	struct process_event process = { .id = 3, .caller_tgid = (uint32_t)getpid() };
	uint64_t ticks;

	assert_int_equal(task_start_ticks(process.caller_tgid, &ticks), 0);
	process.start_time_ns = ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
	return process;
}

static void a_process_is_looked_at_once(void **state)
{
	struct control_groups *groups = control_groups_new(0);
	struct process_event process = own_process();
	const char *path;

	(void)state;
	assert_null(control_groups_of(groups, &process));
	control_groups_note(groups, &process);
	path = control_groups_of(groups, &process);
	assert_non_null(path);
	assert_int_equal(*path, '/');
	/* Of a process that is gone it stays known. */
	process.caller_tgid = 0;
	control_groups_note(groups, &process);
	assert_ptr_equal(control_groups_of(groups, &process), path);
	control_groups_free(groups);
}

static void another_process_of_the_same_number_tells_nothing(void **state)
{
	struct control_groups *groups = control_groups_new(0);
	struct process_event process = own_process();

	(void)state;
	process.start_time_ns -= 10000000000u;
	control_groups_note(groups, &process);
	assert_null(control_groups_of(groups, &process));
	control_groups_free(groups);
	control_groups_free(NULL);
}

/* In a time namespace the kernel's clock, which events tell by, is another one than /proc's. */
static void clocks_may_differ(void **state)
{
	struct control_groups *groups = control_groups_new(3000000000u);
	struct process_event process = own_process();

	(void)state;
	process.start_time_ns += 3000000000u;
	control_groups_note(groups, &process);
	assert_non_null(control_groups_of(groups, &process));
	control_groups_free(groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_path_is_taken),
		cmocka_unit_test(a_container_is_known_by_the_digits_of_its_id),
		cmocka_unit_test(a_process_is_looked_at_once),
		cmocka_unit_test(another_process_of_the_same_number_tells_nothing),
		cmocka_unit_test(clocks_may_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
