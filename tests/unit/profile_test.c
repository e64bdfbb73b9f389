/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "model/fates.h"
#include "model/profile.h"

static uint32_t add_frame(struct profile *profile, const char *name, enum frame_kind kind)
{
	struct frame frame = frame_of_kind(kind);
	uint32_t id;

	assert_int_equal(profile_intern(profile, name, strlen(name), &frame.name), 0);
	assert_int_equal(profile_add_frame(profile, frame, &id), 0);
	return id;
}

static uint32_t add_child(struct profile *profile, uint32_t parent, uint32_t frame)
{
	uint32_t node;

	assert_int_equal(profile_add_child(profile, parent, frame, &node), 0);
	return node;
}

static void test_frames_are_interned_by_all_that_is_said_of_them(void **state)
{
	struct profile *profile = profile_new();
	uint32_t native = add_frame(profile, "f", FRAME_NATIVE), other, id_with_file, id_with_line;
	struct frame frame = *profile_frame(profile, native);

	(void)state;
	assert_int_equal(add_frame(profile, "f", FRAME_NATIVE), native);
	assert_int_not_equal(add_frame(profile, "f", FRAME_KERNEL), native);
	frame.module = frame.name;
	assert_int_equal(profile_add_frame(profile, frame, &other), 0);
	assert_int_not_equal(other, native);
	frame.file = frame.name;
	assert_int_equal(profile_add_frame(profile, frame, &id_with_file), 0);
	assert_int_not_equal(id_with_file, other);
	frame.line = 7;
	assert_int_equal(profile_add_frame(profile, frame, &id_with_line), 0);
	assert_int_not_equal(id_with_line, id_with_file);
	assert_int_equal(profile_frame_count(profile), 5);
	profile_free(profile);
}

static void test_a_line_without_a_file_is_none(void **state)
{
	struct profile *profile = profile_new();
	uint32_t named, placed, unplaced;

	(void)state;
	assert_int_equal(profile_add_named(profile, "f", "m", FRAME_NATIVE, &named), 0);
	assert_int_equal(profile_add_placed(profile, "f", "m", FRAME_NATIVE, NULL, 3, &unplaced),
			 0);
	assert_int_equal(profile_add_placed(profile, "f", "m", FRAME_NATIVE, "/a/f.c", 3, &placed),
			 0);
	assert_int_equal(unplaced, named);
	assert_int_not_equal(placed, named);
	assert_string_equal(profile_string(profile, profile_frame(profile, placed)->file, NULL),
			    "/a/f.c");
	assert_int_equal(profile_frame(profile, placed)->line, 3);
	profile_free(profile);
}

static void test_stacks_share_prefixes_and_keep_order(void **state)
{
	struct profile *profile = profile_new();
	uint32_t a = add_frame(profile, "a", FRAME_NATIVE),
		 b = add_frame(profile, "b", FRAME_NATIVE);
	uint32_t node_b = add_child(profile, PROFILE_ROOT, b), node_a, node_ba;

	(void)state;
	node_a = add_child(profile, PROFILE_ROOT, a);
	node_ba = add_child(profile, node_b, a);
	assert_int_equal(add_child(profile, PROFILE_ROOT, b), node_b);
	assert_int_equal(add_child(profile, node_b, a), node_ba);
	assert_int_equal(profile_node_count(profile), 4);
	assert_int_equal(profile_node(profile, node_b)->parent, PROFILE_ROOT);
	assert_int_equal(profile_node(profile, node_a)->parent, PROFILE_ROOT);
	assert_int_equal(profile_node(profile, node_ba)->parent, node_b);
	assert_true(node_b < node_a);
	profile_free(profile);
}

/* Of one that was settled, too, the children that are there are found. */
static void test_stacks_may_be_added_when_it_is_settled(void **state)
{
	struct profile *profile = profile_new();
	uint32_t parent, child, again, count;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(profile_add_child(profile, PROFILE_ROOT, i % 100, &parent), 0);
		assert_int_equal(profile_add_child(profile, parent, i % 300, &child), 0);
	}
	count = profile_node_count(profile);
	for (uint32_t round = 0; round < 3; round++) {
		profile_settle(profile);
		for (uint32_t i = 1; i < count; i++) {
			const struct stack_node node = *profile_node(profile, i);

			assert_int_equal(
				profile_add_child(profile, node.parent, node.frame, &again), 0);
			assert_int_equal(again, i);
		}
		profile_settle(profile);
		assert_int_equal(profile_add_child(profile, 1, 1000 + round, &again), 0);
		assert_int_equal(again, count++);
	}
	profile_free(profile);
}

static void test_ticks_add_up_and_never_wrap(void **state)
{
	struct profile *profile = profile_new();
	uint32_t node = add_child(profile, PROFILE_ROOT, add_frame(profile, "a", FRAME_NATIVE));

	(void)state;
	assert_int_equal(profile_add_ticks(profile, node, 5), 0);
	assert_int_equal(profile_add_ticks(profile, PROFILE_ROOT, 2), 0);
	assert_int_equal(profile_total(profile), 7);
	assert_int_equal(profile_add_ticks(profile, node, (uint64_t)INT64_MAX - 6), -EOVERFLOW);
	assert_int_equal(profile_node(profile, node)->self, 5);
	assert_int_equal(profile_add_ticks(profile, node, (uint64_t)INT64_MAX - 7), 0);
	assert_int_equal(profile_total(profile), INT64_MAX);
	profile_free(profile);
}

static void test_a_deep_tree_needs_no_recursion(void **state)
{
	struct profile *profile = profile_new();
	uint32_t frame = add_frame(profile, "f", FRAME_NATIVE), node = PROFILE_ROOT;
	struct fates fates;

	(void)state;
	for (int depth = 0; depth < 300000; depth++)
		node = add_child(profile, node, frame);
	assert_int_equal(profile_add_ticks(profile, node, 1), 0);
	assert_int_equal(profile_fates(profile, &fates), 0);
	assert_int_equal(fates.complete, 1);
	profile_free(profile);
}

static void test_fates_add_up_from_markers(void **state)
{
	struct profile *profile = profile_new();
	uint32_t comm = add_child(profile, PROFILE_ROOT, add_frame(profile, "sh", FRAME_PROCESS));
	uint32_t f = add_frame(profile, "f", FRAME_NATIVE);
	uint32_t no_root =
		add_child(profile, comm, add_frame(profile, "[truncated:no_root]", FRAME_MARKER));
	uint32_t late = add_child(profile, comm, add_frame(profile, "[lost:late]", FRAME_MARKER));
	struct fates fates;
	size_t size;

	(void)state;
	profile_add_ticks(profile, add_child(profile, comm, f), 10);
	profile_add_ticks(profile, add_child(profile, no_root, f), 3);
	profile_add_ticks(profile, no_root, 1);
	profile_add_ticks(profile, late, 2);
	assert_int_equal(profile_fates(profile, &fates), 0);
	assert_int_equal(fates.due, 16);
	assert_int_equal(fates.complete, 10);
	assert_int_equal(fates.truncated, 4);
	assert_int_equal(fates.lost, 2);
	assert_int_equal(fates.reason_count, 2);
	assert_int_equal(fates.reasons[0].ticks, 4);
	assert_memory_equal(fate_reason_text(profile, &fates.reasons[1], &size), "late", 4);
	assert_int_equal(size, 4);
	profile_free(profile);
}

static void test_markers_are_told_from_names(void **state)
{
	const char *const names[] = { "[truncated:]", "[truncated]",  "truncated:x", "[lost:x",
				      "[lost x]",     "[complete:x]", "[]",          "" };
	const char *reason;
	enum fate fate;
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(fate_parse_marker(names[i], strlen(names[i]), &fate, &reason, &size));
	assert_true(fate_parse_marker("[lost:x]", 8, &fate, &reason, &size));
	assert_int_equal(fate, FATE_LOST);
	assert_int_equal(size, 1);
}

static void add_marked(struct profile *profile, const char *name, uint64_t ticks)
{
	uint32_t frame = add_frame(profile, name, FRAME_MARKER);

	profile_add_ticks(profile, add_child(profile, PROFILE_ROOT, frame), ticks);
}

static void test_more_reasons_than_rows_stay_with_their_fate(void **state)
{
	const struct fate_reason *others;
	struct profile *profile = profile_new();
	struct fates fates;
	size_t size;

	(void)state;
	for (int i = 0; i < FATE_REASONS_MAX + 10; i++) {
		char name[32];

		snprintf(name, sizeof(name), "[truncated:%d]", i);
		add_marked(profile, name, 1);
	}
	add_marked(profile, "[lost:late]", 1000);
	add_marked(profile, "[lost:ring_full]", 500);
	assert_int_equal(profile_fates(profile, &fates), 0);
	assert_int_equal(fates.truncated, FATE_REASONS_MAX + 10);
	assert_int_equal(fates.lost, 1500);
	assert_int_equal(fates.reason_count, FATE_REASONS_MAX + 2);
	others = &fates.reasons[FATE_REASONS_MAX];
	for (int i = 0; i < 2; i++) {
		assert_int_equal(others[i].fate, i ? FATE_LOST : FATE_TRUNCATED);
		assert_int_equal(others[i].ticks, i ? 1500 : 10);
		assert_memory_equal(fate_reason_text(profile, &others[i], &size), "other", 5);
		assert_int_equal(size, 5);
	}
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_are_interned_by_all_that_is_said_of_them),
		cmocka_unit_test(test_a_line_without_a_file_is_none),
		cmocka_unit_test(test_stacks_share_prefixes_and_keep_order),
		cmocka_unit_test(test_stacks_may_be_added_when_it_is_settled),
		cmocka_unit_test(test_ticks_add_up_and_never_wrap),
		cmocka_unit_test(test_a_deep_tree_needs_no_recursion),
		cmocka_unit_test(test_fates_add_up_from_markers),
		cmocka_unit_test(test_markers_are_told_from_names),
		cmocka_unit_test(test_more_reasons_than_rows_stay_with_their_fate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
