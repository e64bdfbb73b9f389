/* SPDX-License-Identifier: Apache-2.0 */
/* Slices to be rolled up, for tests: of windows that have all kinds of stacks, labels and times. */
#ifndef HEARTH_TESTS_UNIT_ROLL_UP_PLACE_H
#define HEARTH_TESTS_UNIT_ROLL_UP_PLACE_H

#include "tests/unit/store_place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/roll_up.h"
#include "store/slice_rolling.h"
#include "store/store_writer.h"

#define SAMPLES 60

/* --- windows as a recorder keeps them: code without names, markers that a root may end --- */

static inline uint32_t add_stack(struct profile *profile, uint64_t random)
{
	uint32_t node, frame;
	char name[24];

	snprintf(name, sizeof(name), "app%llu", (unsigned long long)(random % 3));
	assert_int_equal(profile_add_named(profile, name, NULL, FRAME_PROCESS, &frame), 0);
	assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &node), 0);
	if (random % 5 < 2) {
		struct frame marker = frame_of_kind(random % 5 ? FRAME_MARKER : FRAME_UNLESS_ROOT);

		assert_int_equal(profile_intern(profile, "[truncated:no_root]", 19, &marker.name),
				 0);
		assert_int_equal(profile_add_frame(profile, marker, &frame), 0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	for (uint64_t depth = 0; depth < 2 + random % 6; depth++) {
		/* Few of many: most are met often, some once. */
		uint64_t way = hash_u64(random >> 8) % (random % 7 ? 2 : 900);

		assert_int_equal(
			profile_add_unnamed(profile, name, "abcd", depth * 4096 + way * 16, &frame),
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
	set.values[SAMPLE_LABEL_tid] = (uint32_t)(random % 11);
	if (random % 9)
		set.values[SAMPLE_LABEL_cpu] = (uint32_t)(random % 4);
	assert_int_equal(
		profile_intern(profile, comm, strlen(comm), &set.values[SAMPLE_LABEL_comm]), 0);
	assert_int_equal(profile_add_labels(profile, &set, &labels), 0);
	return labels;
}

static inline struct profile *make_window(uint64_t window, uint64_t rate_hz)
{
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	profile_origin(profile)->rate_hz = rate_hz;
	profile_origin(profile)->fates_are_known = true;
	for (uint64_t i = 0; i < SAMPLES; i++) {
		uint64_t random = hash_u64(window * 1000003 + i);
		const uint64_t value = random % 13 ? 1 : 3;
		const struct sample sample = {
			.node = add_stack(profile, random),
			.labels = add_labels(profile, random >> 20),
			.time_ns = random % 17 ? span_of(window).start_ns +
							 (random >> 32) % 10000 * UNIT_NS
					       : SAMPLE_NO_TIME,
		};

		assert_int_equal(profile_add_sample(profile, &sample, &value), 0);
	}
	return profile;
}

struct naming {
	struct arena memory;
	struct buffer names; /* struct address_names */
};

/* All code of one page is one function; the first one is a root, every third has a call inlined. Of app2 no name is known. */
static inline int name_address(void *context, const struct frame_address *address)
{
	struct naming *naming = context;
	struct frame_name *chain = arena_alloc(&naming->memory, 2 * sizeof(*chain));
	struct address_names named = { *address, address->offset < 4096, chain,
				       1 + (address->offset / 16 % 3 == 0) };
	char function[32];
	int size = snprintf(function, sizeof(function), "function%llu",
			    (unsigned long long)(address->offset / 4096));

	if (!strcmp(address->module, "app2"))
		return 0;
	named.address.module = !strcmp(address->module, "app0") ? "app0" : "app1";
	named.address.build_id = "abcd";
	chain[0] = (struct frame_name){ arena_string(&naming->memory, function, (size_t)size),
					"file.c", (uint32_t)address->offset };
	chain[1] = (struct frame_name){ "inlined", NULL, 0 };
	buffer_append(&naming->names, &named, sizeof(named));
	return buffer_error(&naming->names);
}

static inline void tell_names(struct store_writer *writer)
{
	struct naming naming = { 0 };

	arena_init(&naming.memory);
	assert_int_equal(store_writer_each_unnamed(writer, name_address, &naming), 0);
	assert_int_equal(store_writer_add_names(writer,
						(const struct address_names *)naming.names.data,
						naming.names.size / sizeof(struct address_names)),
			 0);
	buffer_release(&naming.names);
	arena_release(&naming.memory);
}

static inline void add_window(struct store_writer *writer, uint64_t window, uint64_t rate_hz)
{
	const struct window_times times = times_of(window);
	struct profile *profile = make_window(window, rate_hz);
	const struct store_event event = { span_of(window).start_ns, EVENT_PROCESS_START, 7,
					   "started" };

	assert_int_equal(store_writer_add_events(writer, &event, 1), 0);
	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	tell_names(writer);
	profile_free(profile);
}

/* Windows follow each other from `first` on, each in so many parts of the same span. */
static inline void add_windows_in_parts(const char *folder, uint64_t first, uint64_t count,
					uint64_t rate_hz, size_t parts)
{
	struct store_writer *writer;
	size_t set_aside;

	assert_int_equal(store_writer_open(folder, &writer, &set_aside), 0);
	for (uint64_t window = first; window < first + count; window++)
		for (size_t part = 0; part < parts; part++)
			add_window(writer, window, rate_hz);
	assert_int_equal(store_writer_close(writer), 0);
}

static inline void add_windows(const char *folder, uint64_t first, uint64_t count, uint64_t rate_hz)
{
	add_windows_in_parts(folder, first, count, rate_hz, 1);
}

/* --- rolling up --- */

static inline struct roll_up_ages only(enum roll_up_number level)
{
	struct roll_up_ages ages;

	memset(&ages, 0xff, sizeof(ages));
	ages.ages_ns[level] = 0;
	return ages;
}

/* All of one level; how many were made. */
static inline size_t roll(const char *folder, enum roll_up_number level, bool removes)
{
	const struct roll_up_ages ages = only(level);
	struct store_writer *writer;
	size_t made = 0, set_aside;

	assert_int_equal(store_writer_open(folder, &writer, &set_aside), 0);
	for (;;) {
		struct slice_rolling rolling;

		assert_int_equal(store_writer_begin_rolling(writer, &ages, INT64_MAX, &rolling), 0);
		if (!rolling.group.count)
			break;
		assert_int_equal(slice_rolling_run(&rolling, roll_up_make), 0);
		assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), 0);
		made++;
	}
	if (removes)
		assert_int_equal(store_writer_remove_replaced(writer), 0);
	assert_int_equal(store_writer_close(writer), 0);
	return made;
}

#endif
