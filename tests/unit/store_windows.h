/* SPDX-License-Identifier: Apache-2.0 */
/* Windows for tests of the store, made by numbers. */
#ifndef HEARTH_TESTS_UNIT_STORE_WINDOWS_H
#define HEARTH_TESTS_UNIT_STORE_WINDOWS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/store_writer.h"
#include "tests/unit/store_place.h"

/* --- profiles --- */

static inline uint32_t add_stack(struct profile *profile, uint64_t random)
{
	uint32_t node = PROFILE_ROOT, frame;

	for (size_t depth = 0; depth < random % 9 + 1; depth++) {
		char name[32];

		snprintf(name, sizeof(name), "f%llu",
			 (unsigned long long)(hash_u64(random + depth) % (depth + 3)));
		assert_int_equal(profile_add_placed(profile, name, depth % 2 ? "libx.so" : NULL,
						    (enum frame_kind)(depth % 4),
						    depth % 3 ? "x.c" : NULL,
						    depth % 3 ? (uint32_t)depth : 0, &frame),
				 0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	return node;
}

static inline uint32_t add_labels(struct profile *profile, uint64_t random)
{
	struct label_set set;
	uint32_t labels;
	char comm[16];

	memset(&set, 0xff, sizeof(set));
	snprintf(comm, sizeof(comm), "comm%llu", (unsigned long long)(random % 3));
	set.values[SAMPLE_LABEL_pid] = (uint32_t)(random % 5);
	if (random % 7)
		assert_int_equal(
			profile_intern(profile, comm, strlen(comm), &set.values[SAMPLE_LABEL_comm]),
			0);
	assert_int_equal(profile_add_labels(profile, &set, &labels), 0);
	return labels;
}

/* What a window is made of. */
struct recipe {
	size_t samples;
	bool has_times, has_values;
	const char *machine;
};

static inline struct profile *make_window(uint64_t window, struct recipe recipe)
{
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	profile_origin(profile)->rate_hz = 19;
	profile_origin(profile)->fates_are_known = true;
	if (recipe.machine)
		profile_origin(profile)->machine = strdup(recipe.machine);
	if (recipe.has_values) {
		struct value_type types[2];

		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(profile_intern(profile, i ? "cpu" : "samples", i ? 3 : 7,
							&types[i].name),
					 0);
			assert_int_equal(profile_intern(profile, i ? "nanoseconds" : "count",
							i ? 11 : 5, &types[i].unit),
					 0);
		}
		assert_int_equal(profile_set_values(profile, types, 2), 0);
	}
	for (size_t i = 0; i < recipe.samples; i++) {
		uint64_t random = hash_u64(window * 1000000 + i);
		const uint64_t values[] = { recipe.has_values ? random % 4 : 1, random % 100000 };
		struct sample sample = {
			.node = add_stack(profile, random % 500),
			.labels = add_labels(profile, random >> 20),
			.time_ns =
				recipe.has_times && random % 11
					? span_of(window).start_ns +
						  (random >> 32) % (WINDOW_NS / UNIT_NS) * UNIT_NS
					: SAMPLE_NO_TIME,
		};

		assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	}
	return profile;
}

/* Adds windows, and says what they are as `describe` does. */
static inline void add_windows(struct store_writer *writer, uint64_t first, uint64_t end,
			       struct recipe recipe, struct buffer *expected)
{
	for (uint64_t window = first; window < end; window++) {
		const struct window_times times = times_of(window);
		struct profile *profile = make_window(window, recipe);
		struct buffer words = { 0 };

		assert_int_equal(store_writer_add(writer, &times, profile), 0);
		describe(profile, &words);
		buffer_append(expected, words.data, words.size);
		buffer_release(&words);
		profile_free(profile);
	}
}

#endif
