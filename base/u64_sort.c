/* SPDX-License-Identifier: Apache-2.0 */
#include "base/u64_sort.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BYTE_VALUES 256

static bool is_sorted(const struct u64_item *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (items[i].key < items[i - 1].key)
			return false;
	}
	return true;
}

static uint8_t byte_of(const struct u64_item *item, unsigned int shift)
{
	return item->key >> shift & 0xff;
}

/* Where the items with each value of that byte begin among the sorted ones. */
static void find_places(const struct u64_item *items, size_t count, unsigned int shift,
			size_t *ret_places)
{
	size_t sum = 0;

	memset(ret_places, 0, BYTE_VALUES * sizeof(*ret_places));
	for (size_t i = 0; i < count; i++)
		ret_places[byte_of(&items[i], shift)]++;
	for (size_t value = 0; value < BYTE_VALUES; value++) {
		size_t here = ret_places[value];

		ret_places[value] = sum;
		sum += here;
	}
}

static uint64_t differing_bits(const struct u64_item *items, size_t count)
{
	uint64_t bits = 0;

	for (size_t i = 1; i < count; i++)
		bits |= items[i].key ^ items[0].key;
	return bits;
}

int u64_sort(struct u64_item *items, size_t count)
{
	_cleanup_free_ struct u64_item *other = NULL;
	struct u64_item *from = items, *to;
	uint64_t bits;

	if (is_sorted(items, count))
		return 0;
	to = other = malloc(count * sizeof(*other));
	if (!other)
		return -ENOMEM;
	bits = differing_bits(items, count);
	for (unsigned int shift = 0; shift < 64; shift += 8) {
		size_t places[BYTE_VALUES];
		struct u64_item *sorted = to;

		if (!(bits >> shift & 0xff))
			continue;
		find_places(from, count, shift, places);
		for (size_t i = 0; i < count; i++)
			to[places[byte_of(&from[i], shift)]++] = from[i];
		to = from;
		from = sorted;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
	return 0;
}
