/* SPDX-License-Identifier: Apache-2.0 */
#include "store/roll_up_level.h"

#include <errno.h>
#include <stdlib.h>

#include "store/store_folder.h"

#define NS_PER_SECOND ((uint64_t)1000000000)
#define SETTLED_NS    (3600 * NS_PER_SECOND) /* what was begun in a day has been sealed by then */

static const struct roll_up_level levels[LEVEL_COUNT] = {
	[LEVEL_RECORDED] = { LEVEL_RECORDED, "recorded", 0, 0, 0 },
#define ROLL_UP_LEVEL(constant, number, name, period, window, share, meaning) \
	[constant] = { constant, name, (period)*NS_PER_SECOND, (window)*NS_PER_SECOND, share },
#include "store/roll_up_levels.def"
#undef ROLL_UP_LEVEL
};

const struct roll_up_level *roll_up_level(enum roll_up_number number)
{
	return &levels[number];
}

const char *roll_up_level_name(uint64_t number)
{
	return number < LEVEL_COUNT ? levels[number].name : "unknown";
}

struct roll_up_ages roll_up_ages(uint64_t ticks_ns, uint64_t minutes_ns)
{
	return (struct roll_up_ages){ {
		[LEVEL_DAY] = SETTLED_NS,
		[LEVEL_MINUTES] = ticks_ns > SETTLED_NS ? ticks_ns : SETTLED_NS,
		[LEVEL_HOURS] =
			minutes_ns > ticks_ns || ticks_ns == UINT64_MAX ? minutes_ns : ticks_ns,
	} };
}

static uint64_t period_of(const struct slice_entry *slice, const struct roll_up_level *level)
{
	return slice->span.start_ns / level->period_ns;
}

/* Is the whole period old enough? */
static bool is_due(const struct slice_entry *slice, const struct roll_up_level *level,
		   uint64_t age_ns, uint64_t now_ns)
{
	const uint64_t end_ns = (period_of(slice, level) + 1) * level->period_ns;

	return slice->state == SLICE_SEALED && slice->level < (uint64_t)level->number &&
	       now_ns > slice->span.end_ns && now_ns > end_ns && now_ns - end_ns >= age_ns;
}

/* What a slice of this level and span would hide once it is sealed: whose span is not known yet may lie in any. */
static bool would_hide(uint64_t level, struct window_span span, const struct slice_entry *other)
{
	return other->state != SLICE_SEALED ||
	       (other->level < level && other->span.start_ns >= span.start_ns &&
		other->span.end_ns <= span.end_ns);
}

/* Would one that is made of the group hide what it is not made of? */
static bool hides_any(const struct slice_list *list, const struct roll_up_group *group,
		      uint64_t level)
{
	const struct slice_entry *first = &group->slices[0],
				 *last = &group->slices[group->count - 1];
	struct window_span span = first->span;

	for (size_t i = 0; i < group->count; i++) {
		if (group->slices[i].span.start_ns < span.start_ns)
			span.start_ns = group->slices[i].span.start_ns;
		if (group->slices[i].span.end_ns > span.end_ns)
			span.end_ns = group->slices[i].span.end_ns;
	}
	for (size_t i = 0, in = 0; i < list->count; i++) {
		const struct slice_entry *entry = &list->entries[i];

		if (in < group->count && group->slices[in].number == entry->number)
			in++;
		else if (entry->number > first->number && entry->number < last->number &&
			 would_hide(level, span, entry))
			return true;
	}
	return false;
}

/* Those of one period, in the order of their numbers, up to one that is not to be among them. */
static int choose_of(const struct slice_list *list, size_t from, const struct roll_up_group *with,
		     const bool *are_due, struct roll_up_group *ret_group)
{
	struct roll_up_group group = *with;

	group.slices = calloc(list->count, sizeof(*group.slices));
	if (!group.slices)
		return -ENOMEM;
	for (size_t i = from; i < list->count; i++) {
		if (!are_due[i] || period_of(&list->entries[i], group.level) !=
					   period_of(&list->entries[from], group.level))
			continue;
		group.slices[group.count++] = list->entries[i];
		if (!hides_any(list, &group, group.level->number))
			continue;
		group.count--;
		break;
	}
	*ret_group = group;
	return 0;
}

int roll_up_choose(const struct slice_list *list, const struct roll_up_ages *ages, uint64_t now_ns,
		   bool (*passes_over)(void *context, const struct slice_entry *slice,
				       enum roll_up_number level),
		   void *context, struct roll_up_group *ret_group)
{
	bool *are_due = calloc(list->count + 1, sizeof(*are_due));
	int error = are_due ? 0 : -ENOMEM;

	*ret_group = (struct roll_up_group){ 0 };
	for (enum roll_up_number number = LEVEL_COUNT; --number > LEVEL_RECORDED && !error;) {
		struct roll_up_group group = { .level = roll_up_level(number) };
		size_t first = list->count;

		for (size_t i = list->count; i-- && ages->ages_ns[number] != UINT64_MAX;) {
			const struct slice_entry *entry = &list->entries[i];

			are_due[i] = is_due(entry, group.level, ages->ages_ns[number], now_ns) &&
				     !passes_over(context, entry, number);
			first = are_due[i] ? i : first;
		}
		if (first == list->count)
			continue;
		error = choose_of(list, first, &group, are_due, ret_group);
		break;
	}
	free(are_due);
	return error;
}
