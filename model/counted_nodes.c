/* SPDX-License-Identifier: Apache-2.0 */
#include "model/counted_nodes.h"

#include <stdlib.h>

#include "model/profile.h"
#include "model/samples.h"

bool *counted_nodes(const struct profile *profile, uint32_t value)
{
	const struct samples *samples = profile_samples(profile);
	const struct stack_node *nodes = profile_nodes(profile);
	uint32_t count = profile_node_count(profile);
	bool *counted = calloc(count, sizeof(*counted));

	if (!counted)
		return NULL;
	for (size_t i = 0; samples && i < samples_count(samples); i++)
		if (value == PROFILE_NONE || samples_value(samples, i, value))
			counted[samples_get(samples, i).node] = true;
	for (uint32_t i = count - 1; i > 0; i--) { /* parents come before children */
		counted[i] |= !samples && nodes[i].self;
		counted[nodes[i].parent] |= counted[i];
	}
	counted[PROFILE_ROOT] = true;
	return counted;
}
