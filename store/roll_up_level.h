/* SPDX-License-Identifier: Apache-2.0 */
/* How slices are kept as they grow old (roll_up_levels.def), and which of them it is time for. */
#ifndef HEARTH_STORE_ROLL_UP_LEVEL_H
#define HEARTH_STORE_ROLL_UP_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice_entry;
struct slice_list;

enum roll_up_number {
	LEVEL_RECORDED, /* as the windows came */
#define ROLL_UP_LEVEL(constant, number, name, period, window, share, meaning) constant = number,
#include "store/roll_up_levels.def"
#undef ROLL_UP_LEVEL
	LEVEL_COUNT
};

struct roll_up_level {
	enum roll_up_number number;
	const char *name;
	uint64_t period_ns, window_ns; /* 0: each tick */
	uint64_t share;                /* 0: no stack is folded */
};

/* Of a number above LEVEL_RECORDED and below LEVEL_COUNT. */
const struct roll_up_level *roll_up_level(enum roll_up_number number);

/* "recorded", or a level's name; "unknown": of a later hearth. */
const char *roll_up_level_name(uint64_t number);

/* How old what a slice has must be, per level; UINT64_MAX: it never comes to that. */
struct roll_up_ages {
	uint64_t ages_ns[LEVEL_COUNT];
};

/* Ticks keep their times so long, and windows of minutes are kept so long (UINT64_MAX: as long as they are kept at all); days are made an hour after they end. */
struct roll_up_ages roll_up_ages(uint64_t ticks_ns, uint64_t minutes_ns);

/* Slices that are to be one, by number. */
struct roll_up_group {
	const struct roll_up_level *level;
	struct slice_entry *slices; /* to be freed */
	size_t count;               /* 0: there is nothing to be done */
	const _Atomic bool *stops;  /* it is given up once this is true; NULL: it is not */
};

/*
 * Chooses the slices of the highest level that it is time for, of a list without those that `passes_over` tells of. 0 or -ENOMEM.
 */
int roll_up_choose(const struct slice_list *list, const struct roll_up_ages *ages, uint64_t now_ns,
		   bool (*passes_over)(void *context, const struct slice_entry *slice,
				       enum roll_up_number level),
		   void *context, struct roll_up_group *ret_group);

#endif
