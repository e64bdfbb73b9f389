/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `hearth top` shows at one moment: the named profile of a span, and what else is known then. It does not change once it is made, and lives as long as anybody holds it:
 * whoever records makes the next one meanwhile. From any thread.
 */
#ifndef HEARTH_TERMINAL_PICTURE_H
#define HEARTH_TERMINAL_PICTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/u64_map.h"

struct profile;

enum view_span {
#define VIEW_SPAN(constant, words, help) constant,
#include "terminal/view_spans.def"
#undef VIEW_SPAN
	VIEW_SPANS
};

const char *view_span_words(enum view_span span);

/* Ticks of a process are added up by this: its PID, or what stands for one that is not known. */
struct picture {
	atomic_uint holders;
	struct profile *profile; /* of the span, with its samples */
	enum view_span span;
	uint64_t span_ns;  /* what was recorded of it */
	uint64_t since_ns; /* since the start */
	uint64_t since_ticks;
	struct u64_map since; /* PID -> ticks since the start, UINT32_MAX - 1 at most */
	uint64_t rate_hz;
	uint64_t end_unix_ns; /* wall clock, of the span */
	uint32_t cpus;
	uint32_t own_cpu_ppm,
		own_bpf_ppm; /* what hearth took of one CPU in the last interval: all of it, and its kernel side's part */
	uint64_t own_bytes;
	bool is_named; /* its places were asked for: another one of the same windows follows if not */
	uint64_t lost_windows; /* that there was no time, or memory, for */
};

struct picture *picture_new(void); /* held once; NULL: out of memory */
struct picture *picture_hold(struct picture *picture);
void picture_release(struct picture *picture); /* NULL is fine */

#endif
