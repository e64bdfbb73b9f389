/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be taken away are debts, by stack and labels first. They are paid in two passes; what is left of the first one is, by stack alone, to be paid in the second one. */
#include "model/profile_subtract.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "model/label_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "model/samples.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

_Static_assert(sizeof(((struct subtracted *)0)->missing) / sizeof(uint64_t) == PROFILE_VALUES_MAX,
	       "one a value");

struct debts {
	struct u64_map index;  /* debtor -> its place in the columns */
	struct buffer debtors; /* uint64_t */
	struct buffer values;  /* uint64_t, `count` each */
	uint32_t count;
};

static void debts_release(struct debts *debts)
{
	u64_map_release(&debts->index);
	buffer_release(&debts->debtors);
	buffer_release(&debts->values);
}

static uint64_t debtor_of(uint32_t node, uint32_t labels)
{
	return (uint64_t)node << 32 | labels;
}

static uint32_t node_of(uint64_t debtor)
{
	return (uint32_t)(debtor >> 32);
}

static size_t debts_size(const struct debts *debts)
{
	return debts->debtors.size / sizeof(uint64_t);
}

static uint64_t *debts_at(const struct debts *debts, size_t place)
{
	return (uint64_t *)debts->values.data + place * debts->count;
}

/* NULL: it has none. */
static uint64_t *debts_find(const struct debts *debts, uint64_t debtor)
{
	uint32_t place = u64_map_get(&debts->index, debtor);

	return place == U64_MAP_ABSENT ? NULL : debts_at(debts, place);
}

static uint64_t add_up_to_most(uint64_t sum, uint64_t more)
{
	return more > UINT64_MAX - sum ? UINT64_MAX : sum + more;
}

static int debts_add(struct debts *debts, uint64_t debtor, const uint64_t *values)
{
	uint64_t *debt = debts_find(debts, debtor);

	if (debt) {
		for (uint32_t i = 0; i < debts->count; i++)
			debt[i] = add_up_to_most(debt[i], values[i]);
		return 0;
	}
	if (u64_map_set(&debts->index, debtor, (uint32_t)debts_size(debts)))
		return -ENOMEM;
	buffer_append(&debts->debtors, &debtor, sizeof(debtor));
	buffer_append(&debts->values, values, debts->count * sizeof(*values));
	return debts->debtors.failed || debts->values.failed ? -ENOMEM : 0;
}

/* --- what is to be taken --- */

/* Of the other profile in terms of the one. */
struct taking {
	const struct profile *other;
	const uint32_t *nodes;
	const uint32_t *labels; /* NULL: not told apart */
	const uint32_t *values;
};

static int take_samples(const struct taking *taking, struct debts *debts)
{
	const struct samples *samples = profile_samples(taking->other);
	uint64_t values[PROFILE_VALUES_MAX];
	int error = 0;

	for (size_t i = 0; i < samples_count(samples) && !error; i++) {
		const struct sample sample = samples_get(samples, i);
		uint32_t labels = taking->labels ? taking->labels[sample.labels] : LABELS_UNKNOWN;

		for (uint32_t value = 0; value < debts->count; value++)
			values[value] = taking->values[value] == PROFILE_NONE
						? 0
						: samples_value(samples, i, taking->values[value]);
		error = debts_add(debts, debtor_of(taking->nodes[sample.node], labels), values);
	}
	return error;
}

static int take_nodes(const struct taking *taking, struct debts *debts)
{
	uint64_t values[PROFILE_VALUES_MAX] = { 0 };
	int error = 0;

	for (uint32_t i = 0; i < profile_node_count(taking->other) && !error; i++) {
		values[0] = profile_node(taking->other, i)->self;
		if (values[0])
			error = debts_add(debts, debtor_of(taking->nodes[i], LABELS_UNKNOWN),
					  values);
	}
	return error;
}

static int take(struct profile *from, const struct profile *other, const uint32_t *values,
		struct debts *debts)
{
	_cleanup_free_ uint32_t *nodes = malloc(profile_node_count(other) * sizeof(*nodes));
	_cleanup_free_ uint32_t *labels = NULL;
	struct taking taking = { .other = other, .nodes = nodes, .values = values };
	int error = nodes ? profile_merge_nodes(from, other, nodes) : -ENOMEM;

	if (error || !profile_samples(other))
		return error ? error : take_nodes(&taking, debts);
	if (profile_samples(from))
		error = label_copy(other, from, &labels);
	taking.labels = labels;
	return error ? error : take_samples(&taking, debts);
}

/* --- paying --- */

static void pay(uint64_t *debt, uint32_t count, uint64_t *values)
{
	for (uint32_t i = 0; debt && i < count; i++) {
		uint64_t paid = debt[i] < values[i] ? debt[i] : values[i];

		debt[i] -= paid;
		values[i] -= paid;
	}
}

static void pay_by_labels(void *context, const struct sample *sample, uint64_t *values)
{
	const struct debts *debts = context;

	pay(debts_find(debts, debtor_of(sample->node, sample->labels)), debts->count, values);
}

static void pay_by_stack(void *context, const struct sample *sample, uint64_t *values)
{
	const struct debts *debts = context;

	pay(debts_find(debts, debtor_of(sample->node, LABELS_UNKNOWN)), debts->count, values);
}

static bool is_owed(const struct debts *debts, size_t place)
{
	for (uint32_t i = 0; i < debts->count; i++)
		if (debts_at(debts, place)[i])
			return true;
	return false;
}

/* The labels do not matter any more. */
static int sum_by_stack(const struct debts *debts, struct debts *by_stack)
{
	int error = 0;

	for (size_t i = 0; i < debts_size(debts) && !error; i++) {
		const uint64_t *debtor = (const uint64_t *)debts->debtors.data + i;

		if (is_owed(debts, i))
			error = debts_add(by_stack, debtor_of(node_of(*debtor), LABELS_UNKNOWN),
					  debts_at(debts, i));
	}
	return error;
}

static struct subtracted tell(const struct debts *debts)
{
	struct subtracted told = { 0 };

	for (size_t i = 0; i < debts_size(debts); i++) {
		told.stacks += is_owed(debts, i);
		for (uint32_t value = 0; value < debts->count; value++)
			told.missing[value] =
				add_up_to_most(told.missing[value], debts_at(debts, i)[value]);
	}
	return told;
}

static int pay_debts(struct profile *from, struct debts *debts, struct debts *by_stack)
{
	int error = profile_change_values(from, pay_by_labels, debts);

	if (!error)
		error = sum_by_stack(debts, by_stack);
	if (!error && debts_size(by_stack))
		error = profile_change_values(from, pay_by_stack, by_stack);
	return error;
}

/* --- all of it --- */

/* Without the stacks of which nothing is left. */
static int copy_what_is_left(const struct profile *from, const struct profile_before *all,
			     struct profile **ret_left)
{
	_cleanup_(cleanup_profile) struct profile *left = profile_new();
	struct merged merged;
	int error = left ? 0 : -ENOMEM;

	if (!error && profile_keeps_samples(from))
		error = profile_keep_samples(left);
	if (!error)
		error = profile_merge(left, from, &merged);
	if (error)
		return error;
	profile_settle(left);
	if (profile_total(left) != all->due)
		profile_origin(left)->before = *all;
	*ret_left = take_ptr(left);
	return 0;
}

static int subtract(struct profile *from, const struct profile *other, const uint32_t *values,
		    struct debts *debts, struct debts *by_stack)
{
	int error = take(from, other, values, debts);

	return error ? error : pay_debts(from, debts, by_stack);
}

static uint32_t lacking(const uint32_t *values, uint32_t count)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < count; i++)
		bits |= (uint32_t)(values[i] == PROFILE_NONE) << i;
	return bits;
}

int profile_subtract(struct profile *from, const struct profile *other, struct profile **ret_left,
		     struct subtracted *ret_subtracted)
{
	_cleanup_(debts_release) struct debts debts = { 0 };
	_cleanup_(debts_release) struct debts by_stack = { 0 };
	uint32_t values[PROFILE_VALUES_MAX], count;
	struct profile_before all;
	int error;

	if (!profile_merge_is_possible(from, other))
		return -EINVAL;
	profile_merge_map(from, other, values);
	profile_values(from, &count);
	by_stack.count = debts.count = count && profile_samples(from) ? count : 1;
	error = origin_all_ticks(from, &all);
	if (!error)
		error = subtract(from, other, values, &debts, &by_stack);
	if (!error)
		error = copy_what_is_left(from, &all, ret_left);
	if (!error) {
		*ret_subtracted = tell(&by_stack);
		ret_subtracted->lacking = lacking(values, debts.count);
	}
	return error;
}
