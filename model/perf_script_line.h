/* SPDX-License-Identifier: Apache-2.0 */
/* One line of `perf script` (perf_script_reader.h): what it may be, and its parts. Everything points into the line. */
#ifndef HEARTH_MODEL_PERF_SCRIPT_LINE_H
#define HEARTH_MODEL_PERF_SCRIPT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of text. */
struct script_text {
	const char *start;
	size_t size;
};

bool script_text_begins(struct script_text text, const char *with);

/* What is empty was not printed. */
struct script_sample {
	struct script_text comm;
	struct script_text process; /* "1333", "1333/1336" */
	struct script_text cpu;     /* "[010]" */
	struct script_text time;    /* "1000.000022:" */
	struct script_text period;  /* "1001001" */
	struct script_text event;   /* with its modifiers, "cycles:u" */
	struct script_text rest;    /* behind it: a frame, or what an event tells of itself */
};

struct script_frame {
	struct script_text symbol; /* without its offset; empty or "[unknown]": not known */
	struct script_text object; /* as in its parentheses; empty: not printed */
	bool has_address;
};

/* The first line of a sample; false: it is none. */
bool perf_script_sample(struct script_text line, struct script_sample *ret_sample);

/* The numbers of a sample; UINT32_MAX, UINT64_MAX: not printed, or too large. Of one ID alone perf script prints the thread's. */
struct script_numbers {
	uint32_t pid, tid, cpu;
	uint64_t time_ns;
	uint64_t period;
};

struct script_numbers perf_script_numbers(const struct script_sample *sample);

/* Not a sample, but something else that --show-mmap-events and its like print with the same beginning. */
bool perf_script_is_record(const struct script_sample *sample);
/* How many events such a record tells that perf lost. */
uint64_t perf_script_lost(const struct script_sample *record);

/* A line of a stack; false: it is none, but perhaps a line of the source. */
bool perf_script_frame(struct script_text line, struct script_frame *ret_frame);

/* Without stacks (perf record without -g) the one frame stands on the sample's own line; false: it does not. */
bool perf_script_own_frame(const struct script_sample *sample, struct script_frame *ret_frame);

#endif
