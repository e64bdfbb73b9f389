/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What code lay at asked addresses, and from when on: addresses that a runtime or the kernel gives to one function after the
 * other. Changes are told in any order; each tells of a range that it holds a function from a time on, or nothing.
 *
 * When a change came about need not be known to the moment: not before `after_ns`, at the latest at `since_ns`. In between
 * the address has no name, unless both functions have the same one; for either may have run.
 *
 * Whoever tells may be hostile. Only what covers an asked address is kept, and what goes beyond the limits
 * below leaves the addresses without names from that time on: an old name would be a wrong one. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_CODE_HISTORY_H
#define HEARTH_SYMBOLIZE_CODE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

#define CODE_HISTORY_MAX_CHANGES    (1u << 19) /* that cover an asked address */
#define CODE_HISTORY_MAX_NAME_BYTES (64u << 20)
#define CODE_HISTORY_MAX_SPANS      (1u << 20) /* and as many as there are addresses */
#define CODE_HISTORY_MAX_STEPS      (1u << 24) /* changes times the asked addresses in them */

struct code_time {
	uint64_t after_ns, since_ns;
	/* What is told comes late: the first function that is known at an address may have been there before. */
	bool may_be_older;
};

struct code_change {
	uint64_t start, end; /* start < end */
	uint64_t origin;     /* where the function begins */
	struct code_time time;
	struct bytes name; /* empty: it is unknown what lies there now */
};

/* What lies at an address from a time on. */
struct code_span {
	uint64_t since_ns;
	const char *name; /* NULL: unknown */
	uint64_t start;   /* of the function */
	uint32_t next;    /* index, CODE_SPAN_NONE: nothing else came */
};

#define CODE_SPAN_NONE UINT32_MAX

struct code_history;

/* The addresses (ascending) live longer. NULL: out of memory. */
struct code_history *code_history_new(const uint64_t *addresses, size_t count);
void code_history_free(struct code_history *history);

int code_history_add(struct code_history *history,
		     const struct code_change *change); /* 0 or -ENOMEM */

/* From this time on nothing is known. */
void code_history_cut(struct code_history *history, uint64_t since_ns);

/* All was told: 0 or -ENOMEM. */
int code_history_resolve(struct code_history *history);

/* The first span of the address with this index, which begins at time 0. Spans and names live as long as the history. */
const struct code_span *code_history_first(const struct code_history *history, size_t index);

/* The one that follows; NULL: none. */
const struct code_span *code_history_next(const struct code_history *history,
					  const struct code_span *span);

#endif
