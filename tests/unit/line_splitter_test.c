/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/line_splitter.h"

/* "line*count," each. */
static int append_line(const char *line, size_t size, size_t lines, void *context)
{
	struct buffer *to = context;

	buffer_append(to, line, size);
	buffer_printf(to, "*%zu,", lines);
	return 0;
}

static void assert_splits(const char *text, size_t piece, const char *wanted)
{
	struct buffer got = { 0 };
	struct line_splitter splitter;
	size_t size = strlen(text);

	line_splitter_init(&splitter, append_line, &got);
	for (size_t at = 0; at < size; at += piece)
		assert_int_equal(line_splitter_feed(&splitter, text + at,
						    size - at < piece ? size - at : piece),
				 0);
	assert_int_equal(line_splitter_finish(&splitter), 0);
	assert_string_equal(got.size ? buffer_string(&got) : "", wanted);
	line_splitter_release(&splitter);
	buffer_release(&got);
}

static void lines_are_whole_whatever_the_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 16; piece++) {
		assert_splits("one\ntwo\r\n three", piece, "one*1,two\r*1, three*1,");
		assert_splits("", piece, "");
		assert_splits("a\n", piece, "a*1,");
	}
}

/* The newline that ends a line is no empty line, wherever a piece ends. */
static void empty_lines_are_given_at_once(void **state)
{
	(void)state;
	assert_splits("\n\n\na\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nb\n\nc", 100,
		      "*3,a*1,*18,b*1,*1,c*1,");
	assert_splits("\n\n\na\n\n\n\nb\n\nc", 5, "*3,a*1,*3,b*1,*1,c*1,");
	assert_splits("\n\n\na\n\n\nb", 1, "*1,*1,*1,a*1,*1,*1,b*1,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_whole_whatever_the_pieces),
		cmocka_unit_test(empty_lines_are_given_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
