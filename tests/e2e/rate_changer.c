/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples the whole machine at changing rates, for test_sampler_rate.py. As root.
 *
 *     rate_changer RATE:SECONDS [RATE:SECONDS]...
 *
 * Prints each tick as it is drained, "tick CPU TIME PERIOD LATE", and each change as "rate HZ BEFORE AFTER", the times of
 * CLOCK_BOOTTIME at which it was asked for and done; and at the end "counted FIRED LATE IDLE LOST". Exit status 0, or 1 where a
 * rate is refused, which is printed as "refused HZ".
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "profiler/sampler.h"
#include "profiler/unwind_space.h"

#define DRAIN_MS 100

static void print_event(void *context, const void *event, size_t size)
{
	const struct snapshot_event *snapshot = event;
	const struct tick_event *tick = event;

	(void)context;
	if (size >= sizeof(*snapshot) && snapshot->type == EVENT_SNAPSHOT)
		tick = &snapshot->tick;
	else if (size < sizeof(*tick) || tick->type != EVENT_TICK)
		return;
	printf("tick %u %llu %u %u\n", (unsigned int)tick->cpu, tick->time_ns, tick->period_ns,
	       tick->late);
}

static void drain_until(struct sampler *sampler, uint64_t end_ns)
{
	while (clock_boottime_ns() < end_ns) {
		poll(NULL, 0, DRAIN_MS);
		sampler_drain(sampler, print_event, NULL);
	}
}

/* The first rate is the one that it was started with. */
static int change_rate(struct sampler *sampler, uint64_t rate, double seconds)
{
	uint64_t asked_ns = clock_boottime_ns(), done_ns;
	int error = sampler_set_rate(sampler, rate);

	if (error) {
		printf("refused %" PRIu64 "\n", rate);
		return error;
	}
	done_ns = clock_boottime_ns();
	printf("rate %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sampler_rate(sampler), asked_ns,
	       done_ns);
	drain_until(sampler, done_ns + (uint64_t)(seconds * 1e9));
	return 0;
}

static void print_counters(struct sampler *sampler)
{
	struct sampler_counters counters;
	uint64_t lost = 0;

	sampler_read_counters(sampler, &counters);
	for (unsigned int reason = 0; reason < REASON_COUNT; reason++)
		lost += counters.lost[reason];
	printf("counted %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", counters.fired,
	       counters.late, counters.idle, lost);
}

static int run(struct sampler *sampler, char **changes)
{
	int error = sampler_start(sampler);

	for (; *changes && !error; changes++) {
		char *rest;
		uint64_t rate = strtoull(*changes, &rest, 10);

		error = change_rate(sampler, rate, strtod(rest + 1, NULL));
	}
	sampler_stop(sampler);
	sampler_drain(sampler, print_event, NULL);
	print_counters(sampler);
	return error ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct targets everything = { .whole_machine = true };
	const struct sampler_options options = {
		.rate_hz = argc > 1 ? strtoull(argv[1], NULL, 10) : 0,
		.targets = &everything,
		.unwind_bytes = UNWIND_SPACE_DEFAULT_BYTES,
	};
	struct sampler *sampler;
	int status;

	if (argc < 2 || !options.rate_hz)
		return 2;
	if (sampler_new(&options, &sampler))
		return 3;
	status = run(sampler, argv + 1);
	sampler_free(sampler);
	return status;
}
