/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/naming_failure.h"

#include <errno.h>
#include <stddef.h>

static const struct naming_failure failures[] = {
#define NAMING_FAILURE(error, name, words) { error, name, words },
#include "profiler/naming_failures.def"
#undef NAMING_FAILURE
};

const struct naming_failure *naming_failure_of(int error)
{
	size_t row = 0;

	while (failures[row].error && failures[row].error != error)
		row++;
	return &failures[row];
}
