/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each frame becomes a token: its name, cleaned, with the suffix of its kind. Different frames may
 * become equal tokens (the same name in two modules), so the tree of tokens is built anew, as a
 * profile whose names are the tokens, and then walked in order.
 *
 * A token must read back as what it was. A native function that calls itself "read_[k]" is not to
 * pass as kernel code, nor "[lost:x]" as a fate: where a name would be read as another kind, the
 * brackets that cause it become parentheses. Writing, reading and writing again gives the same bytes.
 */
#include "render/folded_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/stack_children.h"
#include "render/name_order.h"
#include "render/stack_edit.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

#define EMPTY_NAME "[empty]"

/* Clean text without what the format keeps for itself: semicolons, and blanks other than a space. */
static void append_clean_name(struct buffer *to, const char *bytes, size_t size)
{
	struct buffer plain;

	buffer_init(&plain);
	buffer_append(&plain, bytes, size);
	for (size_t i = 0; i < plain.size; i++) {
		if (plain.data[i] == ';')
			plain.data[i] = ':';
		else if (strchr("\n\r\t", plain.data[i]) && plain.data[i])
			plain.data[i] = ' ';
	}
	if (plain.failed)
		to->failed = true;
	utf8_append_clean(to, plain.data, plain.size, SIZE_MAX);
	buffer_release(&plain);
}

/* Readers trim a line's blanks, and take "name 3 7" for two counts. */
static void trim_name(struct buffer *name)
{
	size_t start = 0, last;

	while (name->size && name->data[name->size - 1] == ' ')
		name->size--;
	while (start < name->size && name->data[start] == ' ')
		start++;
	if (start)
		memmove(name->data, name->data + start, name->size -= start);
	for (last = name->size; last && strchr("0123456789.", name->data[last - 1]); last--)
		;
	if (last && last < name->size && name->data[last - 1] == ' ')
		name->data[last - 1] = '_';
	if (!name->size)
		buffer_append_string(name, EMPTY_NAME);
}

static bool is_bracketed(const struct buffer *name)
{
	return name->size >= 2 && name->data[0] == '[' && name->data[name->size - 1] == ']';
}

/* "_[k]" and its like at the end, where they would be read as a kind. */
static void disarm_suffix(struct buffer *name)
{
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		const char *suffix = frame_kind_suffix(kind);
		size_t length = strlen(suffix);

		if (!length || name->size <= length ||
		    memcmp(name->data + name->size - length, suffix, length))
			continue;
		name->data[name->size - length + 1] = '(';
		name->data[name->size - 1] = ')';
	}
}

/* "[lost:x" at depth 1, where with any "]" at the end it would be read as a marker. */
static void disarm_marker(struct buffer *token)
{
	const char *reason;
	size_t size;
	enum fate fate;

	if (!token->failed && fate_parse_marker(token->data, token->size, &fate, &reason, &size))
		token->data[reason - token->data - 1] = '_';
}

static void append_brackets(struct buffer *name)
{
	buffer_append_string(name, "  ");
	if (name->failed)
		return;
	memmove(name->data + 1, name->data, name->size - 2);
	name->data[0] = '[';
	name->data[name->size - 1] = ']';
}

/* Kinds without a suffix are told apart by their brackets alone. */
static void mark_kind(struct buffer *name, enum frame_kind kind)
{
	disarm_suffix(name);
	if (kind == FRAME_UNKNOWN || kind == FRAME_MARKER) {
		if (!is_bracketed(name))
			append_brackets(name);
	} else if (is_bracketed(name) && (name->size != strlen(EMPTY_NAME) ||
					  memcmp(name->data, EMPTY_NAME, name->size))) {
		name->data[0] = '(';
		name->data[name->size - 1] = ')';
	}
}

static bool is_marker(const struct buffer *name)
{
	const char *reason;
	size_t size;
	enum fate fate;

	return fate_parse_marker(name->data, name->size, &fate, &reason, &size);
}

/* What stands for `frame` as the frame number `depth` of a stack. */
static void make_token(const struct profile *profile, const struct frame *frame, size_t depth,
		       struct buffer *token)
{
	size_t size;
	const char *name = profile_string(profile, frame->name, &size);
	const char *suffix = frame_kind_suffix(frame->kind);

	buffer_clear(token);
	append_clean_name(token, name, size);
	if (!token->failed)
		trim_name(token);
	if (token->failed)
		return;
	if (frame->kind == FRAME_MARKER && depth == 1 && is_marker(token))
		return;
	if (*suffix)
		buffer_append_string(token, suffix);
	else if (depth > 0)
		mark_kind(token, frame->kind);
	if (depth == 1)
		disarm_marker(token);
}

/* The tree of tokens while it grows. */
struct token_tree {
	struct profile *profile;
	struct buffer token;
	uint32_t *nodes; /* per node of the source: the node of its token */
	uint32_t *known; /* per frame of the source, at depths above 1: its token's frame */
};

static int add_token(struct token_tree *tree, const struct profile *from, uint32_t frame,
		     size_t depth, uint32_t *ret_frame)
{
	struct frame token = frame_of_kind(FRAME_NATIVE);
	bool is_shared = depth > 1;
	int error;

	if (is_shared && tree->known[frame] != PROFILE_NONE) {
		*ret_frame = tree->known[frame];
		return 0;
	}
	make_token(from, profile_frame(from, frame), depth, &tree->token);
	error = buffer_error(&tree->token);
	if (!error)
		error = profile_intern(tree->profile, tree->token.data, tree->token.size,
				       &token.name);
	if (!error)
		error = profile_add_frame(tree->profile, token, ret_frame);
	if (!error && is_shared)
		tree->known[frame] = *ret_frame;
	return error;
}

static int add_empty_stack(struct token_tree *tree, uint64_t ticks)
{
	struct frame token = frame_of_kind(FRAME_NATIVE);
	uint32_t frame, node;
	int error = profile_intern(tree->profile, EMPTY_NAME, strlen(EMPTY_NAME), &token.name);

	if (!error)
		error = profile_add_frame(tree->profile, token, &frame);
	if (!error)
		error = profile_add_child(tree->profile, PROFILE_ROOT, frame, &node);
	return error ? error : profile_add_ticks(tree->profile, node, ticks);
}

static size_t depth_class(const struct profile *profile, uint32_t node)
{
	uint32_t parent = profile_node(profile, node)->parent;

	if (parent == PROFILE_ROOT)
		return 0;
	return profile_node(profile, parent)->parent == PROFILE_ROOT ? 1 : 2;
}

static int fill_tree(struct token_tree *tree, const struct profile *from)
{
	uint32_t count = profile_node_count(from), frame;

	tree->nodes[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 1; i < count; i++) {
		const struct stack_node *node = profile_node(from, i);
		int error = add_token(tree, from, node->frame, depth_class(from, i), &frame);

		if (!error)
			error = profile_add_child(tree->profile, tree->nodes[node->parent], frame,
						  &tree->nodes[i]);
		if (!error)
			error = profile_add_ticks(tree->profile, tree->nodes[i], node->self);
		if (error)
			return error;
	}
	if (!profile_node(from, PROFILE_ROOT)->self)
		return 0;
	return add_empty_stack(tree, profile_node(from, PROFILE_ROOT)->self);
}

static int build_tree(const struct profile *from, struct profile **ret_tree)
{
	uint32_t frames = profile_frame_count(from);
	_cleanup_free_ uint32_t *nodes = malloc(profile_node_count(from) * sizeof(*nodes));
	_cleanup_free_ uint32_t *known = malloc((frames + 1) * sizeof(*known));
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	struct token_tree tree = { .profile = profile, .nodes = nodes, .known = known };
	int error;

	if (!nodes || !known || !profile)
		return -ENOMEM;
	memset(known, 0xff, frames * sizeof(*known)); /* every one PROFILE_NONE */
	buffer_init(&tree.token);
	error = fill_tree(&tree, from);
	buffer_release(&tree.token);
	if (!error)
		*ret_tree = take_ptr(profile);
	return error;
}

/* The walk over the tree: the nodes still to visit, and the line as far as the node's parent. */
struct walk {
	const struct profile *tree;
	const uint32_t *ranks;
	const struct stack_children *children;
	uint32_t *pending; /* room for all nodes */
	size_t pending_count;
	size_t *line_sizes; /* per node: size of the line up to it */
	struct buffer line;
};

static void walk_push_children(struct walk *walk, uint32_t node)
{
	uint32_t *first = walk->pending + walk->pending_count, count;
	const uint32_t *children = stack_children_of(walk->children, node, &count);

	memcpy(first, children, count * sizeof(*children));
	name_order_sort_nodes(walk->tree, walk->ranks, first, count);
	for (uint32_t i = 0; i < count / 2; i++) { /* the first is to be on top */
		uint32_t swap = first[i];

		first[i] = first[count - 1 - i];
		first[count - 1 - i] = swap;
	}
	walk->pending_count += count;
}

static void walk_visit(struct walk *walk, uint32_t node, struct buffer *to)
{
	const struct stack_node *entry = profile_node(walk->tree, node);
	const struct frame *frame = profile_frame(walk->tree, entry->frame);
	size_t size;
	const char *name = profile_string(walk->tree, frame->name, &size);

	walk->line.size = walk->line_sizes[entry->parent];
	if (entry->parent != PROFILE_ROOT)
		buffer_append_char(&walk->line, ';');
	buffer_append(&walk->line, name, size);
	walk->line_sizes[node] = walk->line.size;
	if (entry->self) {
		buffer_append(to, walk->line.data, walk->line.size);
		buffer_append_char(to, ' ');
		buffer_append_u64(to, entry->self);
		buffer_append_char(to, '\n');
	}
}

static int write_tree(const struct profile *tree, struct buffer *to)
{
	uint32_t count = profile_node_count(tree);
	_cleanup_free_ uint32_t *ranks = NULL, *pending = malloc(count * sizeof(*pending));
	_cleanup_free_ size_t *line_sizes = calloc(count, sizeof(*line_sizes));
	_cleanup_free_ uint32_t *nodes = malloc(count * sizeof(*nodes));
	_cleanup_(stack_children_release) struct stack_children children = { 0 };
	struct walk walk = { tree, .children = &children, .pending = pending,
			     .line_sizes = line_sizes };

	if (!pending || !line_sizes || !nodes || name_order_ranks(tree, &ranks))
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		nodes[i] = i;
	if (stack_children_init(&children, tree, nodes, count, NULL))
		return -ENOMEM;
	walk.ranks = ranks;
	buffer_init(&walk.line);
	walk_push_children(&walk, PROFILE_ROOT);
	while (walk.pending_count && !walk.line.failed) {
		uint32_t node = pending[--walk.pending_count];

		walk_visit(&walk, node, to);
		walk_push_children(&walk, node);
	}
	if (walk.line.failed)
		to->failed = true;
	buffer_release(&walk.line);
	return buffer_error(to);
}

int folded_write(const struct profile *profile, const struct render_options *options,
		 struct buffer *to)
{
	_cleanup_(cleanup_profile) struct profile *edited = NULL, *tree = NULL;
	int error = stack_edit(profile, options, &edited);

	if (!error)
		error = build_tree(edited ? edited : profile, &tree);
	return error ? error : write_tree(tree, to);
}
