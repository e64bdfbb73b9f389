/* SPDX-License-Identifier: Apache-2.0 */
/* What two readings of the same bytes came to must be the same, and sound: for fuzz targets of what tells histories. */
#ifndef HEARTH_TESTS_FUZZ_HISTORY_COMPARE_H
#define HEARTH_TESTS_FUZZ_HISTORY_COMPARE_H

#include <stdlib.h>
#include <string.h>

#include "symbolize/code_history.h"

static inline void compare_spans(const struct code_history *a, const struct code_history *b,
				 size_t index, uint64_t address)
{
	const struct code_span *a_span = code_history_first(a, index);
	const struct code_span *b_span = code_history_first(b, index);
	uint64_t before = 0;

	for (; a_span && b_span;
	     a_span = code_history_next(a, a_span), b_span = code_history_next(b, b_span)) {
		if (a_span->since_ns != b_span->since_ns || a_span->since_ns < before)
			abort();
		if (!a_span->name != !b_span->name ||
		    (a_span->name && strcmp(a_span->name, b_span->name)))
			abort();
		if (a_span->name && (a_span->start != b_span->start || a_span->start > address))
			abort();
		before = a_span->since_ns;
	}
	if (a_span || b_span)
		abort();
}

#endif
