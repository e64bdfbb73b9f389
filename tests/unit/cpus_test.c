/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "profiler/cpus.h"

static void test_lists_of_the_kernel(void **state)
{
	struct cpu_set_list cpus;

	(void)state;
	assert_int_equal(cpus_parse("0-2,5\n", &cpus), 0);
	assert_int_equal(cpus.end, 6);
	assert_true(cpus.has[0] && cpus.has[2] && cpus.has[5]);
	assert_false(cpus.has[3] || cpus.has[4]);
	assert_int_equal(cpus_parse("7", &cpus), 0);
	assert_int_equal(cpus.end, 8);
	assert_int_equal(cpus_parse("\n", &cpus), 0);
	assert_int_equal(cpus.end, 0);
}

static void test_anything_else_is_refused(void **state)
{
	const char *const lists[] = {
		"a", "1-", "2-1", "-1", "1;2", "4096", "0-99999999999999999999"
	};
	struct cpu_set_list cpus;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_equal(cpus_parse(lists[i], &cpus), -EINVAL);
}

static void test_this_machine(void **state)
{
	struct cpu_set_list online, possible;

	(void)state;
	assert_int_equal(cpus_read("online", &online), 0);
	assert_int_equal(cpus_read("possible", &possible), 0);
	assert_true(online.end > 0 && online.end <= possible.end);
	assert_int_equal(cpus_read("nothing", &online), -ENOENT);
}

static void test_reading_again(void **state)
{
	int fd = cpus_open("online");
	struct cpu_set_list online, again;

	(void)state;
	assert_int_equal(cpus_read("online", &online), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cpus_read_opened(fd, &again), 0);
		assert_memory_equal(&again, &online, sizeof(online));
	}
	close(fd);
	assert_int_equal(cpus_read_opened(cpus_open("nothing"), &online), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_of_the_kernel),
		cmocka_unit_test(test_anything_else_is_refused),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_reading_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
