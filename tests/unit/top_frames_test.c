/* SPDX-License-Identifier: Apache-2.0 */
/* top_frames.c: what heads the stacks, whether it is known or not; nothing is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "model/top_frames.h"
#include "render/folded_writer.h"

#define FRAMES "\t 7f00 f+0x35 (/usr/lib/libcore.so.1)\n\t 401 main (/bin/app)\n\n"
#define SCRIPT                                               \
	"app 12/14 [000]  1.5:    10 cpu-clock:u: \n" FRAMES \
	"app 12/15 [003]  1.7:    30 cpu-clock:u: \n" FRAMES \
	"other 7 1.8:    40 cpu-clock:u: \n" FRAMES

static struct profile *read_text(const char *text)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	return profile;
}

static struct profile *assert_headed(const char *text, const char *by, const char *folded)
{
	struct profile *profile = read_text(text), *headed;
	struct buffer written = { 0 };

	assert_int_equal(top_frames_set(profile, by, &headed), 0);
	assert_int_equal(folded_write(headed, NULL, &written), 0);
	assert_string_equal(buffer_string(&written), folded);
	assert_int_equal(samples_count(profile_samples(headed)),
			 samples_count(profile_samples(profile)));
	buffer_release(&written);
	profile_free(profile);
	return headed;
}

static void each_label_heads_the_stacks(void **state)
{
	static const char *const cases[][2] = {
		{ "comm", "app;main;f 2\nother;main;f 1\n" },
		{ "pid", "[no pid];main;f 1\napp-12;main;f 2\n" },
		{ "tid", "app-12/14;main;f 1\napp-12/15;main;f 1\nother-?/7;main;f 1\n" },
		{ "cpu", "[no cpu];main;f 1\ncpu-0;main;f 1\ncpu-3;main;f 1\n" },
		{ "none", "all;main;f 3\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		profile_free(assert_headed(SCRIPT, cases[i][0], cases[i][1]));
}

static void labels_times_and_values_stay(void **state)
{
	struct profile *headed =
		assert_headed(SCRIPT, "cpu", "[no cpu];main;f 1\ncpu-0;main;f 1\ncpu-3;main;f 1\n");
	const struct samples *samples = profile_samples(headed);
	const struct label_set *set = samples_labels(samples, samples_get(samples, 1).labels);

	(void)state;
	assert_int_equal(samples_get(samples, 1).time_ns, 1700000000);
	assert_int_equal(samples_value(samples, 1, 1), 30);
	assert_int_equal(set->values[SAMPLE_LABEL_tid], 15);
	assert_string_equal(profile_string(headed, set->values[SAMPLE_LABEL_comm], NULL), "app");
	profile_free(headed);
}

/* Folded stacks have no labels, but their first frame is a comm. */
static void fates_survive_and_a_process_is_a_comm(void **state)
{
	static const char text[] = "p;[lost:late] 2\np;main 3\nq;[truncated:no_rows];x 1\n";
	struct profile *headed = assert_headed(text, "comm", text);
	struct fates fates;

	(void)state;
	profile_free(headed);
	headed = assert_headed(text, "none",
			       "all;[lost:late] 2\nall;[truncated:no_rows];x 1\nall;main 3\n");
	assert_int_equal(profile_fates(headed, &fates), 0);
	assert_true(profile_origin(headed)->fates_are_known);
	assert_int_equal(fates.lost, 2);
	assert_int_equal(fates.truncated, 1);
	profile_free(headed);
}

static void a_label_that_no_sample_has_is_said(void **state)
{
	struct profile *profile = read_text("p;main 3\n"), *headed;

	(void)state;
	assert_int_equal(top_frames_set(profile, "cpu", &headed), -ENODATA);
	assert_int_equal(top_frames_set(profile, "nonsense", &headed), -EINVAL);
	profile_free(profile);
}

static void each_label_has_a_name_in_the_help(void **state)
{
	const char *why = NULL;

	(void)state;
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++) {
		assert_int_equal(top_frames_check(sample_label_name(label), &why), 0);
		assert_non_null(strstr(top_frames_help, sample_label_name(label)));
	}
	assert_int_equal(top_frames_check("none", &why), 0);
	assert_non_null(strstr(top_frames_help, "or none"));
	assert_null(why);
	assert_int_equal(top_frames_check("nonsense", &why), -EINVAL);
	assert_string_equal(why, "no such label; --help tells them");
}

static void the_origin_is_the_same(void **state)
{
	struct profile *profile = read_text("p;main 3\n"), *headed;

	(void)state;
	profile_origin(profile)->command = strdup("./app");
	profile_origin(profile)->rate_hz = 99;
	assert_int_equal(top_frames_set(profile, "none", &headed), 0);
	profile_free(profile);
	assert_string_equal(profile_origin(headed)->command, "./app");
	assert_int_equal(profile_origin(headed)->rate_hz, 99);
	assert_int_equal(profile_origin(headed)->before.due, 0);
	profile_free(headed);
}

static void an_empty_profile_stays_empty(void **state)
{
	struct profile *profile = read_text(""), *headed;

	(void)state;
	assert_int_equal(top_frames_set(profile, "cpu", &headed), 0);
	assert_int_equal(profile_total(headed), 0);
	profile_free(profile);
	profile_free(headed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_label_heads_the_stacks),
		cmocka_unit_test(labels_times_and_values_stay),
		cmocka_unit_test(fates_survive_and_a_process_is_a_comm),
		cmocka_unit_test(a_label_that_no_sample_has_is_said),
		cmocka_unit_test(each_label_has_a_name_in_the_help),
		cmocka_unit_test(the_origin_is_the_same),
		cmocka_unit_test(an_empty_profile_stays_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
