/* SPDX-License-Identifier: Apache-2.0 */
/* profile_merge.c, and of origin_copy.c what two profiles say together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "render/folded_writer.h"

#define SCRIPT                                                             \
	"app 12/14 [001]  1.5:    10 cpu-clock: \n\t 401 f (/bin/app)\n\n" \
	"app 12/15 [003]  1.7:    20 cpu-clock: \n\t 402 g (/bin/app)\n\n"

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

static struct merged merge(struct profile *into, struct profile *from)
{
	struct merged merged;

	assert_int_equal(profile_merge(into, from, &merged), 0);
	profile_free(from);
	return merged;
}

static void assert_folded(const struct profile *profile, const char *wanted)
{
	struct buffer got = { 0 };

	assert_int_equal(folded_write(profile, NULL, &got), 0);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
}

static void assert_value_names(const struct profile *profile, const char *wanted)
{
	struct buffer names = { 0 };
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	for (uint32_t i = 0; i < count; i++)
		buffer_printf(&names, "%s/%s ", profile_string(profile, types[i].name, NULL),
			      profile_string(profile, types[i].unit, NULL));
	assert_string_equal(names.size ? buffer_string(&names) : "", wanted);
	buffer_release(&names);
}

static void counts_of_one_stack_add_up(void **state)
{
	struct profile *into = read_text("p;a;b 1\np;a 2\n", false);

	(void)state;
	merge(into, read_text("p;c 4\np;a;b 8\nq;[truncated:x];a 16\n", false));
	assert_folded(into, "p;a 2\np;a;b 9\np;c 4\nq;[truncated:x];a 16\n");
	assert_int_equal(profile_total(into), 31);
	assert_value_names(into, "");
	/* And once more, also after it was settled. */
	profile_settle(into);
	merge(into, read_text("p;a;d 1\np;c 1\n", false));
	assert_folded(into, "p;a 2\np;a;b 9\np;a;d 1\np;c 5\nq;[truncated:x];a 16\n");
	profile_free(into);
}

static void a_profile_of_nothing_says_nothing(void **state)
{
	struct profile *into = profile_new(), *from = read_text("a 1\n", false);

	(void)state;
	profile_origin(from)->rate_hz = 99;
	profile_origin(from)->machine = strdup("here");
	profile_origin(into)->machine = strdup("nowhere");
	merge(into, from);
	merge(into, profile_new());
	assert_folded(into, "a 1\n");
	assert_int_equal(profile_origin_of(into)->rate_hz, 99);
	assert_string_equal(profile_origin_of(into)->machine, "here");
	profile_free(into);
	into = profile_new();
	assert_int_equal(profile_keep_samples(into), 0);
	assert_int_equal(merge(into, read_text(SCRIPT, true)).extending, 0);
	assert_value_names(into, "samples/count cpu/nanoseconds ");
	profile_free(into);
}

/* --- values --- */

static uint64_t value_of(const struct profile *profile, size_t sample, uint32_t value)
{
	return samples_value(profile_samples(profile), sample, value);
}

static void what_one_lacks_is_0_of_its_samples(void **state)
{
	struct profile *into = read_text("app;f 3\n", true);
	struct merged merged = merge(into, read_text(SCRIPT, true));

	(void)state;
	assert_int_equal(merged.extending, 1 << 1);
	assert_int_equal(merged.lacking, 0);
	assert_value_names(into, "samples/count cpu/nanoseconds ");
	merged = merge(into, read_text("q 5\n", true));
	assert_int_equal(merged.extending, 0);
	assert_int_equal(merged.lacking, 1 << 1);
	assert_int_equal(samples_count(profile_samples(into)), 4);
	for (size_t i = 0; i < 4; i++) {
		static const uint64_t wanted[][2] = { { 3, 0 }, { 1, 10 }, { 1, 20 }, { 5, 0 } };

		assert_int_equal(value_of(into, i, 0), wanted[i][0]);
		assert_int_equal(value_of(into, i, 1), wanted[i][1]);
	}
	profile_free(into);
}

/* Without samples the nodes count the first one, and the others have their names. */
static void values_are_named_without_samples(void **state)
{
	struct profile *into = read_text("app;f 3\n", false);

	(void)state;
	assert_int_equal(merge(into, read_text(SCRIPT, true)).extending, 1 << 1);
	assert_value_names(into, "samples/count cpu/nanoseconds ");
	assert_null(profile_samples(into));
	assert_int_equal(profile_total(into), 5);
	profile_free(into);
}

static void name_values(struct profile *profile, const char *const *names, uint32_t count)
{
	struct value_type types[PROFILE_VALUES_MAX];

	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(
			profile_intern(profile, names[i], strlen(names[i]), &types[i].name), 0);
		assert_int_equal(profile_intern(profile, "count", 5, &types[i].unit), 0);
	}
	assert_int_equal(profile_set_values(profile, types, count), 0);
}

/* A profile with one sample, whose value i is i + 1. */
static struct profile *new_valued(const char *const *names, uint32_t count)
{
	struct profile *profile = profile_new();
	const struct sample sample = { .time_ns = SAMPLE_NO_TIME };
	uint64_t values[PROFILE_VALUES_MAX];

	name_values(profile, names, count);
	assert_int_equal(profile_keep_samples(profile), 0);
	for (uint32_t i = 0; i < count; i++)
		values[i] = i + 1;
	assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	return profile;
}

static void values_are_found_by_name_and_unit(void **state)
{
	struct profile *into = new_valued((const char *const[]){ "a", "b", "b", "c" }, 4);
	struct profile *from = new_valued((const char *const[]){ "a", "c", "d", "b" }, 4);
	struct merged merged;

	(void)state;
	merged = merge(into, from);
	assert_value_names(into, "a/count b/count b/count c/count d/count ");
	assert_int_equal(merged.lacking, 1 << 2);
	assert_int_equal(merged.extending, 1 << 4);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(value_of(into, 0, i), ((uint64_t[]){ 1, 2, 3, 4, 0 })[i]);
		assert_int_equal(value_of(into, 1, i), ((uint64_t[]){ 1, 4, 0, 2, 3 })[i]);
	}
	profile_free(into);
}

static void other_first_values_are_refused(void **state)
{
	struct profile *into = new_valued((const char *const[]){ "a", "b" }, 2);
	struct profile *from = new_valued((const char *const[]){ "b", "a" }, 2);
	struct merged merged;

	(void)state;
	assert_false(profile_merge_is_possible(into, from));
	assert_int_equal(profile_merge(into, from, &merged), -EINVAL);
	assert_int_equal(profile_total(into), 1);
	profile_free(from);
	from = read_text("a 1\n", true);
	assert_int_equal(profile_merge(into, from, &merged), -EINVAL);
	profile_free(from);
	profile_free(into);
}

static void kinds_of_values_have_a_maximum(void **state)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8",
					     "9", "a", "b", "c", "d", "e", "f", "g", "h" };
	const char *others[18];
	struct profile *into = new_valued(names, 18), *from;
	struct merged merged;

	(void)state;
	memcpy(others, names, sizeof(others));
	for (size_t i = 1; i < 18; i++)
		others[i] = &"-ABCDEFGHIJKLMNOPQR"[i];
	from = new_valued(others, 18);
	assert_int_equal(profile_merge(into, from, &merged), -E2BIG);
	assert_int_equal(profile_total(into), 1);
	profile_free(from);
	merge(into, new_valued(others, 15));
	assert_int_equal(merge(into, new_valued(names, 18)).lacking, 0xfffc0000);
	profile_free(into);
}

static void more_than_may_be_counted_is_refused(void **state)
{
	struct profile *into = read_text("a 9223372036854775807\n", false);
	struct profile *from = read_text("b 1\n", false);
	struct merged merged;

	(void)state;
	assert_int_equal(profile_merge(into, from, &merged), -EOVERFLOW);
	assert_int_equal(profile_total(into), INT64_MAX);
	profile_free(from);
	profile_free(into);
}

/* --- samples --- */

static void labels_and_times_move(void **state)
{
	struct profile *into =
		read_text("other 7/7 [002]  9.5: cpu-clock: \n\t 9 x (/a)\n\n", true);
	const struct samples *samples;
	const struct label_set *set;

	(void)state;
	merge(into, read_text(SCRIPT, true));
	samples = profile_samples(into);
	assert_int_equal(samples_count(samples), 3);
	set = samples_labels(samples, samples_get(samples, 2).labels);
	assert_int_equal(set->values[SAMPLE_LABEL_tid], 15);
	assert_string_equal(profile_string(into, set->values[SAMPLE_LABEL_comm], NULL), "app");
	assert_int_equal(samples_get(samples, 0).time_ns, 9500000000);
	assert_int_equal(samples_get(samples, 2).time_ns, 1700000000);
	profile_forget_times(into);
	assert_false(samples_have_times(samples));
	assert_int_equal(samples_get(samples, 2).time_ns, SAMPLE_NO_TIME);
	/* Others may come. */
	merge(into, read_text(SCRIPT, true));
	assert_int_equal(samples_get(samples, 0).time_ns, SAMPLE_NO_TIME);
	assert_int_equal(samples_get(samples, 4).time_ns, 1700000000);
	profile_free(into);
}

/* --- where they come from --- */

static struct profile *new_with_origin(struct profile_origin origin)
{
	struct profile *profile = read_text("a;[lost:x] 1\na;b 1\n", false);

	origin.command = origin.command ? strdup(origin.command) : NULL;
	origin.machine = origin.machine ? strdup(origin.machine) : NULL;
	origin.event = origin.event ? strdup(origin.event) : NULL;
	*profile_origin(profile) = origin;
	return profile;
}

static char here[] = "here", one[] = "one", two[] = "two", cycles[] = "cycles";

static void what_both_say_alike_stays(void **state)
{
	struct profile *into = new_with_origin((struct profile_origin){ .command = one,
									.machine = here,
									.event = cycles,
									.rate_hz = 99,
									.time_unix_ns = 200,
									.duration_ns = 5,
									.fates_are_known = true });
	struct profile *from = new_with_origin((struct profile_origin){ .command = two,
									.machine = here,
									.event = cycles,
									.rate_hz = 99,
									.time_unix_ns = 100,
									.duration_ns = 8,
									.fates_are_known = true });
	const struct profile_origin *origin = profile_origin_of(into);

	(void)state;
	assert_false(merge(into, from).differs);
	assert_null(origin->command);
	assert_string_equal(origin->machine, "here");
	assert_string_equal(origin->event, "cycles");
	assert_int_equal(origin->rate_hz, 99);
	assert_int_equal(origin->time_unix_ns, 100);
	assert_int_equal(origin->duration_ns, 13);
	assert_true(origin->fates_are_known);
	/* What went does not come back. */
	assert_true(merge(into,
			  new_with_origin((struct profile_origin){ .command = one, .rate_hz = 19 }))
			    .differs);
	assert_null(origin->command);
	assert_null(origin->machine);
	assert_null(origin->event);
	assert_int_equal(origin->rate_hz, 0);
	assert_int_equal(origin->time_unix_ns, 0);
	assert_int_equal(origin->duration_ns, 0);
	assert_false(origin->fates_are_known);
	profile_free(into);
}

static void durations_do_not_wrap(void **state)
{
	struct profile *into =
		new_with_origin((struct profile_origin){ .duration_ns = UINT64_MAX });

	(void)state;
	merge(into, new_with_origin((struct profile_origin){ .duration_ns = 1 }));
	assert_int_equal(profile_origin_of(into)->duration_ns, 0);
	profile_free(into);
}

static void what_was_taken_out_of_either_is_told(void **state)
{
	struct profile *into = new_with_origin(
		(struct profile_origin){ .before = { .due = 10, .truncated = 3, .lost = 2 } });
	const struct profile_before *before = &profile_origin_of(into)->before;

	(void)state;
	merge(into, new_with_origin((struct profile_origin){ 0 }));
	assert_int_equal(before->due, 12);
	assert_int_equal(before->truncated, 3);
	assert_int_equal(before->lost, 3);
	profile_free(into);
}

static void fates_add_up(void **state)
{
	struct profile *into = read_text("p;[truncated:x];f 3\np;f 4\n", false);
	struct fates fates;

	(void)state;
	merge(into, read_text("p;[truncated:x];f 1\np;[lost:y] 7\n", false));
	assert_true(profile_origin_of(into)->fates_are_known);
	assert_int_equal(profile_fates(into, &fates), 0);
	assert_int_equal(fates.truncated, 4);
	assert_int_equal(fates.lost, 7);
	assert_int_equal(fates.complete, 4);
	profile_free(into);
}

/* --- any --- */

#define ROUNDS 300

static void append_random(struct buffer *to, uint64_t *seed)
{
	uint64_t lines = hash_u64(++*seed) % 40;

	for (uint64_t i = 0; i < lines; i++) {
		uint64_t depth = 1 + hash_u64(++*seed) % 6;

		for (uint64_t frame = 0; frame < depth; frame++)
			buffer_printf(to, "%s%c", frame ? ";" : "",
				      (char)('a' + hash_u64(++*seed) % 4));
		buffer_printf(to, " %u\n", (unsigned int)(1 + hash_u64(++*seed) % 1000));
	}
}

static const char *text_of(struct buffer *text)
{
	return text->size ? buffer_string(text) : "";
}

/* It is what the files one behind the other are. */
static void merging_is_concatenating(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct profile *sum = profile_new(), *whole;
		struct buffer all = { 0 }, wanted = { 0 };

		if (round % 2)
			assert_int_equal(profile_keep_samples(sum), 0);
		for (uint64_t part = 0; part < 1 + round % 4; part++) {
			struct buffer text = { 0 };

			append_random(&text, &seed);
			buffer_append(&all, text.data, text.size);
			merge(sum, read_text(text_of(&text), round % 3));
			buffer_release(&text);
		}
		whole = read_text(text_of(&all), false);
		assert_int_equal(folded_write(whole, NULL, &wanted), 0);
		assert_folded(sum, text_of(&wanted));
		profile_free(whole);
		profile_free(sum);
		buffer_release(&all);
		buffer_release(&wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_of_one_stack_add_up),
		cmocka_unit_test(a_profile_of_nothing_says_nothing),
		cmocka_unit_test(what_one_lacks_is_0_of_its_samples),
		cmocka_unit_test(values_are_named_without_samples),
		cmocka_unit_test(values_are_found_by_name_and_unit),
		cmocka_unit_test(other_first_values_are_refused),
		cmocka_unit_test(kinds_of_values_have_a_maximum),
		cmocka_unit_test(more_than_may_be_counted_is_refused),
		cmocka_unit_test(labels_and_times_move),
		cmocka_unit_test(what_both_say_alike_stays),
		cmocka_unit_test(durations_do_not_wrap),
		cmocka_unit_test(what_was_taken_out_of_either_is_told),
		cmocka_unit_test(fates_add_up),
		cmocka_unit_test(merging_is_concatenating),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
