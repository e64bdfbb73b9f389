/* SPDX-License-Identifier: Apache-2.0 */
#include "store/roll_up_fold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/string_pool.h"
#include "model/profile.h"

void roll_up_fold_release(struct roll_up_fold *fold)
{
	free(fold->nodes);
	free(fold->weights);
}

static uint64_t self_of(const struct roll_up_sources *sources, uint32_t node)
{
	return node < sources->self.size / sizeof(uint64_t)
		       ? ((const uint64_t *)sources->self.data)[node]
		       : 0;
}

/* --- frames that are called alike --- */

/* All that is told of a frame but its lines: what has the same bytes is the same function. */
static void append_key(const struct roll_up_sources *sources, uint32_t frame, struct buffer *key)
{
	const struct frame_place *place = profile_place(sources->words, frame);
	const struct told_frame *told = &((const struct told_frame *)sources->told.data)[frame];
	const struct told_name *links = (const struct told_name *)sources->links.data;

	buffer_clear(key);
	buffer_append(key, &place->module, sizeof(place->module));
	buffer_append(key, &place->build_id, sizeof(place->build_id));
	buffer_append(key, &told->is_root, sizeof(told->is_root));
	for (uint32_t i = 0; i < told->count; i++)
		buffer_append(key, &links[told->first + i].function,
			      sizeof(links[told->first + i].function));
}

static bool is_named(const struct roll_up_sources *sources, uint32_t frame)
{
	return profile_frame(sources->words, frame)->kind == FRAME_UNNAMED &&
	       frame < sources->told.size / sizeof(struct told_frame) &&
	       ((const struct told_frame *)sources->told.data)[frame].count;
}

/* Per frame the first one that is called as it is. */
static int find_functions(const struct roll_up_sources *sources, uint32_t *frames)
{
	const uint32_t count = profile_frame_count(sources->words);
	_cleanup_(buffer_release) struct buffer key = { 0 }, firsts = { 0 };
	struct string_pool functions;
	int error = 0;

	string_pool_init(&functions);
	for (uint32_t i = 0; i < count && !error; i++) {
		uint32_t known = functions.count, function;

		frames[i] = i;
		if (!is_named(sources, i))
			continue;
		append_key(sources, i, &key);
		error = string_pool_add(&functions, key.data, key.size, &function);
		if (!error && function == known) {
			buffer_append(&firsts, &i, sizeof(i));
			error = buffer_error(&firsts);
		}
		if (!error)
			frames[i] = ((const uint32_t *)firsts.data)[function];
	}
	string_pool_release(&functions);
	return error;
}

/* Each node as one of functions. */
static int call_alike(struct roll_up_sources *sources, struct roll_up_fold *fold)
{
	const uint32_t count = profile_node_count(sources->words);
	_cleanup_free_ uint32_t *frames =
		malloc((profile_frame_count(sources->words) + 1) * sizeof(*frames));
	int error = frames ? find_functions(sources, frames) : -ENOMEM;

	for (uint32_t i = 1; i < count && !error; i++) {
		const struct stack_node node = *profile_node(sources->words, i);

		error = profile_add_child(sources->words, fold->nodes[node.parent],
					  frames[node.frame], &fold->nodes[i]);
	}
	return error;
}

/* --- nodes that count little --- */

static enum frame_kind kind_of(const struct profile *words, uint32_t node)
{
	return profile_frame(words, profile_node(words, node)->frame)->kind;
}

static bool may_fold(const struct profile *words, uint32_t node)
{
	const uint32_t parent = profile_node(words, node)->parent;
	const enum frame_kind kind = kind_of(words, node);

	return parent != PROFILE_ROOT && kind != FRAME_PROCESS && kind != FRAME_MARKER &&
	       kind != FRAME_UNLESS_ROOT && kind_of(words, parent) != FRAME_UNLESS_ROOT;
}

/* What each node counts with those below it. */
static uint64_t *find_totals(const struct profile *words, const struct roll_up_fold *fold)
{
	const struct stack_node *nodes = profile_nodes(words);
	uint64_t *totals = malloc((fold->count + 1) * sizeof(*totals));

	if (!totals)
		return NULL;
	for (uint32_t i = 0; i < fold->count; i++)
		totals[i] = fold->weights[i];
	for (uint32_t i = fold->count; i-- > 1;)
		totals[nodes[i].parent] += totals[i];
	return totals;
}

static int fold_small(const struct roll_up_sources *sources, const struct roll_up_level *level,
		      uint32_t before, struct roll_up_fold *fold)
{
	const struct profile *words = sources->words;
	_cleanup_free_ uint64_t *totals = find_totals(words, fold);
	_cleanup_free_ uint32_t *folded = malloc((fold->count + 1) * sizeof(*folded));
	const uint64_t least = sources->total / level->share;

	if (!totals || !folded)
		return -ENOMEM;
	folded[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 1; i < fold->count; i++) {
		folded[i] = totals[i] < least && may_fold(words, i)
				    ? folded[profile_node(words, i)->parent]
				    : i;
		if (folded[i] == i)
			continue;
		fold->weights[folded[i]] += fold->weights[i];
		fold->weights[i] = 0;
	}
	for (uint32_t i = 0; i < before; i++)
		fold->nodes[i] = folded[fold->nodes[i]];
	return 0;
}

int roll_up_fold(struct roll_up_sources *sources, const struct roll_up_level *level,
		 struct roll_up_fold *fold)
{
	const uint32_t before = profile_node_count(sources->words);
	int error = 0;

	*fold = (struct roll_up_fold){ .nodes = malloc(before * sizeof(*fold->nodes)) };
	if (!fold->nodes)
		return -ENOMEM;
	for (uint32_t i = 0; i < before; i++)
		fold->nodes[i] = i;
	if (level->window_ns)
		error = call_alike(sources, fold);
	if (error)
		return error;
	fold->count = profile_node_count(sources->words);
	fold->weights = calloc(fold->count, sizeof(*fold->weights));
	if (!fold->weights)
		return -ENOMEM;
	for (uint32_t i = 0; i < before; i++)
		fold->weights[fold->nodes[i]] += self_of(sources, i);
	return level->share ? fold_small(sources, level, before, fold) : 0;
}
