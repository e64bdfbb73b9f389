/* SPDX-License-Identifier: Apache-2.0 */
/* split_file.c: where the files of split DWARF are looked for, and what is not opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolize/split_file.h"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/hearth-split.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static const char *below(const char *name)
{
	static char paths[2][PATH_MAX];
	static int next;
	char *path = paths[next++ % 2];

	snprintf(path, PATH_MAX, "%s/%s", root, name);
	return path;
}

/* As an ELF file begins: of another one nothing is heard. */
static void put(const char *name)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd,
			       "\x7f"
			       "ELF",
			       4),
			 4);
	close(fd);
}

/* What was opened, each "NAME " below the root; none is the right one. */
struct seen {
	char names[256];
	bool takes;
};

static bool see(void *context, int *fd, enum debug_file_way way)
{
	struct seen *seen = context;
	char link[64], path[PATH_MAX] = "";
	size_t length = strlen(seen->names);

	(void)way;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", *fd);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	snprintf(seen->names + length, sizeof(seen->names) - length, "%s ",
		 path + strlen(root) + 1);
	return seen->takes;
}

static void expect(const char *path, const char *name, const char *comp_dir, bool takes,
		   const char *expected)
{
	const struct split_file_wanted wanted = { path, name, comp_dir };
	struct seen seen = { .takes = takes };
	const struct debug_file_judge judge = { .judge = see, .context = &seen };

	assert_int_equal(split_file_search(NULL, &wanted, &judge), takes ? 0 : -ENOENT);
	assert_string_equal(seen.names, expected);
}

static void where_it_was_compiled_then_beside_the_program(void **state)
{
	(void)state;
	mkdir(below("build"), 0700);
	mkdir(below("bin"), 0700);
	mkdir(below("build/obj"), 0700);
	put("build/obj/a.dwo");
	put("bin/a.dwo");
	expect(below("bin/program"), "obj/a.dwo", below("build"), false,
	       "build/obj/a.dwo bin/a.dwo ");
	expect(below("bin/program"), "obj/a.dwo", below("build"), true, "build/obj/a.dwo ");
	expect(NULL, below("bin/a.dwo"), NULL, true, "bin/a.dwo ");
	expect(NULL, "obj/a.dwo", "build", false, "");
	expect(NULL, "obj/a.dwo", NULL, false, "");
	expect("program", "a.dwo", NULL, false, "");
}

static void the_package_is_beside_the_program(void **state)
{
	(void)state;
	expect(below("program"), NULL, NULL, false, "");
	put("program.dwp");
	expect(below("program"), NULL, NULL, true, "program.dwp ");
	expect(NULL, NULL, NULL, false, "");
}

/* Opening a FIFO for reading waits for a writer: this test would not end. */
static void only_regular_files_are_opened(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(below("a.dwo"), 0600), 0);
	assert_int_equal(mkdir(below("b.dwo"), 0700), 0);
	put("c");
	assert_int_equal(symlink("c", below("c.dwo")), 0);
	expect(below("program"), "a.dwo", root, false, "");
	expect(below("program"), "b.dwo", root, false, "");
	expect(NULL, "/dev/zero", NULL, false, "");
	/* Build systems make links; whoever put one beside the program may be anybody. */
	expect(NULL, "c.dwo", root, true, "c ");
	expect(below("program"), "c.dwo", "/nowhere", false, "");
	expect(below("program"), "..", "/nowhere", false, "");
	expect(below("program"), "", "/nowhere", false, "");
}

static void names_that_are_too_long(void **state)
{
	char name[PATH_MAX + 1];

	(void)state;
	memset(name, 'a', PATH_MAX);
	name[PATH_MAX] = '\0';
	expect(below("program"), name, root, false, "");
	name[0] = '/';
	expect(name, NULL, NULL, false, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(where_it_was_compiled_then_beside_the_program),
		TEST(the_package_is_beside_the_program),
		TEST(only_regular_files_are_opened),
		TEST(names_that_are_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
