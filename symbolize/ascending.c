/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/ascending.h"

bool ascending_is(const uint64_t *addresses, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (addresses[i] < addresses[i - 1])
			return false;
	}
	return true;
}

size_t ascending_first_from(const uint64_t *addresses, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addresses[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
