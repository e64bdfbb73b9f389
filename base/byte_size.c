/* SPDX-License-Identifier: Apache-2.0 */
#include "base/byte_size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int byte_size_parse(const char *text, uint64_t *ret_bytes, const char **ret_why)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (*text < '0' || *text > '9' || errno || (*end && (!unit || end[1])) ||
	    (unit && number > UINT64_MAX >> 10 * (unit - units + 1))) {
		*ret_why = "a size is a number of bytes, or of KiB, MiB, GiB, TiB: 500M, 2G";
		return -EINVAL;
	}
	*ret_bytes = unit ? number << 10 * (unit - units + 1) : number;
	return 0;
}
