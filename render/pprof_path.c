/* SPDX-License-Identifier: Apache-2.0 */
#include "render/pprof_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/protobuf.h"
#include "render/pprof_locations.h"

#define FIRST_CAPACITY 1024

/* A node of the stack. */
struct path_step {
	uint32_t location;
	uint32_t before; /* bytes of the locations nearer to the root */
	uint32_t size;   /* and with this one, if the stack ends here */
};

void pprof_path_release(struct pprof_path *path)
{
	stack_path_release(&path->nodes);
	buffer_release(&path->steps);
	free(path->room);
	*path = (struct pprof_path){ 0 };
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

/* Writes a step's number in front of those before. Most take a byte or two. */
static inline int write_step(struct pprof_path *path, struct path_step *step)
{
	uint8_t bytes[PROTOBUF_VARINT_MAX_BYTES], *to;
	size_t size = (size_t)(protobuf_put(bytes, step->location) - bytes);

	step->size = step->before + (uint32_t)size;
	if (step->size > path->capacity && grow(path, step->before))
		return -ENOMEM;
	to = path->room + path->capacity - step->size;
	to[0] = bytes[0];
	if (size == 2)
		to[1] = bytes[1];
	else if (size > 2)
		memcpy(to, bytes, size);
	return 0;
}

/* What is inlined stands in the place of what it is inlined into. */
static int add_step(struct pprof_path *path, struct pprof_locations *locations, uint32_t node,
		    const struct path_step *last, struct path_step *ret_step)
{
	bool is_inlined = false;
	int error = pprof_locations_find(locations, node, last ? last->location : 0,
					 &ret_step->location, &is_inlined);

	if (error)
		return error;
	ret_step->before = !last ? 0 : is_inlined ? last->before : last->size;
	return write_step(path, ret_step);
}

int pprof_path_make(struct pprof_path *path, struct pprof_locations *locations, uint32_t node,
		    const uint8_t **ret_bytes, size_t *ret_size)
{
	struct path_step *steps;
	size_t kept, count;
	int error = stack_path_find(&path->nodes, locations->profile, node, &kept);

	if (!error)
		error = stack_path_take(&path->nodes, kept);
	count = path->nodes.count;
	buffer_reserve(&path->steps, count * sizeof(*steps));
	if (!error)
		error = buffer_error(&path->steps);
	steps = (struct path_step *)path->steps.data;
	if (kept && !error)
		error = write_step(path,
				   &steps[kept - 1]); /* what was inlined into it stood there */
	for (size_t i = kept; i < count && !error; i++)
		error = add_step(path, locations, path->nodes.steps[i], i ? &steps[i - 1] : NULL,
				 &steps[i]);
	*ret_size = count && !error ? steps[count - 1].size : 0;
	*ret_bytes = path->room + path->capacity - *ret_size;
	return error;
}
