/* SPDX-License-Identifier: Apache-2.0 */
/* render/callgrind_writer.c: lines, values, recursion, names; tests/e2e/test_render_callgrind.py has callgrind_annotate read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "render/callgrind_writer.h"

#define HEAD(events, sums)                                                \
	"# callgrind format\nversion: 1\ncreator: hearth " HEARTH_VERSION \
	"\npositions: line\nevents: " events "\nsummary: " sums "\n\n"

static struct profile *read_text(const char *text, bool keeps)
{
	struct profile *profile = profile_new();
	struct read_report report;

	if (keeps)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	return profile;
}

static void assert_writes(struct profile *profile, const char *expected)
{
	struct buffer to = { 0 };

	assert_int_equal(callgrind_write(profile, NULL, &to), 0);
	assert_string_equal(buffer_string(&to), expected);
	buffer_release(&to);
	profile_free(profile);
}

/* The inner f is called, and costs nothing more. */
static void recursion_costs_once(void **state)
{
	(void)state;
	assert_writes(read_text("p;f;f 3\n", false),
		      HEAD("samples", "3") "ob=(1) [process]\nfl=(1) [process]\nfn=(1) p\n"
					   "cob=(2) ???\ncfi=(2) ???\ncfn=(2) f\ncalls=1 0\n0 3\n\n"
					   "ob=(2)\nfl=(2)\nfn=(2)\n0 3\n"
					   "cob=(2)\ncfi=(2)\ncfn=(2)\ncalls=1 0\n0 0\n\n"
					   "ob=(3) [all]\nfl=(3) [all]\nfn=(3) all\n"
					   "cob=(1)\ncfi=(1)\ncfn=(1)\ncalls=1 0\n0 3\n");
}

static void every_value_is_an_event(void **state)
{
	(void)state;
	assert_writes(
		read_text("app 12/14 [000]  3.5:    10 cpu-clock:u: \n\t 401 main (/bin/app)\n\n"
			  "app 12/14 [000]  3.6:    30 cpu-clock:u: \n\t 401 main (/bin/app)\n\n",
			  true),
		HEAD("samples cpu",
		     "2 40") "ob=(1) [process]\nfl=(1) [process]\nfn=(1) app\n"
			     "cob=(2) app\ncfi=(2) ???\ncfn=(2) main\ncalls=1 0\n0 2 40\n\n"
			     "ob=(2)\nfl=(2)\nfn=(2)\n0 2 40\n\n"
			     "ob=(3) [all]\nfl=(3) [all]\nfn=(3) all\n"
			     "cob=(1)\ncfi=(1)\ncfn=(1)\ncalls=1 0\n0 2 40\n");
}

static void values_that_are_too_many_are_an_error(void **state)
{
	struct profile *profile =
		read_text("app 1/1 [000] 1.0: 9223372036854775000 cycles: \n\t1 a (x)\n\n"
			  "app 1/1 [000] 2.0: 807 cycles: \n\t1 b (x)\n\n"
			  "app 1/1 [000] 3.0: 1 cycles: \n\t1 b (x)\n\n",
			  true);
	struct buffer to = { 0 };

	(void)state;
	assert_int_equal(callgrind_write(profile, NULL, &to), -EOVERFLOW);
	buffer_release(&to);
	profile_free(profile);
}

static void lines_are_where_it_was_and_where_it_called(void **state)
{
	struct profile *profile = profile_new();
	uint32_t frame, node;

	(void)state;
	for (uint32_t line = 7; line < 9; line++) {
		assert_int_equal(profile_add_placed(profile, "f", "app", FRAME_NATIVE, "/src/f.c",
						    line, &frame),
				 0);
		assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &node), 0);
		assert_int_equal(profile_add_ticks(profile, node, line), 0);
	}
	assert_int_equal(profile_add_placed(profile, "(9)\ng", NULL, FRAME_KERNEL, NULL, 0, &frame),
			 0);
	assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	assert_int_equal(profile_add_ticks(profile, node, 1), 0);
	assert_writes(
		profile,
		HEAD("samples",
		     "16") "ob=(1) app\nfl=(1) /src/f.c\nfn=(1) f\n7 7\n8 8\n"
			   "cob=(2) [kernel]\ncfi=(2) ???\ncfn=(2) (9)\xef\xbf\xbdg\ncalls=1 0\n8 1\n\n"
			   "ob=(2)\nfl=(2)\nfn=(2)\n0 1\n\n"
			   "ob=(3) [all]\nfl=(3) [all]\nfn=(3) all\n"
			   "cob=(1)\ncfi=(1)\ncfn=(1)\ncalls=1 0\n0 16\n");
}

static void an_empty_profile_has_a_sum(void **state)
{
	(void)state;
	assert_writes(profile_new(),
		      "# callgrind format\nversion: 1\ncreator: hearth " HEARTH_VERSION
		      "\npositions: line\nevents: samples\nsummary: 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recursion_costs_once),
		cmocka_unit_test(every_value_is_an_event),
		cmocka_unit_test(values_that_are_too_many_are_an_error),
		cmocka_unit_test(lines_are_where_it_was_and_where_it_called),
		cmocka_unit_test(an_empty_profile_has_a_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
