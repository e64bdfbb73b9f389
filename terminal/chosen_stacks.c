/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/chosen_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/record_pool.h"
#include "model/fates.h"
#include "model/samples.h"
#include "terminal/process_table.h"

struct node_key {
	uint32_t parent, function, kind;
};

struct pooled_node {
	struct node_key key;
	uint64_t self;
};

/* Processes and markers are told by their kind from functions of their name. */
struct function_key {
	uint32_t name, module, no_code;
};

struct pooled_function {
	struct function_key key;
	uint32_t kind;
};

struct choosing {
	const struct profile *profile;
	uint64_t *selfs, *totals;     /* of the profile's nodes, of what is chosen */
	uint32_t *places;             /* of them: indexes in `nodes` */
	uint32_t *of_frame;           /* function of each frame, CHOSEN_NONE: not looked up */
	struct record_pool nodes;     /* struct pooled_node; the root is none of them */
	struct record_pool functions; /* struct pooled_function */
};

static void choosing_release(struct choosing *choosing)
{
	free(choosing->selfs);
	free(choosing->totals);
	free(choosing->places);
	free(choosing->of_frame);
	record_pool_release(&choosing->nodes);
	record_pool_release(&choosing->functions);
}

static int choosing_init(struct choosing *choosing, const struct profile *profile)
{
	uint32_t nodes = profile_node_count(profile), frames = profile_frame_count(profile);

	choosing->profile = profile;
	choosing->selfs = calloc(nodes + 1, sizeof(uint64_t));
	choosing->totals = calloc(nodes + 1, sizeof(uint64_t));
	choosing->places = calloc(nodes + 1, sizeof(uint32_t));
	choosing->of_frame = malloc((frames + 1) * sizeof(uint32_t));
	record_pool_init(&choosing->nodes, sizeof(struct pooled_node), sizeof(struct node_key));
	record_pool_init(&choosing->functions, sizeof(struct pooled_function),
			 sizeof(struct function_key));
	if (!choosing->selfs || !choosing->totals || !choosing->places || !choosing->of_frame)
		return -ENOMEM;
	memset(choosing->of_frame, 0xff, frames * sizeof(uint32_t));
	return 0;
}

/* --- which ticks --- */

static void count_samples(const struct choosing *choosing, const struct process_id *id)
{
	const struct samples *samples = profile_samples(choosing->profile);
	size_t count = samples ? samples_count(samples) : 0;

	for (size_t i = 0; i < count; i++) {
		struct sample sample = samples_get(samples, i);

		if (process_id_takes(id, choosing->profile, samples_labels(samples, sample.labels)))
			choosing->selfs[sample.node] += samples_value(samples, i, 0);
	}
}

static void add_totals(const struct choosing *choosing)
{
	uint32_t count = profile_node_count(choosing->profile);

	for (uint32_t i = count - 1; i > 0; i--) {
		choosing->totals[i] += choosing->selfs[i];
		choosing->totals[profile_node(choosing->profile, i)->parent] += choosing->totals[i];
	}
}

/* --- the tree --- */

static int add_function(struct choosing *choosing, const struct frame *frame,
			uint32_t *ret_function)
{
	const bool is_code = frame->kind != FRAME_PROCESS && frame->kind != FRAME_MARKER;
	const struct function_key key = { frame->name, frame->module, is_code ? 0 : frame->kind };
	uint32_t before = choosing->functions.count;
	struct pooled_function *function;
	int error = record_pool_add(&choosing->functions, &key, ret_function);

	if (error || *ret_function < before)
		return error;
	function = record_pool_get(&choosing->functions, *ret_function);
	function->kind = frame->kind;
	return 0;
}

static int find_function(struct choosing *choosing, uint32_t frame, uint32_t *ret_function)
{
	int error = 0;

	if (choosing->of_frame[frame] == CHOSEN_NONE)
		error = add_function(choosing, profile_frame(choosing->profile, frame),
				     &choosing->of_frame[frame]);
	*ret_function = choosing->of_frame[frame];
	return error;
}

/* Places of nodes are one more than their IDs in the pool: the root is 0. */
static int take_node(struct choosing *choosing, uint32_t id)
{
	const struct stack_node *node = profile_node(choosing->profile, id);
	struct node_key key = { .parent = choosing->places[node->parent],
				.kind = profile_frame(choosing->profile, node->frame)->kind };
	struct pooled_node *pooled;
	uint32_t index;
	int error = find_function(choosing, node->frame, &key.function);

	if (!error)
		error = record_pool_add(&choosing->nodes, &key, &index);
	if (error)
		return error;
	pooled = record_pool_get(&choosing->nodes, index);
	pooled->self += choosing->selfs[id];
	choosing->places[id] = index + 1;
	return 0;
}

static int make_nodes(const struct choosing *choosing, struct chosen_stacks *stacks)
{
	stacks->count = choosing->nodes.count + 1;
	stacks->nodes = calloc(stacks->count, sizeof(*stacks->nodes));
	if (!stacks->nodes)
		return -ENOMEM;
	stacks->nodes[0] = (struct chosen_node){ .parent = CHOSEN_NONE,
						 .first_child = CHOSEN_NONE,
						 .next = CHOSEN_NONE,
						 .function = CHOSEN_NONE,
						 .kind = FRAME_PROCESS };
	for (uint32_t i = 1; i < stacks->count; i++) {
		const struct pooled_node *pooled = record_pool_get(&choosing->nodes, i - 1);

		stacks->nodes[i] = (struct chosen_node){
			.parent = pooled->key.parent,
			.first_child = CHOSEN_NONE,
			.next = CHOSEN_NONE,
			.depth = stacks->nodes[pooled->key.parent].depth + 1,
			.function = pooled->key.function,
			.kind = pooled->key.kind,
			.self = pooled->self,
			.total = pooled->self,
		};
	}
	for (uint32_t i = stacks->count - 1; i > 0; i--)
		stacks->nodes[stacks->nodes[i].parent].total += stacks->nodes[i].total;
	return 0;
}

static int compare_nodes(const void *left, const void *right, void *context)
{
	const struct chosen_stacks *stacks = context;
	const struct chosen_node *a = &stacks->nodes[*(const uint32_t *)left];
	const struct chosen_node *b = &stacks->nodes[*(const uint32_t *)right];
	int order = (a->total < b->total) - (a->total > b->total);

	if (!order)
		order = strcmp(chosen_name(stacks, (uint32_t)(a - stacks->nodes), NULL),
			       chosen_name(stacks, (uint32_t)(b - stacks->nodes), NULL));
	return order ? order : (a > b) - (a < b);
}

/* From the smallest on each becomes its parent's first. */
static int link_children(struct chosen_stacks *stacks)
{
	_cleanup_free_ uint32_t *order = malloc((stacks->count + 1) * sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 1; i < stacks->count; i++)
		order[i - 1] = i;
	qsort_r(order, stacks->count - 1, sizeof(*order), compare_nodes, stacks);
	for (uint32_t i = stacks->count - 1; i-- > 0;) {
		struct chosen_node *node = &stacks->nodes[order[i]];
		struct chosen_node *parent = &stacks->nodes[node->parent];

		node->next = parent->first_child;
		parent->first_child = order[i];
	}
	return 0;
}

/* --- functions --- */

static int make_functions(const struct choosing *choosing, struct chosen_stacks *stacks)
{
	stacks->function_count = choosing->functions.count;
	stacks->functions = calloc(stacks->function_count + 1, sizeof(*stacks->functions));
	if (!stacks->functions)
		return -ENOMEM;
	for (uint32_t i = 0; i < stacks->function_count; i++) {
		const struct pooled_function *pooled = record_pool_get(&choosing->functions, i);

		stacks->functions[i] = (struct chosen_function){ .name = pooled->key.name,
								 .module = pooled->key.module,
								 .kind = pooled->kind,
								 .last = CHOSEN_NONE };
	}
	return 0;
}

/* The node that follows in a walk from the root, within what is below `top`; CHOSEN_NONE: it is over. `ret_left`: nodes that were left on the way are told by `leave`. */
static uint32_t walk_on(const struct chosen_stacks *stacks, uint32_t node,
			void (*leave)(const struct chosen_stacks *stacks, uint32_t node))
{
	if (stacks->nodes[node].first_child != CHOSEN_NONE)
		return stacks->nodes[node].first_child;
	while (node) {
		leave(stacks, node);
		if (stacks->nodes[node].next != CHOSEN_NONE)
			return stacks->nodes[node].next;
		node = stacks->nodes[node].parent;
	}
	return CHOSEN_NONE;
}

/* A function is on the path from its outermost node, `last`, until that is left. */
static void leave_function(const struct chosen_stacks *stacks, uint32_t node)
{
	struct chosen_function *function = &stacks->functions[stacks->nodes[node].function];

	if (function->last == node)
		function->last = CHOSEN_NONE;
}

static void sum_functions(const struct chosen_stacks *stacks)
{
	for (uint32_t node = walk_on(stacks, 0, leave_function); node != CHOSEN_NONE;
	     node = walk_on(stacks, node, leave_function)) {
		struct chosen_function *function = &stacks->functions[stacks->nodes[node].function];

		function->self += stacks->nodes[node].self;
		if (function->last != CHOSEN_NONE)
			continue;
		function->last = node;
		function->total += stacks->nodes[node].total;
	}
}

/* Of markers below no other one. */
static void sum_fates(struct chosen_stacks *stacks)
{
	for (uint32_t i = 0; i < stacks->function_count; i++) {
		const struct chosen_function *function = &stacks->functions[i];
		const char *name, *reason;
		size_t size, reason_size;
		enum fate fate;

		if (function->kind != FRAME_MARKER)
			continue;
		name = profile_string(stacks->profile, function->name, &size);
		if (!fate_parse_marker(name, size, &fate, &reason, &reason_size))
			continue;
		if (fate == FATE_LOST)
			stacks->lost += function->total;
		else if (fate == FATE_TRUNCATED)
			stacks->truncated += function->total;
	}
	stacks->complete = stacks->nodes[0].total - stacks->lost - stacks->truncated;
}

int chosen_stacks_build(const struct profile *profile, const struct process_id *id,
			struct chosen_stacks *ret_stacks)
{
	_cleanup_(choosing_release) struct choosing choosing = { 0 };
	struct chosen_stacks stacks = { .profile = profile };
	int error = choosing_init(&choosing, profile);

	if (!error) {
		count_samples(&choosing, id);
		add_totals(&choosing);
	}
	for (uint32_t i = 1; i < profile_node_count(profile) && !error; i++)
		if (choosing.totals[i])
			error = take_node(&choosing, i);
	if (!error)
		error = make_functions(&choosing, &stacks);
	if (!error)
		error = make_nodes(&choosing, &stacks);
	if (!error)
		error = link_children(&stacks);
	if (error) {
		chosen_stacks_release(&stacks);
		return error;
	}
	sum_functions(&stacks);
	sum_fates(&stacks);
	*ret_stacks = stacks;
	return 0;
}

void chosen_stacks_release(struct chosen_stacks *stacks)
{
	free(stacks->nodes);
	free(stacks->functions);
	*stacks = (struct chosen_stacks){ 0 };
}

const char *chosen_name(const struct chosen_stacks *stacks, uint32_t node, size_t *ret_size)
{
	uint32_t function = stacks->nodes[node].function;

	if (function != CHOSEN_NONE)
		return profile_string(stacks->profile, stacks->functions[function].name, ret_size);
	if (ret_size)
		*ret_size = 3;
	return "all";
}

enum frame_kind chosen_kind(const struct chosen_stacks *stacks, uint32_t node)
{
	return (enum frame_kind)stacks->nodes[node].kind;
}

/* --- search --- */

bool chosen_matches(const struct chosen_stacks *stacks, const struct chosen_function *function,
		    const char *text)
{
	return strcasestr(profile_string(stacks->profile, function->name, NULL), text) != NULL;
}

static void leave_nothing(const struct chosen_stacks *stacks, uint32_t node)
{
	(void)stacks, (void)node;
}

/* Past a node and all that is below it. */
static uint32_t walk_past(const struct chosen_stacks *stacks, uint32_t node)
{
	while (node && stacks->nodes[node].next == CHOSEN_NONE)
		node = stacks->nodes[node].parent;
	return node ? stacks->nodes[node].next : CHOSEN_NONE;
}

uint64_t chosen_matching_ticks(const struct chosen_stacks *stacks, const char *text)
{
	uint64_t ticks = 0;
	uint32_t node = walk_on(stacks, 0, leave_nothing);

	while (node != CHOSEN_NONE) {
		const struct chosen_node *at = &stacks->nodes[node];

		if (chosen_matches(stacks, &stacks->functions[at->function], text)) {
			ticks += at->total;
			node = walk_past(stacks, node);
		} else {
			node = walk_on(stacks, node, leave_nothing);
		}
	}
	return ticks;
}
