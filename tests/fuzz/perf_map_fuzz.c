/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a perf map, taken at once and in two pieces: both must come to the same names. */
#include "symbolize/perf_map.h"
#include "tests/fuzz/history_compare.h"

#define ADDRESSES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int compare_addresses(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* Where lines begin and end. */
static size_t find_addresses(struct bytes bytes, uint64_t addresses[ADDRESSES_MAX])
{
	const uint8_t *end;
	size_t count = 0;

	while (count + 3 <= ADDRESSES_MAX && bytes.size &&
	       (end = memchr(bytes.data, '\n', bytes.size))) {
		size_t size = (size_t)(end - bytes.data);
		struct perf_map_line line;

		if (perf_map_parse_line(bytes_slice(bytes, 0, size), &line)) {
			addresses[count++] = line.start;
			addresses[count++] = line.end - 1;
			addresses[count++] = line.end;
		}
		bytes = bytes_slice(bytes, size + 1, bytes.size - size - 1);
	}
	qsort(addresses, count, sizeof(*addresses), compare_addresses);
	return count;
}

static void take(struct code_history *history, struct bytes bytes, size_t first)
{
	const struct code_time time = { 1, 2, true };
	struct perf_map map;

	perf_map_init(&map, history);
	if (perf_map_take(&map, bytes_slice(bytes, 0, first), time) ||
	    perf_map_take(&map, bytes_slice(bytes, first, bytes.size - first), time) ||
	    code_history_resolve(history))
		abort();
	perf_map_release(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes bytes = { data, size };
	uint64_t addresses[ADDRESSES_MAX];
	size_t count = find_addresses(bytes, addresses);
	struct code_history *at_once = code_history_new(addresses, count);
	struct code_history *in_pieces = code_history_new(addresses, count);

	if (!at_once || !in_pieces)
		abort();
	take(at_once, bytes, 0);
	take(in_pieces, bytes, size ? data[0] * size / 256 : 0);
	for (size_t i = 0; i < count; i++)
		compare_spans(at_once, in_pieces, i, addresses[i]);
	code_history_free(at_once);
	code_history_free(in_pieces);
	return 0;
}
