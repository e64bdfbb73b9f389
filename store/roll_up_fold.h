/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of the sources' words (roll_up_sources.h) are counted as which: roll_up_words.h tells the rules. */
#ifndef HEARTH_STORE_ROLL_UP_FOLD_H
#define HEARTH_STORE_ROLL_UP_FOLD_H

#include <stdint.h>

#include "store/roll_up_level.h"
#include "store/roll_up_sources.h"

struct roll_up_fold {
	uint32_t *nodes;   /* per node that there was: what it is counted as */
	uint32_t count;    /* of the words' nodes now */
	uint64_t *weights; /* per node: what is counted there */
};

/* Adds nodes to the words. 0 or -ENOMEM; to be released in either case. */
int roll_up_fold(struct roll_up_sources *sources, const struct roll_up_level *level,
		 struct roll_up_fold *fold);
void roll_up_fold_release(struct roll_up_fold *fold);

#endif
