/* SPDX-License-Identifier: Apache-2.0 */
#include "render/pprof_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/protobuf.h"
#include "model/profile.h"
#include "render/pprof_locations.h"

#define FIRST_CAPACITY 1024

/* A location of the stack. */
struct path_step {
	uint32_t node; /* the innermost one of its frames */
	uint32_t size; /* bytes of it and of those nearer to the root */
};

void pprof_path_release(struct pprof_path *path)
{
	buffer_release(&path->steps);
	buffer_release(&path->further);
	free(path->room);
	*path = (struct pprof_path){ 0 };
}

static size_t step_count(const struct pprof_path *path)
{
	return path->steps.size / sizeof(struct path_step);
}

static size_t path_size(const struct pprof_path *path)
{
	const struct path_step *steps = (const struct path_step *)path->steps.data;

	return step_count(path) ? steps[step_count(path) - 1].size : 0;
}

/* Steps of other nodes than this or its callers go; a node's ID is greater than its parent's. */
static void drop_beyond(struct pprof_path *path, uint32_t node)
{
	const struct path_step *steps = (const struct path_step *)path->steps.data;
	size_t count = step_count(path);

	while (count && steps[count - 1].node > node)
		count--;
	path->steps.size = count * sizeof(*steps);
}

static bool has_last(const struct pprof_path *path, uint32_t node)
{
	const struct path_step *steps = (const struct path_step *)path->steps.data;
	size_t count = step_count(path);

	return count ? steps[count - 1].node == node : node == PROFILE_ROOT;
}

/* The nodes from this one to the first that the path has. */
static void find_further(struct pprof_path *path, const struct pprof_locations *locations,
			 uint32_t node)
{
	buffer_clear(&path->further);
	for (drop_beyond(path, node); !has_last(path, node); drop_beyond(path, node)) {
		buffer_append(&path->further, &node, sizeof(node));
		node = pprof_locations_caller(locations, node);
	}
}

static int grow(struct pprof_path *path, size_t used)
{
	size_t capacity = path->capacity ? path->capacity * 2 : FIRST_CAPACITY;
	uint8_t *room = malloc(capacity);

	if (!room)
		return -ENOMEM;
	if (used)
		memcpy(room + capacity - used, path->room + path->capacity - used, used);
	free(path->room);
	path->room = room;
	path->capacity = capacity;
	return 0;
}

static int add_step(struct pprof_path *path, uint32_t node, uint32_t location)
{
	uint8_t bytes[PROTOBUF_VARINT_MAX_BYTES];
	size_t size = (size_t)(protobuf_put(bytes, location) - bytes), used = path_size(path);
	struct path_step step = { node, (uint32_t)(used + size) };

	if (used + size > path->capacity && grow(path, used))
		return -ENOMEM;
	memcpy(path->room + path->capacity - step.size, bytes, size);
	buffer_append(&path->steps, &step, sizeof(step));
	return buffer_error(&path->steps);
}

int pprof_path_make(struct pprof_path *path, const struct pprof_locations *locations, uint32_t node,
		    const uint8_t **ret_bytes, size_t *ret_size)
{
	const uint32_t *further;
	int error;

	find_further(path, locations, node);
	further = (const uint32_t *)path->further.data;
	error = buffer_error(&path->further);
	for (size_t i = path->further.size / sizeof(*further); i-- && !error;)
		error = add_step(path, further[i], locations->of_node[further[i]]);
	if (error)
		return error;
	*ret_size = path_size(path);
	*ret_bytes = path->room + path->capacity - *ret_size;
	return 0;
}
