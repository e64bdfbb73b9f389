/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiler/module_paths.h"

struct taken {
	uint32_t count;
	uint64_t sum;
};

static void take(void *context, uint64_t module)
{
	struct taken *taken = context;

	taken->count++;
	taken->sum += module;
}

static uint32_t path_of(struct module_paths *paths, uint32_t count, const uint64_t *modules)
{
	uint32_t path = MODULE_PATHS_NONE;

	for (uint32_t i = 0; i < count; i++)
		path = module_paths_extend(paths, path, modules[i]);
	return path;
}

static void test_stacks_through_the_same_modules_are_one_path(void **state)
{
	struct module_paths paths;
	uint32_t path, other;

	(void)state;
	module_paths_init(&paths);
	path = path_of(&paths, 2, (uint64_t[]){ 100, 200 });
	assert_int_equal(path_of(&paths, 5, (uint64_t[]){ 100, 200, 100, 200, 200 }), path);
	other = path_of(&paths, 3, (uint64_t[]){ 100, 200, 300 });
	assert_int_not_equal(other, path);
	assert_int_not_equal(path_of(&paths, 2, (uint64_t[]){ 200, 100 }), path);
	assert_int_equal(paths.paths.count, 5);
	module_paths_release(&paths);
}

static void test_modules_of_used_paths_are_told_once_a_round(void **state)
{
	struct module_paths paths;
	struct taken taken = { 0 };
	uint32_t path, longer;

	(void)state;
	module_paths_init(&paths);
	path = path_of(&paths, 2, (uint64_t[]){ 1, 20 });
	longer = module_paths_extend(&paths, path, 300);
	module_paths_extend(&paths, path, 4000);
	module_paths_note(&paths, MODULE_PATHS_NONE);
	for (int i = 0; i < 3; i++) {
		module_paths_note(&paths, path);
		module_paths_note(&paths, longer);
	}
	module_paths_take(&paths, take, &taken);
	assert_int_equal(taken.count, 3);
	assert_int_equal(taken.sum, 321);
	module_paths_take(&paths, take, &taken);
	assert_int_equal(taken.count, 3);
	module_paths_note(&paths, path);
	module_paths_take(&paths, take, &taken);
	assert_int_equal(taken.count, 5);
	module_paths_release(&paths);
}

static void test_what_is_beyond_a_ceiling_is_left_out(void **state)
{
	struct module_paths paths;
	uint32_t path = MODULE_PATHS_NONE;

	(void)state;
	module_paths_init(&paths);
	for (uint64_t module = 1; module <= MODULE_PATHS_MAX_LENGTH + 10; module++)
		path = module_paths_extend(&paths, path, module);
	assert_int_equal(paths.paths.count, MODULE_PATHS_MAX_LENGTH);
	assert_int_equal(path, MODULE_PATHS_MAX_LENGTH - 1);
	for (uint64_t module = 1000; module < 1000 + MODULE_PATHS_MAX; module++)
		path = module_paths_extend(&paths, MODULE_PATHS_NONE, module);
	assert_int_equal(paths.paths.count, MODULE_PATHS_MAX);
	assert_int_equal(path, MODULE_PATHS_NONE);
	assert_int_equal(module_paths_extend(&paths, MODULE_PATHS_NONE, 1000),
			 MODULE_PATHS_MAX_LENGTH);
	module_paths_release(&paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_through_the_same_modules_are_one_path),
		cmocka_unit_test(test_modules_of_used_paths_are_told_once_a_round),
		cmocka_unit_test(test_what_is_beyond_a_ceiling_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
