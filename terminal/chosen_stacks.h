/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of those samples of a profile that are chosen, as a tree of functions: frames that differ by their line only are one. Nodes are known by their index; the root
 * is 0, and a parent comes before its children, which stand from the greatest on.
 */
#ifndef HEARTH_TERMINAL_CHOSEN_STACKS_H
#define HEARTH_TERMINAL_CHOSEN_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"

struct process_id;

#define CHOSEN_NONE UINT32_MAX

struct chosen_node {
	uint32_t parent, first_child,
		next;      /* next: of the same parent; CHOSEN_NONE: there is none */
	uint32_t depth;    /* of the root 0 */
	uint32_t function; /* index in `functions`, CHOSEN_NONE: the root */
	uint32_t kind;     /* enum frame_kind */
	uint64_t self, total;
};

/* A function, compiled as its own or inlined, or a process, or a marker of what became of ticks. */
struct chosen_function {
	uint32_t name, module; /* strings of the profile; module PROFILE_NONE: not known */
	uint32_t kind;         /* enum frame_kind, of the first frame that is this function */
	uint32_t last;         /* while sums are made */
	uint64_t self, total;  /* a recursive one counts once in `total` */
};

struct chosen_stacks {
	const struct profile *profile; /* lives longer */
	struct chosen_node *nodes;
	uint32_t count;
	struct chosen_function *functions;
	uint32_t function_count;
	uint64_t complete, truncated, lost; /* what became of the ticks */
};

/* 0 or -ENOMEM. */
int chosen_stacks_build(const struct profile *profile, const struct process_id *id,
			struct chosen_stacks *ret_stacks);
void chosen_stacks_release(struct chosen_stacks *stacks);

const char *chosen_name(const struct chosen_stacks *stacks, uint32_t node, size_t *ret_size);
enum frame_kind chosen_kind(const struct chosen_stacks *stacks, uint32_t node);

/* Does the name of a function have this in it, case aside? */
bool chosen_matches(const struct chosen_stacks *stacks, const struct chosen_function *function,
		    const char *text);

/* Ticks whose stack has such a function. */
uint64_t chosen_matching_ticks(const struct chosen_stacks *stacks, const char *text);

#endif
