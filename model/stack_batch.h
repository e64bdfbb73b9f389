/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that are added to a profile many at a time, for readers of large inputs. They are added in their order, and the tree is the same as if each had been
 * added alone; but
 *
 *  - a stack is found in the tree from the root on, and nearly each step of it touches memory that was not touched for long. One stack alone waits for
 *    each step. Of many stacks the steps are made side by side, so that the memory of all is fetched at once;
 *  - while one pile of stacks is added by a thread beside, the reader puts the next one together.
 *
 * A reader puts a stack together, frame by frame from the root on, says that it is complete, and is told its node some time later, in their order and in
 * his own thread. Meanwhile he leaves the profile's stacks alone, and may add strings and frames to it.
 */
#ifndef HEARTH_MODEL_STACK_BATCH_H
#define HEARTH_MODEL_STACK_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/beside.h"

struct profile;

/* A pile is larger than the one before, up to so many stacks: of a large input the two threads seldom wait for each other, a small one takes little memory. */
#define STACK_PILE_STACKS 4096

/* Frames of its stacks lie one behind the other, before them those of the last stack of the pile before. */
struct stack_pile {
	uint32_t *frames;
	uint32_t *path;        /* per frame its node, as far as it is known */
	size_t size, capacity; /* of both */
	size_t *ends;          /* where each stack ends; the first is that of the pile before */
	size_t *known;         /* so many frames of each have their nodes */
	uint32_t *nodes;       /* what each leads to */
	uint32_t count, room;  /* of stacks */
};

/*
 * A stack was added: which number it had (stack_batch_number()), and the node that it leads to, PROFILE_NONE for one that `max_nodes` had no room for. An error
 * ends the adding, and is that of the call.
 */
typedef int (*stack_added_fn)(void *context, uint32_t number, uint32_t node);

struct stack_batch {
	struct profile *profile;
	stack_added_fn added;
	void *context;
	uint64_t
		max_nodes; /* that the profile may have; 0: any number. To be set before the first stack */
	struct stack_pile piles[2];
	uint32_t filled; /* the one that is put together; the other one is being added, or was */
	struct beside beside;
	bool is_adding;
	bool failed; /* there was no memory to put one together */
	int error;   /* of adding */
};

/* The profile lives longer. 0 or -ENOMEM; it is to be released in either case. */
int stack_batch_init(struct stack_batch *batch, struct profile *profile, stack_added_fn added,
		     void *context);
void stack_batch_release(struct stack_batch *batch);

/* The stack that is being put together begins with so many frames of the one before it, at most all. */
void stack_batch_keep(struct stack_batch *batch, size_t frames);

/* Room for so many frames more: false: out of memory, which is told when they are added. */
bool stack_batch_reserve(struct stack_batch *batch, size_t frames);

static inline void stack_batch_push(struct stack_batch *batch, uint32_t frame)
{
	struct stack_pile *pile = &batch->piles[batch->filled];

	if (pile->size < pile->capacity || stack_batch_reserve(batch, 1))
		pile->frames[pile->size++] = frame;
}

/* How many frames the stack that is being put together has. */
static inline size_t stack_batch_depth(const struct stack_batch *batch)
{
	const struct stack_pile *pile = &batch->piles[batch->filled];

	return pile->size - pile->ends[pile->count];
}

/* It is left out, as if it had not been begun. */
static inline void stack_batch_drop(struct stack_batch *batch)
{
	struct stack_pile *pile = &batch->piles[batch->filled];

	pile->size = pile->ends[pile->count];
}

/* Its number: no other stack that is not added has the same one. It is below twice the stacks of the largest pile. */
static inline uint32_t stack_batch_number(const struct stack_batch *batch)
{
	return 2 * batch->piles[batch->filled].count + batch->filled;
}

/* It is complete: 0, -ENOMEM, or an error of `added`, which is called for stacks before it. Nothing is done after an error. */
int stack_batch_end(struct stack_batch *batch);

/* Adds all that are complete, and tells of them; others may follow. Errors as above. */
int stack_batch_add_all(struct stack_batch *batch);

#endif
