/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/output_file.h"

static char folder[] = "/tmp/hearth-output-test-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return chdir("/") || rmdir(folder);
}

static size_t entries(void)
{
	DIR *here = opendir(".");
	size_t count = 0;

	while (readdir(here))
		count++;
	closedir(here);
	return count - 2;
}

static void expect_content(const char *path, const char *content)
{
	struct buffer bytes = { 0 };

	assert_int_equal(buffer_read_file(&bytes, path, 1000), 0);
	assert_string_equal(buffer_string(&bytes), content);
	buffer_release(&bytes);
}

static void test_new_and_replaced(void **state)
{
	(void)state;
	assert_int_equal(output_file_check("out"), 0);
	assert_int_equal(entries(), 0); /* a check leaves nothing */
	assert_int_equal(output_file_write("out", "one", 3), 0);
	expect_content("out", "one");
	assert_int_equal(output_file_check("out"), 0);
	assert_int_equal(output_file_write("out", "second", 6), 0);
	expect_content("out", "second");
	assert_int_equal(output_file_write("out", "", 0), 0);
	expect_content("out", "");
	assert_int_equal(entries(), 1);
	unlink("out");
}

static void test_pieces_take_the_name_at_their_end(void **state)
{
	struct output_file *file = output_file_new("out");

	(void)state;
	assert_non_null(file);
	assert_int_equal(entries(), 0);
	assert_int_equal(output_file_append(file, "one ", 4), 0);
	assert_int_equal(access("out", F_OK), -1);
	assert_int_equal(output_file_append(file, "two", 3), 0);
	assert_int_equal(output_file_end(file), 0);
	output_file_free(file);
	expect_content("out", "one two");
	file = output_file_new("out");
	assert_int_equal(output_file_append(file, "half", 4), 0);
	output_file_free(
		file); /* before its end: the old content stays, nothing is left beside it */
	expect_content("out", "one two");
	assert_int_equal(entries(), 1);
	unlink("out");
}

static void test_the_first_error_stays(void **state)
{
	struct output_file *file = output_file_new("/dev/full");

	(void)state;
	assert_int_equal(output_file_append(file, "x", 1), -ENOSPC);
	assert_int_equal(output_file_append(file, NULL, 0), -ENOSPC);
	assert_int_equal(output_file_end(file), -ENOSPC);
	output_file_free(file);
}

static void test_leftover_of_a_killed_writer_is_taken_over(void **state)
{
	(void)state;
	assert_int_equal(output_file_write("out", "one", 3), 0);
	assert_int_equal(link("out", ".out.hearth-new"), 0);
	assert_int_equal(output_file_write("out", "two", 3), 0);
	expect_content("out", "two");
	assert_int_equal(entries(), 1);
	unlink("out");
}

static void test_a_link_keeps_pointing_to_its_target(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(output_file_write("target", "one", 3), 0);
	assert_int_equal(symlink("target", "out"), 0);
	assert_int_equal(output_file_write("out", "two", 3), 0);
	assert_int_equal(lstat("out", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	expect_content("target", "two");
	unlink("out");
	unlink("target");
}

static void test_what_cannot_be_written_is_told_before(void **state)
{
	(void)state;
	assert_int_equal(output_file_check("no/such/folder"), -ENOENT);
	assert_int_equal(output_file_check("."), -EISDIR);
	assert_int_equal(output_file_check(""), -ENOENT);
	assert_int_equal(output_file_check("new/"), -ENOENT);
	assert_int_equal(output_file_write("file", "", 0), 0);
	assert_int_equal(output_file_check("file/below"), -ENOTDIR);
	unlink("file");
}

static void test_a_device_is_written_in_place(void **state)
{
	(void)state;
	assert_int_equal(output_file_check("/dev/null"), 0);
	assert_int_equal(output_file_write("/dev/null", "x", 1), 0);
	assert_int_equal(output_file_write("/dev/full", "x", 1), -ENOSPC);
}

/* What the kernel's fs.protected_symlinks and protected_regular refuse; only root can be somebody else. */
static void test_nothing_planted_is_followed_or_replaced(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(output_file_write("precious", "old", 3), 0);
	assert_int_equal(mkdir("shared", 0777), 0);
	assert_int_equal(chmod("shared", 01777), 0);
	assert_int_equal(symlink("../precious", "shared/link"), 0);
	assert_int_equal(output_file_write("shared/file", "old", 3), 0);
	assert_int_equal(output_file_write("shared/link", "own", 3), 0);
	assert_int_equal(output_file_write("shared/file", "own", 3), 0);
	if (!geteuid()) {
		assert_int_equal(lchown("shared/link", 65534, 65534), 0);
		assert_int_equal(lchown("shared/file", 65534, 65534), 0);
		assert_int_equal(output_file_check("shared/link"), -EACCES);
		assert_int_equal(output_file_write("shared/link", "bad", 3), -EACCES);
		assert_int_equal(output_file_write("shared/file", "bad", 3), -EACCES);
	}
	expect_content("precious", "own");
	expect_content("shared/file", "own");
	assert_int_equal(lstat("shared/.file.hearth-new", &status), -1);
	unlink("shared/link");
	unlink("shared/file");
	rmdir("shared");
	unlink("precious");
}

/* /dev/stdout >> log leads to /proc/self/fd/1, whose text names the log: it is appended to, not replaced. */
static void test_a_descriptor_is_written_in_place(void **state)
{
	char path[64];
	int fd = open("log", O_CREAT | O_WRONLY | O_APPEND, 0600);

	(void)state;
	assert_int_equal(write(fd, "line\n", 5), 5);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(output_file_check(path), 0);
	assert_int_equal(output_file_write(path, "more\n", 5), 0);
	expect_content("log", "line\nmore\n");
	close(fd);
	unlink("log");
}

static void test_a_link_to_nothing_yet_is_followed(void **state)
{
	(void)state;
	assert_int_equal(symlink("target", "out"), 0);
	assert_int_equal(output_file_check("out"), 0);
	assert_int_equal(output_file_write("out", "new", 3), 0);
	expect_content("target", "new");
	unlink("target");
	unlink("out");
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(output_file_check("loop"), -ELOOP);
	unlink("loop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_and_replaced),
		cmocka_unit_test(test_pieces_take_the_name_at_their_end),
		cmocka_unit_test(test_the_first_error_stays),
		cmocka_unit_test(test_leftover_of_a_killed_writer_is_taken_over),
		cmocka_unit_test(test_a_link_keeps_pointing_to_its_target),
		cmocka_unit_test(test_what_cannot_be_written_is_told_before),
		cmocka_unit_test(test_a_device_is_written_in_place),
		cmocka_unit_test(test_nothing_planted_is_followed_or_replaced),
		cmocka_unit_test(test_a_descriptor_is_written_in_place),
		cmocka_unit_test(test_a_link_to_nothing_yet_is_followed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
