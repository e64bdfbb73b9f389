/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stack_path.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64

void stack_path_release(struct stack_path *path)
{
	free(path->steps);
	free(path->further);
	*path = (struct stack_path){ 0 };
}

static int reserve(uint32_t **array, size_t *capacity, size_t count)
{
	size_t more = *capacity ? *capacity : FIRST_CAPACITY;
	uint32_t *grown;

	if (count <= *capacity)
		return 0;
	while (more < count)
		more *= 2;
	grown = realloc(*array, more * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = more;
	return 0;
}

/* A node's ID is greater than its parent's, so that of the steps those with greater ones than what the way up has come to are not on its path. */
int stack_path_find(struct stack_path *path, const struct profile *profile, uint32_t node,
		    size_t *ret_kept)
{
	const struct stack_node *nodes = profile_nodes(profile);
	size_t kept = path->count, further = 0;
	uint32_t at = node, last = kept ? path->steps[kept - 1] : PROFILE_ROOT;

	while (at != last) {
		while (at > last) {
			if (further == path->further_capacity &&
			    reserve(&path->further, &path->further_capacity, further + 1))
				return -ENOMEM;
			path->further[further++] = at;
			at = nodes[at].parent;
		}
		while (kept && path->steps[kept - 1] > at)
			kept--;
		last = kept ? path->steps[kept - 1] : PROFILE_ROOT;
	}
	path->further_count = further;
	*ret_kept = kept;
	return 0;
}

int stack_path_take(struct stack_path *path, size_t kept)
{
	if (reserve(&path->steps, &path->capacity, kept + path->further_count))
		return -ENOMEM;
	path->count = kept;
	while (path->further_count)
		path->steps[path->count++] = path->further[--path->further_count];
	return 0;
}
