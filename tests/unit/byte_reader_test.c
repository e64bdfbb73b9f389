/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/byte_reader.h"

static void test_reads_in_order_and_stops_at_the_end(void **state)
{
	const uint8_t data[] = { 1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9 };
	struct byte_reader reader;

	(void)state;
	byte_reader_init(&reader, (struct bytes){ data, sizeof(data) });
	assert_int_equal(byte_reader_u8(&reader), 1);
	assert_int_equal(byte_reader_u16(&reader), 2);
	assert_int_equal(byte_reader_u32(&reader), 3);
	assert_int_equal(byte_reader_u64(&reader), 4);
	assert_false(reader.failed);
	assert_int_equal(byte_reader_u16(&reader), 0); /* one byte is left */
	assert_true(reader.failed);
	assert_int_equal(byte_reader_u8(&reader), 0); /* and stays so */
	assert_true(reader.failed);
}

static void test_sizes_that_overflow_fail(void **state)
{
	const uint8_t data[8] = { 0 };
	struct bytes bytes = { data, sizeof(data) };
	struct byte_reader reader;

	(void)state;
	byte_reader_init(&reader, bytes);
	byte_reader_skip(&reader, 4);
	assert_null(byte_reader_take(&reader, SIZE_MAX).data);
	assert_true(reader.failed);
	assert_null(bytes_slice(bytes, 4, SIZE_MAX).data);
	assert_null(bytes_slice(bytes, SIZE_MAX, 1).data);
	assert_null(bytes_slice(bytes, 9, 0).data);
	assert_int_equal(bytes_slice(bytes, 8, 0).size, 0);
	assert_int_equal(bytes_slice(bytes, 4, 4).size, 4);
	assert_null(bytes_slice((struct bytes){ 0 }, 0, 0).data);
}

struct leb128_case {
	uint8_t bytes[12];
	size_t size;
	uint64_t unsigned_value;
	int64_t signed_value;
	bool unsigned_fails, signed_fails;
};

static void check_leb128(const struct leb128_case *leb128)
{
	struct byte_reader reader;

	byte_reader_init(&reader, (struct bytes){ leb128->bytes, leb128->size });
	assert_true(byte_reader_uleb128(&reader) == leb128->unsigned_value);
	assert_int_equal(reader.failed, leb128->unsigned_fails);
	byte_reader_init(&reader, (struct bytes){ leb128->bytes, leb128->size });
	assert_true(byte_reader_sleb128(&reader) == leb128->signed_value);
	assert_int_equal(reader.failed, leb128->signed_fails);
}

/* The examples of DWARF 5, 7.6, and both ends of what 64 bits hold. */
static void test_leb128(void **state)
{
	static const struct leb128_case cases[] = {
		{ { 2 }, 1, 2, 2, false, false },
		{ { 0x7f }, 1, 127, -1, false, false },
		{ { 0x7e }, 1, 126, -2, false, false },
		{ { 0x80, 1 }, 2, 128, 128, false, false },
		{ { 0x80, 0x7f }, 2, 16256, -128, false, false },
		{ { 0x81, 0x7f }, 2, 16257, -127, false, false },
		{ { 0x80, 0x80, 0x80, 0 }, 4, 0, 0, false, false }, /* padded */
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 },
		  10,
		  UINT64_MAX,
		  0,
		  false,
		  true },
		{ { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f },
		  10,
		  0,
		  INT64_MIN,
		  true,
		  false },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 },
		  10,
		  INT64_MAX,
		  INT64_MAX,
		  false,
		  false },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		  11,
		  0,
		  -1,
		  true,
		  false },
		{ { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 },
		  11,
		  0,
		  0,
		  true,
		  true },
		{ { 0x80, 0x80 }, 2, 0, 0, true, true }, /* cut short */
		{ { 0 }, 0, 0, 0, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_leb128(&cases[i]);
}

static void test_strings_need_their_terminator_inside(void **state)
{
	/* On the heap, so that a read past the end is seen. */
	uint8_t *data = malloc(5);
	struct bytes bytes = { data, 5 };

	(void)state;
	memcpy(data, "ab\0cd", 5);
	assert_string_equal(bytes_string(bytes, 0), "ab");
	assert_string_equal(bytes_string(bytes, 2), "");
	assert_null(bytes_string(bytes, 3));
	assert_null(bytes_string(bytes, 5));
	assert_null(bytes_string(bytes, SIZE_MAX));
	free(data);
}

/* Found by the fuzzer: strings went on to come from where a reader had failed, for ever. */
static void test_a_reader_gives_strings_until_it_fails(void **state)
{
	static const uint8_t data[] = "ab\0cd\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0ef\0g";
	struct byte_reader reader;

	(void)state;
	byte_reader_init(&reader, (struct bytes){ data, sizeof(data) - 1 });
	assert_string_equal(byte_reader_string(&reader), "ab");
	assert_string_equal(byte_reader_string(&reader), "cd");
	byte_reader_uleb128(&reader);
	assert_true(reader.failed);
	assert_null(byte_reader_string(&reader));

	byte_reader_init(&reader, (struct bytes){ data, 4 });
	assert_string_equal(byte_reader_string(&reader), "ab");
	assert_null(byte_reader_string(&reader));
	assert_true(reader.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_in_order_and_stops_at_the_end),
		cmocka_unit_test(test_sizes_that_overflow_fail),
		cmocka_unit_test(test_leb128),
		cmocka_unit_test(test_strings_need_their_terminator_inside),
		cmocka_unit_test(test_a_reader_gives_strings_until_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
