/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_sums.h"

#include <string.h>

#include "model/profile.h"

void slice_sums_init(struct slice_sums *sums)
{
	*sums = (struct slice_sums){ .run_windows = SLICE_SUMS_WINDOWS };
	sum_writer_init(&sums->run);
	sum_writer_init(&sums->whole);
}

void slice_sums_release(struct slice_sums *sums)
{
	sum_writer_release(&sums->run);
	sum_writer_release(&sums->whole);
}

void slice_sums_clear(struct slice_sums *sums)
{
	slice_sums_release(sums);
	slice_sums_init(sums);
}

static bool can_be_summed(const struct profile *window)
{
	return profile_value_count(window) == 1 && profile_origin_of(window)->rate_hz;
}

bool slice_sums_has_run(const struct slice_sums *sums)
{
	return sum_writer_window_count(&sums->run) != 0;
}

bool slice_sums_wants_end(const struct slice_sums *sums, const struct profile *window)
{
	return slice_sums_has_run(sums) &&
	       (sum_writer_window_count(&sums->run) >= sums->run_windows ||
		!can_be_summed(window) || sums->run.rate_hz != profile_origin_of(window)->rate_hz);
}

struct sum_writer *slice_sums_choose(struct slice_sums *sums, const struct profile *window)
{
	sums->is_off |= !can_be_summed(window);
	sums->has_no_whole |= sums->is_off;
	return sums->is_off ? NULL : &sums->run;
}

static bool fits_whole(const struct slice_sums *sums)
{
	return !sums->has_no_whole &&
	       (!sums->whole.rate_hz || sums->whole.rate_hz == sums->run.rate_hz) &&
	       sum_writer_row_count(&sums->whole) + sum_writer_row_count(&sums->run) <=
		       SLICE_SUMS_MAX_ROWS;
}

int slice_sums_end_run(struct slice_sums *sums)
{
	int error = 0;

	if (!slice_sums_has_run(sums))
		return 0;
	if (fits_whole(sums)) {
		error = sum_writer_merge(&sums->whole, &sums->run);
	} else {
		sums->has_no_whole = true;
		sum_writer_clear(&sums->whole);
	}
	sum_writer_clear(&sums->run);
	return error;
}

/* Of a single run the sum is there. */
bool slice_sums_has_whole(const struct slice_sums *sums)
{
	return !sums->has_no_whole && sum_writer_window_count(&sums->whole) > sums->run_windows;
}
