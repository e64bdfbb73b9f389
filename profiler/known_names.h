/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What places in files are called, as it was found: a further slice of a store, which has no names yet, asks for what is new alone. Names of a file that has none yet, or has better ones when
 * its debugging information is there, are asked for once more after KNOWN_NAMES_NS.
 *
 * What was not looked up for the longest time is forgotten first: names stand in the present half, and when that is full it becomes the past one, of which what is looked up moves on to the
 * present, and all else goes when that is full. One thread at a time.
 */
#ifndef HEARTH_PROFILER_KNOWN_NAMES_H
#define HEARTH_PROFILER_KNOWN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/slice_names.h"

/* Of each half. */
#define KNOWN_NAMES_MAX       32768
#define KNOWN_NAMES_MAX_BYTES ((size_t)4 << 20) /* of strings */
#define KNOWN_NAMES_MAX_LINKS 8                 /* of chains, for each of its places, on average */

#define KNOWN_NAMES_MAX_CHAIN 64 /* a longer one is not kept */

#define KNOWN_NAMES_NS (6 * 3600 * (uint64_t)1000000000)

struct known_names;

/* A place of a file, whose number is the caller's. */
struct known_place {
	uint64_t file, offset;
};

struct known_name {
	const struct frame_name *names; /* as store_writer.h has them */
	size_t count;                   /* not 0 */
	bool is_root;
};

struct known_names *known_names_new(uint32_t max); /* places of a half; NULL: out of memory */
void known_names_free(struct known_names *known);

/* Forgets all of it. */
void known_names_clear(struct known_names *known);

/* Strings are copied. `now_ns` is of any clock that goes on. 0 or -ENOMEM. What has no name, or too long a chain, is not kept. */
int known_names_add(struct known_names *known, const struct known_place *place, uint64_t now_ns,
		    const struct known_name *name);

/* False: it is not known, or to be asked for once more. What is returned holds until the next call. */
bool known_names_find(struct known_names *known, const struct known_place *place, uint64_t now_ns,
		      struct known_name *ret_name);

#endif
