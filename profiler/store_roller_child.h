/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rolls slices up, seen from inside: the process that hearth runs under the name STORE_ROLLER_NAME takes its order from standard input, goes into the cage, and answers there. In the machine's byte order:
 *
 *     hearth -> roller   struct roller_order, and as many struct slice_entry as it says
 *     roller -> hearth   struct roller_start, before any slice is opened; if it is shut in, for each chunk a struct roller_record and its bytes; a record that is the end
 *
 * Whatever the roller says may have been said by whoever took it over.
 */
#ifndef HEARTH_PROFILER_STORE_ROLLER_CHILD_H
#define HEARTH_PROFILER_STORE_ROLLER_CHILD_H

#include <stdint.h>

#include "store/slice_window.h"

#define STORE_ROLLER_NAME "hearth-roller" /* as argv[0] */

#define ROLLER_MAX_SLICES 4096

struct roller_order {
	char folder[4096];
	uint32_t level;   /* enum roll_up_number */
	uint32_t is_slow; /* it rests most of the time */
	uint64_t count;
};

struct roller_start {
	int32_t error; /* 0: it is shut in; else it could not be, and does nothing: why, and what failed */
	char failed[64];
};

struct roller_record {
	uint32_t is_end;
	int32_t error; /* of the end, and so is this: */
	uint64_t taken;
	/* Of a chunk: */
	uint64_t kind, size, packed_size;
	struct window_span span;
};

/* Does all of it, and says how it went. */
int store_roller_child_main(void);

#endif
