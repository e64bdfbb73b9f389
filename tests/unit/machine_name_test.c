/* SPDX-License-Identifier: Apache-2.0 */
/* machine_name.c: a name that this process alone has is not the machine's, and stays its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "profiler/machine_name.h"

static void it_is_that_of_the_first_process(void **state)
{
	static const char others[] = "another-name";
	char before[MACHINE_NAME_SIZE], name[MACHINE_NAME_SIZE];
	struct utsname own;

	(void)state;
	if (geteuid())
		skip();
	machine_name_read(before);
	assert_string_not_equal(before, "");
	assert_int_equal(unshare(CLONE_NEWUTS), 0);
	assert_int_equal(sethostname(others, strlen(others)), 0);
	machine_name_read(name);
	assert_string_equal(name, before);
	assert_int_equal(uname(&own), 0);
	assert_string_equal(own.nodename, others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_that_of_the_first_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
