/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of numbers: where the next one begins, and all numbers at once, held against reading them one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "store/column.h"

#define COLUMNS 2000
#define ROWS    50
#define STEP    3

/* Numbers of one byte, of some, or of any length. */
static uint64_t make_number(uint64_t seed, uint64_t row)
{
	uint64_t random = hash_u64(seed * ROWS + row + 1);

	return random >> (seed % 3 == 0 ? 58 : seed % 3 == 1 ? 33 + random % 20 : random % 60);
}

static uint64_t append(uint64_t seed, struct buffer *to)
{
	struct column column = { 0 };
	uint64_t rows = hash_u64(seed) % ROWS;

	for (uint64_t row = 0; row < rows; row++)
		column_append(&column, to, make_number(seed, row));
	return rows;
}

static struct byte_reader reader_of(const struct buffer *buffer)
{
	struct byte_reader reader;

	byte_reader_init(&reader, (struct bytes){ (const uint8_t *)buffer->data, buffer->size });
	return reader;
}

static void test_the_next_column_is_found(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < COLUMNS; seed++) {
		struct buffer bytes = { 0 };
		uint64_t rows = append(seed, &bytes), size = bytes.size, more;
		struct byte_reader reader, column;

		more = append(seed + COLUMNS, &bytes);
		reader = reader_of(&bytes);
		assert_int_equal(column_find(&reader, rows, &column), 0);
		assert_int_equal(reader.offset, size);
		assert_int_equal(column.offset, 0);
		assert_int_equal(column_find(&reader, more, &column), 0);
		assert_int_equal(reader.offset, bytes.size);
		assert_int_equal(column_find(&reader, 1, &column), -EBADMSG);
		reader = reader_of(&bytes);
		assert_int_equal(column_find(&reader, rows + more + 1, &column), -EBADMSG);
		buffer_release(&bytes);
	}
}

static void test_all_numbers_are_read_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < COLUMNS; seed++) {
		struct buffer bytes = { 0 };
		uint32_t found[ROWS * STEP], expected[ROWS * STEP];
		uint64_t rows = append(seed, &bytes), largest = 0;
		struct byte_reader reader = reader_of(&bytes), cut = reader;

		memset(found, 0x5a, sizeof(found));
		memset(expected, 0x5a, sizeof(expected));
		for (uint64_t row = 0; row < rows; row++) {
			expected[row * STEP] = (uint32_t)make_number(seed, row);
			largest |= make_number(seed, row);
		}
		assert_int_equal(column_read_all(&reader, rows, found, STEP),
				 largest > UINT32_MAX ? -EBADMSG : 0);
		assert_memory_equal(found, expected, sizeof(found));
		cut.bytes.size -= rows != 0;
		if (rows)
			assert_int_equal(column_read_all(&cut, rows, found, STEP), -EBADMSG);
		buffer_release(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_next_column_is_found),
		cmocka_unit_test(test_all_numbers_are_read_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
