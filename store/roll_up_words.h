/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dictionary of a slice that is made of others, and which of its numbers those of the others become. Nodes stand by program, the ones that count most first, and label sets by CPU, so that windows have small numbers.
 *
 * Where a level keeps no ticks, label sets tell of no CPU and thread; code that is called alike is one frame, at one of its places; and a node with all that is below it counts less than a share-th part of all: it is
 * counted by its caller. A process, a marker, and what is right below one, which proves a root, are never folded, so that fates stay.
 */
#ifndef HEARTH_STORE_ROLL_UP_WORDS_H
#define HEARTH_STORE_ROLL_UP_WORDS_H

#include <stdint.h>

#include "model/frame_copy.h"
#include "store/roll_up_level.h"
#include "store/roll_up_sources.h"
#include "store/slice_dictionary.h"

struct roll_up_words {
	struct dictionary_writer dictionary;
	struct frame_copy copy; /* from the sources' words */
	uint32_t *nodes;        /* per node of the sources' words its number */
	uint32_t *labels;       /* the same of label sets */
	uint32_t label_count;   /* of the slice, those of sums included */
	uint32_t *reduced; /* per label set of the slice that which tells of no CPU and thread */
	uint32_t *groups, *bases; /* per label set of the slice, as window_rows.h has them */
};

/* Adds nodes to the sources' words. 0 or -ENOMEM; to be released in either case. */
int roll_up_words_make(struct roll_up_sources *sources, const struct roll_up_level *level,
		       struct roll_up_words *words);
void roll_up_words_release(struct roll_up_words *words);

/* The body of a chunk with what was told of names, empty if nothing was: 0 or -ENOMEM. */
int roll_up_words_append_names(const struct roll_up_sources *sources,
			       const struct roll_up_words *words, struct buffer *to);

#endif
