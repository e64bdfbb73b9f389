/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the answers of the API come from: a struct of callbacks, so that http/ knows of no store, and is tested without one. profiler/ joins the two.
 *
 * Times are nanoseconds since 1970, of the wall clock. CPU time is nanoseconds of one CPU. Each callback gives 0 or -errno, and leaves its result untouched on failure:
 * -ENOMEM and -EBUSY are told as "later" (503), others as "the store cannot be read" (500), each with the words of strerror(3). Nothing recorded is no error: the
 * answer is then of nothing.
 *
 * What a result points to lies in the arena that is handed in, but for profiles, which are the caller's to free. The server cleans what it shows: texts may be any bytes.
 *
 * Threads: `status`, `settle` and the opening of views are called by any thread at any time, and must not wait. All that asks a view is called by the one thread that opened it.
 */
#ifndef HEARTH_HTTP_API_SOURCE_H
#define HEARTH_HTTP_API_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/samples.h"

struct arena;
struct label_filter;
struct profile;

/* --- what hearth is and does: of fixed size, so that it can lie in memory that processes share --- */

#define API_NAME_BYTES  64
#define API_TEXT_BYTES  256
#define API_REASONS_MAX 32

struct api_reason {
	char name[API_NAME_BYTES];
	uint64_t ticks, cpu_ns;
};

/* Ticks of one fate by reason; further reasons than these add up in the last row, "other". */
struct api_reasons {
	uint64_t count;
	struct api_reason rows[API_REASONS_MAX];
};

/* Of a span CPU time is told as well: each tick counts as long as from one to the next at its window's rate. */
struct api_fates {
	uint64_t due, complete;
	uint64_t due_ns, complete_ns;
	struct api_reasons truncated, lost; /* due = complete + all of these */
};

struct api_status {
	uint64_t changes; /* whatever an answer may depend on has changed when this has */
	char host[API_NAME_BYTES], kernel[API_NAME_BYTES];
	uint64_t start_ns;
	double rate_hz, rate_wanted_hz;
	uint64_t window_ns;
	uint64_t windows, windows_lost; /* since start: written, and not to be written */
	uint64_t recorded_ns;           /* what was recorded before is in the store, or lost */
	char not_ready[API_TEXT_BYTES]; /* why nothing is being recorded; "" while it is */
	struct {
		char folder[API_TEXT_BYTES];
		uint64_t bytes, slices, oldest_ns, newest_ns; /* 0: there is none */
		uint64_t
			damaged; /* slices: that were set aside, or in which an answer met damage */
		char error[API_TEXT_BYTES]; /* of the last write; "" if it was none */
	} store;
	struct api_fates fates; /* since start */
	/* Over the last minute. */
	struct {
		double cpu_percent, bpf_percent; /* of one CPU; the first includes the second */
		uint64_t memory_bytes, files;
	} cost;
	/* Of it; 0: no limit. */
	struct {
		double cpu_percent;
		uint64_t memory_bytes;
	} budget;
};

/* --- answers --- */

/* Which samples are meant: of a span, its start included and its end not. */
struct api_samples {
	uint64_t from_ns, to_ns;
	const struct label_filter *filter; /* NULL: all */
};

/* What of samples a profile is to keep, beside the stacks and what is counted: bits. */
enum api_keeps {
	API_KEEPS_SAMPLES = 1 << 0, /* samples.h */
	API_KEEPS_TIMES = 1 << 1,   /* of them */
};

/* A value of a label and its CPU time. */
struct api_value {
	const char *text;
	uint64_t cpu_ns;
};

/* The largest first; `others_ns` is of all that are not there, and of samples without that label. */
struct api_values {
	const struct api_value *values;
	size_t count;
	uint64_t total_ns, others_ns;
};

/* CPUs' worth of CPU time at each point; NAN: nothing was recorded then. */
struct api_line {
	const char *value;
	const double *cores;
};

struct api_series {
	uint64_t start_ns, step_ns;
	uint32_t points;
	const double *total, *others;
	const struct api_line *lines; /* the largest first */
	size_t line_count;
};

/* What is asked for: about so many points, and the largest values of a label. */
struct api_series_wish {
	enum sample_label by;
	uint32_t limit, points;
};

/* Ticks by column of time and, from its start to its end, row within the column: columns * rows, the rows of a column side by side. */
struct api_heat {
	uint64_t start_ns, column_ns;
	uint32_t columns, rows;
	const uint32_t *counts;
};

/* Of a span, the last ones of more than `limit` that are of a kind, and of a process. */
struct api_events_wish {
	uint64_t from_ns, to_ns;
	size_t limit;
	const char
		*kind; /* as "process": how it begins, or "!process": how it does not; NULL: any */
	const char *comm; /* only those of processes that are called so; NULL: all */
};

struct api_event {
	uint64_t time_ns;
	const char *kind; /* a word: process_start, window_lost, ... */
	const char *text;
};

/* By time. */
struct api_events {
	const struct api_event *events;
	size_t count;
};

enum api_span_state { API_SPAN_SEALED, API_SPAN_OPEN, API_SPAN_DAMAGED };

/* A part of the store. */
struct api_span {
	uint64_t start_ns, end_ns, bytes;
	enum api_span_state state;
	uint64_t damaged; /* chunks that answers met and had to leave out */
};

/* By time. */
struct api_spans {
	const struct api_span *spans;
	size_t count;
};

struct api_source {
	void *context; /* of the callbacks that are asked without a view */

	/* How it is now. */
	void (*status)(void *context, struct api_status *ret_status);

	/*
	 * Have all samples up to a moment, which has passed, reached the store? 0; -EAGAIN: not yet: what it takes was set off, and the question comes again; or
	 * another error: they will not.
	 */
	int (*settle)(void *context, uint64_t until_ns);

	/* A view of what is stored, for one thread; the queries of one are asked one after the other. */
	int (*view_open)(void *context, void **ret_view);
	void (*view_close)(void *view);

	/* A new profile, whose values are samples in count, or CPU time in nanoseconds where rates differ. `keeps`: of enum api_keeps. */
	int (*profile)(void *view, const struct api_samples *samples, unsigned int keeps,
		       struct profile **ret_profile);
	int (*values)(void *view, const struct api_samples *samples, enum sample_label label,
		      size_t limit, struct arena *memory, struct api_values *ret_values);
	int (*series)(void *view, const struct api_samples *samples,
		      const struct api_series_wish *wish, struct arena *memory,
		      struct api_series *ret_series);
	/* So many columns and rows. */
	int (*heat)(void *view, const struct api_samples *samples, uint32_t columns, uint32_t rows,
		    struct arena *memory, struct api_heat *ret_heat);
	int (*fates)(void *view, const struct api_samples *samples, struct api_fates *ret_fates);
	int (*events)(void *view, const struct api_events_wish *wish, struct arena *memory,
		      struct api_events *ret_events);
	int (*spans)(void *view, struct arena *memory, struct api_spans *ret_spans);
};

#endif
