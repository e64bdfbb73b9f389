/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/budget.h"

#include <inttypes.h>

#include "base/buffer.h"
#include "render/readable.h"

#define SECOND_NS 1000000000ull
#define MILLION   1000000u

/* What the account holds, and what it begins with at a lower rate: so many seconds of the limit. */
#define ACCOUNT_SECONDS 60
#define START_SECONDS   600
#define STEP_SECONDS    5

#define HOLD_MIN_NS (30 * SECOND_NS)
#define HOLD_MAX_NS (3600 * SECOND_NS)

/* The part of the limit, in percent, up to which the rate is raised: twice the ticks cost less than twice as much. */
#define RAISE_PERCENT 60

/* Memory is within its limit again below so much of it, and the rate that was lowered for it is raised. */
#define MEMORY_KEPT_PERCENT  95
#define MEMORY_RAISE_PERCENT 80

/* Until a smaller cache, and until a lower rate (windows that are under way have to end) can have shown. */
#define SHRINK_WAIT_NS (5 * SECOND_NS)
#define LOWER_WAIT_NS  (30 * SECOND_NS)

/* Beyond it the machine slept, or hearth was not let to run. */
#define GAP_NS (5 * SECOND_NS)

static const char *const cache_names[] = {
#define BUDGET_CACHE(constant, name) [constant] = (name),
#include "profiler/budget_caches.def"
#undef BUDGET_CACHE
};

const char *budget_cache_name(enum budget_cache cache)
{
	return cache_names[cache];
}

static int64_t worth_ns(const struct budget *budget, uint64_t span_ns)
{
	return (int64_t)((unsigned __int128)span_ns * budget->limits.cpu_ppm / MILLION);
}

static uint64_t cpu_ppm(uint64_t cpu_ns, uint64_t span_ns)
{
	return span_ns ? (uint64_t)((unsigned __int128)cpu_ns * MILLION / span_ns) : 0;
}

static void open_account(struct budget *budget, uint64_t seconds)
{
	budget->account_ns = worth_ns(budget, seconds * SECOND_NS);
	budget->drawn_ns = 0;
	budget->drawn_cpu_ns = 0;
}

uint64_t budget_rate(const struct budget *budget)
{
	uint64_t rate = budget->limits.rate_hz >> budget->level;

	return rate ? rate : 1;
}

void budget_init(struct budget *budget, const struct budget_limits *limits)
{
	*budget = (struct budget){ .limits = *limits, .hold_ns = HOLD_MIN_NS };
	open_account(budget, START_SECONDS);
}

void budget_set_limits(struct budget *budget, const struct budget_limits *limits)
{
	unsigned int level = budget->level;

	budget->limits = *limits;
	for (budget->level = 0; budget->level < level && budget_rate(budget) > 1;)
		budget->level++;
	open_account(budget, ACCOUNT_SECONDS);
	budget->hold_ns = HOLD_MIN_NS;
}

static void begin_span(struct budget *budget)
{
	budget->span_ns = 0;
	budget->span_cpu_ns = 0;
}

/* --- what is to be done --- */

static void change_level(struct budget *budget, int by, enum budget_event event,
			 struct budget_decision *decision)
{
	budget->level += (unsigned int)by;
	decision->event = event;
	decision->rate_hz = budget_rate(budget);
	begin_span(budget);
}

/* Down, or it is said that there is no further down. */
static void lower(struct budget *budget, enum budget_cause cause, struct budget_decision *decision)
{
	decision->cause = cause;
	if (budget_rate(budget) > 1) {
		/* What was raised did not last: the next attempt is later. */
		if (budget->was_raised && budget->hold_ns < HOLD_MAX_NS)
			budget->hold_ns *= 2;
		if (budget->hold_ns > HOLD_MAX_NS)
			budget->hold_ns = HOLD_MAX_NS;
		budget->was_raised = false;
		change_level(budget, 1, BUDGET_RATE_LOWERED, decision);
	} else if (!budget->is_exceeded[cause]) {
		budget->is_exceeded[cause] = true;
		decision->event = BUDGET_EXCEEDED;
		begin_span(budget);
	}
}

static void keep(struct budget *budget, enum budget_cause cause, struct budget_decision *decision)
{
	if (!budget->is_exceeded[cause])
		return;
	budget->is_exceeded[cause] = false;
	decision->event = BUDGET_KEPT;
	decision->cause = cause;
}

static bool memory_is_below(const struct budget *budget, uint64_t percent)
{
	return budget->last.memory_bytes <= budget->limits.memory_bytes / 100 * percent;
}

/* True: there is nothing else to decide. */
static bool decide_memory(struct budget *budget, struct budget_decision *decision)
{
	if (memory_is_below(budget, MEMORY_KEPT_PERCENT)) {
		budget->shrunk = 0;
		keep(budget, BUDGET_MEMORY, decision);
		return decision->event != BUDGET_NOTHING;
	}
	if (budget->memory_wait_ns || memory_is_below(budget, 100))
		return false;
	if (budget->shrunk < BUDGET_CACHES) {
		decision->shrink = (enum budget_cache)budget->shrunk++;
		decision->cause = BUDGET_MEMORY;
		budget->memory_wait_ns = SHRINK_WAIT_NS;
		return false;
	}
	lower(budget, BUDGET_MEMORY, decision);
	budget->shrunk = 0;
	budget->memory_wait_ns = LOWER_WAIT_NS;
	return decision->event != BUDGET_NOTHING;
}

/* At the end of a span: was it cheap enough for more? */
static void decide_raise(struct budget *budget, struct budget_decision *decision)
{
	uint64_t spent = cpu_ppm(budget->span_cpu_ns, budget->span_ns);

	if (budget->span_ns < budget->hold_ns)
		return;
	begin_span(budget);
	if (spent > budget->limits.cpu_ppm)
		return;
	if (budget->was_raised)
		budget->hold_ns = HOLD_MIN_NS;
	budget->was_raised = false;
	decision->cpu_ppm = spent;
	keep(budget, BUDGET_CPU, decision);
	if (decision->event != BUDGET_NOTHING || !budget->level ||
	    spent > budget->limits.cpu_ppm / 100 * RAISE_PERCENT ||
	    !memory_is_below(budget, MEMORY_RAISE_PERCENT))
		return;
	decision->cause = BUDGET_CPU;
	change_level(budget, -1, BUDGET_RATE_RAISED, decision);
	budget->was_raised = true;
}

static void pay_in(struct budget *budget, uint64_t passed_ns, uint64_t spent_ns)
{
	int64_t most = worth_ns(budget, ACCOUNT_SECONDS * SECOND_NS);
	int64_t gained = worth_ns(budget, passed_ns) - (int64_t)spent_ns;

	budget->drawn_ns += passed_ns;
	budget->drawn_cpu_ns += spent_ns;
	budget->account_ns += gained;
	if (gained < 0 || budget->account_ns < most)
		return;
	/* Full; what it began with may be more, and is not paid in again. */
	budget->account_ns =
		budget->account_ns - gained > most ? budget->account_ns - gained : most;
	budget->drawn_ns = 0;
	budget->drawn_cpu_ns = 0;
}

static void decide(struct budget *budget, struct budget_decision *decision)
{
	if (budget->account_ns < 0) {
		decision->cpu_ppm = cpu_ppm(budget->drawn_cpu_ns, budget->drawn_ns);
		lower(budget, BUDGET_CPU, decision);
		open_account(budget, STEP_SECONDS);
		return;
	}
	if (!decide_memory(budget, decision))
		decide_raise(budget, decision);
}

void budget_decide(struct budget *budget, const struct budget_reading *reading,
		   struct budget_decision *ret_decision)
{
	const struct budget_reading before = budget->last;
	uint64_t passed = reading->time_ns - before.time_ns,
		 spent = reading->cpu_ns - before.cpu_ns;
	bool is_sound = budget->has_reading && reading->time_ns >= before.time_ns &&
			reading->cpu_ns >= before.cpu_ns;

	*ret_decision = (struct budget_decision){
		.rate_before_hz = budget_rate(budget),
		.rate_hz = budget_rate(budget),
		.memory_bytes = reading->memory_bytes,
		.shrink = BUDGET_CACHES,
	};
	budget->last = *reading;
	budget->has_reading = true;
	if (!is_sound)
		return;
	pay_in(budget, passed, spent);
	if (passed <= GAP_NS) {
		budget->span_ns += passed;
		budget->span_cpu_ns += spent;
	}
	budget->memory_wait_ns -= passed < budget->memory_wait_ns ? passed : budget->memory_wait_ns;
	decide(budget, ret_decision);
}

/* --- in words --- */

static void describe_change(const struct budget_decision *decision, struct buffer *to)
{
	switch (decision->event) {
	case BUDGET_RATE_LOWERED:
	case BUDGET_RATE_RAISED:
		buffer_printf(to, "rate %s from %" PRIu64 " to %" PRIu64 " Hz: ",
			      decision->event == BUDGET_RATE_RAISED ? "raised" : "lowered",
			      decision->rate_before_hz, decision->rate_hz);
		break;
	case BUDGET_EXCEEDED:
		buffer_append_string(to, "over the budget at 1 Hz, the lowest rate: ");
		break;
	case BUDGET_KEPT:
		buffer_append_string(to, "within the budget again: ");
		break;
	case BUDGET_NOTHING:
		break;
	}
}

void budget_describe(const struct budget *budget, const struct budget_decision *decision,
		     struct buffer *to)
{
	describe_change(decision, to);
	if (decision->cause == BUDGET_CPU) {
		readable_share(to, decision->cpu_ppm, MILLION, 2);
		buffer_append_string(to, " of a CPU, of ");
		readable_share(to, budget->limits.cpu_ppm, MILLION, 2);
	} else {
		readable_bytes(to, decision->memory_bytes);
		buffer_append_string(to, " of memory, of ");
		readable_bytes(to, budget->limits.memory_bytes);
	}
}
