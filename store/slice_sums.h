/* SPDX-License-Identifier: Apache-2.0 */
/* The sums (slice_sum.h) of a slice while it is written: of the run of windows that goes on, and of all of them. */
#ifndef HEARTH_STORE_SLICE_SUMS_H
#define HEARTH_STORE_SLICE_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/slice_sum.h"

struct profile;

/* A run ends with so many windows: five minutes of those of ten seconds. */
#define SLICE_SUMS_WINDOWS 30

/* The whole has no more rows than these, or there is none: some 50 MB. */
#define SLICE_SUMS_MAX_ROWS (1u << 20)

struct slice_sums {
	struct sum_writer run, whole;
	uint32_t
		run_windows; /* of a run: SLICE_SUMS_WINDOWS, unless the caller says so before the first one */
	bool is_off;       /* a window cannot be added: there are no sums from there on */
	bool has_no_whole; /* rates differ, or it is too large */
};

void slice_sums_init(struct slice_sums *sums);
void slice_sums_release(struct slice_sums *sums);
void slice_sums_clear(struct slice_sums *sums);

/* Has the run to be written before this window is? */
bool slice_sums_wants_end(const struct slice_sums *sums, const struct profile *window);

/* What the window is to be added to, or NULL. */
struct sum_writer *slice_sums_choose(struct slice_sums *sums, const struct profile *window);

bool slice_sums_has_run(const struct slice_sums *sums);
/* It is written: another one begins. 0 or -ENOMEM. */
int slice_sums_end_run(struct slice_sums *sums);

/* Is there a sum of the whole, and does it say what that of the last run does not? */
bool slice_sums_has_whole(const struct slice_sums *sums);

#endif
