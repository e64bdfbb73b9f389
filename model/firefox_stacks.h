/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of a processed profile of profiler.firefox.com's as nodes of a profile: from tables of columns, which refer to each other by row, so that whatever a row
 * or a string is not there for is unknown. Only stacks that are used become nodes. Private to firefox_reader.c.
 */
#ifndef HEARTH_MODEL_FIREFOX_STACKS_H
#define HEARTH_MODEL_FIREFOX_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct profile;

enum firefox_column {
#define FIREFOX_COLUMN(name, table, key) name,
#include "model/firefox_columns.def"
#undef FIREFOX_COLUMN
	FIREFOX_COLUMN_COUNT
};

/* Strings one behind the other. */
struct firefox_texts {
	struct buffer bytes;
	struct buffer ends; /* size_t */
};

/* Cells of a column: numbers; NAN: null. */
struct firefox_part {
	const double *cells;
	size_t count;
};

/* The tables that some samples refer to. All that it points to is the caller's, but what firefox_stacks_reserve() makes. */
struct firefox_stacks {
	struct profile *profile;
	const struct firefox_texts *libs, *categories;
	struct firefox_part columns[FIREFOX_COLUMN_COUNT];
	const struct firefox_texts *strings; /* of which these count: */
	size_t string_from, string_count;
	uint32_t *frames; /* per frame of the table: the profile's, or PROFILE_NONE */
	uint32_t *
		nodes; /* per stack: its node of the profile; PROFILE_NONE: it has none, or is not used */
	bool *is_used; /* per stack */
};

/* A row or an ID: PROFILE_NONE for what is none. */
uint32_t firefox_index(double number);
/* NAN where there is none. */
double firefox_cell(const struct firefox_stacks *stacks, enum firefox_column column, size_t row);

/* Room for its stacks, of which none is used: 0 or -ENOMEM. To be released in either case. */
int firefox_stacks_reserve(struct firefox_stacks *stacks);
void firefox_stacks_release(struct firefox_stacks *stacks);

/* The stacks that these samples refer to are used. */
void firefox_stacks_use(struct firefox_stacks *stacks, const struct firefox_part *samples);
/* Makes nodes of those that are, and of their callers: 0 or -ENOMEM. */
int firefox_stacks_add(struct firefox_stacks *stacks);

#endif
