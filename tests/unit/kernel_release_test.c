/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "profiler/kernel_release.h"

static bool is_supported(const char *text)
{
	struct kernel_release release;

	assert_int_equal(kernel_release_parse(text, &release), 0);
	assert_string_equal(release.text, text);
	return kernel_release_is_supported(&release);
}

static void test_oldest(void **state)
{
	(void)state;
	assert_true(is_supported(KERNEL_OLDEST));
	assert_true(is_supported("6.1.0-56-cloud-amd64"));
	assert_true(is_supported("6.12.117+deb12-cloud-amd64"));
	assert_true(is_supported("7.0-rc1"));
	assert_false(is_supported("6.0.19"));
	assert_false(is_supported("5.19.0"));
}

static void test_no_release(void **state)
{
	struct kernel_release release = { .major = 1 };

	(void)state;
	assert_int_equal(kernel_release_parse("", &release), -EINVAL);
	assert_int_equal(kernel_release_parse("six.one", &release), -EINVAL);
	assert_int_equal(release.major, 1);
}

static void test_this_kernel(void **state)
{
	struct kernel_release release;

	(void)state;
	assert_int_equal(kernel_release_read(&release), 0);
	assert_true(release.major > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_no_release),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
