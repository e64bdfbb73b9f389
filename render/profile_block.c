/* SPDX-License-Identifier: Apache-2.0 */
#include "render/profile_block.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "model/fates.h"
#include "model/profile.h"
#include "render/block_sections.h"
#include "render/count_words.h"
#include "render/name_order.h"
#include "render/readable.h"
#include "render/render_options.h"

void profile_block_number(struct buffer *to, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buffer_append_char(to, (char)(value | 0x80));
	buffer_append_char(to, (char)value);
}

void profile_block_bytes(struct buffer *to, const char *text, size_t size)
{
	struct buffer clean;

	buffer_init(&clean);
	utf8_append_clean(&clean, text, size, PROFILE_BLOCK_NAME_MAX);
	profile_block_column(to, &clean);
	buffer_release(&clean);
}

void profile_block_text(struct buffer *to, const char *text)
{
	profile_block_bytes(to, text ? text : "", text ? strlen(text) : 0);
}

void profile_block_column(struct buffer *to, const struct buffer *column)
{
	if (column->failed)
		to->failed = true;
	profile_block_number(to, column->size);
	buffer_append(to, column->data, column->size);
}

void profile_block_section(struct buffer *to, const char tag[5], const struct buffer *content)
{
	buffer_append(to, tag, 4);
	profile_block_column(to, content);
}

/* --- info ---------------------------------------------------------------------------------------- */

struct facts {
	struct buffer pairs;
	uint64_t count;
};

static void add_text(struct facts *facts, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	profile_block_text(&facts->pairs, key);
	profile_block_text(&facts->pairs, value);
	facts->count++;
}

static void add_number(struct facts *facts, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (value)
		add_text(facts, key, text);
}

static void add_real(struct facts *facts, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.15g", value);
	add_text(facts, key, text);
}

static void add_colour(struct facts *facts, const char *key, struct colour colour)
{
	char text[8];

	snprintf(text, sizeof(text), "#%02x%02x%02x", colour.red, colour.green, colour.blue);
	add_text(facts, key, text);
}

static void add_origin(struct facts *facts, const struct profile_origin *origin)
{
	add_text(facts, "command", origin->command);
	add_text(facts, "machine", origin->machine);
	add_text(facts, "event", origin->event);
	add_number(facts, "time_unix_ns", origin->time_unix_ns);
	add_number(facts, "duration_ns", origin->duration_ns);
	add_number(facts, "rate_hz", origin->rate_hz);
}

static void add_drawing(struct facts *facts, const struct render_options *options)
{
	add_text(facts, "title", options->title);
	add_text(facts, "subtitle", options->subtitle);
	add_text(facts, "notes", options->notes);
	add_text(facts, "input", options->input);
	add_text(facts, "nametype", options->nametype);
	add_text(facts, "fonttype", options->fonttype);
	add_real(facts, "fontsize", options->fontsize);
	add_real(facts, "factor", options->factor);
	add_number(facts, "row_height", options->height);
	add_number(facts, "whole", options->total);
	add_number(facts, "inverted", options->inverted);
	add_number(facts, "flamechart", options->flamechart);
	add_text(facts, "sort", render_order_name(render_order_of(options)));
	add_number(facts, "cut_right", options->truncate_text_right);
	if (options->search_color.is_set)
		add_colour(facts, "search_color", options->search_color.colour);
	if (options->bgcolors.is_set)
		add_text(facts, "theme",
			 colour_is_dark(options->bgcolors.colour) ? "dark" : "light");
}

static void add_counts(struct facts *facts, const struct count_words *counts)
{
	add_text(facts, "countname", counts->name);
	add_real(facts, "per_second", count_words_rate(counts));
	add_number(facts, "bytes", counts->bytes);
	add_number(facts, "is_amount", counts->is_amount);
}

/* Of what an amount is, no frame says. */
static void add_amount(struct facts *facts, const struct count_words *counts, uint64_t whole)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (!counts->is_amount)
		return;
	count_words_append(&text, counts, whole);
	add_text(facts, "amount", buffer_string(&text));
	buffer_fail_with(&facts->pairs, &text);
}

/* Where ticks were taken out, the fates are those of what is left: how many, and of all. */
static void add_before(struct facts *facts, const struct count_words *counts,
		       const struct profile *profile)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (!profile_origin_of(profile)->before.due)
		return;
	count_words_left(&text, counts, profile);
	add_text(facts, "left", buffer_string(&text));
	buffer_fail_with(&facts->pairs, &text);
}

static void write_info(const struct profile *profile, const struct render_options *options,
		       uint64_t untold, struct buffer *to)
{
	const struct count_words counts = count_words_of(profile, options);
	struct facts facts = { 0 };
	struct buffer content;

	add_drawing(&facts, options);
	add_counts(&facts, &counts);
	add_amount(&facts, &counts, profile_total(profile));
	add_before(&facts, &counts, profile);
	add_origin(&facts, profile_origin_of(profile));
	add_number(&facts, "untold_samples", untold);
	buffer_init(&content);
	profile_block_number(&content, facts.count);
	buffer_append(&content, facts.pairs.data, facts.pairs.size);
	if (facts.pairs.failed)
		to->failed = true;
	profile_block_section(to, "info", &content);
	buffer_release(&content);
	buffer_release(&facts.pairs);
}

static void write_kinds(struct buffer *to)
{
	struct buffer content;

	buffer_init(&content);
	profile_block_number(&content, FRAME_KIND_COUNT);
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++)
		profile_block_text(&content, frame_kind_name(kind));
	profile_block_section(to, "kind", &content);
	buffer_release(&content);
}

/* --- fates ---------------------------------------------------------------------------------------- */

static int write_fates(const struct profile *profile, struct buffer *to)
{
	_cleanup_free_ struct fates *fates = malloc(sizeof(*fates));
	_cleanup_(buffer_release) struct buffer content = { 0 };
	int error = fates ? profile_fates(profile, fates) : -ENOMEM;

	if (error)
		return error;
	profile_block_number(&content, profile_origin_of(profile)->fates_are_known);
	profile_block_number(&content, fates->due);
	profile_block_number(&content, fates->complete);
	profile_block_number(&content, fates->truncated);
	profile_block_number(&content, fates->lost);
	profile_block_number(&content, fates->reason_count);
	for (size_t i = 0; i < fates->reason_count; i++) {
		size_t size;
		const char *text = fate_reason_text(profile, &fates->reasons[i], &size);

		profile_block_number(&content, fates->reasons[i].fate);
		profile_block_bytes(&content, text, size);
		profile_block_number(&content, fates->reasons[i].ticks);
	}
	profile_block_section(to, "fate", &content);
	return 0;
}

/* Each node's place in the tree's section is what samples name their stacks by. */
static int write_stacks(const struct profile *profile, const struct render_options *options,
			const uint32_t *ranks, struct buffer *to, uint64_t *ret_untold)
{
	_cleanup_free_ uint32_t *places = malloc(profile_node_count(profile) * sizeof(*places));
	int error = places ? block_tree_write(profile, ranks, to, places) : -ENOMEM;

	return error ? error : block_samples_write(profile, options, places, to, ret_untold);
}

int profile_block_write(const struct profile *profile, const struct render_options *options,
			struct buffer *to)
{
	_cleanup_free_ uint32_t *ranks = NULL;
	uint64_t untold;
	int error = name_order_ranks(profile, &ranks);

	if (error)
		return error;
	buffer_append_string(to, PROFILE_BLOCK_MAGIC);
	write_kinds(to);
	error = write_fates(profile, to);
	if (!error)
		error = block_frames_write(profile, options, ranks, to);
	if (!error)
		error = write_stacks(profile, options, ranks, to, &untold);
	if (error)
		return error;
	write_info(profile, options, untold, to);
	return buffer_error(to);
}
