/* SPDX-License-Identifier: Apache-2.0 */
/* Slices of the store in which the views of the front (front_source.h) met damage: what answers leave out is told. Thread-safe. */
#ifndef HEARTH_PROFILER_FRONT_DAMAGE_H
#define HEARTH_PROFILER_FRONT_DAMAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice_entry;

#define FRONT_DAMAGE_MAX 256 /* slices; further ones are not told of */

struct front_damaged {
	uint64_t number, end_ns; /* 0: it is still written */
	uint64_t chunks;         /* that are damaged, or are not there */
	bool is_lost;            /* nothing of it can be read */
};

struct front_damage {
	pthread_mutex_t lock; /* of what follows */
	struct front_damaged slices[FRONT_DAMAGE_MAX];
	size_t count;
};

void front_damage_init(struct front_damage *damage);
void front_damage_release(struct front_damage *damage);

/* Of a slice `chunks` of which are damaged, or of which nothing can be read. True: nothing was known of that. */
bool front_damage_note(struct front_damage *damage, const struct slice_entry *slice,
		       uint64_t chunks, bool is_lost);

/* What is known of a slice by its number; all zeroes: nothing is. */
struct front_damaged front_damage_find(struct front_damage *damage, uint64_t number);

/* Slices, but for those that ended before a moment, which are not kept any more. */
uint64_t front_damage_count(struct front_damage *damage, uint64_t oldest_ns);

#endif
