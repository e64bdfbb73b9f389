/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single samples of a block. Those of one thread, one stack and one slot of time are one row; rows stand by thread, stack and slot, so that all three
 * cost little: most steps are small. Where there are too many rows, slots become wider until there are few enough.
 *
 * Samples that weigh nanoseconds last so long, from their time on: of what is longer than a cell of the timeline each cell has its piece. Where these
 * pieces are too many, they and what holds them become wider together, so that no piece is longer than what it stands in.
 */
#include "render/block_sections.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/samples.h"
#include "render/profile_block.h"
#include "render/render_options.h"
#include "render/sample_weight.h"
#include "render/thread_order.h"

#define SHORT_NS \
	UINT64_C(10000000000) /* a profile below has finer slots, if its samples are as many */
#define SHORT_SLOT_NS UINT64_C(2000000)
#define SLOT_NS       UINT64_C(20000000)
#define CHART_SLOT_NS UINT64_C(1000) /* so fine that a chart has the samples in their order */
#define SLOTS_MAX     (UINT32_MAX >> 1)

/* A thread's rows: keys are place << 32 | slot + 1 (0: no time), values ticks. */
struct row_group {
	uint32_t pid, tid, comm;
	struct u64_item *rows;
	size_t count;
};

struct sample_rows {
	const struct profile *profile;
	const struct samples *samples;
	const uint32_t *places;
	struct u64_item *rows;
	struct row_group *groups;
	uint32_t group_count;
	uint32_t together; /* threads that share the last group; 0: none does */
	uint64_t first_ns, last_ns;
	uint64_t slot_ns; /* 0: no times */
	uint64_t cell_ns; /* no cell of the timeline is narrower */
	uint64_t wider;   /* slots of these that are one in what is written */
	bool has_length;  /* of what lasts longer than a cell the rows are a cell's */
};

static void rows_release(struct sample_rows *rows)
{
	free(rows->rows);
	free(rows->groups);
}

/* --- times --- */

/* The last nanosecond that a sample has. */
static uint64_t end_of(const struct sample_rows *rows, size_t sample)
{
	uint64_t time = samples_get(rows->samples, sample).time_ns;
	uint64_t length = rows->has_length ? samples_value(rows->samples, sample, 0) : 0;

	if (length > UINT64_MAX - time)
		return UINT64_MAX;
	return length ? time + length - 1 : time;
}

static void find_span(struct sample_rows *rows, bool is_chart)
{
	struct sample_weight weight = sample_weight_choose(rows->profile);
	uint64_t span;
	bool is_fine;

	rows->has_length = !weight.value && !weight.rate_hz && !strcmp(weight.unit, "nanoseconds");
	rows->first_ns = UINT64_MAX;
	for (size_t i = 0; i < samples_count(rows->samples); i++) {
		uint64_t time = samples_get(rows->samples, i).time_ns, end;

		if (time == SAMPLE_NO_TIME)
			continue;
		end = end_of(rows, i);
		rows->first_ns = time < rows->first_ns ? time : rows->first_ns;
		rows->last_ns = end > rows->last_ns ? end : rows->last_ns;
	}
	if (rows->first_ns == UINT64_MAX || rows->first_ns == rows->last_ns)
		return;
	span = rows->last_ns - rows->first_ns;
	is_fine = span < SHORT_NS && samples_count(rows->samples) >= span / SHORT_SLOT_NS;
	rows->cell_ns = is_fine ? SHORT_SLOT_NS : SLOT_NS;
	rows->slot_ns = is_chart ? CHART_SLOT_NS : rows->cell_ns;
}

/* 1, 2, 5, 10, 20, ... */
static uint64_t next_wider(uint64_t wider)
{
	uint64_t power = 1;

	while (power * 10 <= wider)
		power *= 10;
	return wider == 2 * power ? 5 * power : 2 * wider;
}

static uint64_t slots_of(const struct sample_rows *rows)
{
	return (rows->last_ns - rows->first_ns) / rows->slot_ns / rows->wider + 1;
}

/* How many times wider cells have to be for the rows of all samples not to become too many by their lengths. */
static uint64_t widen_cells(const struct sample_rows *rows)
{
	uint64_t sum = 0, times = 1;

	for (size_t i = 0; rows->has_length && i < samples_count(rows->samples); i++)
		sum += samples_value(rows->samples, i, 0);
	while (sum / (rows->cell_ns * times) > PROFILE_BLOCK_ROWS_MAX / 2)
		times = next_wider(times);
	return times;
}

/* A cell is of whole slots, and but in a flame chart of one. */
static void choose_widths(struct sample_rows *rows)
{
	bool is_chart = rows->slot_ns < rows->cell_ns;
	uint64_t times, slot;

	while (slots_of(rows) > SLOTS_MAX)
		rows->wider = next_wider(rows->wider);
	slot = rows->slot_ns * rows->wider;
	rows->cell_ns = (rows->cell_ns + slot - 1) / slot * slot;
	times = widen_cells(rows);
	rows->cell_ns *= times;
	rows->wider *= is_chart ? 1 : times;
}

static uint32_t slot_of(const struct sample_rows *rows, uint64_t time_ns)
{
	if (time_ns == SAMPLE_NO_TIME || !rows->slot_ns)
		return 0;
	return (uint32_t)((time_ns - rows->first_ns) / rows->slot_ns / rows->wider) + 1;
}

/* --- rows --- */

static uint64_t thread_ticks(const struct sample_rows *rows, const struct thread_order *order,
			     const struct thread_part *thread)
{
	uint64_t ticks = 0;

	for (size_t i = 0; i < thread->count; i++)
		ticks += samples_value(rows->samples, order->items[thread->first + i].value, 0);
	return ticks;
}

/* Threads, the one with the most ticks first. 0 or -ENOMEM. */
static int rank_threads(const struct sample_rows *rows, const struct thread_order *order,
			struct u64_item *ranked)
{
	for (size_t i = 0; i < order->thread_count; i++)
		ranked[i] = (struct u64_item){
			UINT64_MAX - thread_ticks(rows, order, &order->threads[i]), i
		};
	return u64_sort(ranked, order->thread_count);
}

/* How many rows a sample is. */
static size_t pieces_of(const struct sample_rows *rows, size_t sample)
{
	uint64_t time = samples_get(rows->samples, sample).time_ns;
	uint64_t ticks = samples_value(rows->samples, sample, 0);

	if (!ticks || !rows->has_length || !rows->slot_ns || time == SAMPLE_NO_TIME)
		return ticks != 0;
	return ((time - rows->first_ns) % rows->cell_ns + ticks - 1) / rows->cell_ns + 1;
}

static size_t count_pieces(const struct sample_rows *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < samples_count(rows->samples); i++)
		count += pieces_of(rows, i);
	return count;
}

/* What of it is in the cell that it begins in. */
static uint64_t next_piece(const struct sample_rows *rows, uint64_t time_ns, uint64_t ticks)
{
	uint64_t room;

	if (!rows->has_length || !rows->slot_ns || time_ns == SAMPLE_NO_TIME)
		return ticks;
	room = rows->cell_ns - (time_ns - rows->first_ns) % rows->cell_ns;
	return ticks < room ? ticks : room;
}

static void add_sample(const struct sample_rows *rows, struct row_group *group,
		       struct sample sample, uint64_t ticks)
{
	uint64_t time_ns = sample.time_ns;

	while (ticks) {
		uint64_t piece = next_piece(rows, time_ns, ticks);

		group->rows[group->count++] = (struct u64_item){
			(uint64_t)rows->places[sample.node] << 32 | slot_of(rows, time_ns),
			piece,
		};
		ticks -= piece;
		time_ns += ticks ? piece : 0;
	}
}

static void add_rows(const struct sample_rows *rows, const struct thread_order *order,
		     const struct thread_part *thread, struct row_group *group)
{
	for (size_t i = 0; i < thread->count; i++) {
		size_t index = order->items[thread->first + i].value;

		add_sample(rows, group, samples_get(rows->samples, index),
			   samples_value(rows->samples, index, 0));
	}
}

/* Those of the same place and slot become one. */
static void merge_rows(struct row_group *group)
{
	size_t kept = 0;

	for (size_t i = 0; i < group->count; i++) {
		if (kept && group->rows[kept - 1].key == group->rows[i].key)
			group->rows[kept - 1].value += group->rows[i].value;
		else
			group->rows[kept++] = group->rows[i];
	}
	group->count = kept;
}

static int fill_groups(struct sample_rows *rows, const struct thread_order *order,
		       const struct u64_item *ranked)
{
	struct u64_item *next = rows->rows;
	int error = 0;

	for (size_t i = 0; i < order->thread_count; i++) {
		const struct thread_part *thread = &order->threads[ranked[i].value];
		struct row_group *group = &rows->groups[rows->group_count - 1];

		if (i < rows->group_count) {
			group = &rows->groups[i];
			*group = (struct row_group){ thread->pid, thread->tid, thread->comm, next,
						     0 };
		}
		add_rows(rows, order, thread, group);
		next = group->rows + group->count;
	}
	for (uint32_t i = 0; !error && i < rows->group_count; i++) {
		error = u64_sort(rows->groups[i].rows, rows->groups[i].count);
		if (!error)
			merge_rows(&rows->groups[i]);
	}
	return error;
}

static int make_groups(struct sample_rows *rows)
{
	_cleanup_(thread_order_release) struct thread_order order = { 0 };
	_cleanup_free_ struct u64_item *ranked = NULL;
	int error = thread_order_init(&order, rows->profile);

	if (error)
		return error;
	rows->group_count = order.thread_count < PROFILE_BLOCK_THREADS_MAX
				    ? (uint32_t)order.thread_count
				    : PROFILE_BLOCK_THREADS_MAX;
	ranked = malloc((order.thread_count + 1) * sizeof(*ranked));
	rows->groups = malloc(((size_t)rows->group_count + 1) * sizeof(*rows->groups));
	rows->rows = malloc((count_pieces(rows) + 1) * sizeof(*rows->rows));
	if (!ranked || !rows->groups || !rows->rows)
		return -ENOMEM;
	error = rank_threads(rows, &order, ranked);
	if (!error)
		error = fill_groups(rows, &order, ranked);
	if (error || order.thread_count == rows->group_count)
		return error;
	rows->together = (uint32_t)(order.thread_count - rows->group_count) + 1;
	rows->groups[rows->group_count - 1].pid = PROFILE_NONE;
	rows->groups[rows->group_count - 1].tid = PROFILE_NONE;
	rows->groups[rows->group_count - 1].comm = PROFILE_NONE;
	return 0;
}

/* --- as many as a page carries --- */

/* A key where `times` slots are one. */
static uint64_t widened(uint64_t key, uint64_t times)
{
	uint64_t slot = key & UINT32_MAX, place = key & ~(uint64_t)UINT32_MAX;

	return slot ? place | ((slot - 1) / times + 1) : place;
}

static size_t count_rows(const struct sample_rows *rows, uint64_t times)
{
	size_t count = 0;

	for (uint32_t g = 0; g < rows->group_count; g++) {
		const struct row_group *group = &rows->groups[g];

		for (size_t i = 0; i < group->count; i++)
			count += !i || widened(group->rows[i].key, times) !=
					       widened(group->rows[i - 1].key, times);
	}
	return count;
}

static void widen(struct sample_rows *rows, uint64_t times)
{
	for (uint32_t g = 0; g < rows->group_count; g++) {
		struct row_group *group = &rows->groups[g];

		for (size_t i = 0; i < group->count; i++)
			group->rows[i].key = widened(group->rows[i].key, times);
		merge_rows(group);
	}
	rows->wider *= times;
}

/* Wider slots until there are few enough rows. Are there? One slot would tell nothing. */
static bool fit_rows(struct sample_rows *rows)
{
	uint64_t slots = rows->slot_ns ? slots_of(rows) : 1, times = 1;

	while (count_rows(rows, times) > PROFILE_BLOCK_ROWS_MAX) {
		times = next_wider(times);
		if (times >= slots)
			return false;
	}
	widen(rows, times);
	return true;
}

/* --- sections --- */

/* The strings of the threads' names, each once; columns of threads. */
static int write_threads(const struct sample_rows *rows, struct buffer *to)
{
	struct buffer content = { 0 }, names = { 0 }, columns[4] = { 0 };
	struct u64_map known;
	uint32_t name_count = 0;
	int error = 0;

	u64_map_init(&known);
	for (uint32_t i = 0; !error && i < rows->group_count; i++) {
		const struct row_group *group = &rows->groups[i];
		uint32_t name = group->comm == PROFILE_NONE ? 0 : u64_map_get(&known, group->comm);

		if (name == U64_MAP_ABSENT) {
			size_t size;
			const char *text = profile_string(rows->profile, group->comm, &size);

			profile_block_bytes(&names, text, size);
			name = ++name_count;
			error = u64_map_set(&known, group->comm, name);
		}
		profile_block_number(&columns[0], name);
		profile_block_number(&columns[1], (uint32_t)(group->pid + 1));
		profile_block_number(&columns[2], (uint32_t)(group->tid + 1));
		profile_block_number(&columns[3], group->count);
	}
	u64_map_release(&known);
	profile_block_number(&content, name_count);
	buffer_append(&content, names.data, names.size);
	if (names.failed)
		to->failed = true;
	profile_block_number(&content, rows->group_count);
	for (size_t i = 0; i < 4; i++) {
		profile_block_column(&content, &columns[i]);
		buffer_release(&columns[i]);
	}
	profile_block_number(&content, rows->together);
	profile_block_section(to, "thrd", &content);
	buffer_release(&names);
	buffer_release(&content);
	return error;
}

static void write_times(const struct sample_rows *rows, struct buffer *to)
{
	uint64_t slot = rows->slot_ns * rows->wider;
	struct buffer content = { 0 };

	profile_block_number(&content, slot);
	profile_block_number(&content, rows->first_ns);
	profile_block_number(&content, slots_of(rows));
	profile_block_number(&content, rows->wider);
	profile_block_number(&content, (rows->cell_ns + slot - 1) / slot * slot);
	profile_block_section(to, "time", &content);
	buffer_release(&content);
}

static void write_rows(const struct sample_rows *rows, struct buffer *to)
{
	struct buffer content = { 0 }, places = { 0 }, slots = { 0 }, ticks = { 0 };

	for (uint32_t g = 0; g < rows->group_count; g++) {
		const struct row_group *group = &rows->groups[g];
		uint64_t before = 0;

		for (size_t i = 0; i < group->count; i++) {
			uint64_t key = group->rows[i].key, step = (key >> 32) - (before >> 32);

			profile_block_number(&places, step);
			profile_block_number(&slots,
					     (key & UINT32_MAX) - (step ? 0 : before & UINT32_MAX));
			profile_block_number(&ticks, group->rows[i].value);
			before = key;
		}
	}
	profile_block_column(&content, &places);
	profile_block_column(&content, &slots);
	profile_block_column(&content, &ticks);
	profile_block_section(to, "smpl", &content);
	buffer_release(&content);
	buffer_release(&places);
	buffer_release(&slots);
	buffer_release(&ticks);
}

/* Is there more to tell than the tree does? */
static bool is_telling(const struct sample_rows *rows)
{
	return rows->group_count > 1 || rows->slot_ns;
}

int block_samples_write(const struct profile *profile, const struct render_options *options,
			const uint32_t *places, struct buffer *to, uint64_t *ret_untold)
{
	_cleanup_(rows_release) struct sample_rows rows = {
		.profile = profile,
		.samples = profile_samples(profile),
		.places = places,
		.wider = 1,
	};
	int error;

	*ret_untold = 0;
	if (!rows.samples || !samples_count(rows.samples))
		return 0;
	find_span(&rows, options->flamechart);
	if (rows.slot_ns)
		choose_widths(&rows);
	error = make_groups(&rows);
	if (error || !is_telling(&rows))
		return error;
	if (!fit_rows(&rows)) {
		*ret_untold = samples_count(rows.samples);
		return 0;
	}
	error = write_threads(&rows, to);
	if (rows.slot_ns)
		write_times(&rows, to);
	write_rows(&rows, to);
	return error;
}
