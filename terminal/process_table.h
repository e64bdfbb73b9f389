/* SPDX-License-Identifier: Apache-2.0 */
/* The processes, or the threads, that ticks of a profile are of: rows to be sorted and shown. */
#ifndef HEARTH_TERMINAL_PROCESS_TABLE_H
#define HEARTH_TERMINAL_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/samples.h"

struct picture;
struct profile;

#define PROCESS_UNKNOWN UINT32_MAX /* a PID or TID that is not known */

enum process_order {
#define PROCESS_ORDER(constant, name) constant,
#include "terminal/process_orders.def"
#undef PROCESS_ORDER
	PROCESS_ORDERS
};

const char *process_order_name(enum process_order order);

/* Who a row is of. Of processes whose PID is not known those of one name are one row. */
struct process_id {
	uint32_t pid, tid; /* PROCESS_UNKNOWN: not known; the TID also where processes are rows */
	char comm[64];     /* where the PID is not known; else empty */
};

struct process_row {
	struct process_id id;
	uint32_t comm, user, container, pod; /* strings of the profile, or PROFILE_NONE */
	uint64_t ticks, lost;                /* of the span; lost ones are among them */
	uint64_t since;                      /* ticks since the start, of its process */
};

struct process_table {
	struct process_row *rows;
	size_t count;
	uint64_t ticks; /* of all, those that are filtered out as well */
};

struct process_question {
	bool by_thread;
	enum process_order order;
	bool is_reversed;
	const char
		*filter; /* what a row has to have in what it shows, case aside; empty: nothing */
};

/* 0 or -ENOMEM. */
int process_table_build(const struct picture *picture, const struct process_question *question,
			struct process_table *ret_table);
void process_table_release(struct process_table *table);

/* Is a sample of it? An empty comm and no PID: all are. */
bool process_id_takes(const struct process_id *id, const struct profile *profile,
		      const struct label_set *labels);
bool process_id_is_same(const struct process_id *a, const struct process_id *b);

/* A process that stands for all of them. */
struct process_id process_id_of_all(void);
bool process_id_is_all(const struct process_id *id);

#endif
