/* SPDX-License-Identifier: Apache-2.0 */
/* profile_reader.c and line_splitter.c: input in pieces of any size, compressed or not, gives the same profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/line_splitter.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "render/folded_writer.h"
#include "render/render_options.h"

#define TEXT                       \
	"init;main;read_[k] 3\n"   \
	"init;main;parse;lex 12\n" \
	"\n"                       \
	"init;main;parse 1\n"      \
	"other;main 7\n"           \
	"no count\n"               \
	"last;without;newline 5"

static void write_text(const struct profile *profile, struct buffer *to)
{
	assert_int_equal(folded_write(profile, NULL, to), 0);
	assert_non_null(buffer_string(to));
}

static int feed_pieces(struct profile_reader *reader, const struct buffer *input, size_t piece)
{
	int error = 0;

	for (size_t at = 0; at < input->size && !error; at += piece) {
		size_t size = input->size - at < piece ? input->size - at : piece;
		char *copy = malloc(size); /* so that reading past it is seen */

		memcpy(copy, input->data + at, size);
		error = profile_reader_feed(reader, copy, size);
		free(copy);
	}
	return error;
}

/* The error, and without one what was read, as folded stacks. */
static int read_pieces(const struct buffer *input, size_t piece, struct read_report *ret_report,
		       struct buffer *ret_text)
{
	struct profile *profile = profile_new();
	struct profile_reader *reader = profile_reader_new(profile);
	int error = feed_pieces(reader, input, piece);

	if (!error)
		error = profile_reader_finish(reader, ret_report);
	if (!error)
		write_text(profile, ret_text);
	profile_reader_free(reader);
	profile_free(profile);
	return error;
}

static void append_gzip(struct buffer *to, const char *text)
{
	z_stream stream = { 0 };
	char *out;

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	stream.next_in = (Bytef *)text;
	stream.avail_in = (uInt)strlen(text);
	stream.avail_out = (uInt)deflateBound(&stream, stream.avail_in);
	out = buffer_extend(to, stream.avail_out);
	stream.next_out = (Bytef *)out;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	to->size -= stream.avail_out;
	deflateEnd(&stream);
}

static void assert_reads_alike(const struct buffer *input)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 16, 1000, 1 << 20 };
	struct buffer whole = { 0 };
	struct profile *profile = profile_new();
	struct read_report report;

	assert_int_equal(profile_read(profile, TEXT, strlen(TEXT), &report), 0);
	write_text(profile, &whole);
	profile_free(profile);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct buffer text = { 0 };

		assert_int_equal(read_pieces(input, pieces[i], &report, &text), 0);
		assert_string_equal(buffer_string(&text), buffer_string(&whole));
		assert_string_equal(report.format->name, "folded");
		assert_int_equal(report.lines, 7);
		assert_int_equal(report.stacks, 5);
		assert_int_equal(report.faults, 1);
		assert_int_equal(report.first[0].line, 6);
		buffer_release(&text);
	}
	buffer_release(&whole);
}

static void pieces_of_any_size_read_alike(void **state)
{
	struct buffer input = { 0 };

	(void)state;
	buffer_append_string(&input, TEXT);
	assert_reads_alike(&input);
	buffer_release(&input);
}

static void compressed_input_reads_alike(void **state)
{
	struct buffer input = { 0 };

	(void)state;
	append_gzip(&input, TEXT);
	assert_reads_alike(&input);
	buffer_release(&input);
}

/* As "cat a.gz b.gz" makes them: a line may go on in the next one. */
static void members_of_gzip_are_joined(void **state)
{
	char *half = strdup(TEXT);
	struct buffer input = { 0 };

	(void)state;
	half[30] = '\0';
	append_gzip(&input, half);
	append_gzip(&input, &TEXT[30]);
	append_gzip(&input, "");
	assert_reads_alike(&input);
	buffer_release(&input);
	free(half);
}

/* As long as what is inflated at a time (profile_reader.c), or twice that, or not quite. */
static void gzip_of_any_length_has_an_end(void **state)
{
	static const size_t lengths[] = { 262143, 262144, 262145, 524288 };
	struct read_report report;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct buffer input = { 0 }, text = { 0 };
		char *stack = malloc(lengths[i] + 1);

		memset(stack, 'x', lengths[i]);
		memcpy(stack + lengths[i] - 2, " 1", 3);
		append_gzip(&input, stack);
		assert_int_equal(read_pieces(&input, 1000, &report, &text), 0);
		assert_int_equal(report.stacks, 1);
		append_gzip(&input, "\nother 3");
		assert_int_equal(read_pieces(&input, 1000, &report, &text), 0);
		assert_int_equal(report.stacks, 2);
		buffer_release(&input);
		buffer_release(&text);
		free(stack);
	}
}

static void damaged_gzip_is_refused(void **state)
{
	struct buffer input = { 0 }, text = { 0 };
	struct read_report report;

	(void)state;
	append_gzip(&input, TEXT);
	for (size_t size = 2; size < input.size; size++) {
		struct buffer cut = { .data = input.data, .size = size };

		assert_int_equal(read_pieces(&cut, 5, &report, &text), -ENODATA);
		assert_int_equal(report.gzip_byte, size);
	}
	input.data[input.size - 6] ^= 1; /* of the checksum */
	assert_int_equal(read_pieces(&input, 1000, &report, &text), -EBADMSG);
	buffer_release(&input);
	buffer_release(&text);
}

static void a_byte_order_mark_is_no_name(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 10; piece++) {
		struct buffer input = { 0 }, text = { 0 };
		struct read_report report;

		buffer_append_string(&input, "\xef\xbb\xbfmain;a 3\n");
		assert_int_equal(read_pieces(&input, piece, &report, &text), 0);
		assert_string_equal(buffer_string(&text), "main;a 3\n");
		buffer_release(&input);
		buffer_release(&text);
	}
}

/* Of blocks of a tape, or of a disk that was full. */
static void zeros_behind_gzip_are_passed_over(void **state)
{
	static const char zeros[512];

	(void)state;
	for (size_t piece = 1; piece < 1000; piece += 37) {
		struct buffer input = { 0 }, text = { 0 };
		struct read_report report;

		append_gzip(&input, TEXT);
		buffer_append(&input, zeros, sizeof(zeros));
		append_gzip(&input, "behind 3\n");
		buffer_append(&input, zeros, 1);
		assert_int_equal(read_pieces(&input, piece, &report, &text), 0);
		assert_non_null(strstr(buffer_string(&text), "behind 3"));
		buffer_append(&input, "xx", 2);
		assert_int_equal(read_pieces(&input, piece, &report, &text), -EBADMSG);
		buffer_release(&input);
		buffer_release(&text);
	}
}

/* As of /dev/zero: it is not kept until no memory is left. */
static void a_line_without_an_end_is_refused(void **state)
{
	enum { PIECE = 1 << 20 };
	struct profile *profile = profile_new();
	struct profile_reader *reader = profile_reader_new(profile);
	char *piece = malloc(PIECE);
	size_t fed = 0;
	int error = 0;

	(void)state;
	memset(piece, 'x', PIECE);
	for (; !error && fed < 2 * LINE_SPLITTER_MAX_BYTES; fed += PIECE)
		error = profile_reader_feed(reader, piece, PIECE);
	assert_int_equal(error, -E2BIG);
	assert_int_equal(fed, LINE_SPLITTER_MAX_BYTES + PIECE);
	free(piece);
	profile_reader_free(reader);
	profile_free(profile);
}

static void empty_input_is_an_empty_profile(void **state)
{
	struct buffer empty = { 0 }, packed = { 0 }, text = { 0 };
	struct read_report report;

	(void)state;
	append_gzip(&packed, "");
	assert_int_equal(read_pieces(&empty, 1, &report, &text), 0);
	assert_int_equal(read_pieces(&packed, 1, &report, &text), 0);
	assert_int_equal(report.lines + report.faults, 0);
	assert_int_equal(text.size, 0);
	buffer_release(&packed);
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_read_alike),
		cmocka_unit_test(compressed_input_reads_alike),
		cmocka_unit_test(members_of_gzip_are_joined),
		cmocka_unit_test(gzip_of_any_length_has_an_end),
		cmocka_unit_test(damaged_gzip_is_refused),
		cmocka_unit_test(a_byte_order_mark_is_no_name),
		cmocka_unit_test(zeros_behind_gzip_are_passed_over),
		cmocka_unit_test(a_line_without_an_end_is_refused),
		cmocka_unit_test(empty_input_is_an_empty_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
