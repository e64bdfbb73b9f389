/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/perf_map.h"

#include <string.h>

void perf_map_init(struct perf_map *map, struct code_history *history)
{
	*map = (struct perf_map){ .history = history };
}

void perf_map_release(struct perf_map *map)
{
	buffer_release(&map->begun);
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

static int add_line(struct perf_map *map, struct bytes bytes, struct code_time time)
{
	struct perf_map_line line;

	if (!perf_map_parse_line(bytes, &line))
		return 0;
	return code_history_add(map->history, &(struct code_change){
						      .start = line.start,
						      .end = line.end,
						      .origin = line.start,
						      .time = time,
						      .name = line.name,
					      });
}

/* --- pieces --- */

/* The end of a line that had begun before, or all of one. */
static int end_line(struct perf_map *map, struct bytes end, struct code_time time)
{
	struct bytes line = end;
	int err = 0;

	if (map->begun.size) {
		buffer_append(&map->begun, end.data, end.size);
		line = (struct bytes){ (const uint8_t *)map->begun.data, map->begun.size };
	}
	if (!map->in_long_line && line.size <= PERF_MAP_MAX_LINE)
		err = buffer_error(&map->begun) ? buffer_error(&map->begun)
						: add_line(map, line, time);
	map->in_long_line = false;
	buffer_clear(&map->begun);
	return err;
}

static int begin_line(struct perf_map *map, struct bytes start)
{
	if (map->in_long_line || map->begun.size + start.size > PERF_MAP_MAX_LINE) {
		map->in_long_line = true;
		buffer_clear(&map->begun);
		return 0;
	}
	buffer_append(&map->begun, start.data, start.size);
	return buffer_error(&map->begun);
}

int perf_map_take(struct perf_map *map, struct bytes bytes, struct code_time time)
{
	const uint8_t *end;

	while (bytes.size && (end = memchr(bytes.data, '\n', bytes.size))) {
		size_t size = (size_t)(end - bytes.data);
		int err = end_line(map, bytes_slice(bytes, 0, size), time);

		if (err)
			return err;
		bytes = bytes_slice(bytes, size + 1, bytes.size - size - 1);
	}
	return bytes.size ? begin_line(map, bytes) : 0;
}
