/* SPDX-License-Identifier: Apache-2.0 */
/* own_cost.c: of this test and of children that it starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "profiler/own_cost.h"

#define MIB   (1ull << 20)
#define MS_NS 1000000ull

#define BURNT_MS   150u
#define HELD_BYTES (64 * MIB)
#define HELD_FILES 50u

static uint64_t own_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static void burn(void)
{
	for (uint64_t start = own_cpu_ns(); own_cpu_ns() - start < BURNT_MS * MS_NS;)
		;
}

static void *hold_memory(uint64_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED)
		memset(memory, 1, bytes);
	return memory;
}

/* A process that does `work`, says so, and lives until it is told to end. */
struct child {
	pid_t pid;
	int said, end;
};

static void start(struct child *child, void (*work)(void))
{
	int said[2], end[2];
	char byte = 0;

	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	child->pid = fork();
	if (!child->pid) {
		close(end[1]);
		work();
		if (write(said[1], &byte, 1) == 1)
			(void)!read(end[0], &byte, 1);
		_exit(0);
	}
	close(said[1]);
	close(end[0]);
	assert_int_equal(read(said[0], &byte, 1), 1);
	*child = (struct child){ child->pid, said[0], end[1] };
}

/* By a byte: other children have the pipe, too. */
static void tell_to_end(const struct child *child)
{
	char byte = 0;

	assert_int_equal(write(child->end, &byte, 1), 1);
}

static void wait_for(struct child *child)
{
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
	close(child->end);
	close(child->said);
}

static void end(struct child *child)
{
	tell_to_end(child);
	wait_for(child);
}

static struct own_cost read_cost(void)
{
	struct own_cost_reader reader;
	struct own_cost cost;

	own_cost_reader_init(&reader);
	assert_int_equal(own_cost_read(&reader, &cost), 0);
	own_cost_reader_release(&reader);
	assert_false(cost.lacks_children);
	return cost;
}

static void nothing(void)
{
}

static void this_process_counts(void **state)
{
	struct own_cost before = read_cost(), after;
	void *memory = hold_memory(HELD_BYTES);
	int files[HELD_FILES];

	(void)state;
	burn();
	for (unsigned int i = 0; i < HELD_FILES; i++)
		files[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	after = read_cost();
	assert_int_equal(after.processes, 1);
	assert_in_range(after.cpu_ns - before.cpu_ns, BURNT_MS * MS_NS, 5000 * MS_NS);
	assert_in_range(after.resident_bytes - before.resident_bytes, HELD_BYTES - MIB,
			HELD_BYTES + 8 * MIB);
	assert_int_equal(after.open_files - before.open_files, HELD_FILES);
	munmap(memory, HELD_BYTES);
	for (unsigned int i = 0; i < HELD_FILES; i++)
		close(files[i]);
	assert_true(read_cost().resident_bytes < after.resident_bytes - HELD_BYTES / 2);
	assert_int_equal(read_cost().open_files, before.open_files);
}

/* Its time stays when it ends, and is not counted twice while it is a zombie. */
static void a_childs_time_stays(void **state)
{
	struct own_cost before = read_cost(), while_it_lives, ended, waited_for;
	struct child child;
	siginfo_t info;

	(void)state;
	start(&child, burn);
	while_it_lives = read_cost();
	assert_int_equal(while_it_lives.processes, 2);
	assert_in_range(while_it_lives.cpu_ns - before.cpu_ns, BURNT_MS * MS_NS, 5000 * MS_NS);
	tell_to_end(&child);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	ended = read_cost();
	assert_in_range(ended.cpu_ns - while_it_lives.cpu_ns, 0, BURNT_MS * MS_NS / 2);
	wait_for(&child);
	waited_for = read_cost();
	assert_int_equal(waited_for.processes, 1);
	assert_true(waited_for.cpu_ns + MS_NS >= ended.cpu_ns);
	assert_in_range(waited_for.cpu_ns + MS_NS - ended.cpu_ns, 0, BURNT_MS * MS_NS / 2);
}

static void take_memory(void)
{
	hold_memory(HELD_BYTES);
}

static void a_childs_memory_counts_while_it_lives(void **state)
{
	struct own_cost before = read_cost(), during, after;
	struct child child;

	(void)state;
	start(&child, take_memory);
	during = read_cost();
	assert_true(during.resident_bytes - before.resident_bytes >= HELD_BYTES);
	assert_true(during.open_files > before.open_files);
	end(&child);
	after = read_cost();
	assert_true(after.resident_bytes < during.resident_bytes - HELD_BYTES + MIB);
	assert_int_equal(after.processes, 1);
}

/* All processes are the same program: what they have of its file is in memory once. */
static void files_count_once(void **state)
{
	struct own_cost before, during;
	struct child children[4];
	char path[] = "/tmp/own_cost_test.XXXXXX";
	int fd = mkstemp(path);
	volatile char *mapped;

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, (off_t)HELD_BYTES), 0);
	mapped = mmap(NULL, HELD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	assert_true(mapped != MAP_FAILED);
	for (uint64_t at = 0; at < HELD_BYTES; at += 4096)
		mapped[at] = 1;
	before = read_cost();
	for (size_t i = 0; i < 4; i++)
		start(&children[i], nothing);
	during = read_cost();
	assert_int_equal(during.processes, 5);
	assert_true(during.resident_bytes - before.resident_bytes < HELD_BYTES);
	for (size_t i = 0; i < 4; i++)
		end(&children[i]);
	munmap((void *)(uintptr_t)mapped, HELD_BYTES);
	close(fd);
	assert_true(read_cost().resident_bytes < before.resident_bytes - HELD_BYTES / 2);
}

struct starter {
	struct child child;
	pthread_barrier_t barrier;
};

static void *start_in_thread(void *context)
{
	struct starter *starter = context;

	start(&starter->child, burn);
	pthread_barrier_wait(&starter->barrier);
	pthread_barrier_wait(&starter->barrier);
	return NULL;
}

/* Children are known by the thread that started them. */
static void children_of_threads_count(void **state)
{
	struct starter starter;
	struct own_cost before = read_cost(), during;
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&starter.barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, start_in_thread, &starter), 0);
	pthread_barrier_wait(&starter.barrier);
	during = read_cost();
	assert_int_equal(during.processes, 2);
	assert_true(during.cpu_ns - before.cpu_ns >= BURNT_MS * MS_NS);
	pthread_barrier_wait(&starter.barrier);
	pthread_join(thread, NULL);
	end(&starter.child);
	pthread_barrier_destroy(&starter.barrier);
}

static void start_another(void)
{
	struct child grandchild;

	start(&grandchild, burn);
}

static void grandchildren_count(void **state)
{
	struct own_cost before = read_cost(), during;
	struct child child;

	(void)state;
	start(&child, start_another);
	during = read_cost();
	assert_int_equal(during.processes, 3);
	assert_true(during.cpu_ns - before.cpu_ns >= BURNT_MS * MS_NS);
	end(&child);
}

/* Between two looks what is cheap to read is read, of all that were there. */
static void a_reader_that_is_kept_knows_its_processes(void **state)
{
	struct own_cost_reader reader;
	struct own_cost first, second, ended;
	struct child child;
	uint64_t due_ns;
	void *memory;

	(void)state;
	start(&child, burn);
	own_cost_reader_init(&reader);
	assert_int_equal(own_cost_read(&reader, &first), 0);
	due_ns = reader.due_ns;
	memory = hold_memory(HELD_BYTES);
	burn();
	assert_int_equal(own_cost_read(&reader, &second), 0);
	assert_int_equal(reader.due_ns, due_ns); /* it did not look again */
	assert_int_equal(second.processes, 2);
	assert_true(second.cpu_ns - first.cpu_ns >= BURNT_MS * MS_NS);
	assert_in_range(second.resident_bytes - first.resident_bytes, HELD_BYTES - MIB,
			HELD_BYTES + 8 * MIB);
	munmap(memory, HELD_BYTES);
	end(&child);
	assert_int_equal(own_cost_read(&reader, &ended), 0);
	assert_int_equal(ended.processes, 1);
	assert_in_range(ended.cpu_ns + MS_NS - second.cpu_ns, 0, BURNT_MS * MS_NS / 2);
	own_cost_reader_release(&reader);
}

static int grown; /* a child says so here */

static void grow(int signal)
{
	char byte = 0;

	(void)signal;
	hold_memory(HELD_BYTES);
	(void)!write(grown, &byte, 1);
}

static void grow_when_told(void)
{
	const struct sigaction action = { .sa_handler = grow, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);
}

/* What a child has is read again when it ran. */
static void a_child_that_waited_and_grows_counts(void **state)
{
	struct own_cost_reader reader;
	struct own_cost before, still, after;
	struct child child;
	int said[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	grown = said[1];
	start(&child, grow_when_told);
	own_cost_reader_init(&reader);
	assert_int_equal(own_cost_read(&reader, &before), 0);
	assert_int_equal(own_cost_read(&reader, &still), 0);
	assert_in_range(still.resident_bytes + MIB - before.resident_bytes, 0, 2 * MIB);
	assert_int_equal(kill(child.pid, SIGUSR1), 0);
	assert_int_equal(read(said[0], &byte, 1), 1);
	assert_int_equal(own_cost_read(&reader, &after), 0);
	assert_in_range(after.resident_bytes - still.resident_bytes, HELD_BYTES - MIB,
			HELD_BYTES + 8 * MIB);
	end(&child);
	close(said[0]);
	close(said[1]);
	own_cost_reader_release(&reader);
}

static void what_is_new_counts_from_the_next_look_on(void **state)
{
	struct own_cost_reader reader;
	struct own_cost cost, before;
	struct child child;

	(void)state;
	own_cost_reader_init(&reader);
	assert_int_equal(own_cost_read(&reader, &before), 0);
	start(&child, burn);
	assert_int_equal(own_cost_read(&reader, &cost), 0);
	assert_int_equal(cost.processes, 1);
	reader.due_ns = 0;
	assert_int_equal(own_cost_read(&reader, &cost), 0);
	assert_int_equal(cost.processes, 2);
	assert_true(cost.cpu_ns - before.cpu_ns >= BURNT_MS * MS_NS);
	assert_true(cost.open_files > before.open_files);
	end(&child);
	own_cost_reader_release(&reader);
}

/* With what it started itself. */
static void a_child_of_another_program_is_passed_over(void **state)
{
	struct own_cost_reader reader;
	struct own_cost cost;
	struct child child;

	(void)state;
	start(&child, start_another);
	own_cost_reader_init(&reader);
	assert_int_equal(own_cost_read(&reader, &cost), 0);
	assert_int_equal(cost.processes, 3);
	reader.other = child.pid;
	reader.due_ns = 0;
	assert_int_equal(own_cost_read(&reader, &cost), 0);
	assert_int_equal(cost.processes, 1);
	end(&child);
	own_cost_reader_release(&reader);
}

/* Its files it has with this process. */
static void the_memory_of_one_is_told_apart(void **state)
{
	struct own_cost_reader reader;
	struct own_cost all, apart;
	struct child child;

	(void)state;
	start(&child, take_memory);
	own_cost_reader_init(&reader);
	assert_int_equal(own_cost_read(&reader, &all), 0);
	assert_int_equal(all.aside_bytes, 0);
	reader.aside = child.pid;
	assert_int_equal(own_cost_read(&reader, &apart), 0);
	assert_in_range(apart.aside_bytes, HELD_BYTES - MIB, HELD_BYTES + 16 * MIB);
	assert_in_range(apart.resident_bytes + 4 * MIB - all.resident_bytes, 0, 8 * MIB);
	end(&child);
	assert_int_equal(own_cost_read(&reader, &apart), 0);
	assert_int_equal(apart.aside_bytes, 0);
	own_cost_reader_release(&reader);
}

/* A child's child ends, and somebody else waits for it. */
static void what_ended_elsewhere_is_found_out(void **state)
{
	struct own_cost_reader reader;
	struct own_cost cost;
	struct child child;
	pid_t grandchild;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	start(&child, start_another);
	own_cost_reader_init(&reader);
	assert_int_equal(own_cost_read(&reader, &cost), 0);
	assert_int_equal(cost.processes, 3);
	grandchild = reader.processes[2].pid;
	end(&child); /* which closes the pipe that its child reads from */
	assert_int_equal(waitpid(grandchild, NULL, 0), grandchild);
	assert_int_equal(own_cost_read(&reader, &cost), 0);
	assert_int_equal(cost.processes, 1);
	own_cost_reader_release(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_process_counts),
		cmocka_unit_test(a_childs_time_stays),
		cmocka_unit_test(a_childs_memory_counts_while_it_lives),
		cmocka_unit_test(files_count_once),
		cmocka_unit_test(children_of_threads_count),
		cmocka_unit_test(grandchildren_count),
		cmocka_unit_test(a_reader_that_is_kept_knows_its_processes),
		cmocka_unit_test(a_child_that_waited_and_grows_counts),
		cmocka_unit_test(what_is_new_counts_from_the_next_look_on),
		cmocka_unit_test(a_child_of_another_program_is_passed_over),
		cmocka_unit_test(the_memory_of_one_is_told_apart),
		cmocka_unit_test(what_ended_elsewhere_is_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
