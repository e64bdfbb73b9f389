/* SPDX-License-Identifier: Apache-2.0 */
/* What naming took, by module: for --stats. Not thread-safe. */
#ifndef HEARTH_PROFILER_NAMING_COSTS_H
#define HEARTH_PROFILER_NAMING_COSTS_H

#include <stdint.h>

#include "base/buffer.h"
#include "elf/build_id.h"
#include "symbolize/symbolizer.h"

struct modules;

#define NAMING_COSTS_SAID 20 /* the dearest modules; the others are summed */
#define NAMING_COSTS_LOGGED \
	3 /* modules whose debugging information cannot be used; the others are counted */

/* All that was asked of a module. */
struct naming_cost {
	uint64_t module;       /* MODULE_ANONYMOUS: the code that one process made */
	uint64_t asked, named; /* addresses */
	uint64_t cpu_ns;       /* of the worker; for the kernel and the vdso of hearth itself */
	uint64_t
		worker_peak_bytes; /* what the worker had resident at its most until then, 0: it was not asked */
	struct build_id build_id; /* size 0: none is known */
	int debug_info_error; /* why its debugging information cannot be used, an errno; 0: it can, or there is none */
	struct symbol_file_use files; /* that the worker keeps open from one question to the next */
};

struct naming_costs {
	struct buffer costs; /* struct naming_cost */
};

/* Zeroed it is empty. */
void naming_costs_release(struct naming_costs *costs);

/* Without memory it is not there; buffer_error(&costs->costs) tells. */
void naming_costs_add(struct naming_costs *costs, const struct naming_cost *cost);

/* A line, if some module's debugging information cannot be used. */
void naming_costs_log(const struct naming_costs *costs, const struct modules *modules);

/* An object, without what would stand around it; sorts them. */
void naming_costs_write_json(struct naming_costs *costs, const struct modules *modules,
			     struct buffer *to);

#endif
