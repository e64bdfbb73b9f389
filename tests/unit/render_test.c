/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "render/render.h"

static void formats_are_found_by_name_and_ending(void **state)
{
	(void)state;
	for (size_t i = 0; i < render_format_count; i++) {
		const struct render_format *format = &render_formats[i];
		char path[64] = "out/x";

		memcpy(path + 5, format->ending, strlen(format->ending) + 1);
		assert_ptr_equal(render_format_by_name(format->name), format);
		assert_ptr_equal(render_format_by_path(path), format);
		assert_true(strlen(format->summary) > 0);
		assert_non_null(format->write);
	}
}

static void names_that_no_format_has_are_refused(void **state)
{
	static const char *const paths[] = { "", "svg", ".svg", "out/.svg", "out.svg.gz", "-" };

	(void)state;
	assert_null(render_format_by_name(""));
	assert_null(render_format_by_name("SVG"));
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		assert_null(render_format_by_path(paths[i]));
	assert_non_null(render_format_by_path("out.SVG"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_found_by_name_and_ending),
		cmocka_unit_test(names_that_no_format_has_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
