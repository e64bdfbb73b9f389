/* SPDX-License-Identifier: Apache-2.0 */
/* chosen_stacks, function_table and flame_layout: trees, sums, blocks and what stays of them in the next picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>

#include "terminal/chosen_stacks.h"
#include "terminal/flame_layout.h"
#include "terminal/function_table.h"
#include "terminal/process_table.h"
#include "tests/unit/picture_builder.h"

static const struct built_sample samples[] = {
	{ "a;main;work;work", "a", NULL, NULL, 1, 1, 40 },
	{ "a;main;work", "a", NULL, NULL, 1, 1, 20 },
	{ "a;main;work_[i];read_[k]", "a", NULL, NULL, 1, 1, 10 },
	{ "a;[truncated:no_root];rest", "a", NULL, NULL, 1, 2, 20 },
	{ "a;[lost:ring_full]", "a", NULL, NULL, 1, 2, 10 },
	{ "b;main", "b", NULL, NULL, 2, 2, 100 },
};

#define COUNT (sizeof(samples) / sizeof(samples[0]))

struct built {
	struct picture *picture;
	struct chosen_stacks stacks;
};

static void build(struct built *built, struct process_id id)
{
	built->picture = build_picture(samples, COUNT);
	assert_int_equal(chosen_stacks_build(built->picture->profile, &id, &built->stacks), 0);
}

static void built_release(struct built *built)
{
	chosen_stacks_release(&built->stacks);
	picture_release(built->picture);
}

static const struct process_id of_a = { .pid = 1, .tid = PROCESS_UNKNOWN };

static uint32_t child(const struct chosen_stacks *stacks, uint32_t node, const char *name)
{
	for (node = stacks->nodes[node].first_child; node != CHOSEN_NONE;
	     node = stacks->nodes[node].next)
		if (!strcmp(chosen_name(stacks, node, NULL), name))
			return node;
	fail_msg("no child %s", name);
	return CHOSEN_NONE;
}

static const struct chosen_function *function(const struct chosen_stacks *stacks, const char *name)
{
	for (uint32_t i = 0; i < stacks->function_count; i++)
		if (!strcmp(profile_string(stacks->profile, stacks->functions[i].name, NULL), name))
			return &stacks->functions[i];
	fail_msg("no function %s", name);
	return NULL;
}

static void lines_are_merged_and_others_left_out(void **state)
{
	struct built built;
	uint32_t a, main_node, work;

	(void)state;
	build(&built, of_a);
	assert_int_equal(built.stacks.nodes[0].total, 100);
	a = child(&built.stacks, 0, "a");
	main_node = child(&built.stacks, a, "main");
	work = child(&built.stacks, main_node, "work");
	assert_int_equal(built.stacks.nodes[main_node].total, 70);
	assert_int_equal(built.stacks.nodes[work].total, 60);
	assert_int_equal(built.stacks.nodes[work].self, 20);
	assert_int_equal(chosen_kind(&built.stacks, work), FRAME_NATIVE);
	built_release(&built);
}

static void functions_count_once_a_stack_inlined_or_not(void **state)
{
	struct built built;

	(void)state;
	build(&built, of_a);
	assert_int_equal(function(&built.stacks, "main")->total, 70);
	assert_int_equal(function(&built.stacks, "main")->self, 0);
	assert_int_equal(function(&built.stacks, "rest")->self, 20);
	assert_int_equal(function(&built.stacks, "read")->total, 10);
	built_release(&built);
	build(&built, process_id_of_all());
	assert_int_equal(function(&built.stacks, "main")->total, 170);
	assert_int_equal(function(&built.stacks, "main")->self, 100);
	built_release(&built);
}

static void recursion_counts_once(void **state)
{
	struct built built;

	(void)state;
	build(&built, of_a);
	assert_int_equal(function(&built.stacks, "work")->self, 60);
	assert_int_equal(function(&built.stacks, "work")->total, 60);
	built_release(&built);
}

static void fates_add_up(void **state)
{
	struct built built;

	(void)state;
	build(&built, of_a);
	assert_int_equal(built.stacks.truncated, 20);
	assert_int_equal(built.stacks.lost, 10);
	assert_int_equal(built.stacks.complete, 70);
	built_release(&built);
}

static void a_search_counts_each_tick_once(void **state)
{
	struct built built;

	(void)state;
	build(&built, of_a);
	assert_int_equal(chosen_matching_ticks(&built.stacks, "WORK"), 70);
	assert_int_equal(chosen_matching_ticks(&built.stacks, "re"), 10 + 20);
	assert_int_equal(chosen_matching_ticks(&built.stacks, "none"), 0);
	built_release(&built);
}

static void assert_first(enum function_order order, bool is_reversed, const char *filter,
			 const char *name, size_t count)
{
	struct function_table table;
	struct built built;

	build(&built, of_a);
	assert_int_equal(function_table_build(&built.stacks, order, is_reversed, filter, &table),
			 0);
	assert_int_equal(table.count, count);
	assert_string_equal(profile_string(built.stacks.profile,
					   built.stacks.functions[table.rows[0]].name, NULL),
			    name);
	function_table_release(&table);
	built_release(&built);
}

static void functions_are_sorted_and_filtered(void **state)
{
	(void)state;
	/* "work" without a module is another one: nobody said whose the inlined one is. */
	assert_first(FUNCTION_BY_SELF, false, "", "work", 5);
	assert_first(FUNCTION_BY_TOTAL, false, "", "main", 5);
	assert_first(FUNCTION_BY_NAME, false, "", "main", 5);
	assert_first(FUNCTION_BY_NAME, true, "", "work", 5);
	assert_first(FUNCTION_BY_SELF, false, "RE", "rest", 2);
}

/* --- the flame graph --- */

static void blocks_fill_their_callers(void **state)
{
	struct flame_layout layout;
	struct built built;
	int filled[16] = { 0 };

	(void)state;
	build(&built, process_id_of_all());
	assert_int_equal(flame_layout_build(&built.stacks, 0, 100, &layout), 0);
	for (size_t i = 0; i < layout.count; i++) {
		const struct flame_block *block = &layout.blocks[i];
		const struct chosen_node *node = &built.stacks.nodes[block->node];

		assert_int_equal(block->width, node->total / 2);
		filled[block->row] += block->width;
		assert_true(!i || block->row > layout.blocks[i - 1].row ||
			    block->column >=
				    layout.blocks[i - 1].column + layout.blocks[i - 1].width);
	}
	assert_int_equal(filled[0], 100);
	assert_int_equal(filled[1], 100);
	assert_int_equal(filled[2], 100);
	assert_int_equal(filled[3], 45);
	assert_int_equal(layout.rows, 5);
	flame_layout_release(&layout);
	built_release(&built);
}

static void what_is_narrower_than_a_column_is_left_out(void **state)
{
	struct flame_layout layout;
	struct built built;

	(void)state;
	build(&built, process_id_of_all());
	assert_int_equal(flame_layout_build(&built.stacks, 0, 4, &layout), 0);
	for (size_t i = 0; i < layout.count; i++)
		assert_true(layout.blocks[i].width > 0 &&
			    layout.blocks[i].column + layout.blocks[i].width <= 4);
	flame_layout_release(&layout);
	built_release(&built);
}

/* In another picture nodes have other indexes. */
static void a_path_leads_to_the_same_function(void **state)
{
	const struct built_sample other[] = {
		{ "b;other", "b", NULL, NULL, 2, 2, 1 },
		{ "a;main;work;work;deeper", "a", NULL, NULL, 1, 1, 1 },
	};
	struct flame_path path;
	struct built built, next;
	uint32_t node;

	(void)state;
	build(&built, of_a);
	node = child(&built.stacks, child(&built.stacks, 0, "a"), "main");
	node = child(&built.stacks, node, "work");
	flame_path_of(&built.stacks, node, &path);
	assert_int_equal(path.count, 3);
	assert_int_equal(flame_path_find(&built.stacks, &path), node);

	next.picture = build_picture(other, 2);
	assert_int_equal(chosen_stacks_build(next.picture->profile, &of_a, &next.stacks), 0);
	node = flame_path_find(&next.stacks, &path);
	assert_string_equal(chosen_name(&next.stacks, node, NULL), "work");
	assert_int_equal(next.stacks.nodes[node].depth, 3);
	chosen_stacks_release(&next.stacks);

	/* Of what is not there any more the deepest caller that is. */
	assert_int_equal(
		chosen_stacks_build(next.picture->profile,
				    &(struct process_id){ .pid = 2, .tid = PROCESS_UNKNOWN },
				    &next.stacks),
		0);
	assert_int_equal(flame_path_find(&next.stacks, &path), 0);
	built_release(&next);
	built_release(&built);
}

static size_t count_rows(const struct built *built, const struct flame_folds *folds)
{
	struct flame_tree tree;
	size_t count;

	assert_int_equal(flame_tree_build(&built->stacks, 0, folds, &tree), 0);
	count = tree.count;
	assert_int_equal(tree.rows[0].node, 0);
	flame_tree_release(&tree);
	return count;
}

static void a_tree_folds_and_unfolds(void **state)
{
	struct flame_folds folds;
	struct built built;
	size_t all;
	uint32_t a;

	(void)state;
	u64_map_init(&folds.turned);
	build(&built, of_a);
	all = count_rows(&built, &folds);
	assert_int_equal(all, built.stacks.count); /* each caller has a tenth */
	a = child(&built.stacks, 0, "a");
	assert_int_equal(flame_folds_turn(&folds, &built.stacks, a), 0);
	assert_int_equal(count_rows(&built, &folds), 2);
	assert_int_equal(flame_folds_turn(&folds, &built.stacks, a), 0);
	assert_int_equal(count_rows(&built, &folds), all);
	u64_map_release(&folds.turned);
	built_release(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_merged_and_others_left_out),
		cmocka_unit_test(functions_count_once_a_stack_inlined_or_not),
		cmocka_unit_test(recursion_counts_once),
		cmocka_unit_test(fates_add_up),
		cmocka_unit_test(a_search_counts_each_tick_once),
		cmocka_unit_test(functions_are_sorted_and_filtered),
		cmocka_unit_test(blocks_fill_their_callers),
		cmocka_unit_test(what_is_narrower_than_a_column_is_left_out),
		cmocka_unit_test(a_path_leads_to_the_same_function),
		cmocka_unit_test(a_tree_folds_and_unfolds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
