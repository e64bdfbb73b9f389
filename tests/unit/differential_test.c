/* SPDX-License-Identifier: Apache-2.0 */
/* differential.c: of two profiles one that counts both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "model/differential.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "render/folded_writer.h"

#define SCRIPT                                                          \
	"app 12/14 [001]  1.5: 10 cpu-clock: \n\t 401 f (/bin/app)\n\n" \
	"app 12/15 [003]  1.7: 20 cpu-clock: \n\t 402 g (/bin/app)\n\n"

static struct profile *read_text(const char *text, bool keeps_samples)
{
	struct profile *profile = profile_new();
	struct read_report report;

	if (keeps_samples)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	return profile;
}

/* Of both, which are freed. */
static struct profile *make(struct profile *before, struct profile *after)
{
	struct profile *made;

	assert_int_equal(differential_make(before, after, &made), 0);
	assert_true(differential_is(made));
	profile_free(before);
	profile_free(after);
	return made;
}

static void assert_folded(const struct profile *profile, const char *wanted)
{
	struct buffer got = { 0 };

	assert_int_equal(folded_write(profile, NULL, &got), 0);
	assert_string_equal(got.size ? buffer_string(&got) : "", wanted);
	buffer_release(&got);
}

static void stacks_have_both_counts(void **state)
{
	(void)state;
	for (int kept = 0; kept < 4; kept++) {
		struct profile *made = make(read_text("a;b 1\na;c 2\na 4\n", kept & 1),
					    read_text("a;b 7\na;d 1\na 4\na;b 1\n", kept & 2));

		assert_folded(made, "a 4 4\na;b 1 8\na;c 2 0\na;d 0 1\n");
		assert_int_equal(profile_total(made), 13);
		profile_free(made);
	}
}

static void either_may_be_empty(void **state)
{
	struct profile *made = make(read_text("", false), read_text("a 3\n", false));

	(void)state;
	assert_folded(made, "a 0 3\n");
	profile_free(made);
	made = make(read_text("a 3\n", false), read_text("", false));
	assert_folded(made, "a 3 0\n");
	profile_free(made);
	made = make(read_text("", true), read_text("", false));
	assert_folded(made, "");
	profile_free(made);
}

static const char *unit_of(const struct profile *profile)
{
	uint32_t count;

	return profile_string(profile, profile_values(profile, &count)->unit, NULL);
}

/* Of one value, each of whose samples is 1. */
static struct profile *new_counting(const char *name, const char *unit)
{
	struct profile *profile = profile_new();
	struct value_type type;

	assert_int_equal(profile_intern(profile, name, strlen(name), &type.name), 0);
	assert_int_equal(profile_intern(profile, unit, strlen(unit), &type.unit), 0);
	assert_int_equal(profile_set_values(profile, &type, 1), 0);
	assert_int_equal(profile_add_ticks(profile, PROFILE_ROOT, 1), 0);
	return profile;
}

static void counts_are_called_what_they_count(void **state)
{
	static const char *const types[][3] = { { "cpu", "nanoseconds", "nanoseconds" },
						{ "objects", "count", "objects" },
						{ "samples", "count", "samples" },
						{ "things", "", "things" } };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct profile *made = make(new_counting(types[i][0], types[i][1]),
					    new_counting(types[i][0], types[i][1]));

		assert_string_equal(unit_of(made), types[i][2]);
		profile_free(made);
	}
}

static void other_values_are_not_compared(void **state)
{
	struct profile *before = read_text("a 1\n", false), *after = new_counting("cpu", "ns");
	struct profile *made = NULL;

	(void)state;
	assert_int_equal(differential_make(before, after, &made), -EINVAL);
	assert_null(made);
	profile_free(before);
	profile_free(after);
}

static void labels_stay_and_times_are_those_after(void **state)
{
	struct profile *made, *after = read_text(SCRIPT, true);
	const struct samples *samples;

	(void)state;
	profile_origin(after)->rate_hz = 99;
	made = make(read_text(SCRIPT, true), after);
	samples = profile_samples(made);
	assert_int_equal(profile_origin_of(made)->rate_hz, 99);
	assert_int_equal(samples_count(samples), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct sample sample = samples_get(samples, i);
		const struct label_set *set = samples_labels(samples, sample.labels);

		assert_int_equal(set->values[SAMPLE_LABEL_tid], 14 + i % 2);
		assert_int_equal(sample.time_ns,
				 i >= 2 ? SAMPLE_NO_TIME : 1500000000 + i * 200000000);
		assert_int_equal(samples_value(samples, i, DIFFERENTIAL_AFTER), i < 2);
		assert_int_equal(samples_value(samples, i, DIFFERENTIAL_BEFORE), i >= 2);
	}
	profile_free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_have_both_counts),
		cmocka_unit_test(either_may_be_empty),
		cmocka_unit_test(counts_are_called_what_they_count),
		cmocka_unit_test(other_values_are_not_compared),
		cmocka_unit_test(labels_stay_and_times_are_those_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
