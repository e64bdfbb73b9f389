/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "render/render.h"
#include "render/render_options.h"

/* The text of an output with up to two options. */
static void render(const char *text, const char *format, const char *const options[2][2],
		   struct buffer *to)
{
	struct profile *profile = profile_new();
	struct render_options set;
	struct read_report report;
	const char *why;

	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(render_options_init(&set), 0);
	for (size_t i = 0; options && i < 2 && options[i][0]; i++)
		assert_int_equal(render_option_set(&set, options[i][0], options[i][1], &why), 0);
	assert_int_equal(render_format_by_name(format)->write(profile, &set, to), 0);
	render_options_release(&set);
	profile_free(profile);
}

static void assert_rendered(const char *text, const char *format, const char *const options[2][2],
			    const char *wanted)
{
	struct buffer got = { 0 };

	render(text, format, options, &got);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
}

#define STACKS "p;main;f;g 60\np;main;f 20\np;main;h_[k] 13\nq;[lost:full] 7\n"
#define HEAD   "100 samples: complete 93.00 %, lost: full 7.00 %\n\n"

static void the_table_is_ordered_by_self(void **state)
{
	(void)state;
	assert_rendered(STACKS, "top", NULL,
			HEAD "         self                total          function     module\n"
			     "           60  60.0 %           60  60.0 %  g\n"
			     "           20  20.0 %           80  80.0 %  f\n"
			     "           13  13.0 %           13  13.0 %  h_[k]\n"
			     "            7   7.0 %            7   7.0 %  [lost:full]\n"
			     "            0   0.0 %           93  93.0 %  main\n");
}

static void what_the_table_leaves_out_is_told(void **state)
{
	static const char *const few[2][2] = { { "sort", "total" }, { "max-frames", "2" } };
	static const char *const wide[2][2] = { { "min-share", "50" }, { "sort", "name" } };

	(void)state;
	assert_rendered(STACKS, "top", few,
			HEAD "         self                total          function  module\n"
			     "            0   0.0 %           93  93.0 %  main\n"
			     "           20  20.0 %           80  80.0 %  f\n"
			     "           80  80.0 %                       in 3 more\n");
	assert_rendered(STACKS, "top", wide,
			HEAD "         self                total          function  module\n"
			     "           20  20.0 %           80  80.0 %  f\n"
			     "           60  60.0 %           60  60.0 %  g\n"
			     "            0   0.0 %           93  93.0 %  main\n"
			     "           20  20.0 %                       in 2 more\n");
}

#define SPEEDSCOPE(unit)                                                       \
	"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"," \
	"\"shared\":{\"frames\":[{\"name\":\"main\"},{\"name\":\"f\"}]},"      \
	"\"profiles\":[{\"type\":\"sampled\",\"unit\":\"" unit "\","           \
	"\"samples\":[[0,1],[0]],\"weights\":[3145728,2048]}]}"

static void amounts_of_time_and_memory_are_said_as_such(void **state)
{
	static const char *const named[2][2] = { { "countname", "B" } };

	(void)state;
	assert_rendered(SPEEDSCOPE("bytes"), "top", NULL,
			"3.0 MiB of memory; fates: not recorded in this input\n\n"
			"         self                total          function  module\n"
			"      3.0 MiB  99.9 %      3.0 MiB  99.9 %  f\n"
			"      2.0 KiB   0.1 %      3.0 MiB 100.0 %  main\n");
	assert_rendered(SPEEDSCOPE("bytes"), "top", named,
			"3,147,776 B; fates: not recorded in this input\n\n"
			"         self                total          function  module\n"
			"    3,145,728  99.9 %    3,145,728  99.9 %  f\n"
			"        2,048   0.1 %    3,147,776 100.0 %  main\n");
	assert_rendered(SPEEDSCOPE("nanoseconds"), "top", NULL,
			"3.1 ms of time; fates: not recorded in this input\n\n"
			"         self                total          function  module\n"
			"       3.1 ms  99.9 %       3.1 ms  99.9 %  f\n"
			"       2.0 µs   0.1 %       3.1 ms 100.0 %  main\n");
	assert_rendered(SPEEDSCOPE("milliseconds"), "tree", NULL,
			"52 min 28 s of time; fates: not recorded in this input\n\n"
			"  total    self\n100.0 %   0.0 %  all\n"
			"100.0 %   0.1 %  main\n 99.9 %  99.9 %  f\n");
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const one[2][2] = { { "max-frames", "1" } };

	(void)state;
	assert_rendered(
		"main;a 7654321000000000\nmain 1000000000000\n", "top", NULL,
		"7,655,321,000,000,000 samples; fates: not recorded in this input\n\n"
		"                   self                          total          function  module\n"
		"  7,654,321,000,000,000  99.9 %  7,654,321,000,000,000  99.9 %  a\n"
		"      1,000,000,000,000  <0.1 %  7,655,321,000,000,000 100.0 %  main\n");
	assert_rendered("main;a 70000000000\nb 69999999999\nc 69999999998\n", "top", one,
			"209,999,999,997 samples; fates: not recorded in this input\n\n"
			"             self                    total          function  module\n"
			"   70,000,000,000  33.3 %   70,000,000,000  33.3 %  a\n"
			"  139,999,999,997  66.7 %                           in 2 more\n");
}

static void the_tree_moves_right_at_branches_only(void **state)
{
	(void)state;
	assert_rendered(STACKS, "tree", NULL,
			HEAD "  total    self\n"
			     "100.0 %   0.0 %  all\n"
			     " 93.0 %   0.0 %  ├─ p\n"
			     " 93.0 %   0.0 %  │  main\n"
			     " 80.0 %  20.0 %  │  ├─ f\n"
			     " 60.0 %  60.0 %  │  │  g\n"
			     " 13.0 %  13.0 %  │  └─ h_[k]\n"
			     "  7.0 %   0.0 %  └─ q\n"
			     "  7.0 %   7.0 %     [lost:full]\n");
}

static void what_the_tree_leaves_out_is_told(void **state)
{
	static const char *const wide[2][2] = { { "min-share", "15%" }, { "sort", "name" } };

	(void)state;
	assert_rendered(STACKS, "tree", wide,
			HEAD "  total    self\n"
			     "100.0 %   0.0 %  all\n"
			     " 93.0 %   0.0 %  p\n"
			     " 93.0 %   0.0 %  main\n"
			     " 80.0 %  20.0 %  f\n"
			     " 60.0 %  60.0 %  g\n"
			     "\nNot shown: 3 frames, too narrow or too many, with 20.0 %\n");
}

static void nothing_is_something(void **state)
{
	(void)state;
	assert_rendered("", "top", NULL,
			"0 samples; fates: not recorded in this input\n\n"
			"         self                total          function  module\n");
	assert_rendered("", "tree", NULL,
			"0 samples; fates: not recorded in this input\n\n"
			"  total    self\n  0.0 %   0.0 %  all\n");
}

static void whatever_branches_lines_end(void **state)
{
	struct buffer text = { 0 }, got = { 0 };

	(void)state;
	/* Two children at each of 200 depths. */
	for (size_t depth = 1; depth <= 200; depth++) {
		for (size_t i = 0; i < depth; i++)
			buffer_append_string(&text, "f;");
		buffer_append_string(&text, "a_rather_long_name_of_a_function 1\n");
	}
	render(buffer_string(&text), "tree", NULL, &got);
	for (const char *line = buffer_string(&got); *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") < 300);
	buffer_release(&text);
	buffer_release(&got);
}

/* No escape sequence, no direction override, and lines of a bounded length. */
static void hostile_names_stay_harmless(void **state)
{
	static const char *const formats[] = { "top", "tree", "json" };
	struct buffer text = { 0 };

	(void)state;
	buffer_append_string(&text,
			     "\x1b]0;x\a;\x1b[31m\"\\;\xe2\x80\xaeright;\xff\xfe\t\x01 3\np;");
	for (size_t i = 0; i < 100000; i++)
		buffer_append_char(&text, 'x');
	buffer_append_string(&text, " 2\np;\xf0\x9f\x94\xa5 1\n");
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct buffer got = { 0 }, clean = { 0 };

		render(buffer_string(&text), formats[i], NULL, &got);
		for (size_t at = 0; at < got.size; at++)
			if (got.data[at] == '\n')
				got.data[at] = '~';
		utf8_append_clean(&clean, got.data, got.size, SIZE_MAX);
		assert_int_equal(clean.size, got.size);
		assert_memory_equal(clean.data, got.data, got.size);
		if (strcmp(formats[i], "json") != 0)
			assert_true(got.size < 2000);
		buffer_release(&clean);
		buffer_release(&got);
	}
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_ordered_by_self),
		cmocka_unit_test(what_the_table_leaves_out_is_told),
		cmocka_unit_test(amounts_of_time_and_memory_are_said_as_such),
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(the_tree_moves_right_at_branches_only),
		cmocka_unit_test(what_the_tree_leaves_out_is_told),
		cmocka_unit_test(nothing_is_something),
		cmocka_unit_test(whatever_branches_lines_end),
		cmocka_unit_test(hostile_names_stay_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
