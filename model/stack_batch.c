/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stack_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/stack_tree.h"

#define FIRST_CAPACITY 1024 /* frames */
#define FIRST_STACKS   64

/* With more frames than these a pile is full, however few its stacks are: one of the longest leaves no room for many. */
#define MANY_FRAMES 65536

#define GROUP_STACKS \
	32 /* that are looked for side by side: some more steps than a CPU can wait for at a time */

/* Stacks of a pile, by their places among its ends: from 1 on. */
struct group {
	struct stack_pile *pile;
	uint32_t first, count;
	size_t shared
		[GROUP_STACKS]; /* of each: how many frames it has in common with the one before */
};

static void add_pile(void *context);

/* --- memory --- */

/* An array of so many: 0, or -ENOMEM and it is as it was. */
static int resize(void *array, size_t count, size_t size)
{
	void **at = array, *grown = reallocarray(*at, count, size);

	if (grown)
		*at = grown;
	return grown ? 0 : -ENOMEM;
}

/* Room for so many stacks. */
static int make_room(struct stack_pile *pile, uint32_t stacks)
{
	if (stacks > STACK_PILE_STACKS)
		stacks = STACK_PILE_STACKS;
	if (stacks <= pile->room)
		return 0;
	if (resize(&pile->ends, stacks + 1, sizeof(*pile->ends)) ||
	    resize(&pile->known, stacks + 1, sizeof(*pile->known)) ||
	    resize(&pile->nodes, stacks, sizeof(*pile->nodes)))
		return -ENOMEM;
	pile->room = stacks;
	return 0;
}

int stack_batch_init(struct stack_batch *batch, struct profile *profile, stack_added_fn added,
		     void *context)
{
	*batch = (struct stack_batch){ .profile = profile, .added = added, .context = context };
	beside_init(&batch->beside, add_pile, batch);
	for (size_t i = 0; i < 2; i++) {
		struct stack_pile *pile = &batch->piles[i];

		if (make_room(pile, FIRST_STACKS))
			return -ENOMEM;
		pile->ends[0] = pile->known[0] = 0;
	}
	return 0;
}

void stack_batch_release(struct stack_batch *batch)
{
	beside_release(&batch->beside);
	for (size_t i = 0; i < 2; i++) {
		struct stack_pile *pile = &batch->piles[i];

		free(pile->frames);
		free(pile->path);
		free(pile->ends);
		free(pile->known);
		free(pile->nodes);
	}
}

/* Room for so many frames more. */
static int reserve(struct stack_pile *pile, size_t frames)
{
	size_t capacity = pile->capacity ? pile->capacity : FIRST_CAPACITY;

	while (capacity - pile->size < frames)
		capacity *= 2;
	if (capacity == pile->capacity)
		return 0;
	if (resize(&pile->frames, capacity, sizeof(*pile->frames)) ||
	    resize(&pile->path, capacity, sizeof(*pile->path)))
		return -ENOMEM;
	pile->capacity = capacity;
	return 0;
}

/* --- putting them together --- */

bool stack_batch_reserve(struct stack_batch *batch, size_t frames)
{
	if (!batch->failed)
		batch->failed = reserve(&batch->piles[batch->filled], frames) != 0;
	return !batch->failed;
}

static size_t start_of(const struct stack_pile *pile, uint32_t stack)
{
	return stack ? pile->ends[stack - 1] : 0;
}

void stack_batch_keep(struct stack_batch *batch, size_t frames)
{
	struct stack_pile *pile = &batch->piles[batch->filled];

	if (!frames || !stack_batch_reserve(batch, frames))
		return;
	memcpy(pile->frames + pile->size, pile->frames + start_of(pile, pile->count),
	       frames * sizeof(*pile->frames));
	pile->size += frames;
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

/* How many frames a stack has in common with the one before. */
static size_t common_frames(const struct stack_pile *pile, uint32_t stack)
{
	size_t start = pile->ends[stack - 1], before = start_of(pile, stack - 1);
	size_t most = pile->ends[stack] - start, shared = 0;

	if (most > start - before)
		most = start - before;
	while (shared < most && pile->frames[start + shared] == pile->frames[before + shared])
		shared++;
	return shared;
}

/* A step down; false: the stack has ended. */
static bool step(struct stack_pile *pile, struct search *search, uint32_t node)
{
	pile->path[search->at++] = search->node = node;
	return search->at < search->end;
}

static void fetch_slot(const struct stack_pile *pile, const struct stack_tree *tree,
		       struct search *search)
{
	search->slot = stack_tree_first_slot(tree, search->node, pile->frames[search->at]);
	__builtin_prefetch(&tree->children[search->slot]);
}

/* Goes on as far as that takes no look-up, and fetches what stands in the slot of the next step. False: there is no next step. */
static bool fetch_candidate(struct stack_pile *pile, const struct stack_tree *tree,
			    struct search *search)
{
	bool has_stepped = false;

	while (stack_tree_has_next(tree, search->node, pile->frames[search->at])) {
		has_stepped = true;
		if (!step(pile, search, search->node + 1))
			return false;
	}
	if (has_stepped)
		search->slot = stack_tree_first_slot(tree, search->node, pile->frames[search->at]);
	search->candidate = tree->children[search->slot];
	__builtin_prefetch(&tree->nodes[search->candidate]);
	return search->candidate;
}

static bool take_candidate(struct stack_pile *pile, const struct stack_tree *tree,
			   struct search *search)
{
	uint32_t node =
		*stack_tree_slot(tree, search->slot, search->node, pile->frames[search->at]);

	return node && step(pile, search, node);
}

/* Looks at those that go on; how many of them still do, in their order. */
static uint32_t search_round(struct stack_pile *pile, const struct stack_tree *tree,
			     struct search *searches, uint32_t count)
{
	uint32_t left = 0, still = 0;

	for (uint32_t i = 0; i < count; i++)
		fetch_slot(pile, tree, &searches[i]);
	for (uint32_t i = 0; i < count; i++) {
		struct search *search = &searches[i];

		if (fetch_candidate(pile, tree, search))
			searches[left++] = *search;
		else
			pile->known[search->stack] = search->at - pile->ends[search->stack - 1];
	}
	for (uint32_t i = 0; i < left; i++) {
		struct search *search = &searches[i];

		if (take_candidate(pile, tree, search))
			searches[still++] = *search;
		else
			pile->known[search->stack] = search->at - pile->ends[search->stack - 1];
	}
	return still;
}

/* Finds of each stack what the tree has. One that has most in common with the one before it, which is then added, is not looked for. */
static void search(const struct group *group, const struct stack_tree *tree)
{
	struct search searches[GROUP_STACKS];
	struct stack_pile *pile = group->pile;
	uint32_t count = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		uint32_t stack = group->first + i;
		size_t start = pile->ends[stack - 1], end = pile->ends[stack];

		pile->known[stack] = 0;
		if (group->shared[i] * 2 < end - start)
			searches[count++] = (struct search){
				.stack = stack, .node = PROFILE_ROOT, .at = start, .end = end
			};
	}
	while (count && tree->child_capacity)
		count = search_round(pile, tree, searches, count);
}

/*
 * The slots where stacks branch off: from what was found of them, or from the one before, if they share more with it. That one's nodes are not known yet;
 * but mostly what was not found is new, and so will have the next numbers. What stands in a path beyond what is known is but this guess.
 */
static void fetch_branches(const struct group *group, const struct stack_tree *tree)
{
	struct stack_pile *pile = group->pile;
	uint32_t *path = pile->path, next = tree->node_count;

	for (uint32_t i = 0; i < group->count && tree->child_capacity; i++) {
		uint32_t stack = group->first + i;
		size_t start = pile->ends[stack - 1], end = pile->ends[stack];
		size_t at = start + pile->known[stack];

		if (pile->known[stack] < group->shared[i]) {
			memcpy(path + at, path + start_of(pile, stack - 1) + pile->known[stack],
			       (group->shared[i] - pile->known[stack]) * sizeof(*path));
			at = start + group->shared[i];
		}
		if (at < end)
			__builtin_prefetch(&tree->children[stack_tree_first_slot(
				tree, at > start ? path[at - 1] : PROFILE_ROOT, pile->frames[at])]);
		while (at < end)
			path[at++] = next++;
	}
}

/* --- adding --- */

static void keep_path(struct stack_pile *pile, uint32_t stack, size_t shared)
{
	if (shared > pile->known[stack - 1])
		shared = pile->known[stack - 1];
	if (shared <= pile->known[stack])
		return;
	memcpy(pile->path + pile->ends[stack - 1], pile->path + start_of(pile, stack - 1),
	       shared * sizeof(*pile->path));
	pile->known[stack] = shared;
}

/* Below a node that is new: all others are, too. */
static int add_new(struct stack_pile *pile, struct stack_tree *tree, size_t at, size_t end,
		   uint32_t *node)
{
	if (stack_tree_reserve(tree, (uint32_t)(end - at)))
		return -ENOMEM;
	for (; at < end; at++) {
		tree->nodes[tree->node_count] =
			(struct stack_node){ .parent = *node, .frame = pile->frames[at] };
		pile->path[at] = *node = tree->node_count++;
	}
	return 0;
}

/* Goes on as far as the tree has it: the place of the first frame that it has not. */
static size_t find_rest(struct stack_pile *pile, const struct stack_tree *tree, uint32_t stack,
			uint32_t *node)
{
	size_t start = pile->ends[stack - 1], end = pile->ends[stack];
	size_t at = start + pile->known[stack];
	uint32_t next;

	while (at < end && (next = stack_tree_find(tree, *node, pile->frames[at])))
		pile->path[at++] = *node = next;
	pile->known[stack] = at - start;
	return at;
}

/* What is not known of it. */
static int add_rest(struct stack_pile *pile, struct stack_tree *tree, uint32_t stack,
		    uint64_t max_nodes)
{
	size_t start = pile->ends[stack - 1], end = pile->ends[stack];
	size_t at = start + pile->known[stack];
	uint32_t node = at > start ? pile->path[at - 1] : PROFILE_ROOT;
	int error = 0;

	pile->nodes[stack - 1] = PROFILE_NONE;
	if (max_nodes && tree->node_count + (end - at) > max_nodes)
		at = find_rest(pile, tree, stack, &node);
	if (max_nodes && tree->node_count + (end - at) > max_nodes)
		return 0;
	while (at < end && !error) {
		uint32_t next = tree->node_count;

		error = stack_tree_add(tree, node, pile->frames[at], &node);
		pile->path[at++] = node;
		if (node == next)
			break;
	}
	if (at < end && !error)
		error = add_new(pile, tree, at, end, &node);
	pile->known[stack] = end - start;
	pile->nodes[stack - 1] = node;
	return error;
}

static int add_group(struct group *group, struct stack_tree *tree, uint64_t max_nodes)
{
	struct stack_pile *pile = group->pile;
	int error = 0;

	for (uint32_t i = 0; i < group->count; i++)
		group->shared[i] = common_frames(pile, group->first + i);
	search(group, tree);
	fetch_branches(group, tree);
	for (uint32_t i = 0; i < group->count && !error; i++) {
		keep_path(pile, group->first + i, group->shared[i]);
		error = add_rest(pile, tree, group->first + i, max_nodes);
	}
	return error;
}

/* The one that is not put together. In the thread beside, or where there is none. */
static void add_pile(void *context)
{
	struct stack_batch *batch = context;
	struct stack_pile *pile = &batch->piles[!batch->filled];
	struct stack_tree *tree = profile_tree(batch->profile);

	for (uint32_t added = 0; added < pile->count && !batch->error; added += GROUP_STACKS) {
		struct group group = { .pile = pile,
				       .first = added + 1,
				       .count = pile->count - added };

		if (group.count > GROUP_STACKS)
			group.count = GROUP_STACKS;
		batch->error = add_group(&group, tree, batch->max_nodes);
	}
}

/* --- one pile after the other --- */

/* The path of the pile before, in front of this one's. */
static void take_path(struct stack_pile *pile, const struct stack_pile *before)
{
	pile->known[0] = before->known[before->count];
	if (pile->known[0])
		memcpy(pile->path, before->path + start_of(before, before->count),
		       pile->known[0] * sizeof(*pile->path));
}

/* The frames of the pile before, in front of a new one. */
static int begin_pile(struct stack_pile *pile, const struct stack_pile *before)
{
	size_t start = start_of(before, before->count), size = before->ends[before->count] - start;

	pile->count = 0;
	pile->size = pile->ends[0] = 0;
	if (make_room(pile, 2 * before->room) || reserve(pile, size))
		return -ENOMEM;
	if (size)
		memcpy(pile->frames, before->frames + start, size * sizeof(*pile->frames));
	pile->size = pile->ends[0] = size;
	return 0;
}

static void turn(struct stack_batch *batch)
{
	struct stack_pile *full = &batch->piles[batch->filled];
	struct stack_pile *next = &batch->piles[!batch->filled];

	take_path(full, next);
	batch->filled = !batch->filled;
	batch->is_adding = true;
	if (begin_pile(next, full) || batch->failed)
		batch->error = -ENOMEM;
}

/* Waits for the pile that is being added, if there is one, and tells of its stacks. */
static int finish_pile(struct stack_batch *batch)
{
	uint32_t which = !batch->filled;
	const struct stack_pile *pile = &batch->piles[which];
	int error;

	if (!batch->is_adding)
		return 0;
	beside_wait(&batch->beside);
	batch->is_adding = false;
	error = batch->error;
	for (uint32_t i = 0; i < pile->count && !error; i++)
		error = batch->added(batch->context, 2 * i + which, pile->nodes[i]);
	return error;
}

int stack_batch_end(struct stack_batch *batch)
{
	struct stack_pile *pile = &batch->piles[batch->filled];
	int error;

	pile->ends[++pile->count] = pile->size;
	if (pile->count < pile->room && pile->size <= MANY_FRAMES)
		return batch->failed ? -ENOMEM : 0;
	error = finish_pile(batch);
	if (error)
		return error;
	turn(batch);
	beside_start(&batch->beside);
	return 0;
}

int stack_batch_add_all(struct stack_batch *batch)
{
	int error = finish_pile(batch);

	if (!error && batch->failed)
		error = -ENOMEM;
	if (error || !batch->piles[batch->filled].count)
		return error;
	turn(batch);
	add_pile(batch);
	return finish_pile(batch);
}
