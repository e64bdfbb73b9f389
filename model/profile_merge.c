/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile_merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/counted_nodes.h"
#include "model/frame_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/value_move.h"

/* --- values --- */

/* Of a profile that names none, too. */
struct type_words {
	const char *name, *unit;
};

static struct type_words words_of(const struct profile *profile, uint32_t value)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	if (!count)
		return (struct type_words){ "samples", "count" };
	return (struct type_words){ profile_string(profile, types[value].name, NULL),
				    profile_string(profile, types[value].unit, NULL) };
}

static bool is_same_type(struct type_words a, struct type_words b)
{
	return !strcmp(a.name, b.name) && !strcmp(a.unit, b.unit);
}

/* Says nothing. */
static bool is_bare(const struct profile *profile)
{
	return profile_node_count(profile) == 1 && !profile_total(profile) &&
	       !profile_samples(profile);
}

bool profile_merge_is_possible(const struct profile *into, const struct profile *from)
{
	return is_bare(into) || is_bare(from) || is_same_type(words_of(into, 0), words_of(from, 0));
}

/* The values of both: those of `into`, then what the other one has beside them. */
struct whole {
	uint32_t before, count;
	uint32_t of[PROFILE_VALUES_MAX]; /* per value the one of what is added, or PROFILE_NONE */
};

/* Of two of one type each has its own. */
static uint32_t find_value(const struct profile *into, const struct whole *whole,
			   struct type_words words)
{
	for (uint32_t i = 0; i < whole->before; i++)
		if (whole->of[i] == PROFILE_NONE && is_same_type(words_of(into, i), words))
			return i;
	return PROFILE_NONE;
}

static int unite_values(const struct profile *into, const struct profile *from, struct whole *whole)
{
	whole->before = whole->count = is_bare(into) ? 0 : profile_value_count(into);
	memset(whole->of, 0xff, sizeof(whole->of)); /* every one PROFILE_NONE */
	for (uint32_t i = 0; i < profile_value_count(from); i++) {
		uint32_t at = find_value(into, whole, words_of(from, i));

		if (at == PROFILE_NONE && whole->count == PROFILE_VALUES_MAX)
			return -E2BIG;
		whole->of[at == PROFILE_NONE ? whole->count++ : at] = i;
	}
	return 0;
}

void profile_merge_map(const struct profile *into, const struct profile *from, uint32_t *values)
{
	struct whole whole;

	unite_values(into, from, &whole); /* further ones of `from` are none of these */
	memcpy(values, whole.of, sizeof(whole.of));
	for (uint32_t i = whole.before ? whole.before : 1; i < PROFILE_VALUES_MAX; i++)
		values[i] = PROFILE_NONE;
}

/* Also of a profile that names none. */
static int copy_type(struct profile *into, const struct profile *from, uint32_t value,
		     struct value_type *ret_type)
{
	const struct type_words words = words_of(from, value);
	int error = profile_intern(into, words.name, strlen(words.name), &ret_type->name);

	return error ? error
		     : profile_intern(into, words.unit, strlen(words.unit), &ret_type->unit);
}

/* None are named where neither names any. */
static int name_values(struct profile *into, const struct profile *from, const struct whole *whole)
{
	struct value_type types[PROFILE_VALUES_MAX];
	uint32_t old, added;
	int error = 0;

	memcpy(types, profile_values(into, &old), sizeof(types));
	profile_values(from, &added);
	if ((!old && !added) || whole->count == whole->before)
		return 0;
	if (!old && whole->before)
		error = copy_type(into, into, 0, &types[0]);
	for (uint32_t i = whole->before; i < whole->count && !error; i++)
		error = copy_type(into, from, whole->of[i], &types[i]);
	if (error)
		return error;
	return whole->before ? profile_extend_values(into, types, whole->count)
			     : profile_set_values(into, types, whole->count);
}

/* --- nodes --- */

static int merge_counted(struct frame_copy *copy, const bool *counted, uint32_t *nodes)
{
	const struct stack_node *entries = profile_nodes(copy->from);
	uint32_t count = profile_node_count(copy->from), frame;
	int error = 0;

	nodes[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 1; i < count && !error; i++) {
		nodes[i] = PROFILE_NONE;
		if (!counted[i])
			continue;
		error = frame_copy_add(copy, entries[i].frame, &frame);
		if (!error)
			error = profile_add_child(copy->to, nodes[entries[i].parent], frame,
						  &nodes[i]);
	}
	return error;
}

int profile_merge_nodes(struct profile *into, const struct profile *from, uint32_t *nodes)
{
	_cleanup_free_ bool *counted = counted_nodes(from, PROFILE_NONE);
	struct frame_copy copy;
	int error = frame_copy_init(&copy, from, into, FRAME_LINES_KEPT, false);

	if (!counted)
		error = -ENOMEM;
	if (!error)
		error = merge_counted(&copy, counted, nodes);
	frame_copy_release(&copy);
	return error;
}

int profile_merge_values(struct profile *into, const struct profile *from, const uint32_t *values)
{
	_cleanup_free_ uint32_t *nodes = malloc(profile_node_count(from) * sizeof(*nodes));
	int error = nodes ? profile_merge_nodes(into, from, nodes) : -ENOMEM;

	return error ? error : value_add(from, into, nodes, values);
}

/* --- all of it --- */

static struct merged compare(const struct profile *into, const struct profile *from,
			     const struct whole *whole)
{
	struct merged merged = { .differs = origin_differs(into, from) };

	for (uint32_t i = 0; i < whole->count; i++) {
		merged.lacking |= (uint32_t)(whole->of[i] == PROFILE_NONE) << i;
		merged.extending |= (uint32_t)(whole->before && i >= whole->before) << i;
	}
	return merged;
}

int profile_merge(struct profile *into, const struct profile *from, struct merged *ret_merged)
{
	struct whole whole;
	struct merged merged = { 0 };
	int error;

	if (!profile_merge_is_possible(into, from))
		return -EINVAL;
	if (is_bare(from)) {
		*ret_merged = merged;
		return 0;
	}
	error = unite_values(into, from, &whole);
	if (error)
		return error;
	merged = compare(into, from, &whole);
	error = is_bare(into) ? origin_copy(from, into) : origin_merge(into, from);
	if (!error)
		error = name_values(into, from, &whole);
	if (!error)
		error = profile_merge_values(into, from, whole.of);
	if (!error)
		*ret_merged = merged;
	return error;
}
