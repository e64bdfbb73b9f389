/* SPDX-License-Identifier: Apache-2.0 */
/* process_watch.c: over a folder in the form of /proc that the test fills, and over this machine's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "bpf/events.h"
#include "profiler/process_watch.h"
#include "store/event_list.h"

#define USER_FLAGS   4194560
#define KERNEL_FLAGS 0x208040

/* --- a folder in the form of /proc --- */

struct place {
	char folder[64];
	struct process_watch *watch;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->folder, sizeof(place->folder), "/tmp/hearth-watch-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	assert_non_null(place->watch =
				process_watch_new(place->folder, PROCESS_WATCH_MAX_PROCESSES));
	*state = place;
	return 0;
}

static void end_process(const struct place *place, unsigned int pid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%u/stat", place->folder, pid);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%u", place->folder, pid);
	rmdir(path);
}

static int remove_place(void **state)
{
	struct place *place = *state;

	for (unsigned int pid = 1; pid < 400; pid++)
		end_process(place, pid);
	rmdir(place->folder);
	process_watch_free(place->watch);
	free(place);
	return 0;
}

static void begin_as(const struct place *place, unsigned int pid, const char *comm,
		     unsigned long ticks, unsigned int parent, unsigned int flags)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u", place->folder, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%u/stat", place->folder, pid);
	assert_non_null(file = fopen(path, "w"));
	fprintf(file, "%u (%s) S %u 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 1 0 %lu 0 0\n", pid, comm,
		parent, flags, ticks);
	fclose(file);
}

static void begin(const struct place *place, unsigned int pid, const char *comm,
		  unsigned long ticks)
{
	begin_as(place, pid, comm, ticks, 1, USER_FLAGS);
}

/* --- what is told --- */

/* "+12 sh", "-12 sh" a line; those without a PID "+ 5 more: 5 sh". */
static const char *describe(struct place *place, struct buffer *to)
{
	struct event_list events = { 0 };

	assert_int_equal(process_watch_tell(place->watch, &events), 0);
	buffer_clear(to);
	for (size_t i = 0; i < events.count; i++) {
		const struct store_event *event = &event_list_get(&events)[i];

		buffer_append_char(to, event->kind == EVENT_PROCESS_START ? '+' : '-');
		if (event->pid != EVENT_NO_PID)
			buffer_printf(to, "%u", event->pid);
		buffer_printf(to, " %s\n", event->text);
	}
	event_list_release(&events);
	return buffer_string(to);
}

static void assert_told(struct place *place, const char *expected)
{
	struct buffer text = { 0 };

	assert_string_equal(describe(place, &text), expected);
	buffer_release(&text);
}

static const char *listed; /* in the order of the PIDs; NULL: as the folder has it */
static unsigned int listed_pid, listed_end;
static int list_error;

static void look(struct place *place, const char *expected)
{
	listed_pid = 0;
	assert_int_equal(process_watch_look(place->watch), 0);
	assert_told(place, expected);
}

/* --- cases --- */

static void what_was_there_before_has_not_begun(void **state)
{
	struct place *place = *state;

	begin(place, 7, "init", 5);
	look(place, "");
	look(place, "");
	begin(place, 9, "a) S (b", 50);
	look(place, "+9 a) S (b\n");
	look(place, "");
	end_process(place, 7);
	look(place, "-7 init\n");
	look(place, "");
}

static void a_number_that_is_used_again_is_another_process(void **state)
{
	struct place *place = *state;
	struct buffer text = { 0 };
	const char *found;

	begin(place, 7, "old", 5);
	look(place, "");
	end_process(place, 7);
	begin(place, 8, "takes the inode", 6);
	begin(place, 7, "new", 60);
	assert_int_equal(process_watch_look(place->watch), 0);
	found = describe(place, &text);
	assert_non_null(strstr(found, "+7 new\n"));
	assert_non_null(strstr(found, "+8 takes the inode\n"));
	assert_non_null(strstr(found, "-7 old\n"));
	buffer_release(&text);
}

/* The kernel may give the folder of a process that lives another inode. */
static void another_inode_alone_is_the_same_process(void **state)
{
	struct place *place = *state;

	begin(place, 7, "steady", 5);
	look(place, "");
	end_process(place, 7);
	begin(place, 8, "takes the inode", 6);
	begin(place, 7, "steady", 5);
	look(place, "+8 takes the inode\n");
}

static void threads_of_the_kernel_and_own_children_are_quiet(void **state)
{
	struct place *place = *state;

	look(place, "");
	begin_as(place, 20, "kworker/0:1", 30, 2, KERNEL_FLAGS);
	begin_as(place, 21, "hearth-worker", 30, (unsigned int)getpid(), USER_FLAGS);
	look(place, "");
	end_process(place, 20);
	end_process(place, 21);
	look(place, "");
}

static void many_are_told_as_one(void **state)
{
	struct place *place = *state;
	struct buffer text = { 0 };
	const char *found;

	look(place, "");
	for (unsigned int pid = 1; pid <= PROCESS_WATCH_MAX_EVENTS; pid++)
		begin(place, pid, "cc1", pid);
	assert_int_equal(process_watch_look(place->watch), 0);
	assert_null(strstr(describe(place, &text), "more"));
	for (unsigned int pid = 1; pid <= PROCESS_WATCH_MAX_EVENTS; pid++)
		end_process(place, pid);
	for (unsigned int pid = 100; pid < 100 + PROCESS_WATCH_MAX_EVENTS + 30; pid++)
		begin(place, pid, "sh", pid);
	assert_int_equal(process_watch_look(place->watch), 0);
	found = describe(place, &text);
	assert_non_null(strstr(found, "+ 30 more: 30 sh\n"));
	assert_null(strstr(found, "- "));
	for (unsigned int pid = 100; pid < 200; pid++)
		end_process(place, pid);
	assert_int_equal(process_watch_look(place->watch), 0);
	assert_non_null(strstr(describe(place, &text), "- 30 more: 30 sh\n"));
	look(place, "");
	buffer_release(&text);
}

static struct process_event met(unsigned int pid, const char *comm, uint64_t start_ns)
{
	struct process_event event = { .caller_tgid = pid, .start_time_ns = start_ns };

	memcpy(event.comm, comm, strlen(comm));
	return event;
}

/* As the wall clock has it, so that there is nothing ahead. */
static void one_that_came_and_went_is_known_by_its_ticks(void **state)
{
	struct place *place = *state;
	struct process_event early = met(30, "early", clock_unix_ns()), brief, kernel, there;

	begin(place, 7, "init", 5);
	assert_int_equal(process_watch_look(place->watch), 0);
	brief = met(31, "brief", clock_unix_ns());
	there = met(7, "init", clock_unix_ns());
	kernel = met(32, "kworker", clock_unix_ns());
	kernel.is_kernel = 1;
	assert_int_equal(process_watch_meet(place->watch, &brief, 0), 0);
	assert_told(place, ""); /* it has looked once only */
	assert_int_equal(process_watch_look(place->watch), 0);
	for (int i = 0; i < 2; i++) { /* under two names */
		assert_int_equal(process_watch_meet(place->watch, &brief, 0), 0);
		assert_int_equal(process_watch_meet(place->watch, &early, 0), 0);
		assert_int_equal(process_watch_meet(place->watch, &kernel, 0), 0);
		assert_int_equal(process_watch_meet(place->watch, &there, 0), 0);
	}
	assert_told(place, "+31 brief\n-31 brief\n");
	look(place, ""); /* its end is told already */
}

/* --- in the order of the PIDs, as /proc does it --- */

struct dirent *__real_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder);

struct dirent *__wrap_readdir(DIR *folder)
{
	static struct dirent entry;
	char path[128];

	if (!listed)
		return __real_readdir(folder);
	while (++listed_pid < listed_end) {
		snprintf(entry.d_name, sizeof(entry.d_name), "%u", listed_pid);
		snprintf(path, sizeof(path), "%s/%u", listed, listed_pid);
		entry.d_ino = listed_pid;
		if (!access(path, F_OK))
			return &entry;
	}
	errno = list_error;
	return NULL;
}

static void list(const struct place *place, unsigned int end, int error)
{
	listed = place->folder;
	listed_pid = 0;
	listed_end = end;
	list_error = error;
}

/* Those behind the ones that there is room for neither begin nor end when that room moves. */
static void what_there_is_no_room_for_is_not_told(void **state)
{
	struct place *place = *state;

	process_watch_free(place->watch);
	assert_non_null(place->watch = process_watch_new(place->folder, 3));
	list(place, 10, 0);
	for (unsigned int pid = 1; pid <= 6; pid++)
		begin(place, pid, "steady", 5);
	look(place, "");
	end_process(place, 2);
	look(place, "-2 steady\n"); /* 4 has room now, */
	begin(place, 2, "new", 60);
	look(place, "+2 new\n"); /* and again none */
	end_process(place, 4);
	end_process(place, 5);
	look(place, "");
	end_process(place, 1);
	look(place, "-1 steady\n");
	end_process(place, 2);
	look(place, "-2 new\n");
	begin(place, 7, "new", 70);
	look(place, "+7 new\n");
	listed = NULL;
}

/* What could not be read has not ended, and what was read is told by the next look. */
static void a_folder_that_is_read_in_part_is_an_error(void **state)
{
	struct place *place = *state;

	begin(place, 1, "steady", 5);
	begin(place, 5, "steady", 5);
	list(place, 10, 0);
	look(place, "");
	begin(place, 3, "new", 60);
	list(place, 4, EIO);
	assert_int_equal(process_watch_look(place->watch), -EIO);
	list(place, 10, 0);
	look(place, "+3 new\n");
	listed = NULL;
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	struct process_watch *watch =
		process_watch_new("/nonexistent", PROCESS_WATCH_MAX_PROCESSES);

	(void)state;
	assert_true(process_watch_look(watch) < 0);
	process_watch_free(watch);
}

/* The time of a start is that of the process. */
static void a_process_of_this_machine(void **state)
{
	struct process_watch *watch = process_watch_new("/proc", PROCESS_WATCH_MAX_PROCESSES);
	struct event_list events = { 0 };
	uint64_t before_ns = clock_unix_ns();
	bool has_begun = false;
	int pipes[2];
	pid_t pid;

	(void)state;
	assert_int_equal(process_watch_look(watch), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) { /* whose child is nobody's of this process */
		pid_t inner = fork();

		if (!inner) {
			close(pipes[0]);
			pause();
		}
		if (write(pipes[1], &inner, sizeof(inner)) != sizeof(inner))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(pipes[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(process_watch_look(watch), 0);
	assert_int_equal(process_watch_tell(watch, &events), 0);
	kill(pid, SIGKILL);
	for (size_t i = 0; i < events.count; i++) {
		const struct store_event *event = &event_list_get(&events)[i];

		if (event->pid != (uint32_t)pid)
			continue;
		has_begun = event->kind == EVENT_PROCESS_START;
		assert_true(event->time_ns + 20000000 >= before_ns);
		assert_true(event->time_ns <= clock_unix_ns());
	}
	assert_true(has_begun);
	close(pipes[0]);
	close(pipes[1]);
	event_list_release(&events);
	process_watch_free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_there_before_has_not_begun, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_number_that_is_used_again_is_another_process,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(another_inode_alone_is_the_same_process, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(threads_of_the_kernel_and_own_children_are_quiet,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(many_are_told_as_one, make_place, remove_place),
		cmocka_unit_test_setup_teardown(one_that_came_and_went_is_known_by_its_ticks,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(what_there_is_no_room_for_is_not_told, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_folder_that_is_read_in_part_is_an_error,
						make_place, remove_place),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
		cmocka_unit_test(a_process_of_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
