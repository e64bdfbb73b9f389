/* SPDX-License-Identifier: Apache-2.0 */
/* One line of `perf script` (perf_script_reader.h): what it may be, and its parts. Everything points into the line. */
#ifndef HEARTH_MODEL_PERF_SCRIPT_LINE_H
#define HEARTH_MODEL_PERF_SCRIPT_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* A run of text. */
struct script_text {
	const char *start;
	size_t size;
};

struct script_sample {
	struct script_text comm;
	struct script_text event; /* with its modifiers, "cycles:u"; empty: not printed */
	bool has_time;
};

struct script_frame {
	struct script_text symbol; /* without its offset; empty or "[unknown]": not known */
	struct script_text object; /* as in its parentheses; empty: not printed */
	bool has_address;
};

/* The first line of a sample; false: it is none. */
bool perf_script_sample(struct script_text line, struct script_sample *ret_sample);

/* A line of a stack; false: it is none, but perhaps a line of the source. */
bool perf_script_frame(struct script_text line, struct script_frame *ret_frame);

#endif
