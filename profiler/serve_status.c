/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/serve_status.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "bpf/events.h"
#include "profiler/budget.h"
#include "profiler/machine_name.h"
#include "profiler/window_keeper.h"

#define PPM_PER_PERCENT 10000.0

/* What has no room is cut. */
static void set_text(char *to, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);

	memcpy(to, text, length);
	to[length] = '\0';
}

void serve_status_set_budget(struct serve_status *status, const struct budget_limits *limits)
{
	status->status.budget.cpu_percent = (double)limits->cpu_ppm / PPM_PER_PERCENT;
	status->status.budget.memory_bytes = limits->memory_bytes;
}

void serve_status_init(struct serve_status *status, const char *folder, uint64_t window_ns)
{
	char name[MACHINE_NAME_SIZE];
	struct utsname machine;

	*status = (struct serve_status){
		.status = { .start_ns = clock_unix_ns(), .window_ns = window_ns },
	};
	set_text(status->status.store.folder, sizeof(status->status.store.folder), folder);
	machine_name_read(name);
	set_text(status->status.host, sizeof(status->status.host), name);
	if (!uname(&machine))
		set_text(status->status.kernel, sizeof(status->status.kernel), machine.release);
}

/* --- fates --- */

static void add_reason(struct api_reasons *reasons, unsigned int reason, uint64_t ticks)
{
	struct api_reason *row = &reasons->rows[reasons->count];

	if (!ticks || reasons->count == API_REASONS_MAX)
		return;
	set_text(row->name, sizeof(row->name), tick_reason_name(reason));
	row->ticks = ticks;
	reasons->count++;
}

static void set_fates(const struct tick_fates *fates, struct api_fates *to)
{
	*to = (struct api_fates){ .due = fates->complete, .complete = fates->complete };
	for (unsigned int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		uint64_t ticks = fates->by_reason[reason];
		unsigned int fate = tick_reason_fate(reason);

		if (fate == TICK_COMPLETE)
			continue;
		to->due += ticks;
		add_reason(fate == TICK_LOST ? &to->lost : &to->truncated, reason, ticks);
	}
}

/* --- cost --- */

static const struct serve_reading *reading_at(const struct serve_status *status, size_t index)
{
	return &status->readings[index % SERVE_STATUS_READINGS];
}

static double percent_of(uint64_t part_ns, uint64_t of_ns)
{
	return of_ns ? 100.0 * (double)part_ns / (double)of_ns : 0;
}

/* Since the oldest reading that is there: a minute, once one has passed. */
static void set_cost(struct serve_status *status)
{
	size_t count = status->reading_count;
	const struct serve_reading *last = reading_at(status, count - 1);
	const struct serve_reading *first = reading_at(
		status, count > SERVE_STATUS_READINGS ? count - SERVE_STATUS_READINGS : 0);
	uint64_t span_ns = last->time_ns - first->time_ns, bpf_ns = last->bpf_ns - first->bpf_ns;
	uint64_t cpu_ns = last->cpu_ns > first->cpu_ns ? last->cpu_ns - first->cpu_ns : 0;

	status->status.cost.bpf_percent = percent_of(bpf_ns, span_ns);
	status->status.cost.cpu_percent = percent_of(cpu_ns + bpf_ns, span_ns);
	status->status.cost.memory_bytes = last->memory_bytes;
	status->status.cost.files = last->files;
}

/* --- all of it --- */

static void set_store(const struct window_keeper_state *kept, struct api_status *to)
{
	to->windows = kept->kept;
	to->windows_lost = kept->lost;
	to->recorded_ns = kept->taken_ns;
	to->store.bytes = kept->bytes;
	to->store.slices = kept->slices;
	to->store.damaged = kept->set_aside;
	to->store.oldest_ns = kept->oldest_ns;
	to->store.newest_ns = kept->newest_ns;
	set_text(to->store.error, sizeof(to->store.error),
		 kept->error ? strerror(-kept->error) : "");
}

void serve_status_take(struct serve_status *status, const struct serve_reading *reading,
		       const struct window_keeper_state *kept, double rate_hz,
		       double rate_wanted_hz)
{
	struct api_status *to = &status->status;

	status->readings[status->reading_count++ % SERVE_STATUS_READINGS] = *reading;
	to->changes = kept->kept + kept->lost + 1;
	to->rate_hz = rate_hz;
	to->rate_wanted_hz = rate_wanted_hz;
	set_store(kept, to);
	set_fates(&kept->fates, &to->fates);
	set_cost(status);
}
