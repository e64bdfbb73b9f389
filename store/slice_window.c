/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_window.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/label_copy.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "model/samples.h"
#include "store/column.h"
#include "store/slice_bases.h"
#include "store/slice_dictionary.h"
#include "store/slice_sum.h"

#define NS_PER_SECOND 1000000000u

#define GOLDEN_RATIO 0x9e3779b97f4a7c15u /* its part behind the point, of 2^64 */

#define MAX_COLUMNS (3 + PROFILE_VALUES_MAX)

/* --- writing --- */

/* A window while it is written. */
struct writing {
	const struct window_times *times;
	const struct profile *profile;
	const uint32_t *nodes, *labels; /* per node and label set its number in the dictionary */
	struct sum_writer *sum;         /* or NULL */
	uint32_t values;
	unsigned int flags;
	uint32_t *order; /* the samples, as they are to stand; NULL: as they are */
};

static size_t index_at(const struct writing *writing, size_t index)
{
	return writing->order ? writing->order[index] : index;
}

static struct sample sample_at(const struct writing *writing, size_t index)
{
	return samples_get(profile_samples(writing->profile), index_at(writing, index));
}

static int compare_samples(const void *left, const void *right, void *context)
{
	const uint32_t *i = left, *j = right;
	const struct writing *writing = context;
	const struct samples *samples = profile_samples(writing->profile);
	struct sample a = samples_get(samples, *i), b = samples_get(samples, *j);
	uint32_t labels_a = writing->labels[a.labels], labels_b = writing->labels[b.labels];

	if (labels_a != labels_b)
		return (labels_a > labels_b) - (labels_a < labels_b);
	if (a.time_ns != b.time_ns)
		return (a.time_ns > b.time_ns) - (a.time_ns < b.time_ns);
	return (*i > *j) - (*i < *j);
}

static bool all_have_times(const struct samples *samples)
{
	if (!samples_have_times(samples))
		return false;
	for (size_t i = 0; i < samples_count(samples); i++)
		if (samples_get(samples, i).time_ns == SAMPLE_NO_TIME)
			return false;
	return true;
}

static int find_order(struct writing *writing)
{
	const struct samples *samples = profile_samples(writing->profile);
	size_t count = samples_count(samples);

	if (!all_have_times(samples) || !count)
		return 0;
	writing->order = malloc(count * sizeof(*writing->order));
	if (!writing->order)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		writing->order[i] = (uint32_t)i;
	qsort_r(writing->order, count, sizeof(*writing->order), compare_samples, writing);
	return 0;
}

static unsigned int find_flags(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);
	unsigned int flags = WINDOW_HAS_PLANES;

	if (samples_have_times(samples))
		flags |= WINDOW_HAS_TIMES;
	if (profile_value_count(profile) > 1)
		flags |= WINDOW_HAS_VALUES;
	for (size_t i = 0; i < samples_count(samples) && !(flags & WINDOW_HAS_VALUES); i++)
		if (samples_value(samples, i, 0) != 1)
			flags |= WINDOW_HAS_VALUES;
	return flags;
}

/* One that lies before the window's start is moved to it. */
static uint64_t coded_time(const struct window_times *times, uint64_t time_ns)
{
	uint64_t since;

	if (time_ns == SAMPLE_NO_TIME)
		return 0;
	since = time_ns + times->ahead_ns - times->span.start_ns;
	return (int64_t)since < 0 ? 1 : since / times->unit_ns + 1;
}

/* Which ones are met often is in their higher bytes, and what differs in the lowest: each kind by itself is smaller. */
static void append_nodes(const struct writing *writing, size_t count, struct buffer *to)
{
	uint32_t all = 0;
	unsigned int planes = 0;

	for (size_t i = 0; i < count; i++)
		all |= writing->nodes[sample_at(writing, i).node];
	while (planes < sizeof(all) && all >> planes * 8)
		planes++;
	number_append(to, planes);
	for (unsigned int plane = 0; plane < planes; plane++)
		for (size_t i = 0; i < count; i++)
			buffer_append_char(to, (char)(writing->nodes[sample_at(writing, i).node] >>
						      plane * 8));
}

static void append_columns(const struct writing *writing, struct buffer *to)
{
	const struct samples *samples = profile_samples(writing->profile);
	struct column labels = { 0 }, times = { 0 };
	size_t count = samples_count(samples);

	append_nodes(writing, count, to);
	for (size_t i = 0; i < count; i++)
		column_append(&labels, to, writing->labels[sample_at(writing, i).labels]);
	for (size_t i = 0; i < count && writing->flags & WINDOW_HAS_TIMES; i++)
		column_append(&times, to,
			      coded_time(writing->times, sample_at(writing, i).time_ns));
	for (uint32_t v = 0; v < writing->values && writing->flags & WINDOW_HAS_VALUES; v++) {
		struct column values = { 0 };

		for (size_t i = 0; i < count; i++)
			column_append(&values, to, samples_value(samples, index_at(writing, i), v));
	}
}

static void append_head(const struct writing *writing, struct buffer *to)
{
	number_append(to, writing->flags);
	number_append(to, profile_origin_of(writing->profile)->rate_hz);
	number_append(to, writing->times->unit_ns);
	number_append(to, samples_count(profile_samples(writing->profile)));
}

/* Of each label set of the window the one that tells of no CPU and thread: its number in the dictionary. */
static int reduce_labels(const struct writing *writing, struct profile *dictionary,
			 uint32_t *reduced)
{
	uint32_t count = samples_labels_count(profile_samples(writing->profile));
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++) {
		struct label_set set =
			*samples_labels(profile_samples(dictionary), writing->labels[i]);

		set.values[SAMPLE_LABEL_cpu] = set.values[SAMPLE_LABEL_tid] = PROFILE_NONE;
		error = profile_add_labels(dictionary, &set, &reduced[i]);
	}
	return error;
}

static int sum_up(const struct writing *writing, struct profile *dictionary)
{
	const struct samples *samples = profile_samples(writing->profile);
	_cleanup_free_ uint32_t *reduced =
		malloc((samples_labels_count(samples) + 1) * sizeof(*reduced));
	int error = reduced ? reduce_labels(writing, dictionary, reduced) : -ENOMEM;

	for (size_t i = 0; i < samples_count(samples) && !error; i++) {
		struct sample sample = samples_get(samples, i);

		error = sum_writer_add(writing->sum, reduced[sample.labels],
				       writing->nodes[sample.node], samples_value(samples, i, 0));
	}
	return error;
}

static int append_samples(struct writing *writing, struct dictionary_writer *dictionary,
			  struct buffer *to)
{
	_cleanup_free_ uint32_t *nodes =
		malloc(profile_node_count(writing->profile) * sizeof(*nodes));
	_cleanup_free_ uint32_t *labels = NULL;
	int error = nodes ? 0 : -ENOMEM;

	if (!error)
		error = profile_merge_nodes(dictionary->profile, writing->profile, nodes);
	if (!error)
		error = label_copy(writing->profile, dictionary->profile, &labels);
	if (error)
		return error;
	writing->nodes = nodes;
	writing->labels = labels;
	error = find_order(writing);
	if (error)
		return error;
	append_head(writing, to);
	append_columns(writing, to);
	free(take_ptr(writing->order));
	if (writing->sum)
		error = sum_up(writing, dictionary->profile);
	return error ? error : buffer_error(to);
}

int window_append(const struct window_times *times, const struct profile *profile,
		  struct dictionary_writer *dictionary, struct sum_writer *sum, struct buffer *to)
{
	struct writing writing = {
		.times = times,
		.profile = profile,
		.sum = sum,
		.values = profile_value_count(profile),
	};

	if (sum && sum_writer_begin_window(sum, times->span, profile_origin_of(profile)->rate_hz))
		return -ENOMEM;
	if (!profile_samples(profile)) { /* nothing was met */
		number_append(to, 0);
		number_append(to, profile_origin_of(profile)->rate_hz);
		number_append(to, times->unit_ns);
		number_append(to, 0);
		return buffer_error(to);
	}
	writing.flags = find_flags(profile);
	return append_samples(&writing, dictionary, to);
}

/* --- reading --- */

/* Numbers, each one's lowest byte, then each one's next byte, and so on. */
struct planes {
	const uint8_t *bytes;
	uint64_t count, next;
};

/* A window while it is read: its columns, in their order, each read for itself. */
struct reading {
	struct window_span span, part;
	const struct dictionary_reader *dictionary;
	uint64_t flags, time_unit_ns, count;
	uint32_t values;
	struct byte_reader readers[MAX_COLUMNS];
	struct column columns[MAX_COLUMNS];
	struct planes nodes, labels; /* where there are planes of them */
	/* With groups: */
	struct byte_reader first_readers, count_readers;
	struct column firsts, counts;
	uint64_t groups, group_left, group, last_labels;
};

enum window_column { COLUMN_NODE, COLUMN_LABELS, COLUMN_TIME, COLUMN_VALUES };

static int find_planes(struct byte_reader *reader, uint64_t numbers, struct planes *planes)
{
	planes->count = byte_reader_uleb128(reader);
	if (planes->count > sizeof(uint32_t))
		return -EBADMSG;
	planes->bytes = byte_reader_take(reader, planes->count * numbers).data;
	return reader->failed ? -EBADMSG : 0;
}

static uint64_t next_of_planes(struct planes *planes, uint64_t numbers)
{
	uint64_t number = 0;

	for (uint64_t plane = 0; plane < planes->count; plane++)
		number |= (uint64_t)planes->bytes[plane * numbers + planes->next] << plane * 8;
	planes->next++;
	return number;
}

/* The groups have all of the samples, and no more. */
static int check_groups(const struct reading *reading)
{
	struct byte_reader reader = reading->count_readers;
	struct column counts = { 0 };
	uint64_t left = reading->count;

	for (uint64_t i = 0; i < reading->groups; i++) {
		uint64_t count = column_read(&counts, &reader);

		if (!count || count > left)
			return -EBADMSG;
		left -= count;
	}
	return left ? -EBADMSG : 0;
}

static int find_groups(struct reading *reading, struct byte_reader *reader)
{
	int error;

	reading->groups = byte_reader_uleb128(reader);
	error = column_find(reader, reading->groups, &reading->first_readers);
	if (!error)
		error = column_find(reader, reading->groups, &reading->count_readers);
	if (!error)
		error = check_groups(reading);
	if (!error)
		error = find_planes(reader, reading->count, &reading->nodes);
	return error ? error : find_planes(reader, reading->count, &reading->labels);
}

/* Which column follows those that are no columns here. */
static int find_stacks(struct reading *reading, struct byte_reader *reader, size_t *ret_column)
{
	int error = 0;

	if (reading->flags & WINDOW_HAS_GROUPS) {
		error = find_groups(reading, reader);
		*ret_column = COLUMN_TIME;
	} else if (reading->flags & WINDOW_HAS_PLANES) {
		error = find_planes(reader, reading->count, &reading->nodes);
		*ret_column = COLUMN_LABELS;
	} else {
		*ret_column = COLUMN_NODE;
	}
	return error;
}

static int find_columns(struct reading *reading, struct byte_reader *reader)
{
	size_t first;
	int error = find_stacks(reading, reader, &first);

	if (error)
		return error;
	for (size_t column = first; column < COLUMN_VALUES + reading->values; column++) {
		reading->readers[column] = *reader;
		if (column == COLUMN_TIME && !(reading->flags & WINDOW_HAS_TIMES))
			continue;
		if (column >= COLUMN_VALUES && !(reading->flags & WINDOW_HAS_VALUES))
			continue;
		for (uint64_t i = 0; i < reading->count; i++)
			byte_reader_uleb128(reader);
	}
	return reader->failed || reader->offset != reader->bytes.size ? -EBADMSG : 0;
}

static uint64_t next(struct reading *reading, size_t column)
{
	return column_read(&reading->columns[column], &reading->readers[column]);
}

/* SAMPLE_NO_TIME: it is not known. False: it is none. */
static bool next_time(struct reading *reading, uint64_t *ret_time)
{
	uint64_t coded = reading->flags & WINDOW_HAS_TIMES ? next(reading, COLUMN_TIME) : 0;
	uint64_t since;

	*ret_time = SAMPLE_NO_TIME;
	if (!coded)
		return true;
	return !__builtin_mul_overflow(coded - 1, reading->time_unit_ns, &since) &&
	       !__builtin_add_overflow(reading->span.start_ns, since, ret_time) &&
	       *ret_time != SAMPLE_NO_TIME;
}

/* Of what is counted evenly over the window, how much has come until a moment in it. `phase_ns`, less than the window is long, moves where that goes up. */
static uint64_t count_until(uint64_t value, uint64_t since_ns, uint64_t phase_ns,
			    uint64_t length_ns)
{
	return (uint64_t)(((unsigned __int128)value * since_ns + phase_ns) / length_ns);
}

/* Moments of samples that follow each other lie as far apart as they can: whichever of them stand side by side, a part has its share of them. */
static uint64_t phase_of(uint64_t index, uint64_t length_ns)
{
	return (uint64_t)((unsigned __int128)(index * GOLDEN_RATIO) * length_ns >> 64);
}

/* Of a sample without a time the part's share of its values. False: nothing. */
static bool take_share(const struct reading *reading, uint64_t index, uint64_t *values)
{
	const struct window_span span = reading->span,
				 common = window_span_common(span, reading->part);
	const uint64_t length = span.end_ns - span.start_ns, phase = phase_of(index, length);
	uint64_t any = 0;

	if (common.end_ns <= common.start_ns)
		return false;
	for (uint32_t i = 0; i < reading->values; i++) {
		values[i] = count_until(values[i], common.end_ns - span.start_ns, phase, length) -
			    count_until(values[i], common.start_ns - span.start_ns, phase, length);
		any |= values[i];
	}
	return any;
}

/* Those of a window that has no length are all of one moment. */
static bool is_whole(const struct reading *reading)
{
	return reading->span.end_ns <= reading->span.start_ns ||
	       (reading->part.start_ns <= reading->span.start_ns &&
		reading->part.end_ns >= reading->span.end_ns);
}

static bool is_wanted(const struct reading *reading, uint64_t index, uint64_t time_ns,
		      uint64_t *values)
{
	if (time_ns != SAMPLE_NO_TIME)
		return time_ns >= reading->part.start_ns && time_ns < reading->part.end_ns;
	return is_whole(reading) || take_share(reading, index, values);
}

/* The node of what is not known any more. */
static int add_damaged(struct profile *profile, uint32_t *ret_node)
{
	uint32_t frame;
	int error = profile_add_named(profile, "[damaged]", NULL, FRAME_UNKNOWN, &frame);

	return error ? error : profile_add_child(profile, PROFILE_ROOT, frame, ret_node);
}

/* A reference to what no chunk has is an error, unless some are lost. */
static int find(const struct reading *reading, const struct dictionary_map *map, uint64_t number,
		uint32_t *ret_id)
{
	*ret_id = dictionary_map_get(map, number);
	return *ret_id != PROFILE_NONE || reading->dictionary->lacks_chunks ? 0 : -EBADMSG;
}

static void next_of_group(struct reading *reading, uint64_t *ret_node, uint64_t *ret_labels)
{
	uint64_t code;

	if (!reading->group_left) {
		reading->group = column_read(&reading->firsts, &reading->first_readers);
		reading->group_left = column_read(&reading->counts, &reading->count_readers);
	}
	reading->group_left--;
	code = next_of_planes(&reading->labels, reading->count);
	if (code)
		reading->last_labels = reading->group + code - 1;
	*ret_labels = reading->last_labels;
	*ret_node = (uint32_t)(slice_bases_get(&reading->dictionary->bases, *ret_labels) +
			       next_of_planes(&reading->nodes, reading->count));
}

/* Numbers of the dictionary. */
static void next_numbers(struct reading *reading, uint64_t *ret_node, uint64_t *ret_labels)
{
	if (reading->flags & WINDOW_HAS_GROUPS) {
		next_of_group(reading, ret_node, ret_labels);
		return;
	}
	*ret_node = reading->flags & WINDOW_HAS_PLANES
			    ? next_of_planes(&reading->nodes, reading->count)
			    : next(reading, COLUMN_NODE);
	*ret_labels = next(reading, COLUMN_LABELS);
}

/* Nothing of it is left to be read. */
static int next_sample(struct reading *reading, struct sample *ret_sample, uint64_t *values)
{
	uint64_t node, labels;
	int error;

	next_numbers(reading, &node, &labels);
	error = find(reading, &reading->dictionary->nodes, node, &ret_sample->node);
	if (!error)
		error = find(reading, &reading->dictionary->labels, labels, &ret_sample->labels);
	if (ret_sample->labels == PROFILE_NONE)
		ret_sample->labels = LABELS_UNKNOWN;
	if (!error && !next_time(reading, &ret_sample->time_ns))
		error = -EBADMSG;
	for (uint32_t i = 0; i < reading->values; i++)
		values[i] =
			reading->flags & WINDOW_HAS_VALUES ? next(reading, COLUMN_VALUES + i) : 1;
	return error;
}

int window_each(struct window_span span, struct window_span part, struct bytes body,
		const struct dictionary_reader *dictionary, window_sample_fn take, void *context,
		struct window_report *report)
{
	struct reading reading = {
		.span = span,
		.part = part,
		.dictionary = dictionary,
		.values = profile_value_count(dictionary->profile),
	};
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, body);
	reading.flags = byte_reader_uleb128(&reader);
	report->rate_hz = byte_reader_uleb128(&reader);
	reading.time_unit_ns = byte_reader_uleb128(&reader);
	reading.count = byte_reader_uleb128(&reader);
	report->unit_ns = reading.time_unit_ns;
	/* Each takes a byte at least of the column of labels, or of those that follow groups. */
	if (reader.failed || reading.count > body.size - reader.offset)
		return -EBADMSG;
	if (reading.flags & WINDOW_HAS_TIMES && !reading.time_unit_ns)
		return -EBADMSG;
	error = find_columns(&reading, &reader);
	for (uint64_t i = 0; i < reading.count && !error; i++) {
		uint64_t values[PROFILE_VALUES_MAX];
		struct sample sample;

		error = next_sample(&reading, &sample, values);
		if (error || !is_wanted(&reading, i, sample.time_ns, values))
			continue;
		report->samples++;
		report->lost += sample.node == PROFILE_NONE;
		error = take(context, &sample, values);
	}
	return error;
}

struct adding {
	struct profile *profile;
	const struct window_report *report;
};

static int add_sample(void *context, const struct sample *sample, const uint64_t *values)
{
	const struct adding *adding = context;
	uint64_t weighed = values[0];
	struct sample added = *sample;
	int error = sample->node == PROFILE_NONE ? add_damaged(adding->profile, &added.node) : 0;

	if (error || !adding->report->weighs)
		return error ? error : profile_add_sample(adding->profile, &added, values);
	if (!adding->report->rate_hz)
		return -EBADMSG;
	if (__builtin_mul_overflow(weighed, NS_PER_SECOND / adding->report->rate_hz, &weighed))
		return -EOVERFLOW;
	return profile_add_sample(adding->profile, &added, &weighed);
}

int window_take(struct window_span span, struct window_span part, struct bytes body,
		struct dictionary_reader *dictionary, struct window_report *report)
{
	struct adding adding = { dictionary->profile, report };

	return window_each(span, part, body, dictionary, add_sample, &adding, report);
}

int window_rate(struct bytes head, uint64_t *ret_rate_hz)
{
	struct byte_reader reader;
	uint64_t rate;

	byte_reader_init(&reader, head);
	byte_reader_uleb128(&reader); /* flags */
	rate = byte_reader_uleb128(&reader);
	if (reader.failed)
		return -EBADMSG;
	*ret_rate_hz = rate;
	return 0;
}
