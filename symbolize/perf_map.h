/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A perf map, /tmp/perf-PID.map (Linux's tools/perf/Documentation/jit-interface.txt): what a runtime says of the code
 * that it made, a line each, in hexadecimal:
 *
 *	3ef414c0 398 RegExp:[{(]
 *	START    SIZE NAME
 *
 * The runtime appends while it runs. Code that was made where other code had been is told later, so of two lines that overlap
 * the later one wins, there and only there, from the time on that it was seen. A last line without its end is not complete
 * yet. What is no such line, is longer than PERF_MAP_MAX_LINE or holds a NUL is passed over.
 *
 * The parser takes the file's bytes in order, in pieces of any size, and tells a history; it opens and reads nothing. Any
 * process may write anything into such a file. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_PERF_MAP_H
#define HEARTH_SYMBOLIZE_PERF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "symbolize/code_history.h"

/* A JVM with everything has some 10 MiB and 100,000 lines. */
#define PERF_MAP_MAX_BYTES (256u << 20)
#define PERF_MAP_MAX_LINE  (16u << 10)

struct perf_map {
	struct code_history *history;
	struct buffer begun; /* a line whose end is still to come */
	bool in_long_line;
};

/* The history lives longer. */
void perf_map_init(struct perf_map *map, struct code_history *history);
void perf_map_release(struct perf_map *map);

/* Takes the next bytes: the lines that end in them are of that time. 0 or -ENOMEM. */
int perf_map_take(struct perf_map *map, struct bytes bytes, struct code_time time);

/* A line without its end. False: it is none, or of no bytes, or reaches beyond the last address. */
struct perf_map_line {
	uint64_t start, end;
	struct bytes name;
};

bool perf_map_parse_line(struct bytes line, struct perf_map_line *ret_line);

#endif
