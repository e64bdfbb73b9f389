/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profiler/package_owner.h"

static const char *const lists[][2] = {
	{ "libfoo1:amd64.list", "/.\n/usr/lib/libfoo.so.1.2\n/usr/share/doc/libfoo1\n" },
	{ "libfoo1:i386.list", "/usr/lib32/libfoo.so.1.2\n" },
	{ "tools.list", "/lib/tools/a\n/usr/bin/tool\n/usr/bin/unended" },
	{ "tools-dbgsym.list", "/usr/lib/debug/x\n" },
	{ "libc6:amd64.list", "/lib/libc.so.6\n" },
	{ "libc6-dbg:amd64.list", "/usr/lib/debug/y\n" },
	{ "libc6-dev:amd64.list", "/usr/lib/libc.so\n" },
	{ "openjdk-17-jre-headless:amd64.list", "/usr/lib/jvm/libjvm.so\n" },
	{ "libpython3.11:amd64.list", "/usr/lib/libpython3.11.so.1.0\n" },
	{ "python3-numpy.list", "/usr/lib/python3/numpy.so\n" },
	{ "tools.md5sums", "/usr/bin/other\n" },
	{ ".list", "/usr/bin/other\n" },
};

#define COUNT (sizeof(lists) / sizeof(lists[0]))

struct fixture {
	char folder[32];
};

static void path_of(const struct fixture *fixture, size_t i, char path[64 + 32])
{
	snprintf(path, 96, "%s/%s", fixture->folder, lists[i][0]);
}

static int setup(void **state)
{
	static struct fixture fixture;
	char path[96];

	fixture = (struct fixture){ "/tmp/hearth-test-XXXXXX" };
	assert_non_null(mkdtemp(fixture.folder));
	for (size_t i = 0; i < COUNT; i++) {
		FILE *file;

		path_of(&fixture, i, path);
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(lists[i][1], file);
		fclose(file);
	}
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	const struct fixture *fixture = *state;
	char path[96];

	for (size_t i = 0; i < COUNT; i++) {
		path_of(fixture, i, path);
		unlink(path);
	}
	return rmdir(fixture->folder);
}

static void assert_owner(const struct fixture *fixture, const char *path, const char *package,
			 bool is_installed)
{
	struct package_owner owners[3];
	const char *const paths[] = { NULL, path, "/nowhere" };

	assert_int_equal(package_owner_find(fixture->folder, paths, 3, owners), 0);
	assert_string_equal(owners[0].debug_package, "");
	assert_string_equal(owners[1].debug_package, package);
	assert_int_equal(owners[1].is_installed, is_installed);
	assert_string_equal(owners[2].debug_package, "");
	assert_false(owners[2].is_installed);
}

static void a_file_is_its_packages(void **state)
{
	assert_owner(*state, "/usr/lib/libfoo.so.1.2", "libfoo1-dbgsym", false);
	assert_owner(*state, "/usr/lib32/libfoo.so.1.2", "libfoo1-dbgsym", false);
	assert_owner(*state, "/usr/bin/tool", "tools-dbgsym", true);
	assert_owner(*state, "/usr/bin/too", "", false);
	assert_owner(*state, "/usr/bin/tool2", "", false);
	assert_owner(*state, "/usr/bin/other", "", false);
	assert_owner(*state, "", "", false);
}

static void a_list_may_leave_out_usr(void **state)
{
	assert_owner(*state, "/usr/lib/tools/a", "tools-dbgsym", true);
	assert_owner(*state, "/usr/lib/libc.so.6", "libc6-dbg", true);
}

static void some_debug_packages_have_other_names(void **state)
{
	assert_owner(*state, "/usr/lib/libc.so", "libc6-dev-dbgsym", false);
	assert_owner(*state, "/usr/lib/jvm/libjvm.so", "openjdk-17-dbg", false);
	assert_owner(*state, "/usr/lib/libpython3.11.so.1.0", "python3.11-dbg", false);
	assert_owner(*state, "/usr/lib/python3/numpy.so", "python3-numpy-dbgsym", false);
}

static void two_paths_of_one_file_and_one_of_none(void **state)
{
	const struct fixture *fixture = *state;
	const char *const paths[] = { "/usr/bin/tool", "/usr/bin/tool" };
	struct package_owner owners[2];

	assert_int_equal(package_owner_find(fixture->folder, paths, 2, owners), 0);
	assert_string_equal(owners[0].debug_package, "tools-dbgsym");
	assert_int_equal(package_owner_find(fixture->folder, NULL, 0, owners), 0);
}

static void where_there_is_no_database(void **state)
{
	const char *const path = "/usr/bin/tool";
	struct package_owner owner;

	(void)state;
	assert_int_equal(package_owner_find("/nowhere", &path, 1, &owner), -ENOENT);
	assert_string_equal(owner.debug_package, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_its_packages),
		TEST(a_list_may_leave_out_usr),
		TEST(some_debug_packages_have_other_names),
		TEST(two_paths_of_one_file_and_one_of_none),
		cmocka_unit_test(where_there_is_no_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
