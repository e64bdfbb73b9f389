/* SPDX-License-Identifier: Apache-2.0 */
/* value_choice.c: one value of several, and what is nothing of it. */
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
#include "model/value_choice.h"
#include "render/folded_writer.h"

#define SCRIPT                                                               \
	"app 12/14 [001]  1.5:    10 cpu-clock:u: \n\t 401 f (/bin/app)\n\n" \
	"app 12/15 [003]  1.7:     0 cpu-clock:u: \n\t 402 g (/bin/app)\n\n" \
	"app 12/15 [003]  1.8:    30 cpu-clock:u: \n\t 402 f (/bin/app)\n\n"

static struct profile *read_text(const char *text, bool keeps_samples)
{
	struct profile *profile = profile_new();
	struct read_report report;

	if (keeps_samples)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	return profile;
}

static void assert_folded(const struct profile *profile, const char *wanted)
{
	struct buffer got = { 0 };

	assert_int_equal(folded_write(profile, NULL, &got), 0);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
}

static void values_are_found_by_name(void **state)
{
	struct profile *profile = read_text(SCRIPT, false), *folded = read_text("a;b 1\n", false);
	uint32_t value = 7;

	(void)state;
	assert_int_equal(value_find(profile, "wall", &value), -ENOENT);
	assert_int_equal(value, 7);
	assert_int_equal(value_find(profile, "cpu", &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(value_find(profile, "samples", &value), 0);
	assert_int_equal(value, 0);
	value = 7;
	assert_int_equal(value_find(folded, "cpu", &value), -ENOENT);
	assert_int_equal(value_find(folded, "samples", &value), 0);
	assert_int_equal(value, 0);
	profile_free(folded);
	profile_free(profile);
}

static void the_chosen_one_is_what_is_counted(void **state)
{
	struct profile *profile = read_text(SCRIPT, true), *chosen;
	const struct samples *samples;
	const struct value_type *types;
	uint32_t count;

	(void)state;
	profile_origin(profile)->machine = strdup("here");
	assert_int_equal(value_choose(profile, 1, &chosen), 0);
	profile_free(profile);
	assert_folded(chosen, "app;f 40\n");
	/* g took none of it. */
	assert_int_equal(profile_node_count(chosen), 3);
	types = profile_values(chosen, &count);
	assert_int_equal(count, 1);
	assert_string_equal(profile_string(chosen, types->name, NULL), "cpu");
	assert_string_equal(profile_string(chosen, types->unit, NULL), "nanoseconds");
	samples = profile_samples(chosen);
	assert_int_equal(samples_count(samples), 2);
	assert_int_equal(samples_value_count(samples), 1);
	assert_int_equal(samples_value(samples, 1, 0), 30);
	assert_int_equal(samples_get(samples, 1).time_ns, 1800000000);
	assert_int_equal(
		samples_labels(samples, samples_get(samples, 1).labels)->values[SAMPLE_LABEL_tid],
		15);
	/* Two counts of different kinds cannot be compared. */
	assert_int_equal(profile_origin_of(chosen)->before.due, 0);
	assert_string_equal(profile_origin_of(chosen)->machine, "here");
	profile_free(chosen);
}

static void the_first_one_needs_no_samples(void **state)
{
	struct profile *profile = read_text(SCRIPT, false), *chosen;
	uint32_t count;

	(void)state;
	assert_int_equal(value_choose(profile, 0, &chosen), 0);
	assert_folded(chosen, "app;f 2\napp;g 1\n");
	assert_false(profile_keeps_samples(chosen));
	profile_values(chosen, &count);
	assert_int_equal(count, 1);
	profile_free(chosen);
	profile_free(profile);
}

static uint32_t add(struct profile *profile, uint32_t parent, const char *name,
		    enum frame_kind kind)
{
	uint32_t frame, node;

	assert_int_equal(profile_add_named(profile, name, NULL, kind, &frame), 0);
	assert_int_equal(profile_add_child(profile, parent, frame, &node), 0);
	return node;
}

/* Each fate has what its samples have of the value. */
static void fates_are_counted_by_it(void **state)
{
	static const uint64_t complete[] = { 1, 5 }, lost[] = { 2, 70 };
	struct profile *profile = profile_new(), *chosen;
	struct value_type types[2] = { { 0, 0 }, { 0, 0 } };
	uint32_t process = add(profile, PROFILE_ROOT, "p", FRAME_PROCESS);
	struct sample sample = { .node = process, .time_ns = SAMPLE_NO_TIME };
	struct fates fates;

	(void)state;
	profile_origin(profile)->fates_are_known = true;
	assert_int_equal(profile_set_values(profile, types, 2), 0);
	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_add_sample(profile, &sample, complete), 0);
	sample.node = add(profile, process, "[lost:late]", FRAME_MARKER);
	assert_int_equal(profile_add_sample(profile, &sample, lost), 0);
	assert_int_equal(value_choose(profile, 1, &chosen), 0);
	assert_int_equal(profile_fates(chosen, &fates), 0);
	assert_int_equal(fates.due, 75);
	assert_int_equal(fates.lost, 70);
	profile_free(chosen);
	profile_free(profile);
}

static void a_sum_that_is_too_large_is_refused(void **state)
{
	static const uint64_t most[] = { 1, INT64_MAX };
	struct profile *profile = profile_new(), *chosen;
	struct value_type types[2] = { { 0, 0 }, { 0, 0 } };
	struct sample sample = { .time_ns = SAMPLE_NO_TIME };

	(void)state;
	sample.node = add(profile, PROFILE_ROOT, "p", FRAME_PROCESS);
	assert_int_equal(profile_set_values(profile, types, 2), 0);
	assert_int_equal(profile_keep_samples(profile), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(profile_add_sample(profile, &sample, most), 0);
	assert_int_equal(value_choose(profile, 1, &chosen), -EOVERFLOW);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found_by_name),
		cmocka_unit_test(the_chosen_one_is_what_is_counted),
		cmocka_unit_test(the_first_one_needs_no_samples),
		cmocka_unit_test(fates_are_counted_by_it),
		cmocka_unit_test(a_sum_that_is_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
