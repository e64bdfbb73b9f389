/* SPDX-License-Identifier: Apache-2.0 */
/* jit_maps.c and what it looks with: file_looks.c, jit_dump_file.c. The process is the test itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "profiler/file_looks.h"
#include "profiler/jit_dump_file.h"
#include "profiler/jit_maps.h"
#include "profiler/task_start.h"
#include "symbolize/symbolizer.h"

/* --- looks --- */

static struct code_look look(uint64_t size, uint64_t time_ns)
{
	return (struct code_look){ .size = size, .time_ns = time_ns };
}

static void a_look_is_kept_where_the_file_grew(void **state)
{
	struct file_looks looks = { 0 };

	(void)state;
	file_looks_add(&looks, look(10, 1));
	file_looks_add(&looks, look(10, 2));
	file_looks_add(&looks, look(20, 3));
	assert_int_equal(looks.count, 2);
	assert_int_equal(looks.looks[0].time_ns, 1);
	assert_int_equal(looks.looks[0].last_ns, 2);
	assert_int_equal(looks.looks[1].last_ns, 3);
	file_looks_add(&looks, look(15, 4)); /* another one by now */
	assert_int_equal(looks.count, 1);
	assert_int_equal(looks.looks[0].time_ns, 4);
	file_looks_release(&looks);
}

static void many_looks_become_fewer(void **state)
{
	struct file_looks looks = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 10 * FILE_LOOKS_MAX; i++)
		file_looks_add(&looks, look(i, i));
	assert_in_range(looks.count, FILE_LOOKS_MAX / 4, FILE_LOOKS_MAX);
	assert_int_equal(looks.looks[looks.count - 1].size, 10 * FILE_LOOKS_MAX);
	for (size_t i = 1; i < looks.count; i++) {
		assert_true(looks.looks[i].size > looks.looks[i - 1].size);
		assert_true(looks.looks[i].size == looks.looks[i].time_ns);
	}
	file_looks_release(&looks);
}

/* --- the mapping --- */

static bool is_line(const char *line)
{
	struct jit_dump_mapping mapping = { 0 };
	bool is = jit_dump_file_is_line((struct bytes){ (const uint8_t *)line, strlen(line) }, 123,
					&mapping);

	if (is) {
		assert_int_equal(mapping.start, 0x7f6c7b4c6000);
		assert_int_equal(mapping.end, 0x7f6c7b4c7000);
	}
	return is;
}

#define LINE "7f6c7b4c6000-7f6c7b4c7000 r-xp 00000000 fe:00 9990881                    "

static void only_a_line_of_the_processes_own_dump_is_one(void **state)
{
	(void)state;
	assert_true(is_line(LINE "/tmp/jit-123.dump"));
	assert_true(is_line(LINE "/jit-123.dump"));
	assert_true(is_line(LINE "/a b/\033[2J\\012/jit-123.dump (deleted)"));
	assert_false(is_line(LINE "/tmp/jit-1234.dump"));
	assert_false(is_line(LINE "/tmp/jit-12.dump"));
	assert_false(is_line(LINE "/tmp/xjit-123.dump"));
	assert_false(is_line(LINE "/tmp/jit-123.dump.gz"));
	assert_false(is_line(LINE "/tmp/jit-123.dump/x"));
	assert_false(is_line(LINE "jit-123.dump"));
	assert_false(is_line("7f6c7b4c6000-7f6c7b4c7000 rw-p 0 0:0 9 /tmp/jit-123.dump"));
	assert_false(is_line("7f6c7b4c6000 7f6c7b4c7000 r-xp 0 0:0 9 /tmp/jit-123.dump"));
	assert_false(is_line("-7f6c7b4c7000 r-xp 0 0:0 9 /tmp/jit-123.dump"));
	assert_false(is_line("7f6c7b4c6000-7f6c7b4c7000 "));
	assert_false(is_line("/jit-123.dump"));
	assert_false(is_line(""));
}

/* --- the files of a process --- */

struct fixture {
	struct jit_maps *maps;
	struct process_event process;
	char folder[32], dump[64], map[64];
	void *mapped;
};

static int setup(void **state)
{
	static struct fixture fixture;
	uint64_t ticks;

	assert_int_equal(task_start_ticks((uint32_t)getpid(), &ticks), 0);
	fixture = (struct fixture){
		.maps = jit_maps_new((struct jit_maps_clocks){ 0 }),
		.process = { .id = 7,
			     .caller_tgid = (uint32_t)getpid(),
			     .own_tgid = (uint32_t)getpid(),
			     .uid = getuid(),
			     .start_time_ns =
				     ticks * 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK) },
		.folder = "/tmp/hearth-test-XXXXXX",
		.mapped = MAP_FAILED,
	};
	assert_non_null(mkdtemp(fixture.folder));
	snprintf(fixture.dump, sizeof(fixture.dump), "%s/jit-%d.dump", fixture.folder, getpid());
	snprintf(fixture.map, sizeof(fixture.map), "/tmp/perf-%d.map", getpid());
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	jit_maps_free(fixture->maps);
	if (fixture->mapped != MAP_FAILED)
		munmap(fixture->mapped, 4096);
	unlink(fixture->dump);
	unlink(fixture->map);
	rmdir(fixture->folder);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Files are opened through their mappings by root only. */
#define skip_without_root()     \
	do {                    \
		if (geteuid())  \
			skip(); \
	} while (0)

static void map_dump(struct fixture *fixture)
{
	int fd = open(fixture->dump, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	fixture->mapped = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_true(fixture->mapped != MAP_FAILED);
	close(fd);
}

static int open_code(struct fixture *fixture, struct symbol_made_code *ret_code)
{
	int error = jit_maps_open(fixture->maps, &fixture->process, NULL, ret_code);

	if (!error && ret_code->map.fd >= 0)
		close(ret_code->map.fd);
	return error;
}

static void a_process_without_files_has_none(void **state)
{
	struct fixture *fixture = *state;
	struct symbol_made_code code;

	assert_int_equal(open_code(fixture, &code), -ENOENT);
	jit_maps_note(fixture->maps, &fixture->process);
	assert_true(jit_maps_has(fixture->maps, &fixture->process));
	assert_int_equal(open_code(fixture, &code), -ENOENT);
}

static void another_process_of_the_pid_has_none(void **state)
{
	struct fixture *fixture = *state;

	fixture->process.start_time_ns += 10000000000u;
	jit_maps_note(fixture->maps, &fixture->process);
	assert_false(jit_maps_has(fixture->maps, &fixture->process));
}

static void both_files_are_looked_at_while_they_grow(void **state)
{
	struct fixture *fixture = *state;
	struct symbol_made_code code;

	skip_without_root();
	write_file(fixture->dump, "dump");
	map_dump(fixture);
	jit_maps_note(fixture->maps, &fixture->process);
	write_file(fixture->map, "1000 10 a\n");
	jit_maps_look(fixture->maps);
	jit_maps_look(fixture->maps);
	write_file(fixture->map, "1000 10 b\n");
	write_file(fixture->dump, "more");
	assert_int_equal(open_code(fixture, &code), 0);
	assert_int_equal(code.start_ns, fixture->process.start_time_ns);
	assert_int_equal(code.map.look_count, 2);
	assert_int_equal(code.map.looks[0].size, 10);
	assert_int_equal(code.map.looks[1].size, 20);
	assert_true(code.map.looks[0].last_ns > code.map.looks[0].time_ns);
	assert_int_equal(code.dump.look_count, 2);
	assert_int_equal(code.dump.looks[1].size, 8);
	assert_true(code.dump.fd >= 0);
}

static void another_map_in_its_place_is_looked_at_anew(void **state)
{
	struct fixture *fixture = *state;
	struct symbol_made_code code;

	write_file(fixture->map, "1000 10 a\n");
	jit_maps_note(fixture->maps, &fixture->process);
	write_file(fixture->dump, "1000 10 longer\n");
	assert_int_equal(rename(fixture->dump, fixture->map), 0);
	assert_int_equal(open_code(fixture, &code), 0);
	assert_int_equal(code.map.look_count, 1);
	assert_int_equal(code.map.looks[0].size, 15);
	assert_int_equal(code.dump.fd, -1);
}

/* The mapping leads to the very file, which may have no name any more. */
static void a_dump_that_was_deleted_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct symbol_made_code code;

	skip_without_root();
	write_file(fixture->dump, "dump");
	map_dump(fixture);
	unlink(fixture->dump);
	jit_maps_note(fixture->maps, &fixture->process);
	assert_int_equal(open_code(fixture, &code), 0);
	assert_int_equal(code.dump.looks[0].size, 4);
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_descriptor_stays(void **state)
{
	struct fixture *fixture = *state;
	struct symbol_made_code code;
	int before = count_descriptors();

	skip_without_root();
	write_file(fixture->dump, "dump");
	write_file(fixture->map, "1000 10 a\n");
	map_dump(fixture);
	for (uint64_t id = 1; id <= 10; id++) {
		fixture->process.id = id;
		jit_maps_note(fixture->maps, &fixture->process);
	}
	jit_maps_look(fixture->maps);
	assert_int_equal(count_descriptors(), before + 20);
	assert_int_equal(open_code(fixture, &code), 0);
	assert_int_equal(count_descriptors(), before + 20);
	jit_maps_free(fixture->maps);
	assert_int_equal(count_descriptors(), before);
	fixture->maps = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_is_kept_where_the_file_grew),
		cmocka_unit_test(many_looks_become_fewer),
		cmocka_unit_test(only_a_line_of_the_processes_own_dump_is_one),
		TEST(a_process_without_files_has_none),
		TEST(another_process_of_the_pid_has_none),
		TEST(both_files_are_looked_at_while_they_grow),
		TEST(another_map_in_its_place_is_looked_at_anew),
		TEST(a_dump_that_was_deleted_is_found),
		TEST(no_descriptor_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
