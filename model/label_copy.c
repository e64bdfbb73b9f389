/* SPDX-License-Identifier: Apache-2.0 */
#include "model/label_copy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/samples.h"

static int copy_set(const struct profile *from, struct profile *to, struct label_set set,
		    uint32_t *ret_labels)
{
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
		if (set.values[label] != PROFILE_NONE && !sample_label_is_number(label) &&
		    profile_copy_string(to, from, &set.values[label]))
			return -ENOMEM;
	return profile_add_labels(to, &set, ret_labels);
}

int label_copy(const struct profile *from, struct profile *to, uint32_t **ret_labels)
{
	const struct samples *samples = profile_samples(from);
	uint32_t count = samples_labels_count(samples);
	_cleanup_free_ uint32_t *labels = malloc((count + 1) * sizeof(*labels));
	int error = labels ? 0 : -ENOMEM;

	for (uint32_t i = 0; !error && i < count; i++)
		error = copy_set(from, to, *samples_labels(samples, i), &labels[i]);
	if (!error)
		*ret_labels = take_ptr(labels);
	return error;
}
