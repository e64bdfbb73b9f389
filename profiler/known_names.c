/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/known_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/record_pool.h"
#include "base/string_pool.h"

/* A part of the half's links. */
struct known {
	struct known_place place; /* the key */
	uint64_t told_ns;
	uint32_t first, count; /* count 0: only the key was added, for want of memory */
	uint64_t is_root;
};

struct half {
	struct record_pool known;
	struct buffer links; /* struct frame_name, whose strings are the pool's */
	struct string_pool strings;
};

struct known_names {
	uint32_t max;
	struct half present, past;
};

static void half_init(struct half *half)
{
	*half = (struct half){ 0 };
	record_pool_init(&half->known, sizeof(struct known), sizeof(struct known_place));
	string_pool_init(&half->strings);
}

static void half_release(struct half *half)
{
	record_pool_release(&half->known);
	buffer_release(&half->links);
	string_pool_release(&half->strings);
}

struct known_names *known_names_new(uint32_t max)
{
	struct known_names *known = calloc(1, sizeof(*known));

	if (!known)
		return NULL;
	known->max = max;
	half_init(&known->present);
	half_init(&known->past);
	return known;
}

void known_names_free(struct known_names *known)
{
	if (!known)
		return;
	half_release(&known->present);
	half_release(&known->past);
	free(known);
}

void known_names_clear(struct known_names *known)
{
	half_release(&known->present);
	half_release(&known->past);
	half_init(&known->present);
	half_init(&known->past);
}

/* --- adding --- */

/* A place that is told anew leaves the links behind that it had. */
static bool has_room(const struct known_names *known)
{
	const struct half *present = &known->present;

	return present->known.count < known->max &&
	       present->strings.arena.bytes < KNOWN_NAMES_MAX_BYTES &&
	       present->links.size / sizeof(struct frame_name) <
		       (size_t)known->max * KNOWN_NAMES_MAX_LINKS;
}

static void make_room(struct known_names *known)
{
	if (has_room(known))
		return;
	half_release(&known->past);
	known->past = known->present;
	half_init(&known->present);
}

static int keep_string(struct half *half, const char *text, const char **ret_kept)
{
	uint32_t id;
	int error = text ? string_pool_add(&half->strings, text, strlen(text), &id) : 0;

	if (error)
		return error;
	*ret_kept = text ? string_pool_get(&half->strings, id, NULL) : NULL;
	return 0;
}

static int append_link(struct half *half, const struct frame_name *name)
{
	struct frame_name link = { .line = name->line };
	int error = keep_string(half, name->function, &link.function);

	if (!error)
		error = keep_string(half, name->file, &link.file);
	if (error)
		return error;
	buffer_append(&half->links, &link, sizeof(link));
	return buffer_error(&half->links);
}

static int half_add(struct half *half, const struct known_place *place, uint64_t told_ns,
		    const struct known_name *name)
{
	uint32_t first = (uint32_t)(half->links.size / sizeof(struct frame_name)), index;
	struct known *known;
	int error = 0;

	for (size_t i = 0; i < name->count && !error; i++)
		error = append_link(half, &name->names[i]);
	if (!error)
		error = record_pool_add(&half->known, place, &index);
	if (error)
		return error;
	known = record_pool_get(&half->known, index);
	known->told_ns = told_ns;
	known->first = first;
	known->count = (uint32_t)name->count;
	known->is_root = name->is_root;
	return 0;
}

int known_names_add(struct known_names *known, const struct known_place *place, uint64_t now_ns,
		    const struct known_name *name)
{
	if (!name->count || name->count > KNOWN_NAMES_MAX_CHAIN)
		return 0;
	make_room(known);
	return half_add(&known->present, place, now_ns, name);
}

/* --- finding --- */

static bool half_find(const struct half *half, const struct known_place *place, uint64_t now_ns,
		      struct known_name *ret_name, uint64_t *ret_told_ns)
{
	const struct known *known;
	uint32_t index;

	if (!record_pool_find(&half->known, place, &index))
		return false;
	known = record_pool_get(&half->known, index);
	if (!known->count || now_ns - known->told_ns >= KNOWN_NAMES_NS)
		return false;
	*ret_name = (struct known_name){
		.names = (const struct frame_name *)half->links.data + known->first,
		.count = known->count,
		.is_root = known->is_root,
	};
	*ret_told_ns = known->told_ns;
	return true;
}

/* What is in the past half moves on; where there is no room for it, it is the last time. */
bool known_names_find(struct known_names *known, const struct known_place *place, uint64_t now_ns,
		      struct known_name *ret_name)
{
	uint64_t told_ns;

	if (half_find(&known->present, place, now_ns, ret_name, &told_ns))
		return true;
	if (!half_find(&known->past, place, now_ns, ret_name, &told_ns))
		return false;
	if (has_room(known))
		(void)!half_add(&known->present, place, told_ns, ret_name);
	return true;
}
