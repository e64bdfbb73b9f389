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
	uint32_t *counts;     /* per label set: its samples */
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
		telling->counts[sample.labels]++;
	}
	return error ? error : u64_sort(items, count);
}

/* By thread, then name: how many samples each label set has. */
static size_t list_names(const struct telling *telling, size_t sets, struct u64_item *names)
{
	size_t count = 0;

	for (size_t i = 0; i < sets; i++) {
		uint32_t comm =
			samples_labels(telling->samples, (uint32_t)i)->values[SAMPLE_LABEL_comm];

		if (telling->of_labels[i] != PROFILE_NONE && comm != PROFILE_NONE)
			names[count++] =
				(struct u64_item){ (uint64_t)telling->of_labels[i] << 32 | comm,
						   telling->counts[i] };
	}
	return count;
}

/* Each thread takes the name of its that has the most samples, the first one of equals. 0 or -ENOMEM. */
static int name_threads(struct telling *telling, size_t sets)
{
	_cleanup_free_ struct u64_item *names = malloc((sets + 1) * sizeof(*names));
	struct thread_part *threads = (struct thread_part *)telling->threads.data;
	size_t count = names ? list_names(telling, sets, names) : 0;
	int error = names ? u64_sort(names, count) : -ENOMEM;
	uint64_t most = 0, sum = 0;

	for (size_t i = 0; i < count && !error; i++) {
		bool is_same_name = i && names[i - 1].key == names[i].key;
		bool is_same_thread = i && names[i - 1].key >> 32 == names[i].key >> 32;

		sum = names[i].value + (is_same_name ? sum : 0);
		if (is_same_thread && sum <= most)
			continue;
		most = sum;
		threads[names[i].key >> 32].comm = (uint32_t)names[i].key;
	}
	return error;
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
	telling.counts = calloc(sets + 1, sizeof(*telling.counts));
	for (size_t i = 0; telling.of_labels && i < sets; i++)
		telling.of_labels[i] = PROFILE_NONE;
	u64_map_init(&telling.ids);
	u64_map_init(&telling.comms);
	if (order->items && telling.of_labels && telling.counts)
		error = sort_items(&telling, order->items, count);
	if (!error)
		error = name_threads(&telling, sets);
	order->threads = (struct thread_part *)telling.threads.data;
	order->thread_count = telling.threads.size / sizeof(*order->threads);
	if (!error)
		find_parts(order, count);
	else
		thread_order_release(order);
	u64_map_release(&telling.ids);
	u64_map_release(&telling.comms);
	free(telling.of_labels);
	free(telling.counts);
	return error;
}

void thread_order_release(struct thread_order *order)
{
	free(order->items);
	free(order->threads);
	*order = (struct thread_order){ 0 };
}
