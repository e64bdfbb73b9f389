/* SPDX-License-Identifier: Apache-2.0 */
/* known_code.c: each slice is told once of the files that its windows have, and of no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include "base/buffer.h"
#include "elf/code_segments.h"
#include "profiler/known_code.h"
#include "store/store_writer.h"

/* --- a store --- */

static uint64_t open_slice;
static int add_error;
static struct buffer told; /* "aa bb " */

uint64_t __wrap_store_writer_slice(const struct store_writer *writer);
int __wrap_store_writer_add_modules(struct store_writer *writer, const struct module_code *modules,
				    size_t count);

uint64_t __wrap_store_writer_slice(const struct store_writer *writer)
{
	(void)writer;
	return open_slice;
}

int __wrap_store_writer_add_modules(struct store_writer *writer, const struct module_code *modules,
				    size_t count)
{
	(void)writer;
	assert_true(count);
	for (size_t i = 0; i < count && !add_error; i++) {
		assert_int_equal(modules[i].count, 1);
		assert_int_equal(modules[i].segments[0].size, 4096);
		buffer_printf(&told, "%s ", modules[i].build_id);
	}
	return add_error;
}

/* --- cases --- */

static void add(struct known_code *code, const char *build_id)
{
	const struct code_segments segments = { .count = 1, .list = { { .size = 4096 } } };

	assert_int_equal(known_code_add(code, build_id, &segments), 0);
}

static void assert_told(struct known_code *code, const char *expected)
{
	buffer_clear(&told);
	assert_int_equal(known_code_tell(code, NULL), add_error);
	assert_string_equal(buffer_string(&told), expected);
	buffer_release(&told);
}

static void a_slice_is_told_of_what_its_windows_have(void **state)
{
	struct known_code code;

	(void)state;
	known_code_init(&code);
	open_slice = 1;
	add(&code, "aa");
	add(&code, "bb");
	add(&code, "aa");
	known_code_meet(&code, "aa", 1);
	known_code_meet(&code, "bb", 1);
	known_code_meet(&code, "unknown", 1);
	assert_told(&code, "aa bb ");
	known_code_meet(&code, "aa", 1);
	assert_told(&code, "");
	open_slice = 2;
	assert_told(&code, "");
	known_code_meet(&code, "bb", 2); /* of a window of which nothing is told yet, */
	add(&code, "cc");
	known_code_meet(&code, "cc", 2); /* and of the next one */
	assert_told(&code, "bb cc ");
	known_code_meet(&code, "aa", 2);
	assert_told(&code, "aa ");
	known_code_release(&code);
}

static void after_an_error_it_is_told_again(void **state)
{
	struct known_code code;

	(void)state;
	known_code_init(&code);
	open_slice = 1;
	add(&code, "aa");
	known_code_meet(&code, "aa", 1);
	add_error = -ENOSPC;
	assert_told(&code, "");
	add_error = 0;
	assert_told(&code, "aa ");
	assert_told(&code, "");
	known_code_release(&code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_is_told_of_what_its_windows_have),
		cmocka_unit_test(after_an_error_it_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
