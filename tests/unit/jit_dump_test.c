/* SPDX-License-Identifier: Apache-2.0 */
/* jit_dump.c, as made_code.c reads it. */
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
#include "symbolize/jit_dump.h"
#include "symbolize/symbolizer.h"
#include "tests/unit/jit_dump_builder.h"

#define BEHIND 1000 /* CLOCK_BOOTTIME is ahead of the process's CLOCK_MONOTONIC */

static const uint64_t addresses[] = { 0x1004, 0x2000, 0x3008 };

struct fixture {
	struct symbolizer *symbolizer;
	struct buffer dump, heard;
	struct code_look looks[4];
	struct symbol_request request;
	int fd, map_fd;
	uint64_t written;
};

static int setup(void **state)
{
	static const struct symbolizer_options options = { 0 };
	static struct fixture fixture;

	fixture = (struct fixture){
		.symbolizer = symbolizer_new(&options),
		.fd = memfd_create("jit-1.dump", MFD_CLOEXEC),
		.map_fd = memfd_create("perf-1.map", MFD_CLOEXEC),
	};
	fixture.request = (struct symbol_request){
		.space = SYMBOL_MADE_CODE,
		.fd = -1,
		.made_code = { .dump = { .fd = fixture.fd, .looks = fixture.looks },
			       .map.fd = -1,
			       .start_ns = 1001 },
		.addresses = addresses,
		.count = 3,
	};
	dump_header(&fixture.dump, 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	symbolizer_free(fixture->symbolizer);
	buffer_release(&fixture->heard);
	buffer_release(&fixture->dump);
	close(fixture->fd);
	close(fixture->map_fd);
	return 0;
}

/* Writes what was added to the dump, and looks at it. */
static void look(struct fixture *fixture, uint64_t time_ns)
{
	struct symbol_code_file *file = &fixture->request.made_code.dump;
	uint64_t size = fixture->dump.size;

	assert_int_equal(buffer_error(&fixture->dump), 0);
	assert_int_equal(pwrite(fixture->fd, fixture->dump.data + fixture->written,
				size - fixture->written, (off_t)fixture->written),
			 size - fixture->written);
	fixture->written = size;
	fixture->looks[file->look_count++] = (struct code_look){
		.size = size,
		.time_ns = time_ns,
		.last_ns = time_ns,
		.monotonic_behind_ns = BEHIND,
	};
}

static void hear(const struct symbol_reply *reply, void *context)
{
	if (reply->error)
		buffer_printf(context, "error %d\n", reply->error);
	for (size_t i = 0; !reply->error && i < reply->count; i++) {
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

static void a_load_names_its_code_from_its_time_on(void **state)
{
	struct fixture *fixture = *state;

	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "_ZN1a1bEv");
	dump_load(&fixture->dump, 7, 0x2000, 1, 2, "second");
	dump_load(&fixture->dump, 9, 0x1000, 16, 3, "reused");
	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 1005:a::b()+4 1009:reused+4 \n0:?+0 1007:second+0 \n0:?+0 \n");
}

static void what_moves_keeps_its_name(void **state)
{
	struct fixture *fixture = *state;

	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	dump_move(&fixture->dump, 7, 0x1000, 0x3000, 16, 1);
	dump_move(&fixture->dump, 8, 0x3000, 0x2000, 16, 9); /* of what was never loaded */
	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 1005:f+4 1007:?+0 \n0:?+0 \n0:?+0 1007:f+8 1008:?+0 \n");
}

static void what_moves_in_from_where_nobody_asked(void **state)
{
	struct fixture *fixture = *state;

	dump_load(&fixture->dump, 5, 0x9000, 16, 1, "f");
	dump_load(&fixture->dump, 6, 0xa000, 16, 2, "g");
	dump_move(&fixture->dump, 7, 0x9000, 0x1000, 16, 1);
	dump_move(&fixture->dump, 8, 0xa000, 0x1000, 16, 2);
	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 1007:f+4 1008:g+4 \n0:?+0 \n0:?+0 \n");
}

static void other_records_are_passed_over(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t type = 2; type < 9; type++) {
		dump_prefix(&fixture->dump, type, 16 + 8 * type, 1);
		for (uint32_t i = 0; i < type; i++)
			dump_u64(&fixture->dump, 0);
	}
	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 1005:f+4 \n0:?+0 \n0:?+0 \n");
}

/* Far larger than what is read at once. */
static void large_code_is_jumped_over(void **state)
{
	struct fixture *fixture = *state;

	dump_load(&fixture->dump, 5, 0x100000, 3000000, 1, "large");
	dump_load(&fixture->dump, 6, 0x1000, 16, 2, "f");
	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 1006:f+4 \n0:?+0 \n0:?+0 \n");
}

/* Wherever it was cut by a look. */
static void a_record_that_was_not_whole_is_read_later(void **state)
{
	struct fixture *fixture = *state;
	size_t start, size;

	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	start = fixture->dump.size;
	dump_load(&fixture->dump, 6, 0x1000, 16, 2, "g");
	size = fixture->dump.size;
	look(fixture, 2000);
	for (size_t cut = 0; cut <= size; cut++) {
		fixture->request.made_code.dump.look_count = 2;
		fixture->looks[0].size = cut;
		fixture->looks[1] = fixture->looks[0];
		fixture->looks[1].size = size;
		assert_heard(fixture, "0:?+0 1005:f+4 1006:g+4 \n0:?+0 \n0:?+0 \n");
	}
	fixture->request.made_code.dump.look_count = 1;
	fixture->looks[0].size = start + 50;
	assert_heard(fixture, "0:?+0 1005:f+4 \n0:?+0 \n0:?+0 \n");
}

/* A clock that was not meant: what is known is when it was seen. */
static void times_of_another_clock_are_not_taken(void **state)
{
	struct fixture *fixture = *state;

	dump_load(&fixture->dump, 0, 0x1000, 16, 1, "f"); /* before the process began */
	look(fixture, 2000);
	dump_load(&fixture->dump, 1795804769167550, 0x1000, 16, 1, "g");
	look(fixture, 3000);
	assert_heard(fixture, "0:f+4 2000:?+0 3000:g+4 \n0:?+0 \n0:?+0 \n");
}

static void times_of_the_processor_are_not_taken(void **state)
{
	struct fixture *fixture = *state;

	buffer_clear(&fixture->dump);
	dump_header(&fixture->dump, 1);
	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	look(fixture, 2000);
	dump_load(&fixture->dump, 6, 0x1000, 16, 1, "g");
	look(fixture, 3000);
	assert_heard(fixture, "0:f+4 2000:?+0 3000:g+4 \n0:?+0 \n0:?+0 \n");
}

/* The machine slept between the looks: CLOCK_BOOTTIME went on, the other did not. */
static void a_time_is_as_the_clocks_were(void **state)
{
	struct fixture *fixture = *state;

	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	look(fixture, 2000);
	dump_load(&fixture->dump, 6, 0x1000, 16, 1, "g");
	look(fixture, 9000);
	fixture->looks[1].monotonic_behind_ns = 8000;
	assert_heard(fixture, "0:?+0 1005:f+4 8006:g+4 \n0:?+0 \n0:?+0 \n");
}

/* Where the next record begins, nobody knows, nor what it says. */
static void a_size_that_cannot_be_ends_the_names(void **state)
{
	static const struct {
		uint32_t type, size;
	} broken[] = { { 0, 55 }, { 1, 63 }, { 2, 15 }, { 4, 0 } };
	struct fixture *fixture = *state;
	size_t good;

	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	good = fixture->dump.size;
	for (size_t i = 0; i < 4; i++) {
		fixture->dump.size = good;
		fixture->written = fixture->request.made_code.dump.look_count = 0;
		dump_prefix(&fixture->dump, broken[i].type, broken[i].size, 7);
		dump_load(&fixture->dump, 9, 0x1000, 16, 1, "g");
		look(fixture, 2000);
		assert_heard(fixture, "0:?+0 1005:f+4 1007:?+0 \n0:?+0 \n0:?+0 \n");
	}
}

static void code_that_cannot_be_is_passed_over(void **state)
{
	struct fixture *fixture = *state;
	uint64_t beyond = UINT64_MAX;

	dump_load(&fixture->dump, 5, 0x1000, 0, 1, "empty");
	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "");
	dump_load(&fixture->dump, 6, 0x2000, 16, 1, "f");
	memcpy(fixture->dump.data + fixture->dump.size - 16 - 2 - 16, &beyond, 8);
	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 \n0:?+0 \n0:?+0 \n");
}

/* Without an end in the record, or longer than one that is kept: no byte of the code behind it. */
static void a_name_is_cut(void **state)
{
	struct fixture *fixture = *state;
	char expected[JIT_DUMP_MAX_NAME + 64], name[JIT_DUMP_MAX_NAME + 2];
	uint32_t size = 56 + 3;

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	dump_load(&fixture->dump, 5, 0x1000, 16, 1, name);
	dump_load(&fixture->dump, 6, 0x2000, 16, 1, "unended");
	memcpy(fixture->dump.data + fixture->dump.size - 16 - 8 - 56 + 4, &size, 4);
	look(fixture, 2000);
	snprintf(expected, sizeof(expected), "0:?+0 1005:%.*s+4 \n0:?+0 1006:une+0 \n0:?+0 \n",
		 JIT_DUMP_MAX_NAME, name);
	fixture->looks[0].size = fixture->dump.size - 16 - 8 + 3;
	assert_heard(fixture, expected);
}

static void what_is_no_jitdump_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char expected[64];

	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 \n0:?+0 \n0:?+0 \n");
	fixture->dump.data[8] = 39; /* the header's size */
	fixture->written = fixture->request.made_code.dump.look_count = 0;
	look(fixture, 2000);
	snprintf(expected, sizeof(expected), "error %d\n", -ENOEXEC);
	assert_heard(fixture, expected);
	memcpy(fixture->dump.data, "no dump", 7);
	fixture->written = fixture->request.made_code.dump.look_count = 0;
	look(fixture, 2000);
	assert_heard(fixture, expected);
	memcpy(fixture->dump.data, "JiTD", 4); /* big-endian */
	fixture->written = fixture->request.made_code.dump.look_count = 0;
	look(fixture, 2000);
	snprintf(expected, sizeof(expected), "error %d\n", -EOPNOTSUPP);
	assert_heard(fixture, expected);
}

static void what_the_dump_never_told_of_the_map_names(void **state)
{
	static const char text[] = "1000 10 not this\n2000 10 by the map\n";
	struct fixture *fixture = *state;
	const struct code_look once = { .size = sizeof(text) - 1, .time_ns = 5 };

	assert_int_equal(write(fixture->map_fd, text, sizeof(text) - 1), sizeof(text) - 1);
	fixture->request.made_code.map =
		(struct symbol_code_file){ .fd = fixture->map_fd, .looks = &once, .look_count = 1 };
	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	look(fixture, 2000);
	assert_heard(fixture, "0:?+0 1005:f+4 \n0:by the map+0 \n0:?+0 \n");
	fixture->dump.data[0] = 0; /* is none */
	fixture->written = fixture->request.made_code.dump.look_count = 0;
	look(fixture, 2000);
	assert_heard(fixture, "0:not this+4 \n0:by the map+0 \n0:?+0 \n");
}

static void a_sparse_file_ends_the_names(void **state)
{
	struct fixture *fixture = *state;

	dump_load(&fixture->dump, 5, 0x1000, 16, 1, "f");
	look(fixture, 2000);
	assert_int_equal(ftruncate(fixture->fd, 10ll << 30), 0);
	fixture->looks[1] = fixture->looks[0];
	fixture->looks[1].size = 10ull << 30;
	fixture->looks[1].time_ns = 3000;
	fixture->request.made_code.dump.look_count = 2;
	assert_heard(fixture, "0:?+0 1005:f+4 2000:?+0 \n0:?+0 \n0:?+0 \n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_load_names_its_code_from_its_time_on),
		TEST(what_moves_keeps_its_name),
		TEST(what_moves_in_from_where_nobody_asked),
		TEST(other_records_are_passed_over),
		TEST(large_code_is_jumped_over),
		TEST(a_record_that_was_not_whole_is_read_later),
		TEST(times_of_another_clock_are_not_taken),
		TEST(times_of_the_processor_are_not_taken),
		TEST(a_time_is_as_the_clocks_were),
		TEST(a_size_that_cannot_be_ends_the_names),
		TEST(code_that_cannot_be_is_passed_over),
		TEST(a_name_is_cut),
		TEST(what_is_no_jitdump_is_refused),
		TEST(what_the_dump_never_told_of_the_map_names),
		TEST(a_sparse_file_ends_the_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
