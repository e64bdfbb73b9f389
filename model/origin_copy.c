/* SPDX-License-Identifier: Apache-2.0 */
#include "model/origin_copy.h"

#include <errno.h>
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

	*new = *old;
	new->command = new->machine = new->event = NULL;
	if (copy_text(old->command, &new->command) || copy_text(old->machine, &new->machine) ||
	    copy_text(old->event, &new->event))
		return -ENOMEM;
	return 0;
}

int origin_copy_with_before(const struct profile *from, struct profile *to)
{
	struct profile_origin *new = profile_origin(to);
	struct fates fates;
	int error = origin_copy(from, to);

	if (error)
		return error;
	if (new->before.due || profile_total(from) == profile_total(to))
		return 0;
	error = profile_fates(from, &fates);
	if (!error)
		new->before = (struct profile_before){ fates.due, fates.truncated, fates.lost };
	return error;
}
