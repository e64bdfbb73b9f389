/* SPDX-License-Identifier: Apache-2.0 */
/* held_modules.c: a file stays open as long as it is asked for, and no longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "profiler/held_modules.h"
#include "profiler/modules.h"

/* As a window has it, whose strings and descriptor go with it. */
static void hold(struct held_modules *held, uint64_t file, int expected)
{
	char name[32], path[32];
	const struct module module = {
		.id = file + 100,
		.fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
		.name = name,
		.path = path,
		.owner = 3,
		.borrows_fd = true,
	};

	snprintf(name, sizeof(name), "name%u", (unsigned int)file);
	snprintf(path, sizeof(path), "/path%u", (unsigned int)file);
	assert_int_equal(held_modules_hold(held, file, &module), expected);
	close(module.fd);
}

static void it_is_a_copy_of_its_own(void **state)
{
	struct held_modules held;
	const struct module *module;

	(void)state;
	held_modules_init(&held);
	assert_null(held_modules_find(&held, 1));
	hold(&held, 1, 0);
	hold(&held, 2, 0);
	module = held_modules_find(&held, 1);
	assert_non_null(module);
	assert_int_equal(module->id, 101);
	assert_int_equal(module->owner, 3);
	assert_string_equal(module->name, "name1");
	assert_string_equal(module->path, "/path1");
	assert_false(module->borrows_fd);
	assert_true(fcntl(module->fd, F_GETFD) & FD_CLOEXEC);
	held_modules_release(&held);
}

static void what_is_not_asked_for_goes(void **state)
{
	struct held_modules held;
	const struct module *module;
	int fd;

	(void)state;
	held_modules_init(&held);
	hold(&held, 1, 0);
	hold(&held, 2, 0);
	hold(&held, 3, 0);
	held_modules_sweep(&held);
	assert_int_equal(held.count, 3);
	fd = held_modules_find(&held, 1)->fd;
	module = held_modules_find(&held, 2);
	hold(&held, 2, 0);
	held_modules_sweep(&held);
	assert_int_equal(held.count, 1);
	assert_ptr_equal(held_modules_find(&held, 2), module);
	assert_null(held_modules_find(&held, 1));
	assert_null(held_modules_find(&held, 3));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	hold(&held, 1, 0);
	held_modules_sweep(&held);
	assert_non_null(held_modules_find(&held, 1));
	assert_null(held_modules_find(&held, 2));
	held_modules_release(&held);
}

static void there_is_a_ceiling(void **state)
{
	struct held_modules held;

	(void)state;
	held_modules_init(&held);
	for (uint64_t file = 0; file < HELD_MODULES_MAX; file++)
		hold(&held, file, 0);
	hold(&held, HELD_MODULES_MAX, -ENFILE);
	hold(&held, 0, 0); /* which is held */
	assert_null(held_modules_find(&held, HELD_MODULES_MAX));
	held_modules_sweep(&held);
	held_modules_sweep(&held);
	assert_int_equal(held.count, 0);
	hold(&held, HELD_MODULES_MAX, 0);
	held_modules_release(&held);
}

/* One that could not be opened has no names, but is told so. */
static void one_without_a_descriptor_is_held_too(void **state)
{
	const struct module module = { .id = 1, .fd = -1, .name = "gone" };
	struct held_modules held;

	(void)state;
	held_modules_init(&held);
	assert_int_equal(held_modules_hold(&held, 1, &module), 0);
	assert_int_equal(held_modules_find(&held, 1)->fd, -1);
	assert_null(held_modules_find(&held, 1)->path);
	held_modules_release(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_a_copy_of_its_own),
		cmocka_unit_test(what_is_not_asked_for_goes),
		cmocka_unit_test(there_is_a_ceiling),
		cmocka_unit_test(one_without_a_descriptor_is_held_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
