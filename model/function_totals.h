/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile by function: what each one took itself, and with all that it called.
 *
 * A function is a name in a module; compiled as its own or inlined, at whatever line, it is the same one. In a stack that holds it more than
 * once, it counts once in `total`. Processes and markers of fates have rows of their own, told by their kind; what has no ticks has none.
 */
#ifndef HEARTH_MODEL_FUNCTION_TOTALS_H
#define HEARTH_MODEL_FUNCTION_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/profile.h"

struct function_total {
	uint32_t name, module; /* string ids, or PROFILE_NONE for the module */
	enum frame_kind kind;  /* of the first frame that is this function */
	uint64_t self, total;
};

struct function_totals {
	struct function_total *rows; /* in order of their first appearance among the frames */
	uint32_t count;
};

/* 0 or -ENOMEM. Takes some 9 bytes a node meanwhile. */
int function_totals_build(const struct profile *profile, struct function_totals *ret_totals);
void function_totals_release(struct function_totals *totals);

/* Which function each frame is, for whoever adds up something of his own. */
struct function_nodes {
	struct function_totals totals; /* of all frames, without sums */
	uint32_t *of_frame;            /* per frame: its row */
	bool *is_outermost; /* per node: no caller of its is the same function. Of one function no two such nodes are on one path. */
};

/* 0 or -ENOMEM. */
int function_nodes_build(const struct profile *profile, struct function_nodes *ret_nodes);
void function_nodes_release(struct function_nodes *nodes);

#endif
