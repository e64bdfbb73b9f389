/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a pprof profile, which its samples refer to: strings, functions, mappings and locations, the latter as frames of the profile
 * that is built. Private to model/pprof_*.c. They point into the bytes that they were read from.
 */
#ifndef HEARTH_MODEL_PPROF_TABLES_H
#define HEARTH_MODEL_PPROF_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/protobuf.h"
#include "base/u64_map.h"

struct profile;

#define PPROF_MAX_LINES 256 /* of a location; inlined calls beyond it are left out */

/* Where an ID's entry stands. IDs are any number but 0; nearly always they count from 1. */
struct pprof_ids {
	struct buffer dense;   /* uint32_t per ID: index + 1, 0: none */
	struct u64_map sparse; /* of the others */
};

/* A location's frames: a part of `frames`, outermost first. */
struct pprof_location {
	uint32_t first, count;
};

struct pprof_tables {
	struct buffer strings;         /* struct bytes */
	struct buffer functions;       /* private */
	struct buffer mappings;        /* private */
	struct buffer location_fields; /* struct bytes */
	struct buffer locations;       /* struct pprof_location */
	struct buffer frames;          /* uint32_t */
	struct pprof_ids function_ids, mapping_ids, location_ids;
	bool has_missed; /* a string or a function that is not there was asked for */
};

void pprof_tables_init(struct pprof_tables *tables);
void pprof_tables_release(struct pprof_tables *tables);

/*
 * Takes a field of the profile if it is an entry of a table: 0, -ENOMEM, or -EPROTO: it is no such entry.
 */
int pprof_tables_take(struct pprof_tables *tables, const struct protobuf_field *field);

/* When all fields were taken: locations become frames. What refers to nothing has no name. 0 or -ENOMEM. */
int pprof_tables_resolve(struct pprof_tables *tables, struct profile *profile);

/* Empty if there is no such string, which is then noted. */
struct bytes pprof_tables_string(struct pprof_tables *tables, uint64_t index);

/* The first string is empty, also if there is none, and the function 0 is none. */
bool pprof_tables_has_string(const struct pprof_tables *tables, uint64_t index);
bool pprof_tables_has_function(const struct pprof_tables *tables, uint64_t id);

/* Of an ID that does not nearly count from 1; serves the next one. */
const struct pprof_location *pprof_tables_sparse_location(const struct pprof_tables *tables,
							  uint64_t id);

/* NULL: there is none. */
static inline const struct pprof_location *pprof_tables_location(const struct pprof_tables *tables,
								 uint64_t id)
{
	const uint32_t *dense = (const uint32_t *)tables->location_ids.dense.data;

	if (id < tables->location_ids.dense.size / sizeof(*dense) && dense[id])
		return (const struct pprof_location *)tables->locations.data + dense[id] - 1;
	return pprof_tables_sparse_location(tables, id);
}

#endif
