/* SPDX-License-Identifier: Apache-2.0 */
/* gzip_writer: what comes in pieces of any size is what zlib inflates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/gzip_writer.h"
#include "base/hash.h"

#define GZIP_WINDOW (15 + 16) /* zlib.h, inflateInit2(): of gzip alone */

/* One member of gzip, whose end is the end. */
static void assert_inflates_to(const struct buffer *packed, const struct buffer *expected)
{
	char *inflated = malloc(expected->size + 1);
	z_stream stream = { .next_in = (Bytef *)packed->data,
			    .avail_in = (uInt)packed->size,
			    .next_out = (Bytef *)inflated,
			    .avail_out = (uInt)expected->size + 1 };

	assert_int_equal(inflateInit2(&stream, GZIP_WINDOW), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	assert_int_equal(stream.total_out, expected->size);
	if (expected->size)
		assert_memory_equal(inflated, expected->data, expected->size);
	inflateEnd(&stream);
	free(inflated);
}

/* Half of it repeats what came before, half is noise. */
static void make_bytes(struct buffer *bytes, size_t size)
{
	while (bytes->size < size) {
		uint64_t random = hash_u64(bytes->size);
		size_t run = random % 40 + 1;

		if (random & 1 << 20 && bytes->size > 4096) {
			char again[40];

			memcpy(again, bytes->data + bytes->size - 1 - (random >> 32) % 4000 - 40,
			       run);
			buffer_append(bytes, again, run);
		} else {
			buffer_append(bytes, &random, sizeof(random));
		}
	}
	bytes->size = size;
}

static void assert_goes_through(size_t size, size_t piece)
{
	struct buffer bytes = { 0 }, packed = { 0 };
	struct gzip_writer writer;

	make_bytes(&bytes, size);
	assert_int_equal(gzip_writer_init(&writer, &packed), 0);
	for (size_t at = 0; at < size; at += piece)
		gzip_writer_append(&writer, bytes.data + at, piece < size - at ? piece : size - at);
	assert_int_equal(gzip_writer_finish(&writer), 0);
	assert_inflates_to(&packed, &bytes);
	gzip_writer_release(&writer);
	buffer_release(&bytes);
	buffer_release(&packed);
}

static void test_pieces_of_any_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, 262143, 262144, 262145, 524288, 3000000 };
	static const size_t pieces[] = { 7, 4096, 262144, 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t j = 0; j < sizeof(pieces) / sizeof(*pieces); j++)
			assert_goes_through(sizes[i], pieces[j]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
