/* SPDX-License-Identifier: Apache-2.0 */
/* svg_chart.c: samples along time, and what is left out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "render/svg_chart.h"

#define NO_LIMITS ((struct svg_limits){ .max_frames = UINT32_MAX })

static struct profile *read_text(const char *text)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(report.faults, 0);
	return profile;
}

struct wanted {
	const char *name;
	uint32_t depth;
	uint64_t start, total, gap, hidden;
	uint32_t left_out;
};

static const char *block_name(const struct profile *profile, const struct svg_block *block)
{
	const struct stack_node *node;

	if (block->node == PROFILE_NONE)
		return "(left out)";
	if (block->node == PROFILE_ROOT)
		return "(root)";
	node = profile_node(profile, block->node);
	return profile_string(profile, profile_frame(profile, node->frame)->name, NULL);
}

static void assert_chart(const char *text, struct svg_limits limits, const struct wanted *wanted,
			 size_t count, uint32_t left_out, uint64_t left_out_ticks)
{
	struct profile *profile = read_text(text);
	struct svg_layout layout;

	assert_int_equal(svg_chart_build(profile, &limits, &layout), 0);
	assert_int_equal(layout.count, count);
	assert_int_equal(layout.left_out, left_out);
	assert_int_equal(layout.left_out_ticks, left_out_ticks);
	for (size_t i = 0; i < count; i++) {
		const struct svg_block *block = &layout.blocks[i];

		assert_string_equal(block_name(profile, block), wanted[i].name);
		assert_int_equal(block->depth, wanted[i].depth);
		assert_int_equal(block->start, wanted[i].start);
		assert_int_equal(block->total, wanted[i].total);
		assert_int_equal(block->gap, wanted[i].gap);
		assert_int_equal(block->hidden, wanted[i].hidden);
		assert_int_equal(block->left_out, wanted[i].left_out);
	}
	svg_layout_release(&layout);
	profile_free(profile);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Equal neighbours are one; what a did itself stands between its two calls of b. */
static void neighbours_alone_are_merged(void **state)
{
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 17, 0, 0, 0 }, { "p", 1, 0, 9, 0, 0, 0 },
		{ "a", 2, 0, 9, 0, 0, 0 },       { "b", 3, 0, 3, 0, 0, 0 },
		{ "b", 3, 5, 4, 2, 0, 0 },       { "q", 1, 9, 5, 0, 0, 0 },
		{ "p", 1, 14, 3, 0, 0, 0 },      { "a", 2, 16, 1, 2, 0, 0 },
	};

	(void)state;
	assert_chart("p;a;b 1\np;a;b 2\np;a 2\np;a;b 4\nq 5\np 2\np;a 1\n", NO_LIMITS, wanted,
		     COUNT(wanted), 0, 0);
}

/* perf script's samples by their times, which stand in another order here. */
static void times_are_the_order(void **state)
{
	static const char text[] = "app 1 3.5: cpu-clock: \n\t 401 late (/bin/app)\n\n"
				   "app 1 1.5: cpu-clock: \n\t 401 early (/bin/app)\n\n"
				   "app 1 2.5: cpu-clock: \n\t 401 late (/bin/app)\n\n";
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 3, 0, 0, 0 },
		{ "app", 1, 0, 3, 0, 0, 0 },
		{ "early", 2, 0, 1, 0, 0, 0 },
		{ "late", 2, 1, 2, 0, 0, 0 },
	};

	(void)state;
	assert_chart(text, NO_LIMITS, wanted, COUNT(wanted), 0, 0);
}

#define NARROW "p;a;x 1\np;b;y;z 1\np;a 1\np;c 9\np;a 1\np 1\np;b 1\n"

/* Those side by side are one block, where they were; where that is too narrow, too, their frame counts them. */
static void narrow_ones_stand_together(void **state)
{
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 15, 0, 0, 0 },
		{ "p", 1, 0, 15, 0, 2, 0 },
		{ "(left out)", 2, 0, 3, 0, 0, 6 },
		{ "c", 2, 3, 9, 0, 0, 0 },
	};

	(void)state;
	assert_chart(NARROW, (struct svg_limits){ .min_ticks = 3, .max_frames = 100 }, wanted,
		     COUNT(wanted), 8, 5);
}

static void of_too_many_the_narrow_ones_go(void **state)
{
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 15, 0, 0, 0 },
		{ "p", 1, 0, 15, 0, 2, 0 },
		{ "(left out)", 2, 0, 3, 0, 0, 6 },
		{ "c", 2, 3, 9, 0, 0, 0 },
	};

	(void)state;
	/* There are ten, but eight of them are of one width. */
	assert_chart(NARROW, (struct svg_limits){ .max_frames = 7 }, wanted, COUNT(wanted), 8, 5);
	assert_chart(NARROW, (struct svg_limits){ .max_frames = 2 }, wanted, COUNT(wanted), 8, 5);
}

static void nothing_is_an_empty_chart(void **state)
{
	static const struct wanted wanted[] = { { "(root)", 0, 0, 0, 0, 0, 0 } };

	(void)state;
	assert_chart("", NO_LIMITS, wanted, 1, 0, 0);
	assert_chart("", (struct svg_limits){ .min_ticks = 5 }, wanted, 1, 0, 0);
}

/* --- what holds for any samples --- */

#define SAMPLES 40

/* Few names, so that much is equal; every value from 0 to 3. */
static struct profile *random_profile(uint64_t seed)
{
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct sample sample = { .time_ns = SAMPLE_NO_TIME };
		uint64_t value;
		uint32_t frame;

		seed = hash_u64(seed + 1);
		value = seed >> 32 & 3;
		if (seed >> 40 & 1)
			sample.time_ns = seed >> 41 & 31;
		for (size_t depth = seed % 5; depth--; seed /= 2) {
			const char name[] = { (char)('a' + (seed >> 8 & 1)), '\0' };

			assert_int_equal(
				profile_add_named(profile, name, NULL, FRAME_NATIVE, &frame), 0);
			assert_int_equal(
				profile_add_child(profile, sample.node, frame, &sample.node), 0);
		}
		assert_int_equal(profile_add_sample(profile, &sample, &value), 0);
	}
	return profile;
}

/* The innermost block over a tick, by its index. */
static uint32_t block_over(const struct svg_layout *layout, uint64_t tick)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < layout->count; i++) {
		const struct svg_block *block = &layout->blocks[i];

		if (block->start <= tick && tick < block->start + block->total &&
		    block->depth >= layout->blocks[found].depth)
			found = i;
	}
	return found;
}

static bool is_on(const struct profile *profile, uint32_t node, uint32_t ancestor)
{
	while (node != ancestor && node != PROFILE_ROOT)
		node = profile_node(profile, node)->parent;
	return node == ancestor;
}

/* The samples in order, one after the other by a search for the least. */
static size_t next_sample(const struct samples *samples, const bool *taken)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < samples_count(samples); i++)
		if (!taken[i] && (least == SIZE_MAX || samples_get(samples, i).time_ns <
							       samples_get(samples, least).time_ns))
			least = i;
	return least;
}

/* At each tick there is what its sample was in: all of it without limits, else what is wide enough, and a block of what is not. */
static void assert_samples_are_there(const struct profile *profile, const struct svg_layout *layout,
				     uint64_t min_ticks)
{
	const struct samples *samples = profile_samples(profile);
	bool taken[SAMPLES] = { false };
	uint64_t tick = 0;

	for (size_t i = 0; i < samples_count(samples); i++) {
		size_t sample = next_sample(samples, taken);
		uint32_t node = samples_get(samples, sample).node;

		taken[sample] = true;
		for (uint64_t j = 0; j < samples_value(samples, sample, 0); j++, tick++) {
			const struct svg_block *block = &layout->blocks[block_over(layout, tick)];

			assert_true(block->total >= min_ticks || !block->depth);
			if (!min_ticks)
				assert_int_equal(block->node, node);
			else if (block->node != PROFILE_NONE)
				assert_true(is_on(profile, node, block->node));
		}
	}
	assert_int_equal(tick, layout->total);
	assert_int_equal(tick, profile_total(profile));
}

/* Blocks of one block stand beside each other, gaps in between, and take no more than it has. */
static void assert_blocks_are_sound(const struct svg_layout *layout)
{
	uint64_t ends[8] = { 0 }, rests[8] = { 0 };
	uint32_t frames = 0;

	for (uint32_t i = 0; i < layout->count; i++) {
		const struct svg_block *block = &layout->blocks[i];
		uint32_t depth = block->depth;

		assert_true(depth <= layout->depth);
		if (depth) {
			assert_int_equal(block->start, ends[depth] + block->gap);
			assert_true(rests[depth - 1] >= block->total);
			rests[depth - 1] -= block->total;
			frames += block->node != PROFILE_NONE;
			assert_true(block->total > 0);
		}
		assert_true(block->hidden <= block->total);
		rests[depth] = block->total - block->hidden;
		ends[depth] = block->start + block->total;
		ends[depth + 1] = block->start;
	}
	assert_int_equal(frames, layout->frames);
}

static void any_samples_are_drawn_as_they_were(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct profile *profile = random_profile(seed * 991);
		struct svg_layout layout;
		uint32_t all;

		assert_int_equal(svg_chart_build(profile, &NO_LIMITS, &layout), 0);
		assert_int_equal(layout.left_out, 0);
		assert_samples_are_there(profile, &layout, 0);
		assert_blocks_are_sound(&layout);
		all = layout.frames;
		svg_layout_release(&layout);
		for (uint64_t least = 1; least <= 9; least += 4) {
			const struct svg_limits limits = { .min_ticks = least, .max_frames = 50 };

			assert_int_equal(svg_chart_build(profile, &limits, &layout), 0);
			assert_samples_are_there(profile, &layout, least);
			assert_blocks_are_sound(&layout);
			assert_true(layout.frames <= limits.max_frames);
			assert_int_equal(layout.frames + layout.left_out, all);
			svg_layout_release(&layout);
		}
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_alone_are_merged),
		cmocka_unit_test(times_are_the_order),
		cmocka_unit_test(narrow_ones_stand_together),
		cmocka_unit_test(of_too_many_the_narrow_ones_go),
		cmocka_unit_test(nothing_is_an_empty_chart),
		cmocka_unit_test(any_samples_are_drawn_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
