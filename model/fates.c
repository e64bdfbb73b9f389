/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/profile.h"

static const char *const fate_names[] = {
	[FATE_COMPLETE] = "complete",
	[FATE_TRUNCATED] = "truncated",
	[FATE_LOST] = "lost",
};

const char *fate_name(enum fate fate)
{
	return fate_names[fate];
}

bool fate_parse_marker(const char *name, size_t size, enum fate *ret_fate, const char **ret_reason,
		       size_t *ret_reason_size)
{
	for (enum fate fate = FATE_TRUNCATED; fate <= FATE_LOST; fate++) {
		size_t length = strlen(fate_names[fate]);

		/* "[" fate ":" at least one character "]" */
		if (size < length + 4 || name[0] != '[' || name[size - 1] != ']' ||
		    memcmp(name + 1, fate_names[fate], length) || name[1 + length] != ':')
			continue;
		*ret_fate = fate;
		*ret_reason = name + length + 2;
		*ret_reason_size = size - length - 3;
		return true;
	}
	return false;
}

static struct fate_reason *find_row(struct fates *fates, enum fate fate, uint32_t reason)
{
	for (size_t i = 0; i < fates->reason_count; i++)
		if (fates->reasons[i].fate == fate && fates->reasons[i].reason == reason)
			return &fates->reasons[i];
	return NULL;
}

static void fates_add(struct fates *fates, enum fate fate, uint32_t reason, uint64_t ticks)
{
	struct fate_reason *row = find_row(fates, fate, reason);

	if (!row && fates->reason_count >= FATE_REASONS_MAX) {
		reason = PROFILE_NONE;
		row = find_row(fates, fate, reason);
	}
	if (!row) {
		row = &fates->reasons[fates->reason_count++];
		*row = (struct fate_reason){ .fate = fate, .reason = reason };
	}
	row->ticks += ticks;
	*(fate == FATE_TRUNCATED ? &fates->truncated : &fates->lost) += ticks;
}

static bool has_markers(const struct profile *profile)
{
	uint32_t count = profile_frame_count(profile);

	for (uint32_t i = 0; i < count; i++)
		if (profile_frame(profile, i)->kind == FRAME_MARKER)
			return true;
	return false;
}

/* The marker that a node is or lies below, or PROFILE_NONE; parents come before children. */
static uint32_t marker_of(const struct profile *profile, uint32_t node, const uint32_t *markers)
{
	const struct stack_node *entry = profile_node(profile, node);

	if (node == PROFILE_ROOT)
		return PROFILE_NONE;
	if (profile_frame(profile, entry->frame)->kind == FRAME_MARKER)
		return profile_frame(profile, entry->frame)->name;
	return markers[entry->parent];
}

static int add_markers(const struct profile *profile, struct fates *fates)
{
	uint32_t count = profile_node_count(profile);
	_cleanup_free_ uint32_t *markers = malloc(count * sizeof(*markers));

	if (!markers)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const struct stack_node *node = profile_node(profile, i);
		const char *name, *reason;
		size_t size, reason_size;
		enum fate fate;

		markers[i] = marker_of(profile, i, markers);
		if (markers[i] == PROFILE_NONE || !node->self)
			continue;
		name = profile_string(profile, markers[i], &size);
		if (fate_parse_marker(name, size, &fate, &reason, &reason_size))
			fates_add(fates, fate, markers[i], node->self);
	}
	return 0;
}

int profile_fates(const struct profile *profile, struct fates *ret_fates)
{
	struct fates fates = { .due = profile_total(profile) };
	int error = has_markers(profile) ? add_markers(profile, &fates) : 0;

	if (error)
		return error;
	fates.complete = fates.due - fates.truncated - fates.lost;
	*ret_fates = fates;
	return 0;
}

const char *fate_reason_text(const struct profile *profile, const struct fate_reason *reason,
			     size_t *ret_size)
{
	const char *name, *text = "";
	enum fate fate;
	size_t size;

	if (reason->reason == PROFILE_NONE) {
		*ret_size = strlen("other");
		return "other";
	}
	name = profile_string(profile, reason->reason, &size);
	*ret_size = 0;
	fate_parse_marker(name, size, &fate, &text, ret_size);
	return text;
}
