/* SPDX-License-Identifier: Apache-2.0 */
/* perf_map.c and overlaps.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "symbolize/overlaps.h"
#include "symbolize/perf_map.h"
#include "symbolize/symbolizer.h"

struct fixture {
	struct perf_map *map;
	int fd;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture.map = perf_map_new();
	fixture.fd = memfd_create("perf-1.map", MFD_CLOEXEC);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	perf_map_free(fixture->map);
	close(fixture->fd);
	return 0;
}

static void append(struct fixture *fixture, const char *bytes, size_t size)
{
	assert_int_equal(write(fixture->fd, bytes, size), size);
}

#define APPEND(fixture, string) append(fixture, string, sizeof(string) - 1)

static void read_map(struct fixture *fixture)
{
	assert_int_equal(perf_map_read(fixture->map, fixture->fd), 0);
}

/* NULL: unknown */
static void assert_found(struct fixture *fixture, uint64_t address, const char *name,
			 uint64_t start)
{
	uint64_t found_start = 0;
	const char *found = perf_map_find(fixture->map, address, &found_start);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, name);
	assert_int_equal(found_start, start);
}

static void lines_name_their_ranges(void **state)
{
	struct fixture *fixture = *state;

	APPEND(fixture, "2000 10 second one (with blanks) /app.js:1:2\n"
			"1000 20 first\n"
			"0x3000 0X8 prefixed\n"
			"ffffffffffffff00 ff last\n"
			"00007F0000001000 10 UPPER\n");
	read_map(fixture);
	assert_found(fixture, 0xfff, NULL, 0);
	assert_found(fixture, 0x1000, "first", 0x1000);
	assert_found(fixture, 0x101f, "first", 0x1000);
	assert_found(fixture, 0x1020, NULL, 0);
	assert_found(fixture, 0x2001, "second one (with blanks) /app.js:1:2", 0x2000);
	assert_found(fixture, 0x3007, "prefixed", 0x3000);
	assert_found(fixture, 0x7f0000001004, "UPPER", 0x7f0000001000);
	assert_found(fixture, 0xfffffffffffffffe, "last", 0xffffffffffffff00);
	assert_found(fixture, 0xffffffffffffffff, NULL, 0);
	assert_found(fixture, 0, NULL, 0);
}

static void what_is_no_line_is_passed_over(void **state)
{
	struct fixture *fixture = *state;

	APPEND(fixture, "\n \nx\n1000\n1000 \n1000 10\n1000 10 \n1000 0 empty\n10g0 10 no_number\n"
			" 1000 10 blank\n1000  10 two\n-1000 10 minus\n0x 10 no_digit\n"
			"11112222333344445 10 long\nffffffffffffffff 2 beyond\n1000 10 n\0l\n"
			"1000\t10\ttab\n");
	append(fixture, "4000 10 good\n", 13);
	read_map(fixture);
	assert_int_equal(perf_map_range_count(fixture->map), 1);
	assert_found(fixture, 0x4000, "good", 0x4000);
}

static void later_lines_win_where_they_lie(void **state)
{
	struct fixture *fixture = *state;

	APPEND(fixture, "1000 100 old\n"
			"1040 20 inside\n"
			"10f0 20 end\n"
			"0ff0 20 begin\n"
			"1040 10 again\n");
	read_map(fixture);
	assert_found(fixture, 0xfff, "begin", 0xff0);
	assert_found(fixture, 0x100f, "begin", 0xff0);
	assert_found(fixture, 0x1010, "old", 0x1000);
	assert_found(fixture, 0x1040, "again", 0x1040);
	assert_found(fixture, 0x1050, "inside", 0x1040);
	assert_found(fixture, 0x1060, "old", 0x1000);
	assert_found(fixture, 0x10ef, "old", 0x1000);
	assert_found(fixture, 0x10f0, "end", 0x10f0);
	assert_found(fixture, 0x110f, "end", 0x10f0);
	assert_found(fixture, 0x1110, NULL, 0);
}

static void code_that_is_told_again_is_one_range(void **state)
{
	struct fixture *fixture = *state;

	APPEND(fixture, "1000 10 f\n1000 20 f\n1000 10 f\n");
	read_map(fixture);
	assert_int_equal(perf_map_range_count(fixture->map), 1);
	assert_found(fixture, 0x101f, "f", 0x1000);
}

static void it_is_read_on_when_it_grew(void **state)
{
	struct fixture *fixture = *state;

	APPEND(fixture, "1000 10 a\n2000 10 not_com");
	read_map(fixture);
	assert_found(fixture, 0x1000, "a", 0x1000);
	assert_found(fixture, 0x2000, NULL, 0);
	read_map(fixture);
	APPEND(fixture, "plete_before\n1000 8 b\n");
	read_map(fixture);
	assert_found(fixture, 0x2000, "not_complete_before", 0x2000);
	assert_found(fixture, 0x1000, "b", 0x1000);
	assert_found(fixture, 0x1008, "a", 0x1000);
}

static void it_is_read_anew_when_it_is_another(void **state)
{
	struct fixture *fixture = *state;
	int other = memfd_create("other", MFD_CLOEXEC);

	APPEND(fixture, "1000 10 a\n2000 10 b\n");
	read_map(fixture);
	assert_int_equal(ftruncate(fixture->fd, 0), 0);
	lseek(fixture->fd, 0, SEEK_SET);
	APPEND(fixture, "3000 10 c\n");
	read_map(fixture);
	assert_found(fixture, 0x1000, NULL, 0);
	assert_found(fixture, 0x3000, "c", 0x3000);
	close(fixture->fd);
	fixture->fd = other;
	APPEND(fixture, "4000 10 d\n4000 1 longer than the first was\n");
	read_map(fixture);
	assert_found(fixture, 0x3000, NULL, 0);
	assert_found(fixture, 0x4001, "d", 0x4000);
}

/* Of any length, without their end, and cut by the pieces that are read. */
static void lines_that_are_too_long_are_passed_over(void **state)
{
	static const size_t sizes[] = {
		PERF_MAP_MAX_LINE - 10, PERF_MAP_MAX_LINE + 1, 65535, 65536, 65537, 200000
	};
	struct fixture *fixture = *state;
	char *name = malloc(200000);

	memset(name, 'x', 200000);
	for (size_t i = 0; i < 6; i++) {
		APPEND(fixture, "1000 10 ");
		append(fixture, name, sizes[i]);
		APPEND(fixture, "\n2000 10 behind\n");
	}
	append(fixture, name, 100000);
	read_map(fixture);
	assert_int_equal(strlen(perf_map_find(fixture->map, 0x1000, &(uint64_t){ 0 })), sizes[0]);
	assert_found(fixture, 0x2000, "behind", 0x2000);
	APPEND(fixture, "1000 10 not_yet\n3000 10 now\n");
	read_map(fixture);
	assert_int_equal(strlen(perf_map_find(fixture->map, 0x1000, &(uint64_t){ 0 })), sizes[0]);
	assert_found(fixture, 0x3000, "now", 0x3000);
	free(name);
}

static void a_sparse_file_ends_at_the_limit(void **state)
{
	struct fixture *fixture = *state;

	APPEND(fixture, "1000 10 a\n");
	assert_int_equal(ftruncate(fixture->fd, 10ull << 30), 0);
	lseek(fixture->fd, 0, SEEK_END);
	APPEND(fixture, "\n2000 10 beyond\n");
	read_map(fixture);
	assert_found(fixture, 0x1000, "a", 0x1000);
	assert_found(fixture, 0x2000, NULL, 0);
}

static void lines_beyond_the_limit_are_not_kept(void **state)
{
	struct fixture *fixture = *state;
	struct buffer text = { 0 };

	for (uint64_t i = 0; i <= PERF_MAP_MAX_LINES; i++)
		buffer_printf(&text, "%lx 1 f\n", 0x10000 + i * 2);
	append(fixture, text.data, text.size);
	read_map(fixture);
	assert_int_equal(perf_map_range_count(fixture->map), PERF_MAP_MAX_LINES);
	buffer_release(&text);
}

static void what_is_no_file_is_refused(void **state)
{
	struct fixture *fixture = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(perf_map_read(fixture->map, ends[0]), -EINVAL);
	close(ends[0]);
	close(ends[1]);
}

/* Against an array of the addresses in which each range overwrites what was there. */
static void random_overlaps_as_if_written_over_each_other(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 3000; round++) {
		uint32_t expected[64] = { 0 }, found[64] = { 0 };
		size_t count = random() % 24;
		struct overlap ranges[24];
		struct buffer parts = { 0 };
		uint64_t last_end = 0;

		for (size_t i = 0; i < count; i++) {
			uint64_t start = random() % 63;

			ranges[i] = (struct overlap){ .start = start,
						      .end = start + 1 + random() % (64 - start),
						      .origin = start,
						      .value = i + 1 };
			for (uint64_t at = start; at < ranges[i].end; at++)
				expected[at] = i + 1;
		}
		assert_int_equal(overlaps_resolve(ranges, count, &parts), 0);
		assert_true(parts.size / sizeof(struct overlap) <= 2 * count);
		for (size_t i = 0; i < parts.size / sizeof(struct overlap); i++) {
			struct overlap part = ((struct overlap *)parts.data)[i];

			assert_true(part.start >= last_end && part.start < part.end);
			assert_true(part.end <= 64);
			last_end = part.end;
			for (uint64_t at = part.start; at < part.end; at++)
				found[at] = part.value;
		}
		assert_memory_equal(expected, found, sizeof(found));
		buffer_release(&parts);
	}
}

static void hear(const struct symbol_reply *reply, void *context)
{
	assert_int_equal(reply->error, 0);
	for (size_t i = 0; i < reply->count; i++)
		buffer_printf(context, "%s+%d\n",
			      reply->names[i].function ? reply->names[i].function : "?",
			      (int)reply->names[i].offset);
}

static void the_symbolizer_reads_it(void **state)
{
	const struct symbolizer_options options = { 0 };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	struct fixture *fixture = *state;
	struct symbol_request request = { .space = SYMBOL_PERF_MAP,
					  .fd = fixture->fd,
					  .addresses = (const uint64_t[]){ 0x2004, 0x1001, 0x3000 },
					  .count = 3 };
	struct buffer heard = { 0 };

	APPEND(fixture, "1000 10 _ZN1a1bEv\n2000 10 LazyCompile:*f /a.js:1:2\n");
	assert_int_equal(symbolizer_submit(symbolizer, &request), 0);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_string_equal(buffer_string(&heard), "LazyCompile:*f /a.js:1:2+4\na::b()+1\n?+0\n");
	request.fd = -1;
	assert_int_equal(symbolizer_submit(symbolizer, &request), -EINVAL);
	buffer_release(&heard);
	symbolizer_free(symbolizer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_name_their_ranges),
		TEST(what_is_no_line_is_passed_over),
		TEST(later_lines_win_where_they_lie),
		TEST(code_that_is_told_again_is_one_range),
		TEST(it_is_read_on_when_it_grew),
		TEST(it_is_read_anew_when_it_is_another),
		TEST(lines_that_are_too_long_are_passed_over),
		TEST(a_sparse_file_ends_at_the_limit),
		TEST(lines_beyond_the_limit_are_not_kept),
		TEST(what_is_no_file_is_refused),
		TEST(random_overlaps_as_if_written_over_each_other),
		TEST(the_symbolizer_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
