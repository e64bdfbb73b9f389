/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg_chart.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/samples.h"

/* A block that the sample before went through. */
struct open_block {
	uint32_t node, block;
	uint32_t left_out; /* frames on it that are not drawn, at any depth */
};

struct chart {
	const struct profile *profile;
	const struct samples *samples;
	const struct u64_item *items; /* `value`: index of a sample, in order of time */
	uint64_t min_ticks;
	uint64_t at;          /* ticks up to now */
	struct buffer blocks; /* struct svg_block, each before those that lie on it */
	struct buffer open;   /* struct open_block, the root first */
	struct buffer path;   /* uint32_t: nodes of the sample, leaf first */
	uint32_t left_out;
};

static void chart_release(struct chart *chart)
{
	buffer_release(&chart->blocks);
	buffer_release(&chart->open);
	buffer_release(&chart->path);
}

static bool has_failed(const struct chart *chart)
{
	return chart->blocks.failed || chart->open.failed || chart->path.failed;
}

static struct svg_block *block_at(const struct chart *chart, size_t index)
{
	return (struct svg_block *)chart->blocks.data + index;
}

static size_t block_count(const struct chart *chart)
{
	return chart->blocks.size / sizeof(struct svg_block);
}

static struct open_block *open_at(const struct chart *chart, size_t depth)
{
	return (struct open_block *)chart->open.data + depth;
}

static size_t open_count(const struct chart *chart)
{
	return chart->open.size / sizeof(struct open_block);
}

/* --- in order of time --- */

static int sort_samples(const struct samples *samples, struct u64_item **ret_items)
{
	size_t count = samples_count(samples);
	struct u64_item *items = malloc((count + 1) * sizeof(*items));
	int error = items ? 0 : -ENOMEM;

	for (size_t i = 0; items && i < count; i++)
		items[i] = (struct u64_item){ samples_get(samples, i).time_ns, i };
	if (!error && samples_have_times(samples))
		error = u64_sort(items, count);
	if (error)
		free(items);
	else
		*ret_items = items;
	return error;
}

/* --- blocks --- */

static void open_block(struct chart *chart, uint32_t node)
{
	const struct svg_block block = {
		.node = node,
		.depth = (uint32_t)open_count(chart),
		.start = chart->at,
	};
	const struct open_block open = { .node = node, .block = (uint32_t)block_count(chart) };

	buffer_append(&chart->blocks, &block, sizeof(block));
	buffer_append(&chart->open, &open, sizeof(open));
}

/* Where the one before it was left out as well, both are one. */
static void leave_out(struct chart *chart, const struct svg_block *block, uint32_t frames)
{
	struct open_block *parent = open_at(chart, block->depth - 1);
	struct svg_block *last = block_at(chart, block_count(chart) - 1);
	struct svg_block rest = *block;

	parent->left_out += frames;
	if (last->node == PROFILE_NONE && last->depth == block->depth &&
	    last->start + last->total == block->start) {
		last->total += block->total;
		last->left_out += frames;
		return;
	}
	rest.node = PROFILE_NONE;
	rest.left_out = frames;
	buffer_append(&chart->blocks, &rest, sizeof(rest));
}

/* The innermost one. What lies on one that is left out was left out, too. */
static void close_block(struct chart *chart)
{
	const struct open_block open = *open_at(chart, open_count(chart) - 1);
	struct svg_block block = *block_at(chart, open.block);

	chart->open.size -= sizeof(open);
	block.total = chart->at - block.start;
	if (!block.depth || block.total >= chart->min_ticks) {
		*block_at(chart, open.block) = block;
		return;
	}
	chart->blocks.size = open.block * sizeof(block);
	chart->left_out++;
	leave_out(chart, &block, open.left_out + 1);
}

static void take_path(struct chart *chart, uint32_t node)
{
	buffer_clear(&chart->path);
	for (; node != PROFILE_ROOT; node = profile_node(chart->profile, node)->parent)
		buffer_append(&chart->path, &node, sizeof(node));
}

static void add_sample(struct chart *chart, size_t index)
{
	uint64_t ticks = samples_value(chart->samples, index, 0);
	const uint32_t *path;
	size_t depth, shared = 0;

	if (!ticks)
		return;
	take_path(chart, samples_get(chart->samples, index).node);
	if (has_failed(chart))
		return;
	path = (const uint32_t *)chart->path.data;
	depth = chart->path.size / sizeof(*path);
	while (shared < depth && shared + 1 < open_count(chart) &&
	       open_at(chart, shared + 1)->node == path[depth - 1 - shared])
		shared++;
	while (open_count(chart) > shared + 1 && !has_failed(chart))
		close_block(chart);
	for (size_t i = shared; i < depth && !has_failed(chart); i++)
		open_block(chart, path[depth - 1 - i]);
	chart->at += ticks;
}

static int build_blocks(struct chart *chart)
{
	size_t count = chart->samples ? samples_count(chart->samples) : 0;

	chart->at = 0;
	chart->left_out = 0;
	buffer_clear(&chart->blocks);
	buffer_clear(&chart->open);
	open_block(chart, PROFILE_ROOT);
	for (size_t i = 0; i < count && !has_failed(chart); i++)
		add_sample(chart, chart->items[i].value);
	while (open_count(chart) && !has_failed(chart))
		close_block(chart);
	return has_failed(chart) ? -ENOMEM : 0;
}

/* --- not too many of them --- */

static int compare_totals(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a < b) - (a > b);
}

/* Of all frames that are drawn, but the root: how many, and what is one more than the total of the first that is too much. */
static int find_limit(const struct chart *chart, uint64_t max_frames, uint64_t *ret_min_ticks)
{
	_cleanup_free_ uint64_t *totals = malloc((block_count(chart) + 1) * sizeof(*totals));
	size_t count = 0;

	if (!totals)
		return -ENOMEM;
	for (size_t i = 1; i < block_count(chart); i++)
		if (block_at(chart, i)->node != PROFILE_NONE)
			totals[count++] = block_at(chart, i)->total;
	if (count > max_frames) {
		qsort(totals, count, sizeof(*totals), compare_totals);
		*ret_min_ticks = totals[max_frames] + 1;
	}
	return 0;
}

static int build_within(struct chart *chart, const struct svg_limits *limits)
{
	uint64_t min_ticks = limits->min_ticks;
	int error;

	chart->min_ticks = min_ticks;
	error = build_blocks(chart);
	if (!error)
		error = find_limit(chart, limits->max_frames, &min_ticks);
	if (error || min_ticks == chart->min_ticks)
		return error;
	chart->min_ticks = min_ticks;
	return build_blocks(chart);
}

/* --- the layout --- */

/* While the blocks are gone through once more. */
struct finish {
	struct svg_layout *layout;
	uint32_t *parents; /* per depth: the block that is open */
	uint64_t *ends;    /* per depth: where the last block of it ended */
};

static void finish_block(struct finish *finish, struct svg_block block, uint64_t min_ticks)
{
	struct svg_layout *layout = finish->layout;
	struct svg_block *parent =
		block.depth ? &layout->blocks[finish->parents[block.depth - 1]] : NULL;
	bool is_rest = block.node == PROFILE_NONE;

	if (is_rest)
		layout->left_out_ticks += block.total;
	if (is_rest && block.total < min_ticks) {
		parent->hidden += block.total;
		return;
	}
	block.gap = parent ? block.start - finish->ends[block.depth] : 0;
	finish->ends[block.depth] = block.start + block.total;
	finish->ends[block.depth + 1] = block.start;
	finish->parents[block.depth] = layout->count;
	if (block.depth > layout->depth)
		layout->depth = block.depth;
	layout->frames += parent && !is_rest;
	layout->blocks[layout->count++] = block;
}

static uint32_t depth_of(const struct chart *chart)
{
	uint32_t depth = 0;

	for (size_t i = 0; i < block_count(chart); i++)
		if (block_at(chart, i)->depth > depth)
			depth = block_at(chart, i)->depth;
	return depth;
}

/* The blocks become the layout's. */
static int finish_layout(struct chart *chart, struct svg_layout *layout)
{
	size_t depths = (size_t)depth_of(chart) + 2, count = block_count(chart);
	_cleanup_free_ uint32_t *parents = malloc(depths * sizeof(*parents));
	_cleanup_free_ uint64_t *ends = malloc(depths * sizeof(*ends));
	struct finish finish = { layout, parents, ends };

	if (!parents || !ends)
		return -ENOMEM;
	*layout = (struct svg_layout){ .blocks = (struct svg_block *)chart->blocks.data,
				       .total = chart->at,
				       .left_out = chart->left_out };
	buffer_init(&chart->blocks);
	for (size_t i = 0; i < count; i++)
		finish_block(&finish, layout->blocks[i], chart->min_ticks);
	return 0;
}

int svg_chart_build(const struct profile *profile, const struct svg_limits *limits,
		    struct svg_layout *ret_layout)
{
	_cleanup_(chart_release) struct chart chart = { .profile = profile,
							.samples = profile_samples(profile) };
	_cleanup_free_ struct u64_item *items = NULL;
	int error = chart.samples ? sort_samples(chart.samples, &items) : 0;

	chart.items = items;
	if (!error)
		error = build_within(&chart, limits);
	return error ? error : finish_layout(&chart, ret_layout);
}
