/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/perf_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string_pool.h"
#include "symbolize/overlaps.h"

#define PIECE_BYTES (64u << 10)

struct perf_map {
	struct string_pool names;
	struct buffer
		lines; /* struct overlap, in the order of the file; its value is a name's id */
	struct buffer ranges; /* struct overlap, what they come to */

	/* The file, and how far it was read: up to the end of a line, or into one that is too long. */
	dev_t device;
	ino_t inode;
	uint64_t done;
	bool in_long_line;
};

/* --- life cycle --- */

struct perf_map *perf_map_new(void)
{
	struct perf_map *map = calloc(1, sizeof(*map));

	if (map)
		string_pool_init(&map->names);
	return map;
}

/* As new. */
static void forget(struct perf_map *map)
{
	string_pool_release(&map->names);
	string_pool_init(&map->names);
	buffer_release(&map->lines);
	buffer_release(&map->ranges);
	map->done = 0;
	map->in_long_line = false;
}

void perf_map_free(struct perf_map *map)
{
	if (!map)
		return;
	forget(map);
	string_pool_release(&map->names);
	free(map);
}

/* --- lines --- */

/* Up to 16 digits, perhaps with 0x before them, and the blank behind them. */
static bool take_number(struct bytes *line, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t at = 0, digits = 0;

	if (line->size >= 2 && line->data[0] == '0' && (line->data[1] | 0x20) == 'x')
		at = 2;
	for (; at < line->size && digits <= 16; at++, digits++) {
		uint8_t c = line->data[at], letter = c | 0x20;

		if (c >= '0' && c <= '9')
			number = number << 4 | (c - '0');
		else if (letter >= 'a' && letter <= 'f')
			number = number << 4 | (letter - 'a' + 10);
		else
			break;
	}
	if (!digits || digits > 16 || at == line->size || line->data[at] != ' ')
		return false;
	*line = bytes_slice(*line, at + 1, line->size - at - 1);
	*ret_number = number;
	return true;
}

bool perf_map_parse_line(struct bytes line, struct perf_map_line *ret_line)
{
	uint64_t start, size;

	if (!take_number(&line, &start) || !take_number(&line, &size))
		return false;
	if (!size || size > UINT64_MAX - start || !line.size || memchr(line.data, 0, line.size))
		return false;
	*ret_line = (struct perf_map_line){ .start = start, .end = start + size, .name = line };
	return true;
}

static int add_line(struct perf_map *map, struct bytes bytes)
{
	struct perf_map_line line;
	struct overlap overlap;
	int err;

	if (map->lines.size / sizeof(overlap) >= PERF_MAP_MAX_LINES ||
	    !perf_map_parse_line(bytes, &line))
		return 0;
	overlap = (struct overlap){ .start = line.start, .end = line.end };
	err = string_pool_add(&map->names, (const char *)line.name.data, line.name.size,
			      &overlap.value);
	if (err)
		return err;
	overlap.origin = line.start;
	buffer_append(&map->lines, &overlap, sizeof(overlap));
	return buffer_error(&map->lines);
}

/* --- reading --- */

/* Takes the lines that end in these bytes: how many bytes are done with. */
static int take_lines(struct perf_map *map, struct bytes bytes, size_t *ret_done)
{
	size_t done = 0;

	for (;;) {
		const uint8_t *start = bytes.data + done;
		const uint8_t *end = memchr(start, '\n', bytes.size - done);
		int err = 0;

		if (!end)
			break;
		if (!map->in_long_line && end - start <= PERF_MAP_MAX_LINE)
			err = add_line(map, (struct bytes){ start, end - start });
		if (err)
			return err;
		map->in_long_line = false;
		done += end - start + 1;
	}
	if (bytes.size - done > PERF_MAP_MAX_LINE) {
		map->in_long_line = true;
		done = bytes.size;
	}
	*ret_done = done;
	return 0;
}

/* Reads on at map->done, a piece that is longer than a line may be. 1, 0: no line ended, or an error. */
static int read_piece(struct perf_map *map, int fd, uint8_t *piece)
{
	uint64_t left = PERF_MAP_MAX_BYTES - map->done;
	ssize_t got = pread(fd, piece, left < PIECE_BYTES ? left : PIECE_BYTES, map->done);
	size_t done;
	int err;

	if (got < 0)
		return errno == EINTR ? 1 : -errno;
	err = take_lines(map, (struct bytes){ piece, got }, &done);
	if (err)
		return err;
	map->done += done;
	return done > 0;
}

static int read_on(struct perf_map *map, int fd)
{
	_cleanup_free_ uint8_t *piece = malloc(PIECE_BYTES);
	int err = piece ? 1 : -ENOMEM;

	while (err > 0)
		err = read_piece(map, fd, piece);
	return err;
}

static int read_and_resolve(struct perf_map *map, int fd)
{
	size_t before = map->lines.size;
	int err = read_on(map, fd);

	if (err || map->lines.size == before)
		return err;
	buffer_clear(&map->ranges);
	return overlaps_resolve((const struct overlap *)map->lines.data,
				map->lines.size / sizeof(struct overlap), &map->ranges);
}

int perf_map_read(struct perf_map *map, int fd)
{
	struct stat status;
	int err;

	if (fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_dev != map->device || status.st_ino != map->inode ||
	    (uint64_t)status.st_size < map->done)
		forget(map);
	map->device = status.st_dev;
	map->inode = status.st_ino;
	err = read_and_resolve(map, fd);
	if (err)
		forget(map);
	return err;
}

/* --- asking --- */

size_t perf_map_range_count(const struct perf_map *map)
{
	return map->ranges.size / sizeof(struct overlap);
}

const char *perf_map_find(const struct perf_map *map, uint64_t address, uint64_t *ret_start)
{
	const struct overlap *ranges = (const struct overlap *)map->ranges.data;
	size_t low = 0, high = perf_map_range_count(map);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == perf_map_range_count(map) || ranges[low].start > address)
		return NULL;
	*ret_start = ranges[low].origin;
	return string_pool_get(&map->names, ranges[low].value, NULL);
}
