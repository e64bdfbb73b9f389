/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a perf map, read at once and in two pieces, as a runtime writes while it is read: both must
 * come to the same names.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void append(int fd, const uint8_t *data, size_t size)
{
	if (write(fd, data, size) != (ssize_t)size)
		abort();
}

static void read_map(struct perf_map *map, int fd)
{
	if (perf_map_read(map, fd))
		abort();
}

static void compare_at(const struct perf_map *a, const struct perf_map *b, uint64_t address)
{
	uint64_t a_start = 0, b_start = 0;
	const char *a_name = perf_map_find(a, address, &a_start);
	const char *b_name = perf_map_find(b, address, &b_start);

	if (!a_name != !b_name || a_start != b_start || (a_name && strcmp(a_name, b_name)))
		abort();
	if (a_name && a_start > address)
		abort();
}

/* Where each line begins and ends. */
static void compare(const struct perf_map *a, const struct perf_map *b, const uint8_t *data,
		    size_t size)
{
	const uint8_t *end;

	for (; (end = memchr(data, '\n', size)); size -= end + 1 - data, data = end + 1) {
		struct perf_map_line line;

		if (!perf_map_parse_line((struct bytes){ data, end - data }, &line))
			continue;
		compare_at(a, b, line.start);
		compare_at(a, b, line.end - 1);
		compare_at(a, b, line.end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("perf-1.map", MFD_CLOEXEC);
	struct perf_map *at_once = perf_map_new(), *in_pieces = perf_map_new();
	size_t first = size ? data[0] * size / 256 : 0;

	if (fd < 0 || !at_once || !in_pieces)
		abort();
	append(fd, data, first);
	read_map(in_pieces, fd);
	append(fd, data + first, size - first);
	read_map(in_pieces, fd);
	read_map(at_once, fd);
	if (perf_map_range_count(at_once) != perf_map_range_count(in_pieces))
		abort();
	compare(at_once, in_pieces, data, size);
	perf_map_free(at_once);
	perf_map_free(in_pieces);
	close(fd);
	return 0;
}
