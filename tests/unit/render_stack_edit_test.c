/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "model/profile_reader.h"
#include "model/profile.h"
#include "render/folded_writer.h"
#include "render/render_options.h"
#include "render/stack_edit.h"

/* Renders `text` as folded stacks with up to two options. */
static void assert_edited(const char *text, const char *const options[][2], const char *wanted)
{
	struct profile *profile = profile_new();
	struct render_options set;
	struct read_report report;
	struct buffer got;
	const char *why;

	buffer_init(&got);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(render_options_init(&set), 0);
	for (size_t i = 0; i < 2 && options[i][0]; i++)
		assert_int_equal(render_option_set(&set, options[i][0], options[i][1], &why), 0);
	assert_int_equal(folded_write(profile, &set, &got), 0);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
	render_options_release(&set);
	profile_free(profile);
}

#define STACKS "p;_start;main;f;main;g 3\np;clone;run 2\np 1\n"

static void without_options_nothing_is_made(void **state)
{
	struct profile *profile = profile_new(), *edited = profile;
	struct render_options options;

	(void)state;
	assert_int_equal(render_options_init(&options), 0);
	assert_int_equal(stack_edit(profile, &options, &edited), 0);
	assert_null(edited);
	assert_int_equal(stack_edit(profile, NULL, &edited), 0);
	assert_null(edited);
	render_options_release(&options);
	profile_free(profile);
}

static void base_cuts_at_the_outermost_call(void **state)
{
	static const char *const options[][2] = { { "base", "main" }, { NULL, NULL } };

	(void)state;
	assert_edited(STACKS, options, "main;f;main;g 3\np 1\np;clone;run 2\n");
}

static void a_base_is_found_by_its_whole_name(void **state)
{
	struct profile *profile = profile_new();
	struct read_report report;

	(void)state;
	assert_int_equal(profile_read(profile, STACKS, strlen(STACKS), &report), 0);
	assert_true(stack_edit_finds_base(profile, "main"));
	assert_false(stack_edit_finds_base(profile, "mai"));
	assert_false(stack_edit_finds_base(profile, ""));
	profile_free(profile);
}

static void reverse_merges_from_the_leaves(void **state)
{
	static const char *const options[][2] = { { "reverse", NULL }, { NULL, NULL } };

	(void)state;
	assert_edited("p;a;x 1\nq;b;x 2\nq;b 4\n", options, "b;q 4\nx;a;p 1\nx;b;q 2\n");
}

static void both_together(void **state)
{
	static const char *const options[][2] = { { "reverse", NULL }, { "base", "clone" } };

	(void)state;
	assert_edited(STACKS, options, "g;main;f;main;_start;p 3\np 1\nrun;clone 2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_nothing_is_made),
		cmocka_unit_test(base_cuts_at_the_outermost_call),
		cmocka_unit_test(a_base_is_found_by_its_whole_name),
		cmocka_unit_test(reverse_merges_from_the_leaves),
		cmocka_unit_test(both_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
