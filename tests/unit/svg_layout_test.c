/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "model/profile_reader.h"
#include "model/profile.h"
#include "render/svg_layout.h"

static struct profile *read_text(const char *text)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_non_null(profile);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	return profile;
}

static const char *block_name(const struct profile *profile, const struct svg_block *block)
{
	if (block->node == PROFILE_NONE)
		return "(left out)";
	if (block->node == PROFILE_ROOT)
		return "(root)";
	return profile_string(
		profile, profile_frame(profile, profile_node(profile, block->node)->frame)->name,
		NULL);
}

struct wanted {
	const char *name;
	uint32_t depth;
	uint64_t start, total, hidden;
	uint32_t left_out;
};

static void assert_layout(const char *text, struct svg_limits limits, const struct wanted *wanted,
			  size_t count)
{
	struct profile *profile = read_text(text);
	struct svg_layout layout;

	assert_int_equal(svg_layout_build(profile, &limits, &layout), 0);
	assert_int_equal(layout.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(block_name(profile, &layout.blocks[i]), wanted[i].name);
		assert_int_equal(layout.blocks[i].depth, wanted[i].depth);
		assert_int_equal(layout.blocks[i].start, wanted[i].start);
		assert_int_equal(layout.blocks[i].total, wanted[i].total);
		assert_int_equal(layout.blocks[i].hidden, wanted[i].hidden);
		assert_int_equal(layout.blocks[i].left_out, wanted[i].left_out);
	}
	svg_layout_release(&layout);
	profile_free(profile);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TREE         "p;b;x 5\np;a 3\np 2\nc;a 4\n"

static void children_stand_by_name(void **state)
{
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 14, 0, 0 }, { "c", 1, 0, 4, 0, 0 }, { "a", 2, 0, 4, 0, 0 },
		{ "p", 1, 4, 10, 0, 0 },      { "a", 2, 4, 3, 0, 0 }, { "b", 2, 7, 5, 0, 0 },
		{ "x", 3, 7, 5, 0, 0 },
	};

	(void)state;
	assert_layout(TREE, (struct svg_limits){ .max_frames = 100, .order = RENDER_ORDER_NAME },
		      wanted, COUNT(wanted));
}

/* Around the total from which on sums take more than four bytes. */
static void counts_of_any_size_are_drawn(void **state)
{
	static const uint64_t totals[] = { UINT32_MAX - 1, UINT32_MAX, (uint64_t)UINT32_MAX + 1,
					   UINT64_C(5) << 32, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(totals); i++) {
		uint64_t most = totals[i] - 7;
		const struct wanted wanted[] = {
			{ "(root)", 0, 0, totals[i], 0, 0 }, { "c", 1, 0, 3, 0, 0 },
			{ "p", 1, 3, most + 4, 0, 0 },       { "a", 2, 3, most, 0, 0 },
			{ "b", 2, most + 3, 4, 0, 0 },
		};
		char text[80];

		snprintf(text, sizeof(text), "p;a %llu\np;b 4\nc 3\n", (unsigned long long)most);
		assert_layout(text,
			      (struct svg_limits){ .max_frames = 100, .order = RENDER_ORDER_NAME },
			      wanted, COUNT(wanted));
	}
}

static void or_in_order_of_arrival(void **state)
{
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 14, 0, 0 }, { "p", 1, 0, 10, 0, 0 }, { "b", 2, 0, 5, 0, 0 },
		{ "x", 3, 0, 5, 0, 0 },       { "a", 2, 5, 3, 0, 0 },  { "c", 1, 10, 4, 0, 0 },
		{ "a", 2, 10, 4, 0, 0 },
	};

	(void)state;
	assert_layout(TREE, (struct svg_limits){ .max_frames = 100, .order = RENDER_ORDER_TIME },
		      wanted, COUNT(wanted));
}

static void narrow_frames_stand_together(void **state)
{
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 20, 0, 0 },
		{ "p", 1, 0, 20, 0, 0 },
		{ "d", 2, 0, 9, 2, 0 },
		{ "(left out)", 2, 9, 6, 0, 4 },
	};

	(void)state;
	assert_layout("p;a;x 2\np;b 2\np;c 2\np;d;y 2\np;d 7\np 5\n",
		      (struct svg_limits){
			      .min_ticks = 3, .max_frames = 100, .order = RENDER_ORDER_NAME },
		      wanted, COUNT(wanted));
}

static void the_widest_and_lowest_are_kept(void **state)
{
	static const struct wanted wanted[] = {
		{ "(root)", 0, 0, 3, 0, 0 },     { "a", 1, 0, 1, 0, 0 }, { "x", 2, 0, 1, 0, 0 },
		{ "(left out)", 3, 0, 1, 0, 2 }, { "b", 1, 1, 2, 0, 0 }, { "x", 2, 1, 2, 0, 0 },
	};

	(void)state;
	assert_layout("a;x;y;z 1\nb;x 2\n",
		      (struct svg_limits){ .max_frames = 4, .order = RENDER_ORDER_NAME }, wanted,
		      COUNT(wanted));
}

static void frames_without_ticks_are_not_there(void **state)
{
	static const struct wanted wanted[] = { { "(root)", 0, 0, 1, 0, 0 },
						{ "b", 1, 0, 1, 0, 0 } };
	static const struct wanted empty[] = { { "(root)", 0, 0, 0, 0, 0 } };

	(void)state;
	assert_layout("a;x 0\nb 1\n",
		      (struct svg_limits){ .max_frames = 9, .order = RENDER_ORDER_NAME }, wanted,
		      COUNT(wanted));
	assert_layout("", (struct svg_limits){ .max_frames = 9, .order = RENDER_ORDER_NAME }, empty,
		      COUNT(empty));
}

static struct profile *random_profile(uint64_t seed)
{
	struct profile *profile = profile_new();
	uint32_t nodes = 1;

	for (int i = 0; i < 300; i++) {
		struct frame frame = frame_of_kind(FRAME_NATIVE);
		uint32_t id, node;
		char name;

		seed = hash_u64(seed + 1);
		name = (char)('a' + seed % 20);
		assert_int_equal(profile_intern(profile, &name, 1, &frame.name), 0);
		assert_int_equal(profile_add_frame(profile, frame, &id), 0);
		assert_int_equal(profile_add_child(profile, (seed >> 8) % nodes, id, &node), 0);
		assert_int_equal(profile_add_ticks(profile, node, seed >> 60), 0);
		nodes = profile_node_count(profile);
	}
	return profile;
}

/* Blocks nest, stand side by side, and with what is hidden and each frame's own ticks give the total. */
static void assert_exact(const struct profile *profile, const struct svg_layout *layout)
{
	uint64_t ends[400], self[400];
	uint64_t sum = 0;
	uint32_t path[400];

	for (uint32_t i = 0; i < layout->count; i++) {
		const struct svg_block *block = &layout->blocks[i];

		self[i] = block->total - block->hidden;
		if (block->depth) {
			uint32_t parent = path[block->depth - 1];

			assert_int_equal(block->start, ends[parent]);
			ends[parent] += block->total;
			assert_true(self[parent] >= block->total);
			self[parent] -= block->total;
		}
		path[block->depth] = i;
		ends[i] = block->start;
	}
	for (uint32_t i = 0; i < layout->count; i++) {
		const struct svg_block *block = &layout->blocks[i];

		sum += self[i] + block->hidden;
		if (block->node != PROFILE_NONE)
			assert_int_equal(self[i], profile_node(profile, block->node)->self);
	}
	assert_int_equal(sum, layout->total);
}

static void random_layouts_are_exact(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		struct profile *profile = random_profile(seed);
		struct svg_limits limits = { .min_ticks = seed % 7,
					     .max_frames = 1 + seed % 200,
					     .order = seed & 1 ? RENDER_ORDER_NAME
							       : RENDER_ORDER_TIME };
		struct svg_layout layout;
		uint32_t frames = 0, left_out = 0;

		assert_int_equal(svg_layout_build(profile, &limits, &layout), 0);
		assert_exact(profile, &layout);
		for (uint32_t i = 1; i < layout.count; i++) {
			frames += layout.blocks[i].node != PROFILE_NONE;
			left_out += layout.blocks[i].left_out;
			assert_true(layout.blocks[i].total >= limits.min_ticks);
		}
		assert_int_equal(frames, layout.frames);
		assert_true(frames <= limits.max_frames && left_out <= layout.left_out);
		svg_layout_release(&layout);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_stand_by_name),
		cmocka_unit_test(counts_of_any_size_are_drawn),
		cmocka_unit_test(or_in_order_of_arrival),
		cmocka_unit_test(narrow_frames_stand_together),
		cmocka_unit_test(the_widest_and_lowest_are_kept),
		cmocka_unit_test(frames_without_ticks_are_not_there),
		cmocka_unit_test(random_layouts_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
