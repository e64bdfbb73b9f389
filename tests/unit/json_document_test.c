/* SPDX-License-Identifier: Apache-2.0 */
/* json_document.c: values are told by where they stand, and in arrays each keeps its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "model/json_document.h"
#include "model/profile_reader.h"

enum { ROWS = JSON_TOP + 1, CELLS };
enum { NUMBER = JSON_NOTHING + 1, CELL };

static const struct json_key keys[] = {
	{ JSON_TOP, "number", JSON_OTHER, NUMBER },
	{ JSON_TOP, "rows", ROWS, JSON_NOTHING },
	{ ROWS, NULL, CELLS, JSON_NOTHING },
	{ CELLS, NULL, JSON_OTHER, CELL },
};

/* What was told, as text. */
struct log {
	struct json_document document;
	struct buffer text;
};

static int open_place(struct json_document *document, uint8_t place)
{
	buffer_printf(&((struct log *)document)->text, "(%u ", place);
	return 0;
}

static int close_place(struct json_document *document, uint8_t place)
{
	buffer_printf(&((struct log *)document)->text, "%u) ", place);
	return 0;
}

static int number(struct json_document *document, uint8_t value, double number)
{
	buffer_printf(&((struct log *)document)->text, "%u=%g ", value,
		      isnan(number) ? -1 : number);
	return number == 666 ? -EOVERFLOW : 0;
}

static int string(struct json_document *document, uint8_t value, const char *text, size_t size)
{
	buffer_printf(&((struct log *)document)->text, "%u=%.*s ", value, (int)size, text);
	return 0;
}

static int end(struct json_document *document)
{
	buffer_append_string(&((struct log *)document)->text, "end");
	return 0;
}

static void release(struct json_document *document)
{
	buffer_release(&((struct log *)document)->text);
}

static const struct json_document_ops ops = {
	.state_size = sizeof(struct log),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(*keys),
	.open = open_place,
	.close = close_place,
	.number = number,
	.string = string,
	.end = end,
	.release = release,
};

static void assert_tells(const char *json, int result, const char *told)
{
	struct read_report report = { 0 };
	struct log *log = json_document_begin(&ops, NULL, &report);
	int error = 0;

	for (const char *at = json; *at && !error; at++)
		error = json_document_feed(log, at, 1);
	if (!error)
		error = json_document_finish(log);
	assert_int_equal(error, result);
	assert_string_equal(buffer_string(&log->text), told);
	json_document_free(log);
}

static void values_are_told_by_their_place(void **state)
{
	(void)state;
	assert_tells("{\"number\":3,\"x\":{\"number\":4,\"rows\":[[1]]},\"number\":\"s\"}", 0,
		     "(1 1=3 1=s 1) end");
	assert_tells("[3,[4],{\"number\":5}]", 0, "(1 1) end");
	assert_tells("7", 0, "end");
}

static void elements_keep_their_places(void **state)
{
	(void)state;
	assert_tells("{\"rows\":[[1,null,true,\"t\"],5,[{\"number\":1},[2],6]]}", 0,
		     "(1 (2 (3 2=1 2=-1 2=-1 2=t 3) (3 2=6 3) 2) 1) end");
}

static void numbers_of_any_size_are_read(void **state)
{
	(void)state;
	assert_tells("{\"rows\":[[123456789012345,99999999999999999999,-1.5e3,1e999]]}", 0,
		     "(1 (2 (3 2=1.23457e+14 2=1e+20 2=-1500 2=inf 3) 2) 1) end");
}

static void errors_end_the_reading(void **state)
{
	(void)state;
	assert_tells("{\"number\":666,\"number\":1}", -EOVERFLOW, "(1 1=666 ");
	assert_tells("{\"number\":1]", -EPROTO, "(1 1=1 ");
	assert_tells("{\"number\":1", -EPROTO, "(1 1=1 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_told_by_their_place),
		cmocka_unit_test(elements_keep_their_places),
		cmocka_unit_test(numbers_of_any_size_are_read),
		cmocka_unit_test(errors_end_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
