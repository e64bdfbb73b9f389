/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that are added to a profile many at a time, for readers of large inputs. A stack is found in the tree from the root on, and nearly each step of
 * it touches memory that was not touched for long: one stack alone waits for each. Of many stacks the steps are made side by side, so that the memory of
 * all is fetched at once. They are added in their order, and the tree is the same as if each had been added alone.
 */
#ifndef HEARTH_MODEL_STACK_BATCH_H
#define HEARTH_MODEL_STACK_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;

#define STACK_BATCH_STACKS 32

/* Zeroed but for `profile`. */
struct stack_batch {
	struct profile *profile; /* lives longer */
	uint64_t max_nodes;      /* that the profile may have then; 0: any number */
	uint32_t *frames;        /* of its stacks, one behind the other; before them those of the last one that was added */
	uint32_t *path;          /* per frame its node, as far as it is known */
	size_t size, capacity;   /* of both */
	size_t ends[STACK_BATCH_STACKS + 1]; /* where each stack ends; the first is the last one that was added */
	size_t known[STACK_BATCH_STACKS + 1]; /* so many frames of each have their nodes */
	uint32_t count;                       /* of stacks to be added */
	bool failed;                          /* there was no memory */
};

void stack_batch_release(struct stack_batch *batch);

/* The stack that is being put together begins with so many frames of the one before it (stack_batch_end()), at most all. */
void stack_batch_keep(struct stack_batch *batch, size_t frames);

/* Room for so many more frames: the place of the next one, NULL: no memory. Whoever writes there says so (stack_batch_wrote()). */
uint32_t *stack_batch_room(struct stack_batch *batch, size_t frames);
static inline void stack_batch_wrote(struct stack_batch *batch, size_t frames)
{
	batch->size += frames;
}

static inline void stack_batch_push(struct stack_batch *batch, uint32_t frame)
{
	if (batch->size < batch->capacity || stack_batch_room(batch, 1))
		batch->frames[batch->size++] = frame;
}

/* How many frames the stack that is being put together has. */
static inline size_t stack_batch_depth(const struct stack_batch *batch)
{
	return batch->size - batch->ends[batch->count];
}

/* It is left out, as if it had not been begun. */
static inline void stack_batch_drop(struct stack_batch *batch)
{
	batch->size = batch->ends[batch->count];
}

/* It is complete. True: the batch is full, and to be added before another one begins. */
bool stack_batch_end(struct stack_batch *batch);

/*
 * Adds those that are complete, of which there are `count` before: the nodes that they lead to, in their order; PROFILE_NONE for one that `max_nodes` has
 * no room for. 0 or -ENOMEM.
 */
int stack_batch_add(struct stack_batch *batch, uint32_t ret_nodes[STACK_BATCH_STACKS]);

#endif
