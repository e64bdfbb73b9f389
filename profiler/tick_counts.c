/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/tick_counts.h"

/* Where ticks were, as far as it is asked for. */
struct tick_task {
	uint32_t process, tid, cpu;
};

struct count_key {
	uint32_t task; /* index in `tasks`; without labels the process itself */
	uint32_t kernel_stack, user_stack;
	uint8_t fate, reason, root_unproven, may_lack_caller;
};

struct kept_count {
	struct count_key key;
	uint64_t ticks;
};

void tick_counts_init(struct tick_counts *counts)
{
	*counts = (struct tick_counts){ 0 };
	record_pool_init(&counts->counts, sizeof(struct kept_count), sizeof(struct count_key));
	record_pool_init(&counts->tasks, sizeof(struct tick_task), sizeof(struct tick_task));
}

void tick_counts_release(struct tick_counts *counts)
{
	record_pool_release(&counts->counts);
	record_pool_release(&counts->tasks);
}

static bool has_tasks(const struct tick_counts *counts)
{
	return counts->labels.tid || counts->labels.cpu;
}

static struct tick_task task_of(const struct tick_counts *counts, const struct tick_count *count,
				bool is_labelled)
{
	return (struct tick_task){
		.process = count->process,
		.tid = is_labelled && counts->labels.tid ? count->tid : AGGREGATOR_NONE,
		.cpu = is_labelled && counts->labels.cpu ? count->cpu : AGGREGATOR_NONE,
	};
}

/* Without labels. */
static struct count_key key_of(const struct tick_count *count)
{
	return (struct count_key){
		.task = count->process,
		.kernel_stack = count->kernel_stack,
		.user_stack = count->user_stack,
		.fate = count->fate,
		.reason = count->reason,
		.root_unproven = count->root_unproven,
		.may_lack_caller = count->may_lack_caller,
	};
}

static int make_key(struct tick_counts *counts, const struct tick_count *count, bool is_labelled,
		    struct count_key *ret_key)
{
	const struct tick_task task = task_of(counts, count, is_labelled);

	*ret_key = key_of(count);
	return has_tasks(counts) ? record_pool_add(&counts->tasks, &task, &ret_key->task) : 0;
}

/* False: there is no such count yet. */
static bool find_key(const struct tick_counts *counts, const struct tick_count *count,
		     struct count_key *ret_key)
{
	const struct tick_task task = task_of(counts, count, true);
	uint32_t index;

	*ret_key = key_of(count);
	return record_pool_find(&counts->tasks, &task, &ret_key->task) &&
	       record_pool_find(&counts->counts, ret_key, &index);
}

/* Without labels once there are too many with them. */
static int choose_key(struct tick_counts *counts, const struct tick_count *count,
		      struct count_key *ret_key)
{
	bool may_grow = counts->counts.count < AGGREGATOR_MAX_LABELLED;

	if (may_grow || !has_tasks(counts))
		return make_key(counts, count, true, ret_key);
	/* A thread that only such ticks have leaves nothing. */
	return find_key(counts, count, ret_key) ? 0 : make_key(counts, count, false, ret_key);
}

int tick_counts_add(struct tick_counts *counts, const struct tick_count *count, uint64_t ticks,
		    uint32_t *ret_index)
{
	struct kept_count *kept;
	struct count_key key;
	uint32_t index;
	int error = choose_key(counts, count, &key);

	if (!error)
		error = record_pool_add(&counts->counts, &key, &index);
	if (error)
		return error;
	kept = record_pool_get(&counts->counts, index);
	kept->ticks += ticks;
	*ret_index = index;
	return 0;
}

uint32_t tick_counts_count(const struct tick_counts *counts)
{
	return counts->counts.count;
}

uint64_t tick_counts_get(const struct tick_counts *counts, uint32_t index,
			 struct tick_count *ret_count)
{
	const struct kept_count *kept = record_pool_get(&counts->counts, index);
	const struct count_key *key = &kept->key;
	struct tick_task task = { key->task, AGGREGATOR_NONE, AGGREGATOR_NONE };

	if (has_tasks(counts))
		task = *(const struct tick_task *)record_pool_get(&counts->tasks, key->task);
	*ret_count = (struct tick_count){
		.process = task.process,
		.tid = task.tid,
		.cpu = task.cpu,
		.kernel_stack = key->kernel_stack,
		.user_stack = key->user_stack,
		.fate = key->fate,
		.reason = key->reason,
		.root_unproven = key->root_unproven,
		.may_lack_caller = key->may_lack_caller,
	};
	return kept->ticks;
}
