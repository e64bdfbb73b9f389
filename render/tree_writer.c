/* SPDX-License-Identifier: Apache-2.0 */
#include "render/tree_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "render/readable.h"
#include "render/render_options.h"
#include "render/svg_layout.h"
#include "render/plain_text.h"

#define TREE_FRAMES  200
#define TREE_SHARE   0.005
#define NAME_START   18 /* the columns of both shares */
#define RAIL_COLUMNS 3
#define RAILS_MAX    20 /* deeper branches move no further to the right */

/* What stands below a rail of a frame that has a brother yet to come, and of the last one. */
static const char rail_goes_on[] = "│  ", rail_ends[] = "   ";

struct tree {
	const struct profile *profile;
	const struct render_options *options;
	const struct svg_layout *layout;
	uint64_t whole;
	uint32_t *brothers; /* per block: those that come after it */
	uint32_t *children; /* per block: how many stand on it */
	/* Per depth, of the block that was last met there: rails to the left of what stands on it. */
	uint32_t *rail_counts;
	size_t *rail_sizes; /* in bytes of `rails` */
	struct buffer rails;
};

/* From the last block to the first: those on a block come right behind it. */
static int count_children(struct tree *tree)
{
	const struct svg_layout *layout = tree->layout;
	_cleanup_free_ uint32_t *met = calloc((size_t)layout->depth + 2, sizeof(*met));

	if (!met)
		return -ENOMEM;
	for (uint32_t i = layout->count; i-- > 0;) {
		uint32_t depth = layout->blocks[i].depth;

		tree->children[i] = met[depth + 1];
		met[depth + 1] = 0;
		tree->brothers[i] = met[depth]++;
	}
	return 0;
}

static void append_shares(const struct tree *tree, const struct svg_block *block, struct buffer *to)
{
	text_append_share(to, block->total, tree->whole);
	buffer_append_char(to, ' ');
	if (block->node == PROFILE_NONE)
		buffer_append_string(to, "       ");
	else
		text_append_share(to, profile_node(tree->profile, block->node)->self, tree->whole);
	buffer_append_string(to, "  ");
}

static void append_name(const struct tree *tree, const struct svg_block *block, size_t columns,
			struct buffer *to)
{
	const struct frame *frame;
	const char *name;
	size_t size;

	if (block->node == PROFILE_NONE) {
		buffer_append_string(to, "… ");
		readable_count(to, block->left_out);
		buffer_append_string(to, " more");
		return;
	}
	if (block->node == PROFILE_ROOT) {
		buffer_append_string(to, "all");
		return;
	}
	frame = profile_frame(tree->profile, profile_node(tree->profile, block->node)->frame);
	name = profile_string(tree->profile, frame->name, &size);
	text_append_name(to, name, size, frame_kind_suffix(frame->kind), columns);
}

/* Where the rails of a block are: those of its parent, and its own if that branches. Gives how many. */
static uint32_t set_rails(struct tree *tree, uint32_t index, bool branches)
{
	uint32_t depth = tree->layout->blocks[index].depth, count = 0;

	tree->rails.size = 0;
	if (depth) {
		count = tree->rail_counts[depth - 1];
		tree->rails.size = tree->rail_sizes[depth - 1];
	}
	if (branches && count < RAILS_MAX) {
		buffer_append_string(&tree->rails,
				     tree->brothers[index] ? rail_goes_on : rail_ends);
		count++;
	}
	tree->rail_counts[depth] = count;
	tree->rail_sizes[depth] = tree->rails.size;
	return count;
}

static void append_block(struct tree *tree, uint32_t index, bool branches, struct buffer *to)
{
	const struct svg_block *block = &tree->layout->blocks[index];
	uint32_t before = block->depth ? tree->rail_counts[block->depth - 1] : 0;
	size_t size = block->depth ? tree->rail_sizes[block->depth - 1] : 0;
	uint32_t count = set_rails(tree, index, branches);

	append_shares(tree, block, to);
	if (branches) {
		buffer_append(to, tree->rails.data, size);
		buffer_append_string(to, tree->brothers[index] ? "├─ " : "└─ ");
	} else {
		buffer_append(to, tree->rails.data, tree->rails.size);
	}
	if (branches && before == count) /* it should stand further to the right */
		buffer_append_string(to, "» ");
	append_name(tree, block, TEXT_COLUMNS - NAME_START - RAIL_COLUMNS * (count + 1) - 2, to);
	buffer_append_char(to, '\n');
	to->failed |= tree->rails.failed;
}

static void append_blocks(struct tree *tree, struct buffer *to)
{
	const struct svg_layout *layout = tree->layout;

	for (uint32_t i = 0; i < layout->count; i++) {
		/* The first one on a block comes right behind it. */
		bool is_alone = i && layout->blocks[i].depth == layout->blocks[i - 1].depth + 1 &&
				tree->children[i - 1] == 1;

		append_block(tree, i, i && !is_alone, to);
	}
}

static void append_left_out(const struct tree *tree, struct buffer *to)
{
	if (!tree->layout->left_out)
		return;
	buffer_append_string(to, "\nNot shown: ");
	readable_count(to, tree->layout->left_out);
	buffer_append_string(to, " frames, too narrow or too many, with ");
	readable_share(to, tree->layout->left_out_ticks, tree->whole, 1);
	buffer_append_char(to, '\n');
}

static int append_tree(struct tree *tree, struct buffer *to)
{
	size_t count = tree->layout->count, depths = (size_t)tree->layout->depth + 1;
	_cleanup_free_ uint32_t *brothers = calloc(count, sizeof(*brothers));
	_cleanup_free_ uint32_t *children = calloc(count, sizeof(*children));
	_cleanup_free_ uint32_t *rail_counts = calloc(depths, sizeof(*rail_counts));
	_cleanup_free_ size_t *rail_sizes = calloc(depths, sizeof(*rail_sizes));

	tree->brothers = brothers;
	tree->children = children;
	tree->rail_counts = rail_counts;
	tree->rail_sizes = rail_sizes;
	if (!brothers || !children || !rail_counts || !rail_sizes || count_children(tree))
		return -ENOMEM;
	buffer_printf(to, "%7s %7s\n", "total", "self");
	append_blocks(tree, to);
	append_left_out(tree, to);
	buffer_release(&tree->rails);
	return 0;
}

static struct svg_limits limits_of(const struct render_options *options, uint64_t whole)
{
	double share = options->min_share.is_set ? options->min_share.value : TREE_SHARE;
	enum render_order order = render_order_of(options);

	return (struct svg_limits){
		.min_ticks = render_share_ticks(share, whole),
		.max_frames = options->max_frames ? options->max_frames : TREE_FRAMES,
		.order = order == RENDER_ORDER_UNSAID ? RENDER_ORDER_TOTAL : order,
	};
}

int tree_write(const struct profile *profile, const struct render_options *options,
	       struct buffer *to)
{
	struct svg_layout layout = { 0 };
	struct tree tree = { .profile = profile,
			     .options = options,
			     .layout = &layout,
			     .whole = text_whole(profile, options) };
	struct svg_limits limits = limits_of(options, tree.whole);
	int error = svg_layout_build(profile, &limits, &layout);

	if (!error)
		error = text_append_head(to, profile, options);
	if (!error)
		error = append_tree(&tree, to);
	svg_layout_release(&layout);
	return error ? error : buffer_error(to);
}
