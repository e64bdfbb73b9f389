/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/process_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/record_pool.h"
#include "model/fates.h"
#include "model/profile.h"
#include "terminal/picture.h"

static const char *const order_names[] = {
#define PROCESS_ORDER(constant, name) [constant] = name,
#include "terminal/process_orders.def"
#undef PROCESS_ORDER
};

const char *process_order_name(enum process_order order)
{
	return order_names[order];
}

struct process_id process_id_of_all(void)
{
	return (struct process_id){ .pid = PROCESS_UNKNOWN, .tid = PROCESS_UNKNOWN };
}

bool process_id_is_all(const struct process_id *id)
{
	return id->pid == PROCESS_UNKNOWN && !*id->comm;
}

bool process_id_is_same(const struct process_id *a, const struct process_id *b)
{
	return a->pid == b->pid && a->tid == b->tid && !strcmp(a->comm, b->comm);
}

static const char *text_of(const struct profile *profile, uint32_t string)
{
	return string == PROFILE_NONE ? "" : profile_string(profile, string, NULL);
}

static bool has_comm(const struct process_id *id, const char *comm)
{
	return !strncmp(id->comm, *comm ? comm : "[unknown]", sizeof(id->comm) - 1);
}

bool process_id_takes(const struct process_id *id, const struct profile *profile,
		      const struct label_set *labels)
{
	if (process_id_is_all(id))
		return true;
	if (labels->values[SAMPLE_LABEL_pid] != id->pid)
		return false;
	if (id->pid == PROCESS_UNKNOWN)
		return has_comm(id, text_of(profile, labels->values[SAMPLE_LABEL_comm]));
	return id->tid == PROCESS_UNKNOWN || labels->values[SAMPLE_LABEL_tid] == id->tid;
}

/* --- adding up --- */

/* A row is known by these. */
struct row_key {
	uint32_t pid, tid, comm; /* comm: of unknown PIDs alone */
};

struct summed_row {
	struct row_key key;
	uint32_t labels; /* of the last sample: what the process is now */
	uint64_t ticks, lost;
};

struct summing {
	const struct profile *profile;
	const struct samples *samples;
	const struct process_question *question;
	struct record_pool rows; /* struct summed_row */
	bool *are_lost;          /* per node: below a marker of lost ticks */
};

static void summing_release(struct summing *summing)
{
	record_pool_release(&summing->rows);
	free(summing->are_lost);
}

static bool is_lost_marker(const struct profile *profile, uint32_t node)
{
	const struct frame *frame = profile_frame(profile, profile_node(profile, node)->frame);
	enum fate fate;
	const char *name, *reason;
	size_t size, reason_size;

	if (frame->kind != FRAME_MARKER)
		return false;
	name = profile_string(profile, frame->name, &size);
	return fate_parse_marker(name, size, &fate, &reason, &reason_size) && fate == FATE_LOST;
}

static int find_lost(struct summing *summing)
{
	uint32_t count = profile_node_count(summing->profile);

	summing->are_lost = calloc(count + 1, sizeof(*summing->are_lost));
	if (!summing->are_lost)
		return -ENOMEM;
	for (uint32_t i = 1; i < count; i++)
		summing->are_lost[i] =
			summing->are_lost[profile_node(summing->profile, i)->parent] ||
			is_lost_marker(summing->profile, i);
	return 0;
}

static int add_sample(struct summing *summing, size_t index)
{
	struct sample sample = samples_get(summing->samples, index);
	const uint32_t *values = samples_labels(summing->samples, sample.labels)->values;
	uint32_t pid = values[SAMPLE_LABEL_pid];
	const struct row_key key = {
		.pid = pid,
		.tid = summing->question->by_thread ? values[SAMPLE_LABEL_tid] : PROCESS_UNKNOWN,
		.comm = pid == PROCESS_UNKNOWN ? values[SAMPLE_LABEL_comm] : PROFILE_NONE,
	};
	struct summed_row *row;
	uint32_t id;
	int error = record_pool_add(&summing->rows, &key, &id);

	if (error)
		return error;
	row = record_pool_get(&summing->rows, id);
	row->labels = sample.labels;
	row->ticks += samples_value(summing->samples, index, 0);
	if (summing->are_lost[sample.node])
		row->lost += samples_value(summing->samples, index, 0);
	return 0;
}

/* --- rows --- */

static struct process_row make_row(const struct picture *picture, const struct summed_row *summed)
{
	const struct profile *profile = picture->profile;
	const uint32_t *values = samples_labels(profile_samples(profile), summed->labels)->values;
	uint32_t since = u64_map_get(&picture->since, summed->key.pid);
	struct process_row row = {
		.id = { .pid = summed->key.pid, .tid = summed->key.tid },
		.comm = values[SAMPLE_LABEL_comm],
		.user = values[SAMPLE_LABEL_user],
		.container = values[SAMPLE_LABEL_container],
		.pod = values[SAMPLE_LABEL_pod],
		.ticks = summed->ticks,
		.lost = summed->lost,
		.since = since == U64_MAP_ABSENT || summed->key.pid == PROCESS_UNKNOWN ? 0 : since,
	};
	const char *comm = text_of(profile, row.comm);

	if (row.id.pid == PROCESS_UNKNOWN)
		snprintf(row.id.comm, sizeof(row.id.comm), "%s", *comm ? comm : "[unknown]");
	return row;
}

static bool shows(const struct profile *profile, const struct process_row *row, const char *filter)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", row->id.pid);
	return !*filter || (row->id.pid != PROCESS_UNKNOWN && strstr(number, filter)) ||
	       strcasestr(text_of(profile, row->comm), filter) ||
	       strcasestr(text_of(profile, row->user), filter) ||
	       strcasestr(text_of(profile, row->container), filter) ||
	       strcasestr(text_of(profile, row->pod), filter);
}

struct sorting {
	const struct profile *profile;
	enum process_order order;
	bool is_reversed;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_by(const struct sorting *sorting, const struct process_row *a,
		      const struct process_row *b)
{
	const struct profile *profile = sorting->profile;

	switch (sorting->order) {
	case PROCESS_BY_CPU:
		return compare_numbers(b->ticks, a->ticks);
	case PROCESS_BY_SINCE:
		return compare_numbers(b->since, a->since);
	case PROCESS_BY_USER:
		return strcmp(text_of(profile, a->user), text_of(profile, b->user));
	case PROCESS_BY_CONTAINER: /* those in none last */
		return strcmp(text_of(profile, b->container), text_of(profile, a->container));
	case PROCESS_BY_COMMAND:
		return strcmp(text_of(profile, a->comm), text_of(profile, b->comm));
	case PROCESS_BY_PID:
	case PROCESS_ORDERS:
		break;
	}
	return 0;
}

/* Those that are alike stay in the order of their numbers, so that nothing jumps. */
static int compare_rows(const void *left, const void *right, void *context)
{
	const struct process_row *a = left, *b = right;
	const struct sorting *sorting = context;
	int order = compare_by(sorting, a, b);

	if (!order)
		order = compare_numbers(a->id.pid, b->id.pid);
	if (!order)
		order = compare_numbers(a->id.tid, b->id.tid);
	if (!order)
		order = strcmp(a->id.comm, b->id.comm);
	return sorting->is_reversed ? -order : order;
}

static int make_rows(const struct picture *picture, const struct summing *summing,
		     struct process_table *table)
{
	struct sorting sorting = { picture->profile, summing->question->order,
				   summing->question->is_reversed };

	table->rows = calloc(summing->rows.count + 1, sizeof(*table->rows));
	if (!table->rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < summing->rows.count; i++) {
		const struct summed_row *summed = record_pool_get(&summing->rows, i);
		struct process_row row = make_row(picture, summed);

		table->ticks += row.ticks;
		if (shows(picture->profile, &row, summing->question->filter))
			table->rows[table->count++] = row;
	}
	qsort_r(table->rows, table->count, sizeof(*table->rows), compare_rows, &sorting);
	return 0;
}

int process_table_build(const struct picture *picture, const struct process_question *question,
			struct process_table *ret_table)
{
	_cleanup_(summing_release) struct summing summing = {
		.profile = picture->profile,
		.samples = profile_samples(picture->profile),
		.question = question,
	};
	struct process_table table = { 0 };
	size_t count = summing.samples ? samples_count(summing.samples) : 0;
	int error;

	record_pool_init(&summing.rows, sizeof(struct summed_row), sizeof(struct row_key));
	error = find_lost(&summing);
	for (size_t i = 0; i < count && !error; i++)
		error = add_sample(&summing, i);
	if (!error)
		error = make_rows(picture, &summing, &table);
	if (!error)
		*ret_table = table;
	return error;
}

void process_table_release(struct process_table *table)
{
	free(table->rows);
	*table = (struct process_table){ 0 };
}
