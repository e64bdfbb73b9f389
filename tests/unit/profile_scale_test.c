/* SPDX-License-Identifier: Apache-2.0 */
/* profile_scale.c: sums are exact, and no node is off by one or more. */
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
#include "model/profile_reader.h"
#include "model/profile_scale.h"
#include "model/samples.h"
#include "render/folded_writer.h"

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
	assert_string_equal(got.size ? buffer_string(&got) : "", wanted);
	buffer_release(&got);
}

static void assert_scaled(const char *text, uint64_t numerator, uint64_t denominator,
			  const char *wanted)
{
	for (int keeps_samples = 0; keeps_samples < 2; keeps_samples++) {
		struct profile *profile = read_text(text, keeps_samples);

		assert_int_equal(profile_scale(profile, numerator, denominator), 0);
		assert_folded(profile, wanted);
		profile_free(profile);
	}
}

static void counts_are_multiplied(void **state)
{
	(void)state;
	assert_scaled("a;b 3\na 5\nc 7\n", 3, 1, "a 15\na;b 9\nc 21\n");
	assert_scaled("a;b 4\na 6\nc 8\n", 1, 2, "a 3\na;b 2\nc 4\n");
	assert_scaled("a;b 4\na 6\nc 8\n", 0, 7, "");
	assert_scaled("a 9223372036854775807\n", INT64_MAX, INT64_MAX, "a 9223372036854775807\n");
	assert_scaled("a 9223372036854775807\n", 1, INT64_MAX, "a 1\n");
	assert_scaled("", 5, 3, "");
}

/* Half of them count 1, whatever order they have; each alone would be 0 or 1. */
static void small_counts_do_not_vanish(void **state)
{
	struct buffer text = { 0 };
	struct profile *profile;
	uint32_t ones = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buffer_printf(&text, "p;f%d;g 1\n", i);
	profile = read_text(buffer_string(&text), false);
	assert_int_equal(profile_scale(profile, 3, 10), 0);
	assert_int_equal(profile_total(profile), 300);
	for (uint32_t i = 0; i < profile_node_count(profile); i++) {
		assert_in_range(profile_node(profile, i)->self, 0, 1);
		ones += profile_node(profile, i)->self == 1;
	}
	assert_int_equal(ones, 300);
	profile_free(profile);
	buffer_release(&text);
}

static void too_much_is_refused(void **state)
{
	struct profile *profile = read_text("a 4611686018427387904\nb 1\n", false);

	(void)state;
	assert_int_equal(profile_scale(profile, 2, 1), -EOVERFLOW);
	profile_free(profile);
	profile = read_text("a 4611686018427387904\n", false);
	assert_int_equal(profile_scale(profile, INT64_MAX, 1), -EOVERFLOW);
	profile_free(profile);
}

static void what_counts_nothing_is_no_sample(void **state)
{
	struct profile *profile = read_text("a 1\nb 1\na 1\n", true);

	(void)state;
	assert_int_equal(profile_scale(profile, 1, 3), 0);
	assert_int_equal(profile_total(profile), 1);
	assert_int_equal(samples_count(profile_samples(profile)), 1);
	profile_free(profile);
}

/* --- any --- */

#define ROUNDS 200
#define VALUES 3

static uint64_t random_below(uint64_t *seed, uint64_t most)
{
	return hash_u64(++*seed) % most;
}

static uint32_t add_random_node(struct profile *profile, uint64_t *seed)
{
	uint32_t node = PROFILE_ROOT, frame;
	char name[] = "a";

	for (uint64_t depth = random_below(seed, 7); depth; depth--) {
		name[0] = (char)('a' + random_below(seed, 3));
		assert_int_equal(profile_add_named(profile, name, NULL, FRAME_NATIVE, &frame), 0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	return node;
}

static struct profile *new_random(uint64_t *seed, bool keeps_samples)
{
	static const uint64_t sizes[] = { 1, 2, 10, 1000, UINT64_C(1) << 40 };
	struct profile *profile = profile_new();
	struct value_type types[VALUES] = { 0 };

	assert_int_equal(profile_intern(profile, "x", 1, &types[0].name), 0);
	assert_int_equal(profile_set_values(profile, types, keeps_samples ? VALUES : 1), 0);
	if (keeps_samples)
		assert_int_equal(profile_keep_samples(profile), 0);
	for (uint64_t count = random_below(seed, 60); count; count--) {
		const struct sample sample = { add_random_node(profile, seed), 0, SAMPLE_NO_TIME };
		uint64_t values[VALUES];

		for (size_t i = 0; i < VALUES; i++)
			values[i] = random_below(seed, sizes[random_below(seed, 5)] + 1);
		assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	}
	return profile;
}

/* Per node what it counts in all of a value. */
static uint64_t *totals_of(const struct profile *profile, uint32_t value)
{
	const struct samples *samples = profile_samples(profile);
	uint32_t count = profile_node_count(profile);
	uint64_t *totals = calloc(count, sizeof(*totals));

	for (uint32_t i = 0; i < count && !samples; i++)
		totals[i] = profile_node(profile, i)->self;
	for (size_t i = 0; samples && i < samples_count(samples); i++)
		totals[samples_get(samples, i).node] += samples_value(samples, i, value);
	for (uint32_t i = count - 1; i > 0; i--)
		totals[profile_node(profile, i)->parent] += totals[i];
	return totals;
}

static void assert_is_near(uint64_t scaled, uint64_t was, uint64_t numerator, uint64_t denominator)
{
	__int128 error =
		(__int128)scaled * (__int128)denominator - (__int128)was * (__int128)numerator;

	assert_true(error > -(__int128)denominator && error < (__int128)denominator);
}

static void every_node_is_near_what_it_is(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		uint32_t values = round % 2 ? VALUES : 1;
		struct profile *profile = new_random(&seed, round % 2);
		uint64_t numerator = random_below(&seed, round % 3 ? 100 : 1 << 10);
		uint64_t denominator = 1 + random_below(&seed, 200);
		uint64_t *before[VALUES], *after;

		for (uint32_t value = 0; value < values; value++)
			before[value] = totals_of(profile, value);
		assert_int_equal(profile_scale(profile, numerator, denominator), 0);
		for (uint32_t value = 0; value < values; value++) {
			after = totals_of(profile, value);
			for (uint32_t i = 0; i < profile_node_count(profile); i++)
				assert_is_near(after[i], before[value][i], numerator, denominator);
			/* All of it is rounded once. */
			assert_true(
				(unsigned __int128)after[PROFILE_ROOT] ==
				((unsigned __int128)before[value][PROFILE_ROOT] * numerator * 2 +
				 denominator) /
					(2 * denominator));
			if (!value)
				assert_int_equal(after[PROFILE_ROOT], profile_total(profile));
			free(after);
			free(before[value]);
		}
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_multiplied),
		cmocka_unit_test(small_counts_do_not_vanish),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(what_counts_nothing_is_no_sample),
		cmocka_unit_test(every_node_is_near_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
