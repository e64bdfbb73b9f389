/* SPDX-License-Identifier: Apache-2.0 */
#include "render/thread_order.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/samples.h"

/* While threads are told apart: two label sets are of one thread if their IDs are the same, or their names where they have none. */
struct telling {
	const struct samples *samples;
	uint32_t *of_labels;  /* per label set: its thread, or PROFILE_NONE */
	struct u64_map ids;   /* pid << 32 | tid -> thread */
	struct u64_map comms; /* of those without any: the name -> thread */
	struct buffer threads;
};

static int add_thread(struct telling *telling, const struct label_set *set, uint32_t *ret_thread)
{
	struct thread_part thread = {
		.pid = set->values[SAMPLE_LABEL_pid],
		.tid = set->values[SAMPLE_LABEL_tid],
		.comm = set->values[SAMPLE_LABEL_comm],
	};
	bool has_ids = thread.pid != PROFILE_NONE || thread.tid != PROFILE_NONE;
	uint64_t key = has_ids ? (uint64_t)thread.pid << 32 | thread.tid : thread.comm;
	struct u64_map *known = has_ids ? &telling->ids : &telling->comms;

	*ret_thread = u64_map_get(known, key);
	if (*ret_thread != U64_MAP_ABSENT)
		return 0;
	*ret_thread = (uint32_t)(telling->threads.size / sizeof(thread));
	buffer_append(&telling->threads, &thread, sizeof(thread));
	return buffer_error(&telling->threads) ? -ENOMEM : u64_map_set(known, key, *ret_thread);
}

static int find_thread(struct telling *telling, uint32_t labels, uint32_t *ret_thread)
{
	uint32_t *thread = &telling->of_labels[labels];
	int error = 0;

	if (*thread == PROFILE_NONE)
		error = add_thread(telling, samples_labels(telling->samples, labels), thread);
	*ret_thread = *thread;
	return error;
}

/* First by time, then by thread: the sort leaves equal ones in their order. */
static int sort_items(struct telling *telling, struct u64_item *items, size_t count)
{
	int error;

	for (size_t i = 0; i < count; i++)
		items[i] = (struct u64_item){ samples_get(telling->samples, i).time_ns, i };
	error = u64_sort(items, count);
	for (size_t i = 0; i < count && !error; i++) {
		struct sample sample = samples_get(telling->samples, items[i].value);
		uint32_t thread;

		error = find_thread(telling, sample.labels, &thread);
		items[i].key = thread;
	}
	return error ? error : u64_sort(items, count);
}

static void find_parts(struct thread_order *order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct thread_part *thread = &order->threads[order->items[i].key];

		if (!thread->count++)
			thread->first = i;
	}
}

int thread_order_init(struct thread_order *order, const struct profile *profile)
{
	struct telling telling = { .samples = profile_samples(profile) };
	size_t count = telling.samples ? samples_count(telling.samples) : 0;
	size_t sets = telling.samples ? samples_labels_count(telling.samples) : 0;
	int error = -ENOMEM;

	*order = (struct thread_order){ .items = malloc((count + 1) * sizeof(*order->items)) };
	telling.of_labels = malloc((sets + 1) * sizeof(*telling.of_labels));
	for (size_t i = 0; telling.of_labels && i < sets; i++)
		telling.of_labels[i] = PROFILE_NONE;
	u64_map_init(&telling.ids);
	u64_map_init(&telling.comms);
	if (order->items && telling.of_labels)
		error = sort_items(&telling, order->items, count);
	order->threads = (struct thread_part *)telling.threads.data;
	order->thread_count = telling.threads.size / sizeof(*order->threads);
	if (!error)
		find_parts(order, count);
	else
		thread_order_release(order);
	u64_map_release(&telling.ids);
	u64_map_release(&telling.comms);
	free(telling.of_labels);
	return error;
}

void thread_order_release(struct thread_order *order)
{
	free(order->items);
	free(order->threads);
	*order = (struct thread_order){ 0 };
}
