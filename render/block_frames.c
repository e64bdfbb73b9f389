/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings and frames of a block. A string of the profile becomes a clean one; different ones may become the same, which the
 * block holds once.
 */
#include "render/block_sections.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "model/profile.h"
#include "render/palette.h"
#include "render/profile_block.h"
#include "render/render_options.h"

/* A string that some frame uses, clean: a piece of `bytes`. */
struct clean_string {
	uint32_t id; /* in the profile */
	uint32_t size;
	size_t start;
};

struct string_table {
	struct buffer bytes;
	struct clean_string *strings;
	uint32_t count;
	uint32_t *places; /* per string of the profile: its place in the block */
};

static void table_release(struct string_table *table)
{
	buffer_release(&table->bytes);
	free(table->strings);
	free(table->places);
}

static void table_add(struct string_table *table, const struct profile *profile, uint32_t id)
{
	struct clean_string *string = &table->strings[table->count];
	size_t size;
	const char *text;

	if (id == PROFILE_NONE || table->places[id] != PROFILE_NONE)
		return;
	text = profile_string(profile, id, &size);
	*string = (struct clean_string){ .id = id, .start = table->bytes.size };
	utf8_append_clean(&table->bytes, text, size, PROFILE_BLOCK_NAME_MAX);
	string->size = (uint32_t)(table->bytes.size - string->start);
	table->places[id] = table->count++;
}

static int compare_strings(const void *left, const void *right, void *context)
{
	const struct clean_string *a = left, *b = right;
	const char *bytes = context;
	size_t least = a->size < b->size ? a->size : b->size;
	int order = least ? memcmp(bytes + a->start, bytes + b->start, least) : 0;

	return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* Ids are dense, so that the greatest one that a frame has bounds the tables. */
static uint32_t strings_bound(const struct profile *profile)
{
	uint32_t bound = 0;

	for (uint32_t i = 0; i < profile_frame_count(profile); i++) {
		const struct frame *frame = profile_frame(profile, i);

		if (frame->name >= bound)
			bound = frame->name + 1;
		if (frame->module != PROFILE_NONE && frame->module >= bound)
			bound = frame->module + 1;
		if (frame->file != PROFILE_NONE && frame->file >= bound)
			bound = frame->file + 1;
	}
	return bound;
}

static int table_fill(struct string_table *table, const struct profile *profile)
{
	size_t bound = (size_t)strings_bound(profile) + 1;

	table->strings = malloc(bound * sizeof(*table->strings));
	table->places = malloc(bound * sizeof(*table->places));
	if (!table->strings || !table->places)
		return -ENOMEM;
	memset(table->places, 0xff, bound * sizeof(*table->places)); /* every one PROFILE_NONE */
	for (uint32_t i = 0; i < profile_frame_count(profile); i++) {
		table_add(table, profile, profile_frame(profile, i)->name);
		table_add(table, profile, profile_frame(profile, i)->module);
		table_add(table, profile, profile_frame(profile, i)->file);
	}
	if (table->count)
		qsort_r(table->strings, table->count, sizeof(*table->strings), compare_strings,
			table->bytes.data);
	return buffer_error(&table->bytes);
}

static uint32_t shared_prefix(const struct string_table *table, const struct clean_string *a,
			      const struct clean_string *b)
{
	uint32_t least = a->size < b->size ? a->size : b->size, shared = 0;
	const char *first = table->bytes.data + a->start, *second = table->bytes.data + b->start;

	while (shared < least && first[shared] == second[shared])
		shared++;
	return shared;
}

/* Gives each string its place in the block and writes the different ones. */
static void write_strings(struct string_table *table, struct buffer *to)
{
	struct buffer content = { 0 }, shares = { 0 }, sizes = { 0 }, rests = { 0 };
	const struct clean_string *before = NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < table->count; i++) {
		const struct clean_string *string = &table->strings[i];
		uint32_t shared = before ? shared_prefix(table, before, string) : 0;

		if (!before || shared < before->size || shared < string->size) {
			profile_block_number(&shares, shared);
			profile_block_number(&sizes, string->size - shared);
			buffer_append(&rests, table->bytes.data + string->start + shared,
				      string->size - shared);
			count++;
		}
		table->places[string->id] = count - 1;
		before = string;
	}
	profile_block_number(&content, count);
	profile_block_column(&content, &shares);
	profile_block_column(&content, &sizes);
	profile_block_column(&content, &rests);
	profile_block_section(to, "strs", &content);
	buffer_release(&content);
	buffer_release(&shares);
	buffer_release(&sizes);
	buffer_release(&rests);
}

/* Frames in the order of their ranks; cleaning may have changed the order of two names, hence a signed step. */
static uint64_t zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static void write_frames(const struct string_table *table, const struct profile *profile,
			 const uint32_t *order, struct buffer *to)
{
	struct buffer content = { 0 }, names = { 0 }, modules = { 0 }, kinds = { 0 };
	int64_t before = 0;

	profile_block_number(&content, profile_frame_count(profile));
	for (uint32_t i = 0; i < profile_frame_count(profile); i++) {
		const struct frame *frame = profile_frame(profile, order[i]);
		int64_t name = table->places[frame->name];

		profile_block_number(&names, zigzag(name - before));
		profile_block_number(&modules, frame->module == PROFILE_NONE
						       ? 0
						       : table->places[frame->module] + 1);
		profile_block_number(&kinds, frame->kind);
		before = name;
	}
	profile_block_column(&content, &names);
	profile_block_column(&content, &modules);
	profile_block_column(&content, &kinds);
	profile_block_section(to, "fram", &content);
	buffer_release(&content);
	buffer_release(&names);
	buffer_release(&modules);
	buffer_release(&kinds);
}

/* Few profiles have source files: without any there is no such section. */
static void write_lines(const struct string_table *table, const struct profile *profile,
			const uint32_t *order, struct buffer *to)
{
	struct buffer content = { 0 }, files = { 0 }, lines = { 0 };
	bool any = false;

	for (uint32_t i = 0; i < profile_frame_count(profile); i++) {
		const struct frame *frame = profile_frame(profile, order[i]);
		bool is_known = frame->file != PROFILE_NONE;

		profile_block_number(&files, is_known ? table->places[frame->file] + 1 : 0);
		profile_block_number(&lines, frame->line);
		any |= is_known || frame->line;
	}
	profile_block_column(&content, &files);
	profile_block_column(&content, &lines);
	if (any)
		profile_block_section(to, "line", &content);
	buffer_release(&content);
	buffer_release(&files);
	buffer_release(&lines);
}

/* --- colours -------------------------------------------------------------------------------------- */

static const char *const ramp_names[] = {
#define PALETTE_THEMED(id, light, dark)      [PALETTE_RAMP_##id] = #id,
#define PALETTE_SPREAD(id, red, green, blue) [PALETTE_RAMP_##id] = #id,
#include "render/palette.def"
};

static void append_colour(struct buffer *to, struct colour colour)
{
	const uint8_t bytes[] = { colour.red, colour.green, colour.blue };

	buffer_append(to, bytes, sizeof(bytes));
}

static void append_ramp(struct buffer *to, uint8_t ramp)
{
	profile_block_text(to, ramp_names[ramp]);
	for (uint8_t shade = 0; shade < PALETTE_SHADES; shade++) {
		struct palette_class class = { ramp, shade };

		for (int dark = 0; dark <= 1; dark++) {
			append_colour(to, palette_fill(class, dark));
			append_colour(to, palette_ink(class, dark));
		}
	}
}

static struct palette_class class_of(const struct profile *profile, uint32_t frame, uint32_t place,
				     const struct render_options *options, struct buffer *name)
{
	const struct frame *of = profile_frame(profile, frame);
	size_t size;
	const char *text = profile_string(profile, of->name, &size);

	buffer_clear(name);
	buffer_append(name, text, size < PROFILE_BLOCK_NAME_MAX ? size : PROFILE_BLOCK_NAME_MAX);
	return (struct palette_class){
		.ramp = (uint8_t)palette_ramp_of(options->colors, of->kind,
						 buffer_string(name) ? name->data : ""),
		.shade = palette_shade(options->random ? place * 2654435761u
						       : palette_hash(text, size)),
	};
}

static void write_look(const struct profile *profile, const struct render_options *options,
		       const uint32_t *order, struct buffer *to)
{
	struct buffer content = { 0 }, ramps = { 0 }, shades = { 0 }, name = { 0 };

	profile_block_number(&content, PALETTE_RAMP_COUNT);
	for (uint8_t ramp = 0; ramp < PALETTE_RAMP_COUNT; ramp++)
		append_ramp(&content, ramp);
	for (uint32_t i = 0; i < profile_frame_count(profile); i++) {
		struct palette_class class = class_of(profile, order[i], i, options, &name);

		buffer_fail_with(to, &name);
		profile_block_number(&ramps, class.ramp);
		profile_block_number(&shades, class.shade);
	}
	profile_block_column(&content, &ramps);
	profile_block_column(&content, &shades);
	profile_block_section(to, "look", &content);
	buffer_release(&content);
	buffer_release(&ramps);
	buffer_release(&shades);
	buffer_release(&name);
}

int block_frames_write(const struct profile *profile, const struct render_options *options,
		       const uint32_t *ranks, struct buffer *to)
{
	uint32_t count = profile_frame_count(profile);
	_cleanup_free_ uint32_t *order = malloc((count + 1) * sizeof(*order));
	struct string_table table = { 0 };
	int error = order ? table_fill(&table, profile) : -ENOMEM;

	if (!error) {
		for (uint32_t i = 0; i < count; i++)
			order[ranks[i]] = i;
		write_strings(&table, to);
		write_frames(&table, profile, order, to);
		write_lines(&table, profile, order, to);
		write_look(profile, options, order, to);
	}
	table_release(&table);
	return error;
}
