/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A perf map, /tmp/perf-PID.map (Linux's tools/perf/Documentation/jit-interface.txt): what a runtime says of the code
 * that it made, a line each, in hexadecimal:
 *
 *	3ef414c0 398 RegExp:[{(]
 *	START    SIZE NAME
 *
 * The runtime appends while it runs, so the map may be read again, and goes on where it was. Code that was made
 * where other code had been is told later, so of two lines that overlap the later one wins, there and only there. A last
 * line without its end is not complete yet. What is no such line, is longer than PERF_MAP_MAX_LINE or holds a
 * NUL is passed over.
 *
 * Any process may write anything into such a file: the limits below bound what it can make us read and keep. What lies
 * beyond them is not looked at. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_PERF_MAP_H
#define HEARTH_SYMBOLIZE_PERF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

/* A JVM with everything has some 10 MiB and 100,000 lines. */
#define PERF_MAP_MAX_BYTES (64u << 20)
#define PERF_MAP_MAX_LINES (1u << 19)
#define PERF_MAP_MAX_LINE  (16u << 10)

struct perf_map;

struct perf_map *perf_map_new(void); /* NULL: out of memory */
void perf_map_free(struct perf_map *map);

/*
 * Reads what a file holds beyond what was read before; all of it anew if it is another file or has become shorter. 0,
 * -EINVAL: not a regular file; -ENOMEM; or a read error: then nothing is known.
 */
int perf_map_read(struct perf_map *map, int fd);

/* The name of the code at an address, which need not be valid UTF-8, and where that code starts; NULL: unknown. */
const char *perf_map_find(const struct perf_map *map, uint64_t address, uint64_t *ret_start);

/* The disjoint ranges that lines came to, for tests. */
size_t perf_map_range_count(const struct perf_map *map);

/* A line without its end. False: it is none, or of no bytes, or reaches beyond the last address. */
struct perf_map_line {
	uint64_t start, end;
	struct bytes name;
};

bool perf_map_parse_line(struct bytes line, struct perf_map_line *ret_line);

#endif
