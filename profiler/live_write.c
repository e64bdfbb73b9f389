/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/live_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "model/frame_copy.h"
#include "model/label_copy.h"
#include "model/node_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/output.h"
#include "terminal/picture.h"
#include "terminal/process_table.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* With its callers. */
static void want_node(const struct profile *from, uint32_t node, bool *wanted)
{
	for (; node != PROFILE_NONE && !wanted[node]; node = profile_node(from, node)->parent)
		wanted[node] = true;
}

static bool is_chosen(const struct profile *from, const struct samples *samples, size_t index,
		      const struct process_id *chosen)
{
	struct sample sample = samples_get(samples, index);

	return process_id_takes(chosen, from, samples_labels(samples, sample.labels));
}

static int copy_nodes(const struct profile *from, const struct process_id *chosen,
		      struct profile *to, uint32_t *nodes)
{
	const struct samples *samples = profile_samples(from);
	_cleanup_free_ bool *wanted = calloc(profile_node_count(from) + 1, sizeof(*wanted));
	struct frame_copy frames;
	int error = frame_copy_init(&frames, from, to, FRAME_LINES_KEPT, false);

	if (!wanted)
		error = -ENOMEM;
	for (size_t i = 0; !error && i < samples_count(samples); i++)
		if (is_chosen(from, samples, i, chosen))
			want_node(from, samples_get(samples, i).node, wanted);
	if (!error)
		error = node_copy(&frames, wanted, nodes);
	frame_copy_release(&frames);
	return error;
}

static int copy_samples(const struct profile *from, const struct process_id *chosen,
			struct profile *to, const uint32_t *nodes)
{
	const struct samples *samples = profile_samples(from);
	_cleanup_free_ uint32_t *labels = NULL;
	int error = label_copy(from, to, &labels);

	for (size_t i = 0; i < samples_count(samples) && !error; i++) {
		struct sample sample = samples_get(samples, i);
		uint64_t value = samples_value(samples, i, 0);

		if (!is_chosen(from, samples, i, chosen))
			continue;
		sample.node = nodes[sample.node];
		sample.labels = labels[sample.labels];
		error = profile_add_sample(to, &sample, &value);
	}
	return error;
}

static int choose(const struct profile *from, const struct process_id *chosen, struct profile *to)
{
	_cleanup_free_ uint32_t *nodes = calloc(profile_node_count(from) + 1, sizeof(*nodes));
	int error = nodes ? profile_keep_samples(to) : -ENOMEM;

	if (!error && profile_samples(from))
		error = copy_nodes(from, chosen, to, nodes);
	if (!error && profile_samples(from))
		error = copy_samples(from, chosen, to, nodes);
	return error ? error : origin_copy(from, to);
}

static int write_to(struct output *output, const struct profile *profile, const char *path)
{
	int error;

	output->path = path;
	error = output_check(output, path);
	return error ? error : output_write(output, profile);
}

int live_write(const struct picture *picture, const struct process_id *chosen, const char *path)
{
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	_cleanup_(output_release) struct output output = { 0 };
	int error = profile ? choose(picture->profile, chosen, profile) : -ENOMEM;

	if (!error)
		error = output_init(&output);
	if (error) {
		log_error("cannot write %s: %s", path, strerror(-error));
		return error;
	}
	output.is_of_recording = true;
	return write_to(&output, profile, path);
}
