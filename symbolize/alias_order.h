/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two names for one place is shown: a total order, so that the choice is always the same. */
#ifndef HEARTH_SYMBOLIZE_ALIAS_ORDER_H
#define HEARTH_SYMBOLIZE_ALIAS_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

/* Negative: `a` is preferred (fewer leading underscores, then the smaller one), positive: `b`, 0: equal. */
int alias_order_compare(struct bytes a, struct bytes b);

#endif
