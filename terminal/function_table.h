/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of stacks, sorted: no processes, no markers. */
#ifndef HEARTH_TERMINAL_FUNCTION_TABLE_H
#define HEARTH_TERMINAL_FUNCTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chosen_stacks;

enum function_order {
#define FUNCTION_ORDER(constant, name) constant,
#include "terminal/function_orders.def"
#undef FUNCTION_ORDER
	FUNCTION_ORDERS
};

const char *function_order_name(enum function_order order);

struct function_table {
	uint32_t *rows; /* indexes of chosen_stacks.functions */
	size_t count;
};

/* `filter`: what names have to have in them, case aside; empty: nothing. 0 or -ENOMEM. */
int function_table_build(const struct chosen_stacks *stacks, enum function_order order,
			 bool is_reversed, const char *filter, struct function_table *ret_table);
void function_table_release(struct function_table *table);

#endif
