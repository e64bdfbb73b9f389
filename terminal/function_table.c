/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/function_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"
#include "terminal/chosen_stacks.h"

static const char *const names[] = {
#define FUNCTION_ORDER(constant, name) [constant] = name,
#include "terminal/function_orders.def"
#undef FUNCTION_ORDER
};

const char *function_order_name(enum function_order order)
{
	return names[order];
}

struct sorting {
	const struct chosen_stacks *stacks;
	enum function_order order;
	bool is_reversed;
};

static int compare_strings(const struct profile *profile, uint32_t a, uint32_t b)
{
	if (a == PROFILE_NONE || b == PROFILE_NONE)
		return (a == PROFILE_NONE) - (b == PROFILE_NONE);
	return strcmp(profile_string(profile, a, NULL), profile_string(profile, b, NULL));
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_by(const struct sorting *sorting, const struct chosen_function *a,
		      const struct chosen_function *b)
{
	const struct profile *profile = sorting->stacks->profile;

	switch (sorting->order) {
	case FUNCTION_BY_SELF:
		return compare_numbers(b->self, a->self);
	case FUNCTION_BY_TOTAL:
		return compare_numbers(b->total, a->total);
	case FUNCTION_BY_MODULE:
		return compare_strings(profile, a->module, b->module);
	case FUNCTION_BY_NAME:
	case FUNCTION_ORDERS:
		break;
	}
	return 0;
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
	const struct chosen_function *a = &sorting->stacks->functions[one];
	const struct chosen_function *b = &sorting->stacks->functions[other];
	int order = compare_by(sorting, a, b);

	if (!order && sorting->order != FUNCTION_BY_NAME)
		order = compare_numbers(b->total, a->total);
	if (!order)
		order = compare_strings(sorting->stacks->profile, a->name, b->name);
	if (!order)
		order = compare_numbers(one, other);
	return sorting->is_reversed ? -order : order;
}

int function_table_build(const struct chosen_stacks *stacks, enum function_order order,
			 bool is_reversed, const char *filter, struct function_table *ret_table)
{
	struct sorting sorting = { stacks, order, is_reversed };
	struct function_table table = { 0 };

	table.rows = malloc((stacks->function_count + 1) * sizeof(*table.rows));
	if (!table.rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < stacks->function_count; i++) {
		const struct chosen_function *function = &stacks->functions[i];

		if (function->kind != FRAME_PROCESS && function->kind != FRAME_MARKER &&
		    chosen_matches(stacks, function, filter))
			table.rows[table.count++] = i;
	}
	qsort_r(table.rows, table.count, sizeof(*table.rows), compare_rows, &sorting);
	*ret_table = table;
	return 0;
}

void function_table_release(struct function_table *table)
{
	free(table->rows);
	*table = (struct function_table){ 0 };
}
