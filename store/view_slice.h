/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slice as a view (store_view.h) has it: which chunks there are, and what their numbers are in a profile that all slices of the view share. Of one that is still written, what was added is taken
 * each time; names that came meanwhile make its dictionary be taken anew.
 */
#ifndef HEARTH_STORE_VIEW_SLICE_H
#define HEARTH_STORE_VIEW_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/slice_dictionary.h"
#include "store/slice_events.h"
#include "store/slice_window.h"
#include "store/store_folder.h"

struct profile;
struct slice_reader;
struct view_sums;

struct view_slice {
	struct slice_entry entry;
	struct profile *
		head; /* where its samples come from, and what they count; NULL: nothing is loaded yet */
	struct dictionary_reader dictionary;
	struct buffer chunks; /* what there is of them, by ID */
	uint64_t next_id;     /* of the first one that is not there yet */
	bool is_complete;     /* it was sealed, and nothing new comes */
	uint64_t damaged;     /* chunks that were asked for and cannot be read, or are not there */
	bool is_cut;          /* one of these is all that comes after what can be read */
	int error;            /* why it could not be opened or read last, 0: it could */
	uint64_t
		begun; /* how often its dictionary was taken from the start: ids mean something else then */
};

/* Zeroed at first. */
void view_slice_release(struct view_slice *slice);

/*
 * Takes what is new, into a profile that is the same each time and keeps samples: 0, -ENOMEM, -ENOENT: its file is gone, or another error of slice_file.h: it cannot be read. Such
 * parts of it as are damaged are left out, and counted.
 */
int view_slice_load(struct view_slice *slice, const char *folder, struct profile *words);

/* Do its samples count samples? Of one that is loaded. */
bool view_slice_counts_samples(const struct view_slice *slice);

/* How much of samples is asked for. */
enum view_depth {
	VIEW_WINDOWS, /* each sample, with its time and all labels */
	VIEW_ROWS,    /* stacks: without times, CPU and thread where a sum is there */
	VIEW_TOTALS,  /* the same, without any labels there */
	VIEW_SERIES,  /* windows: without stacks, where a sum is there */
};

/* Samples that are alike, as many as a sum has as one; ids are those of the profile. */
struct view_row {
	uint32_t node; /* PROFILE_NONE: not known */
	uint32_t labels;
	uint64_t value;
};

/* Some of a window's, whose span is what lies of it in the part, or of those of a sum. */
struct view_rows {
	struct window_span span;
	uint64_t rate_hz; /* 0: not known */
	const struct view_row *rows;
	const uint64_t *
		times_ns; /* of each, or SAMPLE_NO_TIME: somewhere in the span; NULL: that holds for all */
	size_t count;
};

/* Anything but 0 ends the reading, and is its result. */
struct view_sink {
	void *context;
	int (*window)(void *context, struct window_span span,
		      uint64_t rate_hz); /* or NULL; ahead of its samples, or of those of the sum */
	int (*rows)(void *context, const struct view_rows *rows);
};

/* What it has of a part: 0, -ENOMEM, an error of slice_file.h that opening it met, or the sink's result. Damaged chunks are left out, and counted. `kept` has its sums that were read before, and takes those that are. */
int view_slice_read(struct view_slice *slice, const char *folder, struct window_span part,
		    enum view_depth depth, struct view_sums *kept, const struct view_sink *sink);

/* Calls `take` for its events whose times lie in a part: as above. */
int view_slice_events(struct view_slice *slice, const char *folder, struct window_span part,
		      event_fn take, void *context);

#endif
