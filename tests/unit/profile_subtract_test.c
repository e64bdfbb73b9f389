/* SPDX-License-Identifier: Apache-2.0 */
/* profile_subtract.c: what is left of a profile, of every value, by labels first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "model/profile_reader.h"
#include "model/profile_subtract.h"
#include "model/samples.h"
#include "render/folded_writer.h"

static struct profile *read_text(const char *text, bool keeps_samples)
{
	struct profile *profile = profile_new();
	struct read_report report;

	if (keeps_samples)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(report.faults, 0);
	return profile;
}

static void assert_folded(const struct profile *profile, const char *wanted)
{
	struct buffer got = { 0 };

	assert_int_equal(folded_write(profile, NULL, &got), 0);
	assert_string_equal(got.size ? buffer_string(&got) : "", wanted);
	buffer_release(&got);
}

/* Both are freed. */
static struct profile *subtract(struct profile *from, struct profile *other,
				struct subtracted *ret_what)
{
	struct profile *left;

	assert_int_equal(profile_subtract(from, other, &left, ret_what), 0);
	profile_free(from);
	profile_free(other);
	return left;
}

static void counts_are_taken_away_stack_by_stack(void **state)
{
	(void)state;
	for (int kept = 0; kept < 4; kept++) {
		struct subtracted what;
		struct profile *left =
			subtract(read_text("p;a;b 5\np;a 7\np;c 3\nq 2\np;a;b 1\n", kept & 1),
				 read_text("p;a;b 4\np;c 2\np;c 1\n", kept & 2), &what);

		assert_folded(left, "p;a 7\np;a;b 2\nq 2\n");
		/* Nothing is left of what counts nothing. */
		assert_int_equal(profile_node_count(left), 5);
		assert_int_equal(profile_total(left), 11);
		assert_int_equal(profile_origin_of(left)->before.due, 18);
		assert_int_equal(what.stacks, 0);
		assert_int_equal(what.missing[0], 0);
		assert_int_equal(what.lacking, 0);
		profile_free(left);
	}
}

static void no_count_is_below_0(void **state)
{
	(void)state;
	for (int kept = 0; kept < 4; kept++) {
		struct subtracted what;
		struct profile *left = subtract(
			read_text("p;a 5\np;b 3\np;b 1\n", kept & 1),
			read_text("p;a 9\np;b 4\np;x;y 6\np 2\np;x;y 1\n", kept & 2), &what);

		assert_folded(left, "");
		assert_int_equal(what.stacks, 3);
		assert_int_equal(what.missing[0], 4 + 7 + 2);
		profile_free(left);
	}
}

static void either_may_be_empty(void **state)
{
	struct subtracted what;
	struct profile *left = subtract(read_text("", true), read_text("a 3\n", true), &what);

	(void)state;
	assert_folded(left, "");
	assert_int_equal(what.stacks, 1);
	assert_int_equal(what.missing[0], 3);
	profile_free(left);
	left = subtract(read_text("a 3\n", false), read_text("", false), &what);
	assert_folded(left, "a 3\n");
	assert_int_equal(profile_origin_of(left)->before.due, 0);
	profile_free(left);
}

/* --- values and labels --- */

#define SAMPLE(tid, period, name)                                                     \
	"app 12/" #tid " [001]  " #tid ".5:    " #period " cpu-clock: \n\t 401 " name \
	" (/bin/app)\n\t 400 main (/bin/app)\n\n"

static void assert_sample(const struct profile *profile, size_t index, uint32_t tid, uint64_t count,
			  uint64_t period)
{
	const struct samples *samples = profile_samples(profile);
	const struct sample sample = samples_get(samples, index);

	assert_int_equal(samples_labels(samples, sample.labels)->values[SAMPLE_LABEL_tid], tid);
	assert_int_equal(samples_value(samples, index, 0), count);
	assert_int_equal(samples_value(samples, index, 1), period);
}

static void all_values_and_the_same_labels_first(void **state)
{
	struct subtracted what;
	struct profile *left =
		subtract(read_text(SAMPLE(1, 10, "f") SAMPLE(2, 30, "f") SAMPLE(3, 50, "g"), true),
			 read_text(SAMPLE(2, 20, "f"), true), &what);

	(void)state;
	assert_int_equal(what.stacks, 0);
	assert_int_equal(samples_count(profile_samples(left)), 3);
	assert_sample(left, 0, 1, 1, 10);
	/* It is no sample of the first value any more. */
	assert_sample(left, 1, 2, 0, 10);
	assert_sample(left, 2, 3, 1, 50);
	assert_int_equal(samples_get(profile_samples(left), 1).time_ns, 2500000000);
	profile_free(left);
}

static void what_those_lack_others_give(void **state)
{
	struct subtracted what;
	struct profile *left = subtract(
		read_text(SAMPLE(1, 10, "f") SAMPLE(2, 30, "f") SAMPLE(3, 50, "f"), true),
		read_text(SAMPLE(2, 35, "f") SAMPLE(9, 3, "f") SAMPLE(8, 1, "g"), true), &what);

	(void)state;
	assert_int_equal(samples_count(profile_samples(left)), 2);
	assert_sample(left, 0, 1, 0, 2);
	assert_sample(left, 1, 3, 1, 50);
	assert_int_equal(what.stacks, 1);
	assert_int_equal(what.missing[0], 1);
	assert_int_equal(what.missing[1], 1);
	profile_free(left);
}

static void of_a_value_that_is_not_there_nothing_is_taken(void **state)
{
	struct subtracted what;
	struct profile *left = subtract(read_text(SAMPLE(1, 10, "f") SAMPLE(1, 10, "f"), true),
					read_text("app;main;f 1\n", true), &what);

	(void)state;
	/* Of folded stacks no module is known: it is another stack. */
	assert_int_equal(what.lacking, 1 << 1);
	assert_int_equal(what.stacks, 1);
	assert_int_equal(profile_total(left), 2);
	profile_free(left);
}

static void other_first_values_are_refused(void **state)
{
	struct profile *from = read_text("a 1\n", false), *other = read_text("a;b 1 2\n", true);
	struct profile *left = NULL;
	struct subtracted what;

	(void)state;
	assert_int_equal(profile_subtract(from, other, &left, &what), -EINVAL);
	assert_null(left);
	profile_free(from);
	profile_free(other);
}

static void sums_of_what_is_missing_stop_at_the_most(void **state)
{
	struct profile *other = read_text("a;b 9223372036854775807 1\n", true), *left;
	struct subtracted what;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct profile *more = read_text("a;b 9223372036854775807 1\n", true);
		struct merged merged;

		assert_int_equal(profile_merge(other, more, &merged), 0);
		profile_free(more);
	}
	left = subtract(read_text("a;c 1 1\n", true), other, &what);
	assert_int_equal(what.missing[1], UINT64_MAX);
	assert_int_equal(what.missing[0], 3);
	profile_free(left);
}

/* --- any --- */

#define ROUNDS 200

static void append_random(struct buffer *to, uint64_t *seed)
{
	for (uint64_t lines = hash_u64(++*seed) % 40; lines; lines--) {
		uint64_t depth = 1 + hash_u64(++*seed) % 5;

		for (uint64_t frame = 0; frame < depth; frame++)
			buffer_printf(to, "%s%c", frame ? ";" : "",
				      (char)('a' + hash_u64(++*seed) % 4));
		buffer_printf(to, " %u\n", (unsigned int)(1 + hash_u64(++*seed) % 1000));
	}
}

/* (A + B) - B is A. */
static void what_was_added_is_taken_away(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct buffer one = { 0 }, other = { 0 }, wanted = { 0 };
		struct profile *sum, *a, *b, *left;
		struct subtracted what;
		struct merged merged;

		append_random(&one, &seed);
		append_random(&other, &seed);
		a = read_text(one.size ? buffer_string(&one) : "", round % 2);
		b = read_text(other.size ? buffer_string(&other) : "", round % 3);
		sum = profile_new();
		if (round % 4 < 2)
			assert_int_equal(profile_keep_samples(sum), 0);
		assert_int_equal(profile_merge(sum, b, &merged), 0);
		assert_int_equal(profile_merge(sum, a, &merged), 0);
		assert_int_equal(folded_write(a, NULL, &wanted), 0);
		profile_free(a);
		left = subtract(sum, b, &what);
		assert_folded(left, wanted.size ? buffer_string(&wanted) : "");
		assert_int_equal(what.stacks, 0);
		profile_free(left);
		buffer_release(&one);
		buffer_release(&other);
		buffer_release(&wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_taken_away_stack_by_stack),
		cmocka_unit_test(no_count_is_below_0),
		cmocka_unit_test(either_may_be_empty),
		cmocka_unit_test(all_values_and_the_same_labels_first),
		cmocka_unit_test(what_those_lack_others_give),
		cmocka_unit_test(of_a_value_that_is_not_there_nothing_is_taken),
		cmocka_unit_test(other_first_values_are_refused),
		cmocka_unit_test(sums_of_what_is_missing_stop_at_the_most),
		cmocka_unit_test(what_was_added_is_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
