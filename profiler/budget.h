/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hearth may cost, and the rate at which it stays within that. Pure: it gets readings (own_cost.h), says what is to be done,
 * and neither reads clocks nor changes anything.
 *
 * CPU time is an account. Each second pays in what the limit allows, and what was spent is taken out. It holds a minute's worth, so
 * that a large file to compile is no reason to change anything; and the more is spent, the sooner it is empty. It begins with ten
 * minutes' worth, once, for all that runs already is met then, compiled and named. When it is empty the rate is halved, down to
 * 1 Hz, and the account begins anew with a few seconds' worth. So over any long time no more is spent than the limit, but for what
 * costs the same at each rate: when the account is empty at 1 Hz, that is said, once, and once when it is over.
 *
 * The rate is doubled again when for half a minute no more than a part of the limit was spent. If that does not last, the next
 * attempt waits twice as long, up to an hour: a load at the edge changes the rate now and then, not all the time.
 *
 * Memory over its limit first asks for caches to be made smaller, one after the other, then lowers the rate; at 1 Hz it is said.
 */
#ifndef HEARTH_PROFILER_BUDGET_H
#define HEARTH_PROFILER_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_DEFAULT_CPU_PPM      10000u
#define BUDGET_DEFAULT_MEMORY_BYTES (150ull << 20)

struct buffer;

struct budget_limits {
	uint64_t cpu_ppm; /* CPU time by time, in millionths of one CPU */
	uint64_t memory_bytes;
	uint64_t rate_hz; /* where it is kept: from 1 on */
};

struct budget_reading {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t cpu_ns;  /* that hearth has taken so far, its BPF programs too */
	uint64_t memory_bytes;
};

enum budget_event {
	BUDGET_NOTHING,
	BUDGET_RATE_LOWERED,
	BUDGET_RATE_RAISED,
	BUDGET_EXCEEDED, /* at 1 Hz: no rate keeps the limit */
	BUDGET_KEPT,     /* again, after that */
};

enum budget_cause { BUDGET_CPU, BUDGET_MEMORY, BUDGET_CAUSES };

enum budget_cache {
#define BUDGET_CACHE(constant, name) constant,
#include "profiler/budget_caches.def"
#undef BUDGET_CACHE
	BUDGET_CACHES
};

const char *budget_cache_name(enum budget_cache cache);

struct budget_decision {
	enum budget_event event;
	enum budget_cause cause;
	uint64_t rate_before_hz, rate_hz; /* from now on */
	uint64_t cpu_ppm, memory_bytes;   /* what led to it */
	enum budget_cache shrink;         /* BUDGET_CACHES: none */
};

/* Held by whoever asks; the fields are the budget's own. */
struct budget {
	struct budget_limits limits;
	unsigned int level; /* how often the rate was halved */
	bool has_reading;
	struct budget_reading last;
	int64_t account_ns;
	uint64_t drawn_ns, drawn_cpu_ns; /* since it was last full, or begun anew */
	uint64_t span_ns,
		span_cpu_ns; /* since the rate changed, or since it was last thought of raising it */
	uint64_t hold_ns;    /* how long the next span is */
	bool was_raised;     /* by the last change, and no span has shown yet that this is kept */
	uint64_t memory_wait_ns; /* until what was done last can have shown */
	unsigned int shrunk;     /* caches, since memory was within its limit */
	bool is_exceeded[BUDGET_CAUSES];
};

void budget_init(struct budget *budget, const struct budget_limits *limits);

/* Other limits from now on; the rate may be another one at once. */
void budget_set_limits(struct budget *budget, const struct budget_limits *limits);

uint64_t budget_rate(const struct budget *budget);

/*
 * Is anything to be done? To be asked about once a second; it is no matter if that comes late. Readings that go backwards, as
 * when a process that was counted is gone, are begun with anew.
 */
void budget_decide(struct budget *budget, const struct budget_reading *reading,
		   struct budget_decision *ret_decision);

/* An event in words, for the log and the store: "rate lowered from 19 to 9 Hz: 1.8 % of a CPU, of 1.00 %". */
void budget_describe(const struct budget *budget, const struct budget_decision *decision,
		     struct buffer *to);

#endif
