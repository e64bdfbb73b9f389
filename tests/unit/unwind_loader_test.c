/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_loader.c: the thread, its queue, and what is asked for again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "profiler/row_source.h"
#include "profiler/unwind_loader.h"
#include "tests/unit/unwind_plain_maps.h"
#include "tests/unit/worker_in_test.h"

#define MODULES     40
#define ROWS        50000
#define FD_DAMAGED  1000 /* "descriptors" that the compiler below knows */
#define FD_CODELESS 1001
#define FD_LARGE    1002
#define FD_SECTION  1003 /* one of its sections is */

/* Compiles nothing: a table by the descriptor. It holds the gate while it does. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int compile(void *context, int fd, struct buffer *ret_table)
{
	struct made_table made;

	(void)context;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	if (fd == FD_DAMAGED)
		return -EBADMSG;
	if (fd == FD_CODELESS)
		return -ENOENT;
	make_table(&made, (uint64_t)fd, fd == FD_LARGE ? 900000 : ROWS, 30);
	if (fd == FD_SECTION)
		((struct row_table_header *)made.bytes.data)->refused_sections = 2;
	*ret_table = made.bytes;
	return 0;
}

/* The one at hand goes on: the gate was shut by whoever ends the loader. */
static void interrupt(void *is_shut)
{
	if (*(bool *)is_shut)
		pthread_mutex_unlock(&gate);
	*(bool *)is_shut = false;
}

static bool gate_is_shut;
static const struct unwind_row_source gated = { compile, interrupt, &gate_is_shut };

static void shut_gate(void)
{
	pthread_mutex_lock(&gate);
	gate_is_shut = true;
}

static void begin(struct plain_maps *maps, struct unwind_loader **loader)
{
	plain_maps_init(maps, 4 << 20);
	assert_int_equal(unwind_loader_new(&maps->view, &gated, loader), 0);
}

static void end(struct plain_maps *maps, struct unwind_loader *loader)
{
	unwind_loader_free(loader);
	plain_maps_release(maps);
}

static struct unwind_loader_totals totals_of(struct unwind_loader *loader)
{
	struct unwind_loader_totals totals;

	unwind_loader_settle(loader);
	unwind_loader_read_totals(loader, &totals);
	return totals;
}

static void assert_module_loaded(const struct plain_maps *maps, uint64_t module, int fd)
{
	struct made_table made;

	assert_non_null(plain_find(maps, module));
	make_table(&made, (uint64_t)fd, ROWS, 30);
	assert_loaded(maps, plain_find(maps, module), &made.table);
	made_table_release(&made);
}

static void test_each_is_loaded_once(void **state)
{
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	begin(&maps, &loader);
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < 5; i++)
			unwind_loader_request(loader, 100 + (uint64_t)i, i);
		unwind_loader_request(loader, 200, FD_DAMAGED);
		unwind_loader_request(loader, 201, FD_LARGE);
		unwind_loader_request(loader, 202, FD_CODELESS);
		unwind_loader_request(loader, 203, FD_SECTION);
	}
	totals = totals_of(loader);
	assert_int_equal(totals.loaded, 7);
	assert_int_equal(totals.refused, 2);
	assert_int_equal(totals.refused_sections, 2);
	assert_int_equal(totals.reloaded + totals.postponed + totals.tables.evicted, 0);
	assert_int_equal(totals.tables.modules, 7);
	for (int i = 0; i < 5; i++)
		assert_module_loaded(&maps, 100 + (uint64_t)i, i);
	assert_null(plain_find(&maps, 200));
	end(&maps, loader);
}

/* Module 100 is used all the time and stays; the others go, and the first one of them is loaded again. */
static void test_used_modules_stay_and_others_come_back(void **state)
{
	const uint64_t used = 100;
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	begin(&maps, &loader);
	for (int i = 0; i < MODULES; i++) {
		unwind_loader_request(loader, 100 + (uint64_t)i, i);
		unwind_loader_settle(loader);
		unwind_loader_note_use(loader, &used, 1);
	}
	totals = totals_of(loader);
	assert_int_equal(totals.loaded, MODULES);
	assert_true(totals.tables.evicted > 0);
	assert_int_equal(totals.tables.modules, totals.loaded - totals.tables.evicted);
	assert_int_equal(totals.reloaded, 0);
	assert_module_loaded(&maps, 100, 0);
	assert_module_loaded(&maps, 100 + MODULES - 1, MODULES - 1);
	assert_null(plain_find(&maps, 101));
	unwind_loader_request(loader, 101, 1);
	totals = totals_of(loader);
	assert_int_equal(totals.reloaded, 1);
	assert_module_loaded(&maps, 101, 1);
	end(&maps, loader);
}

/* What is in use stays, however scarce memory is; the rest comes back when it is asked for again. */
static void test_memory_is_given_back(void **state)
{
	const uint64_t used = 100;
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	begin(&maps, &loader);
	for (int i = 0; i < 3; i++)
		unwind_loader_request(loader, 100 + (uint64_t)i, i);
	unwind_loader_settle(loader);
	for (int i = 0; i < UNWIND_LOADER_KEPT_ROUNDS; i++)
		unwind_loader_note_use(loader, &used, 1);
	for (int i = 0; i < 3; i++) {
		unwind_loader_shrink(loader);
		unwind_loader_settle(loader);
	}
	totals = totals_of(loader);
	assert_int_equal(totals.tables.modules, 1);
	assert_int_equal(totals.tables.evicted, 2);
	assert_module_loaded(&maps, 100, 0);
	assert_null(plain_find(&maps, 101));
	unwind_loader_request(loader, 101, 1);
	assert_int_equal(totals_of(loader).reloaded, 1);
	assert_module_loaded(&maps, 101, 1);
	end(&maps, loader);
}

/* Where all is in use, what comes has to wait; it is no module that is refused for good. */
static void test_no_room_is_not_for_good(void **state)
{
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;
	uint64_t last = 100;

	(void)state;
	begin(&maps, &loader);
	do {
		unwind_loader_request(loader, last, (int)last);
		totals = totals_of(loader);
	} while (!totals.postponed && last++ < 100 + MODULES);
	assert_int_equal(totals.refused, 0);
	assert_null(plain_find(&maps, last));
	for (int round = 0; round < UNWIND_LOADER_KEPT_ROUNDS; round++)
		unwind_loader_note_use(loader, NULL, 0);
	unwind_loader_request(loader, last, (int)last);
	totals = totals_of(loader);
	assert_true(totals.tables.evicted > 0);
	assert_int_equal(totals.reloaded, 0);
	assert_module_loaded(&maps, last, (int)last);
	end(&maps, loader);
}

/* After something was compiled again, further ones wait for so many times as long. */
static void test_compiling_again_has_its_share_only(void **state)
{
	const uint64_t used = 100 + MODULES - 1;
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;
	uint64_t before_ns, start_ns;

	(void)state;
	begin(&maps, &loader);
	for (int i = 0; i < MODULES; i++) {
		unwind_loader_request(loader, 100 + (uint64_t)i, i);
		unwind_loader_settle(loader);
		unwind_loader_note_use(loader, &used, 1);
	}
	before_ns = totals_of(loader).compile_ns;
	start_ns = clock_monotonic_ns();
	for (int i = 0; i < 1000; i++) {
		unwind_loader_request(loader, 100 + (uint64_t)i % MODULES, i % MODULES);
		unwind_loader_settle(loader);
		unwind_loader_note_use(loader, NULL, 0);
	}
	totals = totals_of(loader);
	assert_true(totals.reloaded > 0);
	/* All but the last one were waited for. */
	assert_true(totals.compile_ns - before_ns <=
		    (clock_monotonic_ns() - start_ns) / UNWIND_LOADER_AGAIN_SHARE +
			    totals.compile_max_ns);
	end(&maps, loader);
}

/* What the queue has no place for is counted, and queued when it is asked for again. */
static void test_full_queue(void **state)
{
	const uint64_t first = 100, count = UNWIND_LOADER_MAX_REQUESTS + 20;
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	begin(&maps, &loader);
	pthread_mutex_lock(&gate);
	for (uint64_t i = 0; i < count; i++)
		unwind_loader_request(loader, first + i, FD_DAMAGED);
	unwind_loader_read_totals(loader, &totals);
	assert_in_range(totals.postponed, 19, 20);
	pthread_mutex_unlock(&gate);
	assert_int_equal(totals_of(loader).refused, count - totals.postponed);
	for (uint64_t i = 0; i < count; i++)
		unwind_loader_request(loader, first + i, FD_DAMAGED);
	assert_int_equal(totals_of(loader).refused, count);
	end(&maps, loader);
}

/* Asked for ahead of the module's rows, after them, and again when it was driven out by further ones. */
static void test_aliases(void **state)
{
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	begin(&maps, &loader);
	unwind_loader_request_alias(loader, 500, 100); /* of what nobody asked for */
	pthread_mutex_lock(&gate);
	unwind_loader_request(loader, 100, 1);
	unwind_loader_request_alias(loader, 501, 100);
	pthread_mutex_unlock(&gate);
	unwind_loader_settle(loader);
	assert_null(plain_find(&maps, 500));
	for (uint64_t i = 1; i <= UNWIND_TABLES_ALIASES_EACH + 1; i++)
		unwind_loader_request_alias(loader, 500 + i, 100);
	unwind_loader_settle(loader);
	assert_null(plain_find(&maps, 501));
	unwind_loader_request_alias(loader, 501, 100);
	totals = totals_of(loader);
	assert_module_loaded(&maps, 501, 1);
	assert_module_loaded(&maps, 500 + UNWIND_TABLES_ALIASES_EACH + 1, 1);
	assert_int_equal(totals.loaded, 1);
	assert_int_equal(totals.refused + totals.postponed + totals.reloaded, 0);
	assert_int_equal(totals.tables.modules, 1);
	end(&maps, loader);
}

static uint64_t answers(struct unwind_loader *loader)
{
	eventfd_t count = 0;

	eventfd_read(unwind_loader_fd(loader), &count);
	return count;
}

/* Until it is loaded, refused or found no room; once it ends nobody waits. */
static void test_pending_until_answered(void **state)
{
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	begin(&maps, &loader);
	assert_false(unwind_loader_is_pending(loader, 100));
	pthread_mutex_lock(&gate);
	unwind_loader_request(loader, 100, 1);
	unwind_loader_request(loader, 101, FD_DAMAGED);
	assert_true(unwind_loader_is_pending(loader, 100));
	assert_true(unwind_loader_is_pending(loader, 101));
	assert_int_equal(answers(loader), 0);
	pthread_mutex_unlock(&gate);
	unwind_loader_settle(loader);
	assert_int_equal(answers(loader), 2);
	assert_false(unwind_loader_is_pending(loader, 100));
	assert_false(unwind_loader_is_pending(loader, 101));
	assert_non_null(plain_find(&maps, 100));
	shut_gate();
	unwind_loader_request(loader, 102, 2);
	unwind_loader_end(loader);
	assert_false(unwind_loader_is_pending(loader, 102));
	end(&maps, loader);
}

/* In the middle of a file, with others waiting: that one is interrupted, the others are not begun. */
static void test_end_in_the_middle(void **state)
{
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	begin(&maps, &loader);
	shut_gate();
	for (int i = 0; i < 20; i++)
		unwind_loader_request(loader, 100 + (uint64_t)i, i);
	unwind_loader_end(loader);
	assert_false(gate_is_shut);
	shut_gate(); /* somebody else asks the source now, whom nobody interrupts */
	unwind_loader_free(loader);
	assert_true(gate_is_shut);
	interrupt(&gate_is_shut);
	assert_in_range(maps.module_count, 0, 1);
	plain_maps_release(&maps);
}

/* The real compiler, in the worker: this program, and the vdso. */
static void test_real_files(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct worker *worker = worker_in_test_new(&WORKER_DEADLINE);
	struct row_source source = { .worker = worker };
	const struct unwind_row_source rows = row_source_of_worker(&source);
	struct unwind_loader_totals totals;
	struct unwind_loader *loader;
	struct plain_maps maps;

	(void)state;
	assert_true(fd >= 0);
	plain_maps_init(&maps, 16 << 20);
	assert_int_equal(unwind_loader_new(&maps.view, &rows, &loader), 0);
	unwind_loader_request(loader, MODULE_VDSO, UNWIND_LOADER_VDSO);
	unwind_loader_request(loader, 100, fd);
	totals = totals_of(loader);
	assert_int_equal(totals.loaded, 2);
	assert_true(totals.tables.rows > 500);
	assert_true(totals.compile_max_ns > 0 && totals.compile_max_ns <= totals.compile_ns);
	end(&maps, loader);
	worker_free(worker);
	close(fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_loaded_once),
		cmocka_unit_test(test_used_modules_stay_and_others_come_back),
		cmocka_unit_test(test_memory_is_given_back),
		cmocka_unit_test(test_no_room_is_not_for_good),
		cmocka_unit_test(test_compiling_again_has_its_share_only),
		cmocka_unit_test(test_full_queue),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_pending_until_answered),
		cmocka_unit_test(test_end_in_the_middle),
		cmocka_unit_test_setup(test_real_files, worker_in_test_setup),
	};

	(void)argc;
	if (worker_in_test_is_it(argv))
		return worker_in_test_run(argv, worker_child_answer);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
