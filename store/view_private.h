/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a view (store_view.h) have in common. */
#ifndef HEARTH_STORE_VIEW_PRIVATE_H
#define HEARTH_STORE_VIEW_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_view.h"
#include "store/view_slice.h"
#include "store/view_sum.h"

#define VIEW_NS_PER_SECOND 1000000000u

/* With more nodes or label sets than these in memory, some 60 and 40 MB, what is not asked for any more is forgotten. */
#define VIEW_MAX_NODES      (1u << 21)
#define VIEW_MAX_LABEL_SETS (1u << 19)

struct store_view {
	char *folder;
	struct profile *words;     /* strings, frames, nodes and label sets of all slices */
	struct view_slice *slices; /* by number */
	size_t count;
	struct view_sums sums;
	store_damage_fn damaged; /* NULL: nobody wants to know */
	void *context;
};

/* What a question takes, by the label sets of `words`: each is looked at once. */
struct view_choice {
	const struct label_filter *filter;
	const struct profile *words;
	uint8_t *known; /* per label set: enum view_choice_known; NULL: all are taken */
	int error; /* 0, or -ENOMEM: a set was left because nothing could be looked for in it */
};

enum view_choice_known { VIEW_NOT_KNOWN, VIEW_TAKES, VIEW_LEAVES };

/* All of `words` is there. 0 or -ENOMEM. */
int view_choice_init(struct view_choice *choice, const struct store_view *view,
		     const struct label_filter *filter);
void view_choice_release(struct view_choice *choice);
bool view_choice_find(struct view_choice *choice,
		      uint32_t labels); /* serves the next one: a set that was not looked at yet */

static inline bool view_choice_takes(struct view_choice *choice, uint32_t labels)
{
	if (!choice->known)
		return true;
	return choice->known[labels] == VIEW_NOT_KNOWN ? view_choice_find(choice, labels)
						       : choice->known[labels] == VIEW_TAKES;
}

/* Are CPU or thread asked for, which no sum tells apart? */
bool view_label_is_fine(enum sample_label label);
bool view_filter_is_fine(const struct label_filter *filter);

/* Sees to it that the slices that may have a part are loaded, as they are now. 0, -ENOMEM or the error of opening the folder. */
int view_load(struct store_view *view, struct window_span part);

/* Reads all of a part: 0, -ENOMEM, or the sink's result, which is -ENOMEM or -EOVERFLOW. */
int view_read(struct store_view *view, struct window_span part, enum view_depth depth,
	      const struct view_sink *sink);

/* At the end of a question, whose result it gives: what was damaged is told, and where memory was not enough what is held is given back. */
int view_end(struct store_view *view, int error);

/* The slices that view_read() reads. */
bool view_reads(const struct view_slice *slice, struct window_span part);

/* CPU time of a sample; of a rate that is not known it is a nanosecond. */
static inline uint64_t view_sample_ns(uint64_t rate_hz)
{
	return rate_hz ? VIEW_NS_PER_SECOND / rate_hz : 1;
}

#endif
