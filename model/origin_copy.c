/* SPDX-License-Identifier: Apache-2.0 */
#include "model/origin_copy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/fates.h"
#include "model/profile.h"

static int copy_text(const char *text, char **ret_copy)
{
	*ret_copy = text ? strdup(text) : NULL;
	return text && !*ret_copy ? -ENOMEM : 0;
}

int origin_copy(const struct profile *from, struct profile *to)
{
	const struct profile_origin *old = profile_origin_of(from);
	struct profile_origin *new = profile_origin(to);

	free(new->command);
	free(new->machine);
	free(new->event);
	*new = *old;
	new->command = new->machine = new->event = NULL;
	if (copy_text(old->command, &new->command) || copy_text(old->machine, &new->machine) ||
	    copy_text(old->event, &new->event))
		return -ENOMEM;
	return 0;
}

int origin_all_ticks(const struct profile *profile, struct profile_before *ret_all)
{
	const struct profile_origin *origin = profile_origin_of(profile);
	struct fates fates;
	int error = 0;

	if (origin->before.due) {
		*ret_all = origin->before;
		return 0;
	}
	error = profile_fates(profile, &fates);
	if (!error)
		*ret_all = (struct profile_before){ fates.due, fates.truncated, fates.lost };
	return error;
}

int origin_copy_with_before(const struct profile *from, struct profile *to)
{
	struct profile_origin *new = profile_origin(to);
	int error = origin_copy(from, to);

	if (error || new->before.due || profile_total(from) == profile_total(to))
		return error;
	return origin_all_ticks(from, &new->before);
}

/* --- of two that are added --- */

static bool is_same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void keep_text_if_same(char **text, const char *other)
{
	if (is_same_text(*text, other))
		return;
	free(*text);
	*text = NULL;
}

bool origin_differs(const struct profile *a, const struct profile *b)
{
	const struct profile_origin *one = profile_origin_of(a), *other = profile_origin_of(b);

	return (one->rate_hz && other->rate_hz && one->rate_hz != other->rate_hz) ||
	       (one->event && other->event && strcmp(one->event, other->event) != 0);
}

static int merge_before(struct profile *into, const struct profile *from)
{
	struct profile_before all, added;
	int error;

	if (!profile_origin_of(into)->before.due && !profile_origin_of(from)->before.due)
		return 0;
	error = origin_all_ticks(into, &all);
	if (!error)
		error = origin_all_ticks(from, &added);
	if (!error && added.due > (uint64_t)INT64_MAX - all.due)
		error = -EOVERFLOW;
	if (!error)
		profile_origin(into)->before = (struct profile_before){
			all.due + added.due, all.truncated + added.truncated, all.lost + added.lost
		};
	return error;
}

int origin_merge(struct profile *into, const struct profile *from)
{
	const struct profile_origin *other = profile_origin_of(from);
	struct profile_origin *origin = profile_origin(into);
	const bool are_timed = origin->time_unix_ns && other->time_unix_ns;

	keep_text_if_same(&origin->command, other->command);
	keep_text_if_same(&origin->machine, other->machine);
	keep_text_if_same(&origin->event, other->event);
	if (!are_timed || other->time_unix_ns < origin->time_unix_ns)
		origin->time_unix_ns = are_timed ? other->time_unix_ns : 0;
	if (!origin->duration_ns || !other->duration_ns ||
	    __builtin_add_overflow(origin->duration_ns, other->duration_ns, &origin->duration_ns))
		origin->duration_ns = 0;
	if (origin->rate_hz != other->rate_hz)
		origin->rate_hz = 0;
	origin->fates_are_known &= other->fates_are_known;
	return merge_before(into, from);
}
