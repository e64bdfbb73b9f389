/* SPDX-License-Identifier: Apache-2.0 */
/* place_names, live_total and live_spans: places are asked for once and named from then on, and a sum of windows neither loses a tick nor grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/live_spans.h"
#include "profiler/live_total.h"
#include "profiler/place_names.h"

#define BUILD_ID "0123abcd"

/* --- windows --- */

static struct profile *new_profile(void)
{
	struct profile *profile = profile_new();

	assert_non_null(profile);
	assert_int_equal(profile_keep_samples(profile), 0);
	return profile;
}

static uint32_t child(struct profile *profile, uint32_t parent, const char *name,
		      enum frame_kind kind)
{
	uint32_t frame, node;

	assert_int_equal(profile_add_named(profile, name, NULL, kind, &frame), 0);
	assert_int_equal(profile_add_child(profile, parent, frame, &node), 0);
	return node;
}

static uint32_t place(struct profile *profile, uint32_t parent, uint64_t offset)
{
	uint32_t frame, node;

	assert_int_equal(profile_add_unnamed(profile, "lib.so", BUILD_ID, offset, &frame), 0);
	assert_int_equal(profile_add_child(profile, parent, frame, &node), 0);
	return node;
}

static void add_ticks(struct profile *profile, uint32_t node, uint32_t pid, uint64_t ticks)
{
	struct sample sample = { .node = node, .time_ns = SAMPLE_NO_TIME };
	struct label_set set;

	memset(&set, 0xff, sizeof(set));
	set.values[SAMPLE_LABEL_pid] = set.values[SAMPLE_LABEL_tid] = pid;
	assert_int_equal(profile_intern(profile, "app", 3, &set.values[SAMPLE_LABEL_comm]), 0);
	assert_int_equal(profile_add_labels(profile, &set, &sample.labels), 0);
	assert_int_equal(profile_add_sample(profile, &sample, &ticks), 0);
}

/* app;lib.so+0x10;lib.so+OFFSET, of so many ticks. */
static struct profile *window_at(uint64_t offset, uint64_t ticks)
{
	struct profile *window = new_profile();
	uint32_t node = child(window, PROFILE_ROOT, "app", FRAME_PROCESS);

	add_ticks(window, place(window, place(window, node, 0x10), offset), 7, ticks);
	return window;
}

/* --- names --- */

struct asked {
	uint64_t offsets[16];
	size_t count;
};

static int ask(void *context, const struct frame_address *address)
{
	struct asked *asked = context;

	assert_string_equal(address->module, "lib.so");
	assert_string_equal(address->build_id, BUILD_ID);
	assert_true(asked->count < 16);
	asked->offsets[asked->count++] = address->offset;
	return 0;
}

static struct asked asked_of(struct place_names *names)
{
	const struct window_shelf shelf = place_names_shelf(names);
	struct asked asked = { 0 };

	assert_int_equal(shelf.each_unnamed(shelf.context, ask, &asked), 0);
	return asked;
}

static void tell(struct place_names *names, uint64_t offset, const struct frame_name *chain,
		 size_t count, bool is_root)
{
	const struct window_shelf shelf = place_names_shelf(names);
	const struct address_names told = {
		.address = { "lib.so", BUILD_ID, offset },
		.is_root = is_root,
		.names = chain,
		.count = count,
	};

	assert_int_equal(shelf.add_names(shelf.context, &told, 1), 0);
}

/* The names from the root to the node with the most ticks of its own. */
static void assert_stack(const struct profile *profile, const char *expected)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	uint32_t best = 0, path[16];
	size_t depth = 0;

	for (uint32_t i = 1; i < profile_node_count(profile); i++)
		if (profile_node(profile, i)->self > profile_node(profile, best)->self)
			best = i;
	for (uint32_t node = best; node; node = profile_node(profile, node)->parent) {
		assert_true(depth < 16);
		path[depth++] = profile_node(profile, node)->frame;
	}
	while (depth--) {
		buffer_append_string(
			&text,
			profile_string(profile, profile_frame(profile, path[depth])->name, NULL));
		buffer_append_string(&text, depth ? ";" : "");
	}
	assert_string_equal(buffer_string(&text), expected);
}

static void assert_named(const struct place_names *names, const struct profile *window,
			 const char *expected)
{
	struct profile *named = new_profile();

	assert_int_equal(place_names_add_profile(names, window, named), 0);
	assert_int_equal(profile_total(named), profile_total(window));
	assert_stack(named, expected);
	profile_free(named);
}

static void places_are_asked_for_until_they_are_told(void **state)
{
	const struct frame_name chain[] = { { "outer", "a.c", 1 }, { "inlined", "b.h", 2 } };
	struct place_names *names = place_names_new();
	struct profile *window = window_at(0x20, 3);

	(void)state;
	assert_false(place_names_lack(names));
	assert_int_equal(place_names_meet(names, window), 0);
	assert_true(place_names_lack(names));
	assert_int_equal(asked_of(names).count, 2);
	assert_named(names, window, "app;lib.so+0x10;lib.so+0x20");

	tell(names, 0x20, chain, 2, false);
	assert_named(names, window, "app;lib.so+0x10;outer;inlined");
	assert_int_equal(place_names_meet(names, window), 0);
	assert_int_equal(asked_of(names).count, 1);
	assert_int_equal(asked_of(names).offsets[0], 0x10);

	tell(names, 0x10, NULL, 0, false); /* it has no name, and is not asked for any more */
	assert_named(names, window, "app;[lib.so];outer;inlined");
	assert_int_equal(asked_of(names).count, 0);
	assert_false(place_names_lack(names));
	profile_free(window);
	place_names_free(names);
}

static void a_root_that_is_named_makes_its_stack_complete(void **state)
{
	const struct frame_name start = { "_start", NULL, 0 };
	struct place_names *names = place_names_new();
	struct profile *window = new_profile(), *named;
	struct fates fates;
	uint32_t node = child(window, PROFILE_ROOT, "app", FRAME_PROCESS), frame;

	(void)state;
	assert_int_equal(
		profile_add_named(window, "[truncated:no_root]", NULL, FRAME_UNLESS_ROOT, &frame),
		0);
	assert_int_equal(profile_add_child(window, node, frame, &node), 0);
	add_ticks(window, place(window, node, 0x10), 7, 5);
	add_ticks(window, place(window, node, 0x20), 7, 3);
	assert_int_equal(place_names_meet(names, window), 0);
	tell(names, 0x10, &start, 1, true);
	named = new_profile();
	assert_int_equal(place_names_add_profile(names, window, named), 0);
	assert_stack(named, "app;_start");
	assert_int_equal(profile_fates(named, &fates), 0);
	assert_int_equal(fates.complete, 5);
	assert_int_equal(fates.truncated, 3);
	profile_free(named);
	profile_free(window);
	place_names_free(names);
}

static int count_asked(void *context, const struct frame_address *address)
{
	(void)address;
	++*(size_t *)context;
	return 0;
}

/* Four times as many places as are kept, of which none is ever told. */
static void what_is_never_told_is_no_more_asked_for(void **state)
{
	struct place_names *names = place_names_new();
	const struct window_shelf shelf = place_names_shelf(names);
	size_t count = 0;

	(void)state;
	for (uint64_t i = 0; i < 8; i++) {
		struct profile *window = new_profile();
		uint32_t node = child(window, PROFILE_ROOT, "app", FRAME_PROCESS);

		for (uint64_t offset = 0; offset < PLACE_NAMES_MAX / 2; offset++)
			place(window, node, i << 32 | offset);
		assert_int_equal(place_names_meet(names, window), 0);
		profile_free(window);
	}
	assert_int_equal(shelf.each_unnamed(shelf.context, count_asked, &count), 0);
	assert_int_equal(count, PLACE_NAMES_MAX / 8);
	place_names_free(names);
}

/* --- sums --- */

static void a_sum_neither_grows_nor_loses_a_tick(void **state)
{
	const struct live_total_limits limits = { .nodes = 200, .labels = 20 };
	struct profile *total = new_profile();
	uint64_t ticks = 0, usual = 0;
	struct fates fates;

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct profile *window = new_profile();
		uint32_t app = child(window, PROFILE_ROOT, "app", FRAME_PROCESS);
		uint32_t marker = child(window, app, "[lost:ring_full]", FRAME_MARKER);

		add_ticks(window, place(window, app, 1), 1, 100);
		for (uint32_t j = 0; j < 10; j++)
			add_ticks(window, place(window, app, 1000 + i * 10 + j), 1000 + i, 1);
		add_ticks(window, marker, 2, 1);
		ticks += 111;
		usual += 100;
		assert_int_equal(live_total_add(&total, window, &limits), 0);
		profile_free(window);
		assert_true(profile_node_count(total) <= 2 * limits.nodes);
		assert_true(samples_labels_count(profile_samples(total)) <= 2 * limits.labels);
	}
	assert_int_equal(profile_total(total), ticks);
	assert_int_equal(profile_fates(total, &fates), 0);
	assert_int_equal(fates.lost, 300);
	for (uint32_t i = 1; i < profile_node_count(total); i++) {
		const struct frame *frame = profile_frame(total, profile_node(total, i)->frame);

		if (frame->kind == FRAME_UNNAMED &&
		    profile_place(total, profile_node(total, i)->frame)->offset == 1)
			usual -= profile_node(total, i)->self;
	}
	assert_int_equal(usual, 0); /* what is common is told apart as ever */
	profile_free(total);
}

/* --- spans --- */

static struct picture *draw(const struct live_spans *spans, const struct place_names *names,
			    enum view_span span)
{
	struct picture *picture = picture_new();

	assert_int_equal(live_spans_draw(spans, names, span, picture), 0);
	return picture;
}

static void assert_span(const struct live_spans *spans, const struct place_names *names,
			enum view_span span, uint64_t ticks, uint64_t seconds)
{
	struct picture *picture = draw(spans, names, span);

	assert_int_equal(profile_total(picture->profile), ticks);
	assert_int_equal(picture->span_ns, seconds * 1000000000u);
	picture_release(picture);
}

static void spans_have_their_windows(void **state)
{
	const struct live_total_limits limits = { LIVE_TOTAL_NODES, LIVE_TOTAL_LABELS };
	struct live_spans *spans = live_spans_new(&limits);
	struct place_names *names = place_names_new();
	struct picture *picture;
	uint64_t second = 1000000000u;

	(void)state;
	assert_span(spans, names, SPAN_LAST, 0, 0);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(
			live_spans_add(spans, window_at(i, i + 1), i * second, (i + 1) * second),
			0);
	assert_span(spans, names, SPAN_LAST, 100, 1);
	assert_span(spans, names, SPAN_MINUTE, (41 + 100) * 60 / 2, 60);
	assert_span(spans, names, SPAN_START, 5050, 100);
	picture = draw(spans, names, SPAN_LAST);
	assert_int_equal(picture->since_ns, 100 * second);
	assert_int_equal(u64_map_get(&picture->since, 7), 5050);
	assert_int_equal(profile_origin_of(picture->profile)->duration_ns, second);
	picture_release(picture);

	assert_int_equal(live_spans_reset(spans), 0);
	assert_span(spans, names, SPAN_START, 0, 0);
	assert_span(spans, names, SPAN_MINUTE, 0, 0);
	place_names_free(names);
	live_spans_free(spans);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_asked_for_until_they_are_told),
		cmocka_unit_test(a_root_that_is_named_makes_its_stack_complete),
		cmocka_unit_test(what_is_never_told_is_no_more_asked_for),
		cmocka_unit_test(a_sum_neither_grows_nor_loses_a_tick),
		cmocka_unit_test(spans_have_their_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
