/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that are added to a profile many at a time, for readers of large inputs. They are added in their order, and the tree is the same as if each had been
 * added alone; but
 *
 *  - a stack is found in the tree from the root on, and nearly each step of it touches memory that was not touched for long. One stack alone waits for
 *    each step. Of many stacks the steps are made side by side, so that the memory of all is fetched at once;
 *  - while one pile of stacks is added by a thread beside, the reader puts the next one together.
 *
 * A reader puts a stack together, frame by frame from the root on, says that it is complete, and when a pile is full waits for the one before, counts that
 * one's stacks, and starts the full one. While one is being added he leaves the profile's stacks alone, and may add strings and frames to it.
 */
#ifndef HEARTH_MODEL_STACK_BATCH_H
#define HEARTH_MODEL_STACK_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/beside.h"

struct profile;

#define STACK_PILE_STACKS  512
#define STACK_BATCH_STACKS (2 * STACK_PILE_STACKS) /* numbers that a stack may have */

/* Frames of its stacks lie one behind the other, before them those of the last stack of the pile before. */
struct stack_pile {
	uint32_t *frames;
	uint32_t *path;        /* per frame its node, as far as it is known */
	size_t size, capacity; /* of both */
	size_t ends[STACK_PILE_STACKS +
		    1]; /* where each stack ends; the first is that of the pile before */
	size_t known[STACK_PILE_STACKS + 1]; /* so many frames of each have their nodes */
	uint32_t nodes[STACK_PILE_STACKS];   /* what each leads to */
	uint32_t count;                      /* of stacks */
};

struct stack_batch {
	struct profile *profile;
	uint64_t
		max_nodes; /* that the profile may have; 0: any number. To be set before the first stack */
	struct stack_pile piles[2];
	uint32_t filled; /* the one that is put together; the other one is being added, or was */
	struct beside beside;
	bool is_adding;
	bool failed; /* there was no memory to put one together */
	int error;   /* of adding */
};

/* Stacks that were added. */
struct added_stacks {
	uint32_t first; /* number of the first one; the others follow */
	uint32_t count;
	const uint32_t *nodes; /* PROFILE_NONE for one that `max_nodes` had no room for */
};

void stack_batch_init(struct stack_batch *batch, struct profile *profile); /* which lives longer */
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

/* Its number, below STACK_BATCH_STACKS: no other stack that is not added has the same one. */
static inline uint32_t stack_batch_number(const struct stack_batch *batch)
{
	return batch->filled * STACK_PILE_STACKS + batch->piles[batch->filled].count;
}

/* It is complete. True: the pile is full, and to be started before another one begins. */
bool stack_batch_end(struct stack_batch *batch);

/* Waits for the pile that is being added: its stacks, none if there is none. 0 or -ENOMEM. */
int stack_batch_wait(struct stack_batch *batch, struct added_stacks *ret_added);

/* Starts to add the pile that was put together, when the one before was waited for; the next stack is of a new one. */
void stack_batch_start(struct stack_batch *batch);

/* The same, but it is added at once: its stacks. For few stacks, and at the end. */
int stack_batch_flush(struct stack_batch *batch, struct added_stacks *ret_added);

#endif
