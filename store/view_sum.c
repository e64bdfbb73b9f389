/* SPDX-License-Identifier: Apache-2.0 */
#include "store/view_sum.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/slice_dictionary.h"
#include "store/slice_sum.h"

DEFINE_CLEANUP(cleanup_sum, struct view_sum *, view_sum_free)

#define ROW_STEP (sizeof(struct view_sum_row) / sizeof(uint32_t))

void view_sum_free(struct view_sum *sum)
{
	if (!sum)
		return;
	free(sum->windows);
	free(sum->rows);
	free(sum);
}

static size_t bytes_of(const struct view_sum *sum)
{
	return sizeof(*sum) + sum->window_count * sizeof(*sum->windows) +
	       sum->row_count * sizeof(*sum->rows);
}

/* --- decoding --- */

static int take_windows(struct sum_reader reader, struct view_sum *sum)
{
	sum->windows = calloc(reader.windows + 1, sizeof(*sum->windows));
	if (!sum->windows)
		return -ENOMEM;
	while (sum_reader_next_window(&reader))
		sum->windows[sum->window_count++] =
			(struct view_sum_window){ reader.window, reader.window_rows };
	return 0;
}

/* The numbers of a column become ids. False: one leads nowhere. */
static bool find_ids(const struct dictionary_map *map, uint32_t *numbers, size_t count)
{
	uint32_t none = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t *number = &numbers[i * ROW_STEP];

		*number = dictionary_map_get(map, *number);
		none |= *number == PROFILE_NONE;
	}
	return !none;
}

static int take_rows(const struct sum_reader *reader, bool is_series,
		     const struct dictionary_reader *dictionary, struct view_sum *sum)
{
	struct view_sum_row *rows = malloc((reader->rows + 1) * sizeof(*rows));
	int error;

	sum->rows = rows;
	if (!rows)
		return -ENOMEM;
	sum->row_count = reader->rows;
	error = sum_reader_copy(reader, is_series, ROW_STEP, &rows->labels, &rows->node,
				&rows->value);
	if (error)
		return error;
	for (size_t i = 0; is_series && i < sum->row_count; i++)
		rows[i].node = PROFILE_NONE;
	return find_ids(&dictionary->labels, &rows->labels, sum->row_count) &&
			       (is_series ||
				find_ids(&dictionary->nodes, &rows->node, sum->row_count))
		       ? 0
		       : -EBADMSG;
}

int view_sum_decode(struct window_span span, struct bytes body, bool is_series,
		    const struct dictionary_reader *dictionary, struct view_sum **ret_sum)
{
	_cleanup_(cleanup_sum) struct view_sum *sum = calloc(1, sizeof(*sum));
	struct sum_reader reader;
	int error = sum ? sum_reader_init(&reader, span, body, is_series) : -ENOMEM;

	if (error)
		return error;
	sum->span = span;
	sum->rate_hz = reader.rate_hz;
	error = take_windows(reader, sum);
	if (!error)
		error = take_rows(&reader, is_series, dictionary, sum);
	if (!error)
		*ret_sum = take_ptr(sum);
	return error;
}

/* Those of one stack stand side by side; what is more than 32 bits hold stays apart. */
void view_sum_drop_labels(struct view_sum *sum)
{
	struct view_sum_row *last = NULL, *smaller;

	for (size_t i = 0; i < sum->row_count; i++) {
		const struct view_sum_row row = sum->rows[i];

		if (last && last->node == row.node && row.value <= UINT32_MAX - last->value) {
			last->value += row.value;
			continue;
		}
		last = last ? last + 1 : sum->rows;
		*last = row;
		last->labels = LABELS_UNKNOWN;
	}
	sum->row_count = last ? (size_t)(last - sum->rows) + 1 : 0;
	sum->lacks_labels = true;
	smaller = realloc(sum->rows, (sum->row_count + 1) * sizeof(*smaller));
	if (smaller)
		sum->rows = smaller;
}

/* --- keeping --- */

void view_sums_release(struct view_sums *sums)
{
	for (size_t i = 0; i < sums->count; i++)
		view_sum_free(sums->sums[i]);
	free(sums->sums);
	*sums = (struct view_sums){ .question = sums->question };
}

void view_sums_next_question(struct view_sums *sums)
{
	sums->question++;
}

const struct view_sum *view_sums_find(struct view_sums *sums, uint64_t slice, uint64_t chunk,
				      bool lacks_labels)
{
	for (size_t i = 0; i < sums->count; i++) {
		struct view_sum *sum = sums->sums[i];

		if (sum->slice != slice || sum->chunk != chunk || sum->lacks_labels != lacks_labels)
			continue;
		sum->question = sums->question;
		return sum;
	}
	return NULL;
}

static void drop(struct view_sums *sums, size_t index)
{
	sums->bytes -= bytes_of(sums->sums[index]);
	view_sum_free(sums->sums[index]);
	sums->sums[index] = sums->sums[--sums->count];
}

/* The one that was not taken for longest; false: all were for this question. */
static bool drop_oldest(struct view_sums *sums)
{
	size_t oldest = 0;

	for (size_t i = 1; i < sums->count; i++)
		if (sums->sums[i]->question < sums->sums[oldest]->question)
			oldest = i;
	if (!sums->count || sums->sums[oldest]->question == sums->question)
		return false;
	drop(sums, oldest);
	return true;
}

void view_sums_keep(struct view_sums *sums, struct view_sum *sum)
{
	const size_t bytes = bytes_of(sum);
	struct view_sum **grown = NULL;

	while (bytes <= VIEW_SUMS_MAX_BYTES && sums->bytes > VIEW_SUMS_MAX_BYTES - bytes)
		if (!drop_oldest(sums))
			break;
	if (bytes <= VIEW_SUMS_MAX_BYTES && sums->bytes <= VIEW_SUMS_MAX_BYTES - bytes)
		grown = reallocarray(sums->sums, sums->count + 1, sizeof(*grown));
	if (!grown) {
		view_sum_free(sum);
		return;
	}
	sums->sums = grown;
	sum->question = sums->question;
	sums->bytes += bytes;
	sums->sums[sums->count++] = sum;
}

void view_sums_forget(struct view_sums *sums, uint64_t slice)
{
	for (size_t i = sums->count; i--;)
		if (sums->sums[i]->slice == slice)
			drop(sums, i);
}
