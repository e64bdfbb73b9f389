/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "render/render_options.h"

static int open_options(void **state)
{
	static struct render_options options;

	*state = &options;
	return render_options_init(&options);
}

static int close_options(void **state)
{
	render_options_release(*state);
	return 0;
}

static void assert_refused(struct render_options *options, const char *name, const char *value)
{
	const char *why = NULL;

	assert_int_equal(render_option_set(options, name, value, &why), -EINVAL);
	assert_non_null(why);
	assert_true(strlen(why) > 0);
}

static void set(struct render_options *options, const char *name, const char *value)
{
	const char *why;

	assert_int_equal(render_option_set(options, name, value, &why), 0);
}

static void defaults_are_those_of_the_table(void **state)
{
	const struct render_options *options = *state;

	assert_string_equal(options->title, "Flame graph");
	assert_null(options->subtitle);
	assert_int_equal(options->height, 18);
	assert_int_equal(options->max_frames, 0);
	assert_true(options->minwidth.value == 0.1 && !options->minwidth.is_percent);
	assert_int_equal(options->colors, PALETTE_hearth);
	assert_false(options->inverted);
	assert_false(options->min_share.is_set);
	assert_int_equal(render_order_of(options), RENDER_ORDER_UNSAID);
}

static void every_row_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < render_option_count; i++) {
		const struct render_option *row = &render_option_table[i];

		assert_int_equal(!!row->help + !!row->refused + row->is_done, 1);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->name, render_option_table[j].name);
	}
}

static void help_names_every_palette(void **state)
{
	const char *help = NULL;

	(void)state;
	for (size_t i = 0; i < render_option_count; i++)
		if (!strcmp(render_option_table[i].name, "colors"))
			help = render_option_table[i].help;
	assert_non_null(help);
	for (enum palette i = 0; i < PALETTE_COUNT; i++)
		assert_non_null(strstr(help, palette_name(i)));
}

static void values_are_taken(void **state)
{
	struct render_options *options = *state;

	set(options, "title", "a <b>");
	set(options, "title", "again");
	set(options, "width", "1600");
	set(options, "minwidth", "0.5%");
	set(options, "fontsize", "12");
	set(options, "colors", "java");
	set(options, "bgcolors", "#102030");
	set(options, "search-color", "#ABCdef");
	set(options, "inverted", NULL);
	set(options, "sort", "total");
	set(options, "min-share", "0.5%");
	assert_string_equal(options->title, "again");
	assert_int_equal(options->width, 1600);
	assert_true(options->minwidth.value == 0.5 && options->minwidth.is_percent);
	assert_true(options->fontsize == 12);
	assert_int_equal(options->colors, PALETTE_java);
	assert_int_equal(options->bgcolors.colour.green, 0x20);
	assert_int_equal(options->search_color.colour.blue, 0xef);
	assert_true(options->inverted);
	assert_true(options->min_share.is_set && options->min_share.value == 0.005);
	assert_int_equal(render_order_of(options), RENDER_ORDER_TOTAL);
	set(options, "min-share", "12");
	assert_true(options->min_share.value == 0.12);
	set(options, "no-sort", NULL);
	assert_int_equal(render_order_of(options), RENDER_ORDER_TIME);
}

static void bad_values_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "width", "" },
		{ "width", "-1" },
		{ "width", "12px" },
		{ "width", "99999" },
		{ "width", "18446744073709551616" },
		{ "height", "7" },
		{ "height", " 18" },
		{ "minwidth", "x" },
		{ "minwidth", "-0.1" },
		{ "minwidth", "1%%" },
		{ "minwidth", "101%" },
		{ "minwidth", "nan" },
		{ "fontsize", "inf" },
		{ "fontsize", "0x10" },
		{ "fontsize", "1000" },
		{ "fonttype", "" },
		{ "fonttype", "a;}rect{display:none" },
		{ "fonttype", "\"x\"" },
		{ "colors", "pink" },
		{ "bgcolors", "red" },
		{ "bgcolors", "#12345" },
		{ "search-color", "123456" },
		{ "search-color", "#12345g" },
		{ "max-frames", "0" },
		{ "factor", "0" },
		{ "sort", "" },
		{ "sort", "size" },
		{ "min-share", "101" },
		{ "min-share", "1px" },
		{ "min-share", "-1" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(*state, bad[i][0], bad[i][1]);
}

static void limits_are_named(void **state)
{
	static const struct {
		const char *name, *value, *why;
	} bad[] = {
		{ "width", "99999999", "a whole number, from 0 to 30000" },
		{ "height", "-3", "a whole number, from 8 to 200" },
		{ "max-frames", "0", "a whole number, from 1 to 1000000" },
		{ "total", "1e30", "a whole number, from 0 to 9000000000000000000" },
		{ "fontsize", "0", "a number, from 4 to 100" },
		{ "factor", "-1", "a number, from 1e-9 to 1e9" },
		{ "minwidth", "200%",
		  "pixels, from 0 to 30000, or a share, from 0% to 100%, such as 0.5%" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *why = NULL;

		assert_int_equal(render_option_set(*state, bad[i].name, bad[i].value, &why),
				 -EINVAL);
		assert_string_equal(why, bad[i].why);
	}
}

static void wrong_use_is_refused(void **state)
{
	assert_refused(*state, "no-such", "1");
	assert_refused(*state, "title", NULL);
	assert_refused(*state, "inverted", "yes");
	assert_refused(*state, "negate", NULL);
	assert_refused(*state, "nameattr", "file");
	assert_refused(*state, "cp", "file");
	assert_refused(*state, "encoding", NULL);
	assert_refused(*state, "encoding", "latin1");
	assert_refused(*state, "encoding", "");
}

/* A script that has them goes on working. */
static void what_is_done_anyway_may_be_asked_for(void **state)
{
	static const struct {
		const char *name, *value;
	} asked[] = {
		{ "cp", NULL },          { "deterministic", NULL }, { "encoding", "UTF-8" },
		{ "encoding", "utf-8" }, { "encoding", "utf8" },
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		const char *why;

		assert_int_equal(render_option_set(*state, asked[i].name, asked[i].value, &why), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_options, close_options)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_are_those_of_the_table),
		TEST(every_row_is_complete),
		TEST(help_names_every_palette),
		TEST(values_are_taken),
		TEST(bad_values_are_refused),
		TEST(limits_are_named),
		TEST(wrong_use_is_refused),
		TEST(what_is_done_anyway_may_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
