/* SPDX-License-Identifier: Apache-2.0 */
/* samples.c, and of profile.c what keeps them: whatever is added, a node's samples add up to what it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"

static struct profile *new_keeping(void)
{
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	return profile;
}

static uint32_t add_node(struct profile *profile, uint32_t parent, const char *name)
{
	uint32_t frame, node;

	assert_int_equal(profile_add_named(profile, name, NULL, FRAME_NATIVE, &frame), 0);
	assert_int_equal(profile_add_child(profile, parent, frame, &node), 0);
	return node;
}

static void name_values(struct profile *profile, uint32_t count)
{
	struct value_type types[PROFILE_VALUES_MAX] = { 0 };

	assert_int_equal(profile_intern(profile, "x", 1, &types[0].name), 0);
	types[0].unit = types[0].name;
	for (uint32_t i = 1; i < count; i++)
		types[i] = types[0];
	assert_int_equal(profile_set_values(profile, types, count), 0);
}

static void assert_adds_up(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);
	uint32_t nodes = profile_node_count(profile);
	uint64_t *sums = calloc(nodes, sizeof(*sums));

	for (size_t i = 0; samples && i < samples_count(samples); i++)
		sums[samples_get(samples, i).node] += samples_value(samples, i, 0);
	for (uint32_t i = 0; i < nodes; i++)
		assert_int_equal(sums[i], profile_node(profile, i)->self);
	free(sums);
}

static void labels_are_known_by_name(void **state)
{
	(void)state;
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++) {
		const char *name = sample_label_name(label);
		enum sample_label found;

		assert_int_equal(sample_label_by_name(name, strlen(name), &found), 0);
		assert_int_equal(found, label);
		assert_true(*sample_label_meaning(label));
		assert_int_equal(sample_label_by_name(name, strlen(name) - 1, &found), -EINVAL);
	}
	assert_true(sample_label_is_number(SAMPLE_LABEL_cpu));
	assert_false(sample_label_is_number(SAMPLE_LABEL_comm));
}

static void label_sets_are_interned(void **state)
{
	struct profile *profile = new_keeping();
	struct label_set set;
	uint32_t unknown, one, again, other;

	(void)state;
	memset(&set, 0xff, sizeof(set));
	assert_int_equal(profile_add_labels(profile, &set, &unknown), 0);
	assert_int_equal(unknown, LABELS_UNKNOWN);
	set.values[SAMPLE_LABEL_pid] = 7;
	assert_int_equal(profile_add_labels(profile, &set, &one), 0);
	assert_int_equal(profile_add_labels(profile, &set, &again), 0);
	set.values[SAMPLE_LABEL_pid] = 8;
	assert_int_equal(profile_add_labels(profile, &set, &other), 0);
	assert_int_equal(one, again);
	assert_int_not_equal(one, other);
	assert_int_equal(samples_labels_count(profile_samples(profile)), 3);
	assert_int_equal(samples_labels(profile_samples(profile), other)->values[SAMPLE_LABEL_pid],
			 8);
	profile_free(profile);
}

/* A column comes to be with the first sample that needs it; those before it are as they were. */
static void columns_come_late(void **state)
{
	struct profile *profile = new_keeping();
	const struct samples *samples;
	const uint64_t one[] = { 1, 0 }, more[] = { 3, 40 };
	struct sample sample = { PROFILE_ROOT, LABELS_UNKNOWN, SAMPLE_NO_TIME };

	(void)state;
	name_values(profile, 2);
	for (size_t i = 0; i < 5000; i++) {
		if (i == 2000)
			sample.time_ns = 77;
		assert_int_equal(profile_add_sample(profile, &sample, i == 3000 ? more : one), 0);
		if (i == 1999)
			assert_false(samples_have_times(profile_samples(profile)));
	}
	samples = profile_samples(profile);
	assert_int_equal(samples_count(samples), 5000);
	assert_int_equal(samples_value_count(samples), 2);
	assert_int_equal(samples_get(samples, 1999).time_ns, SAMPLE_NO_TIME);
	assert_int_equal(samples_get(samples, 2000).time_ns, 77);
	assert_int_equal(samples_value(samples, 2999, 0), 1);
	assert_int_equal(samples_value(samples, 2999, 1), 0);
	assert_int_equal(samples_value(samples, 3000, 1), 40);
	assert_int_equal(profile_total(profile), 5002);
	assert_adds_up(profile);
	profile_free(profile);
}

static void ticks_are_samples_of_which_nothing_is_known(void **state)
{
	struct profile *profile = new_keeping();
	uint32_t node = add_node(profile, PROFILE_ROOT, "a");
	const uint64_t two[] = { 2 };

	(void)state;
	assert_int_equal(profile_add_ticks(profile, node, 5), 0);
	assert_int_equal(profile_add_ticks(profile, node, 0), 0);
	assert_int_equal(
		profile_add_sample(profile, &(struct sample){ node, LABELS_UNKNOWN, 9 }, two), 0);
	assert_int_equal(samples_count(profile_samples(profile)), 2);
	assert_int_equal(profile_add_ticks(profile, node, INT64_MAX), -EOVERFLOW);
	assert_adds_up(profile);
	profile_free(profile);
}

static void without_being_asked_nothing_is_kept(void **state)
{
	struct profile *profile = profile_new();
	const uint64_t three[] = { 3 };

	(void)state;
	assert_int_equal(profile_add_sample(profile, &(struct sample){ PROFILE_ROOT, 0, 1 }, three),
			 0);
	assert_null(profile_samples(profile));
	assert_int_equal(profile_total(profile), 3);
	assert_int_equal(profile_keep_samples(profile), -EINVAL);
	assert_int_equal(profile_set_values(profile, (struct value_type[]){ { 0, 0 } }, 1),
			 -EINVAL);
	profile_free(profile);
}

#define SCRIPT                                                        \
	"app 12/14 [003]  1000.000022:    1001001 cpu-clock:pppH: \n" \
	"\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n"         \
	"\n"                                                          \
	"a b 99 [000] 18446744073709551615.5:  2 cpu-clock:pppH: \n"  \
	"\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n"         \
	"\n"                                                          \
	"app 12/14 [003]  1000.5:    1000 cpu-clock:pppH: \n"         \
	"\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n\n"

static void perf_script_fills_the_table(void **state)
{
	struct profile *profile = new_keeping();
	const struct samples *samples;
	const struct label_set *first, *second;
	const struct value_type *types;
	struct read_report report;
	uint32_t count;

	(void)state;
	assert_int_equal(profile_read(profile, SCRIPT, strlen(SCRIPT), &report), 0);
	samples = profile_samples(profile);
	assert_int_equal(samples_count(samples), 3);
	assert_int_equal(samples_get(samples, 0).time_ns, 1000000022000);
	assert_int_equal(samples_get(samples, 1).time_ns, SAMPLE_NO_TIME);
	assert_int_equal(samples_get(samples, 2).time_ns, 1000500000000);
	assert_int_equal(samples_get(samples, 0).labels, samples_get(samples, 2).labels);
	first = samples_labels(samples, samples_get(samples, 0).labels);
	second = samples_labels(samples, samples_get(samples, 1).labels);
	assert_int_equal(first->values[SAMPLE_LABEL_pid], 12);
	assert_int_equal(first->values[SAMPLE_LABEL_tid], 14);
	assert_int_equal(first->values[SAMPLE_LABEL_cpu], 3);
	assert_int_equal(first->values[SAMPLE_LABEL_user], PROFILE_NONE);
	assert_int_equal(second->values[SAMPLE_LABEL_pid], PROFILE_NONE);
	assert_int_equal(second->values[SAMPLE_LABEL_tid], 99);
	assert_string_equal(profile_string(profile, second->values[SAMPLE_LABEL_comm], NULL),
			    "a b");
	types = profile_values(profile, &count);
	assert_int_equal(count, 2);
	assert_string_equal(profile_string(profile, types[0].name, NULL), "samples");
	assert_string_equal(profile_string(profile, types[1].unit, NULL), "nanoseconds");
	assert_int_equal(samples_value(samples, 0, 1), 1001001);
	assert_adds_up(profile);
	profile_free(profile);
}

static void further_values_are_0_of_what_there_is(void **state)
{
	static const uint64_t values[] = { 5, 6, 7, 8 };

	(void)state;
	/* Samples that count one have no column of values yet. */
	for (int is_usual = 0; is_usual < 2; is_usual++) {
		struct profile *profile = new_keeping();
		struct sample sample = { .time_ns = SAMPLE_NO_TIME };
		struct value_type types[4] = { 0 };
		const struct samples *samples;

		name_values(profile, 2);
		for (uint64_t i = 0; i < 3; i++)
			assert_int_equal(
				profile_add_sample(profile, &sample,
						   is_usual ? (const uint64_t[]){ 1, 0 }
							    : (const uint64_t[]){ 2 + i, 9 + i }),
				0);
		assert_int_equal(profile_extend_values(profile, types, 1), -EINVAL);
		assert_int_equal(profile_extend_values(profile, types, PROFILE_VALUES_MAX + 1),
				 -EINVAL);
		assert_int_equal(profile_extend_values(profile, types, 4), 0);
		assert_int_equal(profile_add_sample(profile, &sample, values), 0);
		samples = profile_samples(profile);
		assert_int_equal(samples_value_count(samples), 4);
		for (uint64_t i = 0; i < 3; i++) {
			assert_int_equal(samples_value(samples, i, 0), is_usual ? 1 : 2 + i);
			assert_int_equal(samples_value(samples, i, 1), is_usual ? 0 : 9 + i);
			assert_int_equal(samples_value(samples, i, 2), 0);
			assert_int_equal(samples_value(samples, i, 3), 0);
		}
		for (uint32_t value = 0; value < 4; value++)
			assert_int_equal(samples_value(samples, 3, value), values[value]);
		assert_adds_up(profile);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_known_by_name),
		cmocka_unit_test(label_sets_are_interned),
		cmocka_unit_test(columns_come_late),
		cmocka_unit_test(ticks_are_samples_of_which_nothing_is_known),
		cmocka_unit_test(without_being_asked_nothing_is_kept),
		cmocka_unit_test(perf_script_fills_the_table),
		cmocka_unit_test(further_values_are_0_of_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
