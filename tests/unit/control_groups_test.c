/* SPDX-License-Identifier: Apache-2.0 */
/* control_groups.c: which path tells the most, that a PID is not taken for another process, what a copy has, and what is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "bpf/events.h"
#include "profiler/aggregator.h"
#include "profiler/control_groups.h"
#include "profiler/process_facts.h"
#include "profiler/task_start.h"

static const struct tick_labels wanted = { .cgroup = true, .exe = true };

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
	struct control_groups *groups = control_groups_new(0, wanted);
	struct process_event process = own_process();
	const char *path;

	(void)state;
	assert_null(control_groups_of(groups, &process));
	control_groups_note(groups, &process);
	path = control_groups_of(groups, &process);
	assert_non_null(path);
	assert_int_equal(*path, '/');
	assert_int_equal(control_groups_count(groups), 1);
	/* Of a process that is gone it stays known. */
	process.caller_tgid = 0;
	control_groups_note(groups, &process);
	assert_ptr_equal(control_groups_of(groups, &process), path);
	control_groups_free(groups);
}

static void another_process_of_the_same_number_tells_nothing(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);
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
	struct control_groups *groups = control_groups_new(3000000000u, wanted);
	struct process_event process = own_process();

	(void)state;
	process.start_time_ns += 3000000000u;
	control_groups_note(groups, &process);
	assert_non_null(control_groups_of(groups, &process));
	control_groups_free(groups);
}

/* An aggregator that has met these processes. */
static struct aggregator *aggregator_of(const struct process_event *processes, size_t count)
{
	struct aggregator *aggregator = aggregator_new();

	for (size_t i = 0; i < count; i++) {
		struct process_event process = processes[i];

		process.type = EVENT_PROCESS;
		aggregator_handle(aggregator, &process, sizeof(process));
	}
	assert_int_equal(aggregator_process_count(aggregator), count);
	return aggregator;
}

static void a_copy_stays(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);
	struct process_event processes[2] = { own_process(), { .id = 4, .tgid = 1 } };
	struct aggregator *aggregator;
	struct process_facts *facts;
	const struct process_fact *fact;
	char path[256], exe[256] = "";

	(void)state;
	processes[0].tgid = processes[0].caller_tgid;
	aggregator = aggregator_of(processes, 2);
	control_groups_note(groups, &processes[0]);
	snprintf(path, sizeof(path), "%s", control_groups_of(groups, &processes[0]));
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(control_groups_copy(groups, aggregator, &facts), 0);
	control_groups_free(groups);
	fact = process_facts_of(facts, &processes[0]);
	assert_non_null(fact);
	assert_string_equal(fact->cgroup, path);
	assert_string_equal(fact->exe, exe);
	assert_null(process_facts_of(facts, &processes[1]));
	process_facts_free(facts);
	process_facts_free(NULL);
	aggregator_free(aggregator);
}

static void what_is_not_wanted_is_not_known(void **state)
{
	const struct tick_labels exe_alone = { .exe = true };
	struct control_groups *groups = control_groups_new(0, exe_alone);
	struct process_event process = own_process();
	struct aggregator *aggregator = aggregator_of(&process, 1);
	struct process_facts *facts;

	(void)state;
	control_groups_note(groups, &process);
	assert_null(control_groups_of(groups, &process));
	assert_int_equal(control_groups_copy(groups, aggregator, &facts), 0);
	assert_null(process_facts_of(facts, &process)->cgroup);
	assert_non_null(process_facts_of(facts, &process)->exe);
	process_facts_free(facts);
	control_groups_free(groups);
	aggregator_free(aggregator);
}

/* Ids of a million processes that came and went, a thousand at a time: no more than those of the last spans stay. */
static void old_ones_are_forgotten(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);
	struct process_event stays = own_process(), process = stays;
	uint64_t before_ns = 0;

	(void)state;
	for (uint64_t span = 0; span < 30; span++) {
		uint64_t now_ns = clock_boottime_ns();

		control_groups_note(groups, &stays);
		process.caller_tgid = 0; /* gone already: nothing is read */
		for (uint64_t i = 0; i < 1000; i++) {
			process.id = 1000000 + span * 1000 + i;
			control_groups_note(groups, &process);
		}
		assert_int_equal(control_groups_forget(groups, before_ns), 0);
		assert_true(control_groups_count(groups) <= 2001);
		assert_non_null(control_groups_of(groups, &stays));
		before_ns = now_ns;
	}
	assert_int_equal(control_groups_forget(groups, clock_boottime_ns() + 1), 0);
	assert_int_equal(control_groups_count(groups), 0);
	assert_null(control_groups_of(groups, &stays));
	control_groups_note(groups, &stays);
	assert_non_null(control_groups_of(groups, &stays));
	control_groups_free(groups);
}

static void tell(struct control_groups *groups, uint64_t id, const char *path, size_t size)
{
	char bytes[sizeof(struct group_event) + GROUP_MAX_PATH + 1] = { 0 };
	struct group_event event = { .type = EVENT_GROUP, .id = id, .path_size = (uint32_t)size };

	memcpy(bytes, &event, sizeof(event));
	memcpy(bytes + sizeof(event), path, strlen(path));
	control_groups_tell(groups, (const struct group_event *)(void *)bytes,
			    sizeof(event) + (size < GROUP_MAX_PATH ? size : GROUP_MAX_PATH));
}

static void of_what_is_gone_the_told_group_is_known(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);
	const struct process_event gone = { .id = 8, .cgroup = 77 };
	const struct process_event other = { .id = 9, .cgroup = 78 };
	const struct process_event in_no_group = { .id = 10 };
	struct process_event alive = own_process();

	(void)state;
	alive.cgroup = 77;
	tell(groups, 77, "/docker/x", 9);
	control_groups_note(groups, &gone);
	control_groups_note(groups, &other);
	control_groups_note(groups, &in_no_group);
	control_groups_note(groups, &alive);
	assert_string_equal(control_groups_of(groups, &gone), "/docker/x");
	assert_null(control_groups_of(groups, &other));
	assert_null(control_groups_of(groups, &in_no_group));
	/* What /proc says is the longest path of all hierarchies. */
	assert_string_not_equal(control_groups_of(groups, &alive), "/docker/x");
	/* Told groups are forgotten, too; what is known of processes stays as long as these do. */
	assert_int_equal(control_groups_forget(groups, clock_boottime_ns() + 1), 0);
	control_groups_note(groups, &gone);
	assert_null(control_groups_of(groups, &gone));
	control_groups_free(groups);
}

static void what_is_told_to_have_moved_is_looked_at_again(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);
	struct process_event process = { .id = 8, .cgroup = 76 };

	(void)state;
	control_groups_note(groups, &process);
	assert_null(control_groups_of(groups, &process));
	tell(groups, 77, "/docker/x", 9);
	process.cgroup = 77;
	control_groups_note(groups, &process);
	assert_non_null(control_groups_of(groups, &process));
	assert_string_equal(control_groups_of(groups, &process), "/docker/x");
	control_groups_free(groups);
}

/* What /proc/PID/cgroup says, and how often it was read; NULL: what it says of the process. */
static const char *said;
static unsigned int times_read;

int __real_buffer_read_file(struct buffer *buffer, const char *path, size_t limit);
int __wrap_buffer_read_file(struct buffer *buffer, const char *path, size_t limit);

int __wrap_buffer_read_file(struct buffer *buffer, const char *path, size_t limit)
{
	if (!said || !strstr(path, "/cgroup"))
		return __real_buffer_read_file(buffer, path, limit);
	times_read++;
	buffer_append(buffer, said, strlen(said));
	return buffer_error(buffer);
}

static void note_as(struct control_groups *groups, uint64_t id, uint64_t group, const char *says,
		    const char *path)
{
	struct process_event process = own_process();

	process.id = id;
	process.cgroup = group;
	said = says;
	control_groups_note(groups, &process);
	said = NULL;
	assert_non_null(control_groups_of(groups, &process));
	assert_string_equal(control_groups_of(groups, &process), path);
}

/* Another process of the group that the kernel side tells has the same path; one of another group is read for itself. */
static void what_a_group_is_called_is_read_once(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);

	(void)state;
	times_read = 0;
	tell(groups, 77, "/docker/x", 9);
	note_as(groups, 3, 77, "4:memory:/docker/x\n0::/\n", "/docker/x");
	note_as(groups, 4, 77, "0::/never-read\n", "/docker/x");
	assert_int_equal(times_read, 1);
	note_as(groups, 5, 78, "0::/docker/y\n", "/docker/y");
	/* It is forgotten with the processes, whose strings it has. */
	assert_int_equal(control_groups_forget(groups, clock_boottime_ns() + 1), 0);
	note_as(groups, 4, 77, "0::/docker/z\n", "/docker/z");
	assert_int_equal(times_read, 3);
	control_groups_free(groups);
}

/* As what starts a container does: it had its tick in another group than it is read in. */
static void one_that_moved_says_nothing_of_the_others(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);

	(void)state;
	tell(groups, 77, "/docker", 7);
	note_as(groups, 3, 77, "0::/docker/x\n", "/docker/x");
	note_as(groups, 4, 77, "0::/docker\n", "/docker");
	note_as(groups, 5, 77, "0::/never-read\n", "/docker");
	control_groups_free(groups);
}

static void those_of_no_told_group_are_read_each(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);

	(void)state;
	note_as(groups, 3, 0, "0::/a\n", "/a");
	note_as(groups, 4, 0, "0::/b\n", "/b");
	note_as(groups, 5, 78, "0::/c\n", "/c");
	note_as(groups, 6, 78, "0::/d\n", "/d");
	control_groups_free(groups);
}

static void a_told_group_is_whole_or_none(void **state)
{
	struct control_groups *groups = control_groups_new(0, wanted);
	const struct process_event gone = { .id = 8, .cgroup = 77 };
	const struct group_event short_of_its_path = { .type = EVENT_GROUP,
						       .id = 77,
						       .path_size = 5 };

	(void)state;
	tell(groups, 77, "", 0);
	tell(groups, 77, "/cut", GROUP_MAX_PATH + 1);
	control_groups_tell(groups, &short_of_its_path, sizeof(short_of_its_path));
	control_groups_tell(groups, &short_of_its_path, sizeof(short_of_its_path) - 1);
	control_groups_note(groups, &gone);
	assert_null(control_groups_of(groups, &gone));
	control_groups_free(groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_path_is_taken),
		cmocka_unit_test(a_process_is_looked_at_once),
		cmocka_unit_test(another_process_of_the_same_number_tells_nothing),
		cmocka_unit_test(clocks_may_differ),
		cmocka_unit_test(a_copy_stays),
		cmocka_unit_test(what_is_not_wanted_is_not_known),
		cmocka_unit_test(old_ones_are_forgotten),
		cmocka_unit_test(of_what_is_gone_the_told_group_is_known),
		cmocka_unit_test(what_is_told_to_have_moved_is_looked_at_again),
		cmocka_unit_test(what_a_group_is_called_is_read_once),
		cmocka_unit_test(one_that_moved_says_nothing_of_the_others),
		cmocka_unit_test(those_of_no_told_group_are_read_each),
		cmocka_unit_test(a_told_group_is_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
