/* SPDX-License-Identifier: Apache-2.0 */
/* perf_map.c, alone and as made_code.c reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "symbolize/perf_map.h"
#include "symbolize/symbolizer.h"

/* --- the parser: what a text comes to, in one piece and in all pieces that it can be cut into --- */

static void take(struct perf_map *map, const char *text, size_t size, uint64_t time_ns)
{
	assert_int_equal(perf_map_take(map, (struct bytes){ (const uint8_t *)text, size },
				       (struct code_time){ time_ns, time_ns, true }),
			 0);
}

struct found {
	const char *name; /* NULL: unknown */
	uint64_t start;
};

/* A text that is told in two pieces, and what it says of one address. */
static void assert_found_in_pieces(const char *text, size_t size, size_t first, uint64_t address,
				   struct found expected)
{
	struct code_history *history = code_history_new(&address, 1);
	const struct code_span *span;
	struct perf_map map;

	perf_map_init(&map, history);
	take(&map, text, first, 1);
	take(&map, text + first, size - first, 1);
	assert_int_equal(code_history_resolve(history), 0);
	span = code_history_first(history, 0);
	assert_null(code_history_next(history, span));
	if (expected.name) {
		assert_non_null(span->name);
		assert_string_equal(span->name, expected.name);
		assert_int_equal(span->start, expected.start);
	} else {
		assert_null(span->name);
	}
	perf_map_release(&map);
	code_history_free(history);
}

static void assert_found(const char *text, size_t size, uint64_t address, const char *name,
			 uint64_t start)
{
	for (size_t first = 0; first <= size; first++)
		assert_found_in_pieces(text, size, first, address, (struct found){ name, start });
}

#define ASSERT_FOUND(text, address, name, start) \
	assert_found(text, sizeof(text) - 1, address, name, start)

static void lines_name_their_ranges(void **state)
{
	static const char text[] = "2000 10 second one (with blanks) /app.js:1:2\n"
				   "1000 20 first\n"
				   "0x3000 0X8 prefixed\n"
				   "ffffffffffffff00 ff last\n"
				   "00007F0000001000 10 UPPER\n";

	(void)state;
	ASSERT_FOUND(text, 0xfff, NULL, 0);
	ASSERT_FOUND(text, 0x1000, "first", 0x1000);
	ASSERT_FOUND(text, 0x101f, "first", 0x1000);
	ASSERT_FOUND(text, 0x1020, NULL, 0);
	ASSERT_FOUND(text, 0x2001, "second one (with blanks) /app.js:1:2", 0x2000);
	ASSERT_FOUND(text, 0x3007, "prefixed", 0x3000);
	ASSERT_FOUND(text, 0x7f0000001004, "UPPER", 0x7f0000001000);
	ASSERT_FOUND(text, 0xfffffffffffffffe, "last", 0xffffffffffffff00);
	ASSERT_FOUND(text, 0xffffffffffffffff, NULL, 0);
	ASSERT_FOUND(text, 0, NULL, 0);
}

static void what_is_no_line_is_passed_over(void **state)
{
	static const char text[] =
		"\n \nx\n1000\n1000 \n1000 10\n1000 10 \n1000 0 empty\n10g0 10 no_number\n"
		" 1000 10 blank\n1000  10 two\n-1000 10 minus\n0x 10 no_digit\n"
		"11112222333344445 10 long\nffffffffffffffff 2 beyond\n1000 10 n\0l\n"
		"1000\t10\ttab\n"
		"4000 10 good\n";

	(void)state;
	ASSERT_FOUND(text, 0x1000, NULL, 0);
	ASSERT_FOUND(text, 0xffffffffffffffff, NULL, 0);
	ASSERT_FOUND(text, 0, NULL, 0);
	ASSERT_FOUND(text, 0x4000, "good", 0x4000);
}

static void later_lines_win_where_they_lie(void **state)
{
	static const char text[] = "1000 100 old\n"
				   "1040 20 inside\n"
				   "10f0 20 end\n"
				   "0ff0 20 begin\n"
				   "1040 10 again\n";

	(void)state;
	ASSERT_FOUND(text, 0xfff, "begin", 0xff0);
	ASSERT_FOUND(text, 0x1010, "old", 0x1000);
	ASSERT_FOUND(text, 0x1040, "again", 0x1040);
	ASSERT_FOUND(text, 0x1050, "inside", 0x1040);
	ASSERT_FOUND(text, 0x1060, "old", 0x1000);
	ASSERT_FOUND(text, 0x10f0, "end", 0x10f0);
	ASSERT_FOUND(text, 0x1110, NULL, 0);
}

static void a_line_without_its_end_is_not_complete(void **state)
{
	(void)state;
	ASSERT_FOUND("1000 10 a\n1000 10 not_com", 0x1000, "a", 0x1000);
	ASSERT_FOUND("1000 10 a", 0x1000, NULL, 0);
}

/* Of any length, and cut by the pieces that they come in. */
static void lines_that_are_too_long_are_passed_over(void **state)
{
	static const size_t sizes[] = { PERF_MAP_MAX_LINE - 8, PERF_MAP_MAX_LINE - 7, 65535,
					200000 };
	struct buffer text = { 0 };
	char *name = malloc(200001);

	(void)state;
	memset(name, 'x', 200000);
	for (size_t i = 0; i < 4; i++) {
		buffer_clear(&text);
		buffer_append_string(&text, "1000 10 ");
		buffer_append(&text, name, sizes[i]);
		buffer_append_string(&text, "\n2000 10 behind\n");
		name[sizes[i]] = '\0';
		for (size_t first = 0; first <= text.size; first += 997) {
			assert_found_in_pieces(text.data, text.size, first, 0x1000,
					       (struct found){ i ? NULL : name, 0x1000 });
			assert_found_in_pieces(text.data, text.size, first, 0x2000,
					       (struct found){ "behind", 0x2000 });
		}
		name[sizes[i]] = 'x';
	}
	free(name);
	buffer_release(&text);
}

/* --- as it is read --- */

struct fixture {
	struct symbolizer *symbolizer;
	struct code_look looks[4];
	struct symbol_request request;
	struct buffer heard;
	int fd;
};

static int setup(void **state)
{
	static const struct symbolizer_options options = { 0 };
	static const uint64_t addresses[] = { 0x2004, 0x1001, 0x3000 };
	static struct fixture fixture;

	fixture = (struct fixture){
		.symbolizer = symbolizer_new(&options),
		.fd = memfd_create("perf-1.map", MFD_CLOEXEC),
	};
	fixture.request = (struct symbol_request){
		.space = SYMBOL_MADE_CODE,
		.fd = -1,
		.made_code = { .dump.fd = -1, .map = { .fd = fixture.fd, .looks = fixture.looks } },
		.addresses = addresses,
		.count = 3,
	};
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	symbolizer_free(fixture->symbolizer);
	buffer_release(&fixture->heard);
	close(fixture->fd);
	return 0;
}

/* Appends to the map, and looks at it. */
static void grow(struct fixture *fixture, const char *text, uint64_t time_ns)
{
	struct symbol_code_file *map = &fixture->request.made_code.map;

	assert_int_equal(write(fixture->fd, text, strlen(text)), strlen(text));
	fixture->looks[map->look_count++] = (struct code_look){
		.size = (uint64_t)lseek(fixture->fd, 0, SEEK_CUR),
		.time_ns = time_ns,
		.last_ns = time_ns + 2,
	};
}

static void hear(const struct symbol_reply *reply, void *context)
{
	if (reply->error)
		buffer_printf(context, "error %d\n", reply->error);
	for (size_t i = 0; i < reply->count; i++) {
		for (const struct symbol_name *name = &reply->names[i]; name; name = name->later)
			buffer_printf(context, "%d:%s+%d ", (int)name->since_ns,
				      name->function ? name->function : "?", (int)name->offset);
		buffer_append_char(context, '\n');
	}
}

static void assert_heard(struct fixture *fixture, const char *expected)
{
	buffer_clear(&fixture->heard);
	assert_int_equal(symbolizer_submit(fixture->symbolizer, &fixture->request), 0);
	assert_int_equal(symbolizer_run(fixture->symbolizer, hear, &fixture->heard), 0);
	assert_string_equal(buffer_string(&fixture->heard), expected);
}

static void the_symbolizer_reads_it(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, "1000 10 _ZN1a1bEv\n2000 10 LazyCompile:*f /a.js:1:2\n", 5);
	assert_heard(fixture, "0:LazyCompile:*f /a.js:1:2+4 \n0:a::b()+1 \n0:?+0 \n");
	fixture->request.made_code.map.fd = -1;
	assert_int_equal(symbolizer_submit(fixture->symbolizer, &fixture->request), -EINVAL);
}

/* A line that was cut by a look is of the next one. */
static void what_grew_is_of_its_time(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, "1000 10 a\n2000 10 b\n10", 5);
	grow(fixture, "00 10 c\n", 10);
	grow(fixture, "2000 10 d\n3000 10 e\n2000 10 f\n", 20);
	assert_heard(fixture, "0:b+4 12:?+0 20:f+4 \n0:a+1 7:?+0 10:c+1 \n0:e+0 \n");
}

static void beyond_the_last_look_nothing_is_read(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, "1000 10 a\n", 5);
	assert_int_equal(write(fixture->fd, "1000 10 b\n", 10), 10);
	assert_heard(fixture, "0:?+0 \n0:a+1 \n0:?+0 \n");
}

/* What stands behind is not known, and might be of any address. */
static void a_file_that_is_too_large_names_nothing_from_then_on(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, "1000 10 a\n", 5);
	assert_int_equal(ftruncate(fixture->fd, 10ull << 30), 0);
	lseek(fixture->fd, 0, SEEK_END);
	grow(fixture, "\n1000 10 beyond\n", 9);
	assert_heard(fixture, "0:?+0 \n0:a+1 7:?+0 \n0:?+0 \n");
}

static void a_file_that_became_shorter_ends_earlier(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, "1000 10 a\n2000 10 b\n", 5);
	assert_int_equal(ftruncate(fixture->fd, 12), 0);
	assert_heard(fixture, "0:?+0 \n0:a+1 \n0:?+0 \n");
}

static void what_is_no_file_is_refused(void **state)
{
	struct fixture *fixture = *state;
	int ends[2];

	grow(fixture, "1000 10 a\n", 5);
	assert_int_equal(pipe(ends), 0);
	fixture->request.made_code.map.fd = ends[0];
	assert_heard(fixture, "error -22\n0:?+0 \n0:?+0 \n0:?+0 \n");
	close(ends[0]);
	close(ends[1]);
}

static void a_deadline_that_passed_leaves_no_names(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, "1000 10 a\n", 5);
	fixture->request.made_code.deadline_ns = 1;
	assert_heard(fixture, "error -62\n0:?+0 \n0:?+0 \n0:?+0 \n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_name_their_ranges),
		cmocka_unit_test(what_is_no_line_is_passed_over),
		cmocka_unit_test(later_lines_win_where_they_lie),
		cmocka_unit_test(a_line_without_its_end_is_not_complete),
		cmocka_unit_test(lines_that_are_too_long_are_passed_over),
		TEST(the_symbolizer_reads_it),
		TEST(what_grew_is_of_its_time),
		TEST(beyond_the_last_look_nothing_is_read),
		TEST(a_file_that_is_too_large_names_nothing_from_then_on),
		TEST(a_file_that_became_shorter_ends_earlier),
		TEST(what_is_no_file_is_refused),
		TEST(a_deadline_that_passed_leaves_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
