/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/tick_windows.h"

#include "bpf/events.h"
#include "profiler/aggregator.h"

struct aggregator *tick_windows_of(const struct tick_windows *windows,
				   const struct tick_event *tick)
{
	return windows->before && tick->window != (uint8_t)windows->number ? windows->before
									   : windows->present;
}

static bool is_tick(const void *event, size_t size)
{
	return size >= sizeof(struct tick_event) && *(const uint32_t *)event == EVENT_TICK;
}

void tick_windows_handle(const struct tick_windows *windows, const void *event, size_t size)
{
	if (is_tick(event, size)) {
		aggregator_handle(tick_windows_of(windows, event), event, size);
		return;
	}
	aggregator_handle(windows->present, event, size);
	if (windows->before)
		aggregator_handle(windows->before, event, size);
}
