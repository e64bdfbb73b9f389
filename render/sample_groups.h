/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile counted, by stack and label set, in order of a walk from the root: from its samples where they are kept, else from the tree alone,
 * of which no label is known. In that order a stack has most in common with the one before it, which makes it cheap to write and cheap
 * to read again.
 */
#ifndef HEARTH_RENDER_SAMPLE_GROUPS_H
#define HEARTH_RENDER_SAMPLE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"

struct samples;

/* The samples of one stack and one label set. */
struct sample_group {
	uint32_t node;
	uint32_t labels;                     /* LABELS_UNKNOWN where there is no table */
	uint64_t values[PROFILE_VALUES_MAX]; /* so many as sample_groups_values() says */
};

struct sample_groups {
	const struct profile *profile;
	const struct samples *samples; /* NULL: none are kept, or they tell no more than the tree */
	uint32_t *first;               /* per node: where its samples begin in `order` */
	uint32_t *order;               /* samples by node, of one node by their label sets */
	uint32_t *nodes; /* those that have any, in the walk's order; NULL: all nodes are in it */
	uint32_t node_count;
	uint32_t next; /* in `nodes`, or of all */
	size_t at; /* in `order`: of that node's samples the next one; before it, those of others */
	size_t end;
};

/* 0, -ENOMEM, or -EOVERFLOW (samples_check_sums). */
int sample_groups_init(struct sample_groups *groups, const struct profile *profile);
void sample_groups_release(struct sample_groups *groups);

/* How many values each has. */
uint32_t sample_groups_values(const struct sample_groups *groups);

/* The next one; false: that was all. */
bool sample_groups_next(struct sample_groups *groups, struct sample_group *ret_group);

#endif
