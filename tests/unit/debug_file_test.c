/* SPDX-License-Identifier: Apache-2.0 */
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
#include <zlib.h>

#include "symbolize/debug_file.h"
#include "tests/unit/elf_builder.h"

/* A folder of its own for each test: ROOT/app holds the program, ROOT/debug is the debug folder. */
struct fixture {
	char root[64];
	char app[PATH_MAX];
	char debug[PATH_MAX];
	const char *folders[2];
	struct build_id build_id;
	struct debuglink link;
	struct buffer file; /* the debug file's bytes */
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct elf_builder builder;

	fixture = (struct fixture){
		.root = "/tmp/hearth-debug-file.XXXXXX",
		.build_id = { .bytes = "\xab\xcd\xef\x01", .size = 4 },
		.link = { .name = "app.debug" },
	};
	assert_non_null(mkdtemp(fixture.root));
	snprintf(fixture.app, PATH_MAX, "%s/app/app", fixture.root);
	snprintf(fixture.debug, PATH_MAX, "%s/debug", fixture.root);
	fixture.folders[0] = fixture.debug;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_build_id(&builder, "\xab\xcd\xef\x01", 4);
	fixture.file = elf_builder_bytes(&builder);
	fixture.link.crc = crc32(0, (const Bytef *)fixture.file.data, fixture.file.size);
	elf_builder_release(&builder);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", fixture->root);
	buffer_release(&fixture->file);
	return system(command);
}

static const char *path_below(const struct fixture *fixture, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", fixture->root, name);
	return path;
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void put_file(const struct fixture *fixture, const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s", path_below(fixture, name));
	make_folders(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, fixture->file.data, fixture->file.size), fixture->file.size);
	close(fd);
}

/* The path below the root of the file that is found, or "". */
static const char *find(const struct fixture *fixture, bool by_link)
{
	static char path[PATH_MAX];
	const struct build_id none = { 0 };
	const struct debug_file_query query = {
		.build_id = by_link ? &none : &fixture->build_id,
		.link = by_link ? &fixture->link : NULL,
		.path = fixture->app,
		.folders = fixture->folders,
	};
	char link[64];
	ssize_t size;
	int fd;

	if (debug_file_open(&query, &fd))
		return "";
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	assert_true(size > 0);
	path[size] = '\0';
	close(fd);
	return path + strlen(fixture->root) + 1;
}

static void by_build_id(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(find(fixture, false), "");
	put_file(fixture, "debug/.build-id/ab/cdef01.debug");
	assert_string_equal(find(fixture, false), "debug/.build-id/ab/cdef01.debug");
}

static void a_file_with_another_build_id_is_not_taken(void **state)
{
	struct fixture *fixture = *state;

	fixture->build_id.bytes[3] = 2;
	put_file(fixture, "debug/.build-id/ab/cdef02.debug");
	assert_string_equal(find(fixture, false), "");
	fixture->build_id.size = 1;
	assert_string_equal(find(fixture, false), "");
}

static void a_link_in_the_debug_folder_is_followed(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture, "debug/real.debug");
	put_file(fixture, "debug/.build-id/ab/other");
	assert_int_equal(
		symlink("../../real.debug", path_below(fixture, "debug/.build-id/ab/cdef01.debug")),
		0);
	assert_string_equal(find(fixture, false), "debug/real.debug");
}

static void by_debuglink_in_the_order_of_the_manual(void **state)
{
	struct fixture *fixture = *state;
	char global[PATH_MAX];

	snprintf(global, sizeof(global), "debug%s/app/app.debug", fixture->root);
	put_file(fixture, global);
	assert_string_equal(find(fixture, true), global);
	put_file(fixture, "app/.debug/app.debug");
	assert_string_equal(find(fixture, true), "app/.debug/app.debug");
	put_file(fixture, "app/app.debug");
	assert_string_equal(find(fixture, true), "app/app.debug");
}

static void a_wrong_checksum_is_not_taken(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture, "app/app.debug");
	fixture->link.crc ^= 1;
	assert_string_equal(find(fixture, true), "");
}

/* The checksum would fit. */
static void by_debuglink_with_another_build_id_is_not_taken(void **state)
{
	struct fixture *fixture = *state;
	const struct build_id other = { .bytes = "xxxx", .size = 4 };
	const struct debug_file_query query = { .build_id = &other,
						.link = &fixture->link,
						.path = fixture->app,
						.folders = fixture->folders };
	int fd = -1;

	put_file(fixture, "app/app.debug");
	assert_string_equal(find(fixture, true), "app/app.debug");
	assert_int_equal(debug_file_open(&query, &fd), -ENOENT);
	assert_int_equal(fd, -1);
}

static void links_and_fifos_beside_the_file_are_not_opened(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture, "app/elsewhere");
	assert_int_equal(symlink("elsewhere", path_below(fixture, "app/app.debug")), 0);
	assert_int_equal(mkdir(path_below(fixture, "app/.debug"), 0700), 0);
	/* Opening a FIFO for reading waits for a writer: this test would not end. */
	assert_int_equal(mkfifo(path_below(fixture, "app/.debug/app.debug"), 0600), 0);
	assert_string_equal(find(fixture, true), "");
}

/* Whose owner would lead us elsewhere by the folder's name. */
static void a_folder_beside_the_file_that_is_a_link_is_not_entered(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture, "app/app");
	put_file(fixture, "secrets/app.debug");
	assert_int_equal(symlink("../secrets", path_below(fixture, "app/.debug")), 0);
	assert_string_equal(find(fixture, true), "");
}

static void without_an_absolute_path_there_is_no_beside(void **state)
{
	struct fixture *fixture = *state;
	static const char *const none[] = { NULL };
	struct debug_file_query query = { .build_id = &fixture->build_id,
					  .link = &fixture->link,
					  .folders = none };
	int fd;

	put_file(fixture, "app/app.debug");
	assert_int_equal(debug_file_open(&query, &fd), -ENOENT);
	query.path = "app/app";
	assert_int_equal(debug_file_open(&query, &fd), -ENOENT);
	query.path = "[vdso]";
	assert_int_equal(debug_file_open(&query, &fd), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_build_id),
		TEST(a_file_with_another_build_id_is_not_taken),
		TEST(a_link_in_the_debug_folder_is_followed),
		TEST(by_debuglink_in_the_order_of_the_manual),
		TEST(a_wrong_checksum_is_not_taken),
		TEST(by_debuglink_with_another_build_id_is_not_taken),
		TEST(links_and_fifos_beside_the_file_are_not_opened),
		TEST(a_folder_beside_the_file_that_is_a_link_is_not_entered),
		TEST(without_an_absolute_path_there_is_no_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
