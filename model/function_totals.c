/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node is outermost if no caller of its is the same function. The totals of a function's outermost nodes add up to its own, for no two of
 * them lie on one path.
 *
 * To know which are, nodes are visited in their order with the path to each, and how often each function is on it. The next node
 * mostly lies on the one before (stack_path.h). So a stack costs no more than its depth, as reading it did, and no list of children is needed.
 */
#include "model/function_totals.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/record_pool.h"
#include "model/stack_path.h"

/* What makes functions the same; no padding. */
struct function_key {
	uint32_t name, module;
	uint32_t is_code; /* or the kind, plus 2, of what is none */
};

/* --- rows --- */

static struct function_key key_of(const struct frame *frame)
{
	bool is_code = frame->kind != FRAME_PROCESS && frame->kind != FRAME_MARKER;

	return (struct function_key){ frame->name, frame->module, is_code ? 1 : frame->kind + 2u };
}

/* Per frame the row of its function, and the rows. */
static int make_rows(const struct profile *profile, uint32_t *functions,
		     struct function_totals *totals)
{
	uint32_t count = profile_frame_count(profile);
	struct record_pool keys;
	int error = 0;

	record_pool_init(&keys, sizeof(struct function_key), sizeof(struct function_key));
	for (uint32_t i = 0; !error && i < count; i++) {
		const struct frame *frame = profile_frame(profile, i);
		struct function_key key = key_of(frame);

		error = record_pool_add(&keys, &key, &functions[i]);
		if (error || functions[i] < totals->count)
			continue;
		totals->rows[totals->count++] = (struct function_total){ .name = frame->name,
									 .module = frame->module,
									 .kind = frame->kind };
	}
	record_pool_release(&keys);
	return error;
}

/* --- the path --- */

/* Where the node is no step further. */
static int visit(const struct profile *profile, uint32_t node, const uint32_t *functions,
		 uint32_t *on_path, struct stack_path *path)
{
	const struct stack_node *nodes = profile_nodes(profile);
	size_t kept;
	int error = stack_path_find(path, profile, node, &kept);

	for (size_t i = kept; i < path->count && !error; i++)
		on_path[functions[nodes[path->steps[i]].frame]]--;
	if (!error)
		error = stack_path_take(path, kept);
	for (size_t i = kept; i + 1 < path->count && !error; i++)
		on_path[functions[nodes[path->steps[i]].frame]]++;
	return error;
}

static int mark_outermost(const struct profile *profile, const uint32_t *functions,
			  uint32_t row_count, bool *is_outermost)
{
	/* Per function: how often it is on the path. */
	_cleanup_free_ uint32_t *on_path = calloc((size_t)row_count + 1, sizeof(*on_path));
	_cleanup_(stack_path_release) struct stack_path path = { 0 };
	const struct stack_node *nodes = profile_nodes(profile);
	uint32_t count = profile_node_count(profile);
	int error = on_path ? 0 : -ENOMEM;

	for (uint32_t i = 1; i < count && !error; i++) {
		if (!stack_path_step(&path, nodes[i].parent, i))
			error = visit(profile, i, functions, on_path, &path);
		is_outermost[i] = !on_path[functions[nodes[i].frame]]++;
	}
	return error;
}

/* --- sums --- */

static int add_up(const struct profile *profile, const uint32_t *functions,
		  const bool *is_outermost, struct function_total *rows)
{
	const struct stack_node *nodes = profile_nodes(profile);
	uint32_t count = profile_node_count(profile);
	_cleanup_free_ uint64_t *totals = calloc(count, sizeof(*totals));

	if (!totals)
		return -ENOMEM;
	for (uint32_t i = count - 1; i > 0; i--) {
		const struct stack_node *node = &nodes[i];
		struct function_total *row = &rows[functions[node->frame]];

		totals[i] += node->self;
		totals[node->parent] += totals[i];
		row->self += node->self;
		if (is_outermost[i])
			row->total += totals[i];
	}
	return 0;
}

/* Frames that no tick needs have none, either. */
static void drop_empty(struct function_totals *totals)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < totals->count; i++)
		if (totals->rows[i].total)
			totals->rows[kept++] = totals->rows[i];
	totals->count = kept;
}

int function_nodes_build(const struct profile *profile, struct function_nodes *ret_nodes)
{
	size_t frames = (size_t)profile_frame_count(profile) + 1;
	_cleanup_(function_nodes_release) struct function_nodes nodes = {
		.totals.rows = malloc(frames * sizeof(*nodes.totals.rows)),
		.of_frame = malloc(frames * sizeof(*nodes.of_frame)),
		.is_outermost = calloc(profile_node_count(profile), sizeof(*nodes.is_outermost)),
	};
	int error = nodes.totals.rows && nodes.of_frame && nodes.is_outermost ? 0 : -ENOMEM;

	if (!error)
		error = make_rows(profile, nodes.of_frame, &nodes.totals);
	if (!error)
		error = mark_outermost(profile, nodes.of_frame, nodes.totals.count,
				       nodes.is_outermost);
	if (error)
		return error;
	*ret_nodes = nodes;
	nodes = (struct function_nodes){ 0 };
	return 0;
}

void function_nodes_release(struct function_nodes *nodes)
{
	function_totals_release(&nodes->totals);
	free(nodes->of_frame);
	free(nodes->is_outermost);
	*nodes = (struct function_nodes){ 0 };
}

int function_totals_build(const struct profile *profile, struct function_totals *ret_totals)
{
	_cleanup_(function_nodes_release) struct function_nodes nodes = { 0 };
	int error = function_nodes_build(profile, &nodes);

	if (!error)
		error = add_up(profile, nodes.of_frame, nodes.is_outermost, nodes.totals.rows);
	if (error)
		return error;
	drop_empty(&nodes.totals);
	*ret_totals = nodes.totals;
	nodes.totals.rows = NULL;
	return 0;
}

void function_totals_release(struct function_totals *totals)
{
	free(totals->rows);
	*totals = (struct function_totals){ 0 };
}
