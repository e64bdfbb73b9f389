/* SPDX-License-Identifier: Apache-2.0 */
#include "store/roll_up_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/roll_up_fold.h"

void roll_up_words_release(struct roll_up_words *words)
{
	dictionary_writer_release(&words->dictionary);
	frame_copy_release(&words->copy);
	free(words->nodes);
	free(words->labels);
	free(words->reduced);
	free(words->groups);
	free(words->bases);
}

static uint32_t *make_table(size_t count, int fill)
{
	uint32_t *table = malloc((count + 1) * sizeof(*table));

	if (table)
		memset(table, fill, (count + 1) * sizeof(*table));
	return table;
}

/* --- nodes --- */

/* Nodes while they get their numbers. */
struct numbering {
	const struct profile *from;
	const struct roll_up_fold *fold;
	struct roll_up_words *words;
	uint32_t *numbers; /* per node of `from`, PROFILE_NONE: it has none */
	struct buffer path;
};

/* With those above it. */
static int number_node(struct numbering *numbering, uint32_t node)
{
	struct profile *to = numbering->words->dictionary.profile;
	const uint32_t *path;
	uint32_t number, frame;
	int error = 0;

	buffer_clear(&numbering->path);
	for (; numbering->numbers[node] == PROFILE_NONE;
	     node = profile_node(numbering->from, node)->parent)
		buffer_append(&numbering->path, &node, sizeof(node));
	if (buffer_error(&numbering->path))
		return -ENOMEM;
	path = (const uint32_t *)numbering->path.data;
	number = numbering->numbers[node];
	for (size_t i = numbering->path.size / sizeof(*path); i-- && !error;) {
		error = frame_copy_add(&numbering->words->copy,
				       profile_node(numbering->from, path[i])->frame, &frame);
		if (!error)
			error = profile_add_child(to, number, frame, &number);
		if (!error)
			numbering->numbers[path[i]] = number;
	}
	return error;
}

/* The child of the root above each node. */
static uint32_t *find_tops(const struct profile *words, uint32_t count)
{
	const struct stack_node *nodes = profile_nodes(words);
	uint32_t *tops = make_table(count, 0);

	for (uint32_t i = 1; i < count && tops; i++)
		tops[i] = nodes[i].parent == PROFILE_ROOT ? i : tops[nodes[i].parent];
	return tops;
}

/* Those that count something, by program, and the ones that count most first. */
static int order_nodes(const struct profile *words, const struct roll_up_fold *fold,
		       struct u64_item *items, size_t *ret_count)
{
	_cleanup_free_ uint32_t *tops = find_tops(words, fold->count);
	size_t count = 0;
	int error = tops ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < fold->count && !error; i++)
		if (fold->weights[i])
			items[count++] = (struct u64_item){ UINT64_MAX - fold->weights[i], i };
	if (!error)
		error = u64_sort(items, count);
	for (size_t i = 0; i < count && !error; i++)
		items[i].key = tops[items[i].value];
	*ret_count = count;
	return error ? error : u64_sort(items, count);
}

static int number_nodes(const struct roll_up_sources *sources, const struct roll_up_fold *fold,
			struct roll_up_words *words)
{
	_cleanup_free_ struct u64_item *items = calloc(fold->count + 1, sizeof(*items));
	_cleanup_free_ uint32_t *numbers = make_table(fold->count, 0xff);
	const uint32_t before = (uint32_t)(sources->self.size / sizeof(uint64_t));
	struct numbering numbering = { sources->words, fold, words, numbers, { 0 } };
	size_t count = 0;
	int error = items && numbers ? order_nodes(sources->words, fold, items, &count) : -ENOMEM;

	if (!error)
		numbers[PROFILE_ROOT] = PROFILE_ROOT;
	for (size_t i = 0; i < count && !error; i++)
		error = number_node(&numbering, (uint32_t)items[i].value);
	buffer_release(&numbering.path);
	words->nodes = make_table(before, 0xff);
	if (error || !words->nodes)
		return -ENOMEM;
	for (uint32_t i = 0; i < before; i++)
		words->nodes[i] = numbers[fold->nodes[i]];
	return 0;
}

/* --- label sets --- */

/* Where no sample has any, there is no table. */
static const struct label_set *labels_of(const struct profile *profile, uint32_t labels)
{
	static const struct label_set unknown = { { [0 ... SAMPLE_LABEL_COUNT - 1] =
							    PROFILE_NONE } };
	const struct samples *samples = profile_samples(profile);

	return samples ? samples_labels(samples, labels) : &unknown;
}

static int add_labels(const struct roll_up_sources *sources, struct roll_up_words *words,
		      uint32_t labels, bool reduces, uint32_t *ret_labels)
{
	struct profile *to = words->dictionary.profile;
	struct label_set set = *labels_of(sources->words, labels);

	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
		if (!sample_label_is_number(label) &&
		    profile_copy_string(to, sources->words, &set.values[label]))
			return -ENOMEM;
	if (reduces)
		set.values[SAMPLE_LABEL_cpu] = set.values[SAMPLE_LABEL_tid] = PROFILE_NONE;
	return profile_add_labels(to, &set, ret_labels);
}

/* Those that samples have, by CPU, and the most frequent ones first. */
static int order_labels(const struct roll_up_sources *sources, struct u64_item *items,
			size_t *ret_count)
{
	const uint64_t *weights = (const uint64_t *)sources->label_self.data;
	size_t count = 0;
	int error;

	for (uint32_t i = 0; i < sources->label_self.size / sizeof(*weights); i++)
		if (weights[i])
			items[count++] = (struct u64_item){ UINT64_MAX - weights[i], i };
	error = u64_sort(items, count);
	for (size_t i = 0; i < count && !error; i++)
		items[i].key = labels_of(sources->words, (uint32_t)items[i].value)
				       ->values[SAMPLE_LABEL_cpu];
	*ret_count = count;
	return error ? error : u64_sort(items, count);
}

static uint32_t label_count(const struct roll_up_words *words)
{
	const struct samples *samples = profile_samples(words->dictionary.profile);

	return samples ? samples_labels_count(samples) : LABELS_UNKNOWN + 1;
}

/* The first number of those of its CPU. */
static void find_groups(struct roll_up_words *words, const struct u64_item *items, size_t count)
{
	uint32_t first = LABELS_UNKNOWN;

	for (size_t i = 0; i < count; i++) {
		uint32_t number = words->labels[items[i].value];

		if (!i || items[i].key != items[i - 1].key)
			first = number;
		if (number != LABELS_UNKNOWN && number >= first)
			words->groups[number] = first;
	}
}

static void find_bases(const struct roll_up_sources *sources, struct roll_up_words *words,
		       const struct u64_item *items, size_t count)
{
	const uint32_t *tops = (const uint32_t *)sources->label_tops.data;

	for (size_t i = 0; i < count; i++) {
		uint32_t top = tops[items[i].value], number = words->labels[items[i].value];

		if (top != PROFILE_NONE && words->nodes[top] != PROFILE_NONE)
			words->bases[number] = words->nodes[top];
	}
}

static int number_labels(const struct roll_up_sources *sources, bool reduces,
			 struct roll_up_words *words)
{
	const size_t before = sources->label_self.size / sizeof(uint64_t);
	_cleanup_free_ struct u64_item *items = calloc(before + 1, sizeof(*items));
	size_t count = 0;
	int error = items ? order_labels(sources, items, &count) : -ENOMEM;

	words->labels = make_table(before, 0);
	words->reduced = make_table(2 * before + 1, 0);
	words->groups = make_table(2 * before + 1, 0);
	words->bases = make_table(2 * before + 1, 0);
	if (!words->labels || !words->reduced || !words->groups || !words->bases)
		return -ENOMEM;
	for (size_t i = 0; i < count && !error; i++)
		error = add_labels(sources, words, (uint32_t)items[i].value, reduces,
				   &words->labels[items[i].value]);
	for (size_t i = 0; i < count && !error; i++)
		error = add_labels(sources, words, (uint32_t)items[i].value, true,
				   &words->reduced[words->labels[items[i].value]]);
	words->label_count = label_count(words);
	if (error)
		return error;
	find_groups(words, items, count);
	find_bases(sources, words, items, count);
	return 0;
}

int roll_up_words_make(struct roll_up_sources *sources, const struct roll_up_level *level,
		       struct roll_up_words *words)
{
	struct roll_up_fold fold = { 0 };
	int error;

	*words = (struct roll_up_words){ 0 };
	error = dictionary_writer_init(&words->dictionary);
	if (!error)
		error = roll_up_fold(sources, level, &fold);
	if (!error)
		error = frame_copy_init(&words->copy, sources->words, words->dictionary.profile,
					FRAME_LINES_KEPT, false);
	if (!error)
		error = number_nodes(sources, &fold, words);
	if (!error)
		error = number_labels(sources, level->window_ns != 0, words);
	roll_up_fold_release(&fold);
	return error;
}

/* --- names --- */

static int name_frame(const struct roll_up_sources *sources, const struct told_frame *told,
		      uint32_t number, struct arena *memory, struct buffer *frames)
{
	const struct told_name *links = (const struct told_name *)sources->links.data;
	struct frame_name *names = arena_alloc(memory, (told->count + 1) * sizeof(*names));
	const struct named_frame named = { number, told->is_root, names, told->count };

	if (!names)
		return -ENOMEM;
	for (uint32_t i = 0; i < told->count; i++) {
		const struct told_name *link = &links[told->first + i];

		names[i] = (struct frame_name){
			.function = profile_string(sources->words, link->function, NULL),
			.file = link->file == PROFILE_NONE
					? NULL
					: profile_string(sources->words, link->file, NULL),
			.line = link->line,
		};
	}
	buffer_append(frames, &named, sizeof(named));
	return buffer_error(frames);
}

int roll_up_words_append_names(const struct roll_up_sources *sources,
			       const struct roll_up_words *words, struct buffer *to)
{
	const struct told_frame *told = (const struct told_frame *)sources->told.data;
	_cleanup_(buffer_release) struct buffer frames = { 0 };
	struct names_writer writer;
	struct arena memory;
	int error = 0;

	arena_init(&memory);
	names_writer_init(&writer);
	for (size_t i = 0; i < sources->told.size / sizeof(*told) && !error; i++)
		if (told[i].is_told && words->copy.frames[i] != PROFILE_NONE)
			error = name_frame(sources, &told[i], words->copy.frames[i], &memory,
					   &frames);
	if (!error && frames.size)
		error = names_writer_append(&writer, (const struct named_frame *)frames.data,
					    frames.size / sizeof(struct named_frame), to);
	names_writer_release(&writer);
	arena_release(&memory);
	return error;
}
