/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of a profile by thread, those of one thread in order of their times: what outputs draw along time. */
#ifndef HEARTH_RENDER_THREAD_ORDER_H
#define HEARTH_RENDER_THREAD_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct profile;
struct u64_item;

/*
 * A thread's part of the order; PROFILE_NONE where a number, or a string, is not known. Of a thread that had several names, as one that started
 * another program, `comm` is that of the most samples.
 */
struct thread_part {
	uint32_t pid, tid, comm;
	size_t first, count;
};

struct thread_order {
	struct u64_item *items; /* `value`: index of a sample */
	struct thread_part *threads;
	size_t thread_count;
};

/* Threads come in order of their first samples in the table. 0 or -ENOMEM; a profile without a table has none. */
int thread_order_init(struct thread_order *order, const struct profile *profile);
void thread_order_release(struct thread_order *order);

#endif
