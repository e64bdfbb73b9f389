/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/file_looks.h"

#include <stdlib.h>

void file_looks_release(struct file_looks *looks)
{
	free(looks->looks);
	*looks = (struct file_looks){ 0 };
}

/* A dropped one's bytes were written between the one before it and the one behind it. */
static void drop_every_other(struct file_looks *looks)
{
	for (size_t i = 0; i * 2 + 1 < looks->count; i++)
		looks->looks[i] = looks->looks[i * 2 + 1];
	looks->count /= 2;
}

static int reserve(struct file_looks *looks)
{
	size_t capacity = looks->capacity ? looks->capacity * 2 : 8;
	struct code_look *grown;

	if (looks->count < looks->capacity)
		return 1;
	grown = realloc(looks->looks, capacity * sizeof(*grown));
	if (!grown)
		return 0;
	looks->looks = grown;
	looks->capacity = capacity;
	return 1;
}

void file_looks_add(struct file_looks *looks, struct code_look look)
{
	struct code_look *last = looks->count ? &looks->looks[looks->count - 1] : NULL;

	look.last_ns = look.time_ns;
	if (last && look.size == last->size) {
		last->last_ns = look.time_ns;
		return;
	}
	if (last && look.size < last->size)
		looks->count = 0;
	if (looks->count >= FILE_LOOKS_MAX)
		drop_every_other(looks);
	if (reserve(looks))
		looks->looks[looks->count++] = look;
}
