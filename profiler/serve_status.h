/* SPDX-License-Identifier: Apache-2.0 */
/* How a hearth that serves is, in the words of the API (api_source.h): to be filled each second, in the recording's thread. */
#ifndef HEARTH_PROFILER_SERVE_STATUS_H
#define HEARTH_PROFILER_SERVE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "http/api_source.h"

struct budget_limits;
struct window_keeper_state;

#define SERVE_STATUS_READINGS 61 /* a minute's */

/* What hearth took so far, and has now. */
struct serve_reading {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t cpu_ns;  /* of its processes */
	uint64_t bpf_ns;  /* of its programs in the kernel */
	uint64_t memory_bytes, files;
};

struct serve_status {
	struct api_status status;
	struct serve_reading
		readings[SERVE_STATUS_READINGS]; /* the last ones, one after the other */
	size_t reading_count;                    /* all that were taken */
};

/* What does not change. */
void serve_status_init(struct serve_status *status, const char *folder, uint64_t window_ns);

void serve_status_set_budget(struct serve_status *status, const struct budget_limits *limits);

/* A second has passed. */
void serve_status_take(struct serve_status *status, const struct serve_reading *reading,
		       const struct window_keeper_state *kept, double rate_hz,
		       double rate_wanted_hz);

#endif
