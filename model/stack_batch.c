/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stack_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/stack_tree.h"

#define FIRST_CAPACITY 1024

/* With more frames than these it is added, however few its stacks are: one of the longest leaves no room for many. */
#define MANY_FRAMES 65536

void stack_batch_release(struct stack_batch *batch)
{
	free(batch->frames);
	free(batch->path);
	*batch = (struct stack_batch){ 0 };
}

/* --- putting them together --- */

static int resize(uint32_t **array, size_t capacity)
{
	uint32_t *grown = realloc(*array, capacity * sizeof(*grown));

	if (grown)
		*array = grown;
	return grown ? 0 : -ENOMEM;
}

uint32_t *stack_batch_room(struct stack_batch *batch, size_t frames)
{
	size_t capacity = batch->capacity ? batch->capacity : FIRST_CAPACITY;

	while (capacity - batch->size < frames)
		capacity *= 2;
	if (capacity > batch->capacity) {
		if (resize(&batch->frames, capacity) || resize(&batch->path, capacity)) {
			batch->failed = true;
			return NULL;
		}
		batch->capacity = capacity;
	}
	return batch->frames + batch->size;
}

/* Of the stacks, the one that was added before them being 0. */
static size_t start_of(const struct stack_batch *batch, uint32_t stack)
{
	return stack ? batch->ends[stack - 1] : 0;
}

void stack_batch_keep(struct stack_batch *batch, size_t frames)
{
	uint32_t *room = stack_batch_room(batch, frames);

	if (!room || !frames)
		return;
	memcpy(room, batch->frames + start_of(batch, batch->count), frames * sizeof(*room));
	batch->size += frames;
}

bool stack_batch_end(struct stack_batch *batch)
{
	batch->ends[++batch->count] = batch->size;
	return batch->count == STACK_BATCH_STACKS || batch->size > MANY_FRAMES;
}

/* --- side by side --- */

/* Where a stack is in the tree. */
struct search {
	uint32_t stack;
	uint32_t node;
	size_t at, end;     /* the frame that is looked for below it */
	size_t slot;        /* of the table, where that may be */
	uint32_t candidate; /* what stands there */
};

/* How many frames both begin with. */
static size_t common_frames(const struct stack_batch *batch, uint32_t stack)
{
	size_t start = batch->ends[stack - 1], before = start_of(batch, stack - 1);
	size_t most = batch->ends[stack] - start, shared = 0;

	if (most > start - before)
		most = start - before;
	while (shared < most && batch->frames[start + shared] == batch->frames[before + shared])
		shared++;
	return shared;
}

/* A step down; false: the stack has ended. */
static bool step(struct stack_batch *batch, struct search *search, uint32_t node)
{
	batch->path[search->at++] = search->node = node;
	return search->at < search->end;
}

static void fetch_slot(const struct stack_batch *batch, const struct stack_tree *tree,
		       struct search *search)
{
	search->slot = stack_tree_first_slot(tree, search->node, batch->frames[search->at]);
	__builtin_prefetch(&tree->children[search->slot]);
}

/* Goes on as far as that takes no look-up, and fetches what stands in the slot of the next step. False: there is no next step. */
static bool fetch_candidate(struct stack_batch *batch, const struct stack_tree *tree,
			    struct search *search)
{
	bool has_stepped = false;

	while (stack_tree_has_next(tree, search->node, batch->frames[search->at])) {
		has_stepped = true;
		if (!step(batch, search, search->node + 1))
			return false;
	}
	if (has_stepped)
		search->slot = stack_tree_first_slot(tree, search->node, batch->frames[search->at]);
	search->candidate = tree->children[search->slot];
	__builtin_prefetch(&tree->nodes[search->candidate]);
	return search->candidate;
}

static bool take_candidate(struct stack_batch *batch, const struct stack_tree *tree,
			   struct search *search)
{
	uint32_t node = *stack_tree_slot(tree, search->slot, search->node,
					 batch->frames[search->at]);

	return node && step(batch, search, node);
}

/* Looks at those that go on; how many of them still do, in their order. */
static uint32_t search_round(struct stack_batch *batch, const struct stack_tree *tree,
			     struct search *searches, uint32_t count)
{
	uint32_t left = 0, still = 0;

	for (uint32_t i = 0; i < count; i++)
		fetch_slot(batch, tree, &searches[i]);
	for (uint32_t i = 0; i < count; i++) {
		struct search *search = &searches[i];

		if (fetch_candidate(batch, tree, search))
			searches[left++] = *search;
		else
			batch->known[search->stack] = search->at - batch->ends[search->stack - 1];
	}
	for (uint32_t i = 0; i < left; i++) {
		struct search *search = &searches[i];

		if (take_candidate(batch, tree, search))
			searches[still++] = *search;
		else
			batch->known[search->stack] = search->at - batch->ends[search->stack - 1];
	}
	return still;
}

/* Finds of each stack what the tree has. One that has most in common with the one before it, which is then added, is not looked for. */
static void search(struct stack_batch *batch, const struct stack_tree *tree, const size_t *shared)
{
	struct search searches[STACK_BATCH_STACKS];
	uint32_t count = 0;

	for (uint32_t i = 1; i <= batch->count; i++) {
		size_t start = batch->ends[i - 1], size = batch->ends[i] - start;

		batch->known[i] = 0;
		if (shared[i] * 2 < size)
			searches[count++] = (struct search){
				.stack = i, .node = PROFILE_ROOT, .at = start, .end = start + size
			};
	}
	while (count && tree->child_capacity)
		count = search_round(batch, tree, searches, count);
}

/*
 * Of those that were not looked for, the slots where they branch off from the one before. Its nodes are not known yet; but mostly what it does not share is
 * new, and so will have the next numbers.
 */
static void fetch_branches(struct stack_batch *batch, const struct stack_tree *tree,
			   const size_t *shared)
{
	uint32_t next = tree->node_count;

	for (uint32_t i = 1; i <= batch->count && tree->child_capacity; i++) {
		size_t start = batch->ends[i - 1], end = batch->ends[i], at = start + shared[i];
		uint32_t *path = batch->path;

		if (batch->known[i] >= shared[i])
			at = start + batch->known[i];
		else
			memcpy(path + start, path + start_of(batch, i - 1),
			       shared[i] * sizeof(*path));
		if (at < end)
			__builtin_prefetch(&tree->children[stack_tree_first_slot(
				tree, at > start ? path[at - 1] : PROFILE_ROOT,
				batch->frames[at])]);
		for (; at < end; at++)
			path[at] = next++;
	}
}

/* --- adding --- */

static void keep_path(struct stack_batch *batch, uint32_t stack, size_t shared)
{
	if (shared > batch->known[stack - 1])
		shared = batch->known[stack - 1];
	if (shared <= batch->known[stack])
		return;
	memcpy(batch->path + batch->ends[stack - 1], batch->path + start_of(batch, stack - 1),
	       shared * sizeof(*batch->path));
	batch->known[stack] = shared;
}

/* Below a node that is new: all others are, too. */
static int add_new(struct stack_batch *batch, struct stack_tree *tree, size_t at, size_t end,
		   uint32_t *node)
{
	if (stack_tree_reserve(tree, (uint32_t)(end - at)))
		return -ENOMEM;
	for (; at < end; at++) {
		tree->nodes[tree->node_count] =
			(struct stack_node){ .parent = *node, .frame = batch->frames[at] };
		batch->path[at] = *node = tree->node_count++;
	}
	return 0;
}

static int add_rest(struct stack_batch *batch, struct stack_tree *tree, uint32_t stack,
		    uint32_t *ret_node)
{
	size_t start = batch->ends[stack - 1], end = batch->ends[stack];
	size_t at = start + batch->known[stack];
	uint32_t node = at > start ? batch->path[at - 1] : PROFILE_ROOT;
	int error = 0;

	*ret_node = PROFILE_NONE;
	if (batch->max_nodes && tree->node_count + (end - at) > batch->max_nodes)
		return 0;
	while (at < end && !error) {
		uint32_t next = tree->node_count;

		error = stack_tree_add(tree, node, batch->frames[at], &node);
		batch->path[at++] = node;
		if (node == next)
			break;
	}
	if (at < end && !error)
		error = add_new(batch, tree, at, end, &node);
	batch->known[stack] = end - start;
	*ret_node = node;
	return error;
}

/* It is the one before the next batch's first. */
static void keep_last(struct stack_batch *batch)
{
	size_t start = start_of(batch, batch->count), size = batch->ends[batch->count] - start;

	memmove(batch->frames, batch->frames + start, size * sizeof(*batch->frames));
	memmove(batch->path, batch->path + start, size * sizeof(*batch->path));
	batch->known[0] = batch->known[batch->count];
	batch->ends[0] = batch->size = size;
	batch->count = 0;
}

int stack_batch_add(struct stack_batch *batch, uint32_t ret_nodes[STACK_BATCH_STACKS])
{
	struct stack_tree *tree = profile_tree(batch->profile);
	size_t shared[STACK_BATCH_STACKS + 1];
	int error = batch->failed ? -ENOMEM : 0;

	if (error || !batch->count)
		return error;
	for (uint32_t i = 1; i <= batch->count; i++)
		shared[i] = common_frames(batch, i);
	search(batch, tree, shared);
	fetch_branches(batch, tree, shared);
	for (uint32_t i = 1; i <= batch->count && !error; i++) {
		keep_path(batch, i, shared[i]);
		error = add_rest(batch, tree, i, &ret_nodes[i - 1]);
	}
	keep_last(batch);
	return error;
}
