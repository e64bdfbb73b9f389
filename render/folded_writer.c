/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each frame becomes a token (folded_token.h). Different frames may become equal tokens (the same name in two modules), and then their
 * stacks are one. So the walk goes from one set of nodes to the next: those that have the same tokens on the way to them, which is one node
 * nearly always. Of a differential profile each line has two counts (model/differential.h).
 */
#include "render/folded_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string_pool.h"
#include "model/differential.h"
#include "model/profile.h"
#include "model/samples.h"
#include "model/stack_children.h"
#include "render/folded_token.h"

/* --- tokens --- */

#define DEPTHS                 \
	(FOLDED_SHARED_DEPTH + \
	 1) /* where tokens may differ: the root's children, theirs, and all others */

struct tokens {
	struct string_pool texts;
	uint32_t *ids
		[DEPTHS]; /* per frame: its token, PROFILE_NONE where it does not stand at such a depth */
	uint32_t empty;  /* that of a stack without frames */
	uint32_t *ranks; /* per token: its place in the order of their bytes */
};

static void tokens_release(struct tokens *tokens)
{
	string_pool_release(&tokens->texts);
	for (size_t i = 0; i < DEPTHS; i++)
		free(tokens->ids[i]);
	free(tokens->ranks);
}

static int tokens_init(struct tokens *tokens, const struct profile *profile)
{
	size_t size = ((size_t)profile_frame_count(profile) + 1) * sizeof(uint32_t);

	*tokens = (struct tokens){ 0 };
	string_pool_init(&tokens->texts);
	for (size_t i = 0; i < DEPTHS; i++) {
		tokens->ids[i] = malloc(size);
		if (!tokens->ids[i])
			return -ENOMEM;
		memset(tokens->ids[i], 0xff, size); /* every one PROFILE_NONE */
	}
	return string_pool_add(&tokens->texts, FOLDED_EMPTY_NAME, strlen(FOLDED_EMPTY_NAME),
			       &tokens->empty);
}

static size_t depth_of(const struct profile *profile, uint32_t node)
{
	uint32_t parent = profile_node(profile, node)->parent;

	if (parent == PROFILE_ROOT)
		return 0;
	return profile_node(profile, parent)->parent == PROFILE_ROOT ? 1 : FOLDED_SHARED_DEPTH;
}

static uint32_t *token_of(const struct tokens *tokens, const struct profile *profile, uint32_t node)
{
	return &tokens->ids[depth_of(profile, node)][profile_node(profile, node)->frame];
}

/* Of every frame, at every depth at which it stands. */
static int make_tokens(struct tokens *tokens, const struct profile *profile)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	uint32_t count = profile_node_count(profile);

	for (uint32_t i = 1; i < count; i++) {
		uint32_t *token = token_of(tokens, profile, i);
		int error;

		if (*token != PROFILE_NONE)
			continue;
		folded_token_make(profile, profile_frame(profile, profile_node(profile, i)->frame),
				  depth_of(profile, i), &text);
		error = buffer_error(&text);
		if (!error)
			error = string_pool_add(&tokens->texts, text.data, text.size, token);
		if (error)
			return error;
	}
	return 0;
}

static int compare_tokens(const void *left, const void *right, void *context)
{
	const struct string_pool *texts = context;
	size_t a_size, b_size;
	const char *a = string_pool_get(texts, *(const uint32_t *)left, &a_size);
	const char *b = string_pool_get(texts, *(const uint32_t *)right, &b_size);
	int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int rank_tokens(struct tokens *tokens)
{
	uint32_t count = tokens->texts.count;
	_cleanup_free_ uint32_t *order = malloc(count * sizeof(*order));

	tokens->ranks = malloc(count * sizeof(*tokens->ranks));
	if (!order || !tokens->ranks)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_tokens, &tokens->texts);
	for (uint32_t i = 0; i < count; i++)
		tokens->ranks[order[i]] = i;
	return 0;
}

/* --- the walk --- */

/* A node still to visit. */
struct pending_node {
	uint32_t node;    /* the root: the stack without frames */
	uint32_t rank;    /* of its token */
	uint32_t callers; /* the number of the set that it lies on */
	size_t line_size; /* of that set's line */
};

struct walk {
	const struct profile *profile;
	const struct tokens *tokens;
	struct stack_children children;
	uint64_t *befores;     /* per node, of a differential profile; else NULL */
	struct buffer pending; /* struct pending_node, the next one last, those of a set together */
	struct buffer members; /* uint32_t: nodes of the set */
	struct buffer line;    /* as far as the set */
	uint32_t sets;         /* so many were met */
};

static void walk_release(struct walk *walk)
{
	stack_children_release(&walk->children);
	free(walk->befores);
	buffer_release(&walk->pending);
	buffer_release(&walk->members);
	buffer_release(&walk->line);
}

static uint32_t token_at(const struct walk *walk, uint32_t node)
{
	return node == PROFILE_ROOT ? walk->tokens->empty
				    : *token_of(walk->tokens, walk->profile, node);
}

static void push_node(struct walk *walk, uint32_t node)
{
	struct pending_node item = {
		.node = node,
		.rank = walk->tokens->ranks[token_at(walk, node)],
		.callers = walk->sets,
		.line_size = walk->line.size,
	};

	buffer_append(&walk->pending, &item, sizeof(item));
}

/* The first in order is to be visited first, and so stands last; of equal ones the first that came. */
static int compare_pending(const void *left, const void *right)
{
	const struct pending_node *a = left, *b = right;

	if (a->rank != b->rank)
		return (a->rank < b->rank) - (a->rank > b->rank);
	return (a->node < b->node) - (a->node > b->node);
}

/* Those from that place on. */
static void sort_pending(struct walk *walk, size_t start)
{
	size_t count = (walk->pending.size - start) / sizeof(struct pending_node);

	if (count > 1 && !walk->pending.failed)
		qsort(walk->pending.data + start, count, sizeof(struct pending_node),
		      compare_pending);
}

static void push_children(struct walk *walk, const uint32_t *nodes, size_t node_count)
{

	for (size_t i = 0; i < node_count; i++) {
		uint32_t count;
		const uint32_t *children = stack_children_of(&walk->children, nodes[i], &count);

		for (uint32_t child = 0; child < count; child++)
			push_node(walk, children[child]);
	}
}

/* Sums stop at 2^63 - 1, the most that readers take. */
static uint64_t sum_up_to_most(uint64_t sum, uint64_t more)
{
	return more < INT64_MAX - sum ? sum + more : INT64_MAX;
}

struct counts {
	uint64_t count, before;
};

/* The next one, and all that go with it, become the members: false at the end. */
static bool take_set(struct walk *walk, struct pending_node *ret_first, struct counts *ret_self)
{
	struct buffer *pending = &walk->pending;
	struct counts self = { 0 };

	buffer_clear(&walk->members);
	while (pending->size && !pending->failed) {
		struct pending_node item;

		memcpy(&item, pending->data + pending->size - sizeof(item), sizeof(item));
		if (walk->members.size &&
		    (item.rank != ret_first->rank || item.callers != ret_first->callers))
			break;
		pending->size -= sizeof(item);
		*ret_first = item;
		self.count += profile_node(walk->profile, item.node)->self;
		if (walk->befores)
			self.before = sum_up_to_most(self.before, walk->befores[item.node]);
		buffer_append(&walk->members, &item.node, sizeof(item.node));
	}
	*ret_self = self;
	return walk->members.size > 0;
}

static void write_line(const struct walk *walk, struct counts self, struct buffer *to)
{
	buffer_append(to, walk->line.data, walk->line.size);
	buffer_append_char(to, ' ');
	if (walk->befores) {
		buffer_append_u64(to, self.before);
		buffer_append_char(to, ' ');
	}
	buffer_append_u64(to, self.count);
	buffer_append_char(to, '\n');
}

static void extend_line(struct walk *walk, const struct pending_node *set)
{
	size_t size;
	const char *token = string_pool_get(&walk->tokens->texts, token_at(walk, set->node), &size);

	walk->line.size = set->line_size;
	if (walk->line.size)
		buffer_append_char(&walk->line, ';');
	buffer_append(&walk->line, token, size);
}

/* Without the root, which stands for the stack without frames here. */
static void push_callees(struct walk *walk)
{
	uint32_t *members = (uint32_t *)walk->members.data;
	size_t count = walk->members.size / sizeof(*members);

	size_t start = walk->pending.size;

	walk->sets++;
	for (size_t i = 0; i < count; i++)
		if (members[i] == PROFILE_ROOT)
			members[i] = members[--count];
	push_children(walk, members, count);
	sort_pending(walk, start);
}

static int write_stacks(struct walk *walk, struct buffer *to)
{
	const uint32_t root = PROFILE_ROOT;
	struct pending_node set = { 0 };
	struct counts self;

	push_children(walk, &root, 1);
	if (profile_node(walk->profile, PROFILE_ROOT)->self ||
	    (walk->befores && walk->befores[PROFILE_ROOT]))
		push_node(walk, PROFILE_ROOT);
	sort_pending(walk, 0);
	while (take_set(walk, &set, &self)) {
		extend_line(walk, &set);
		if (self.count || self.before)
			write_line(walk, self, to);
		push_callees(walk);
	}
	if (walk->pending.failed || walk->members.failed || walk->line.failed)
		return -ENOMEM;
	return buffer_error(to);
}

static int add_befores(struct walk *walk)
{
	const struct samples *samples = profile_samples(walk->profile);

	if (!samples || !differential_is(walk->profile))
		return 0;
	walk->befores = calloc(profile_node_count(walk->profile), sizeof(*walk->befores));
	if (!walk->befores)
		return -ENOMEM;
	for (size_t i = 0; i < samples_count(samples); i++) {
		uint64_t *before = &walk->befores[samples_get(samples, i).node];

		*before = sum_up_to_most(*before, samples_value(samples, i, DIFFERENTIAL_BEFORE));
	}
	return 0;
}

static int write_profile(const struct profile *profile, struct buffer *to)
{
	_cleanup_(tokens_release) struct tokens tokens = { 0 };
	_cleanup_(walk_release) struct walk walk = { .profile = profile, .tokens = &tokens };
	int error = tokens_init(&tokens, profile);

	if (!error)
		error = make_tokens(&tokens, profile);
	if (!error)
		error = rank_tokens(&tokens);
	if (!error)
		error = add_befores(&walk);
	if (!error)
		error = stack_children_init(&walk.children, profile, NULL,
					    profile_node_count(profile), NULL);
	return error ? error : write_stacks(&walk, to);
}

int folded_write(const struct profile *profile, const struct render_options *options,
		 struct buffer *to)
{
	(void)options;
	return write_profile(profile, to);
}
