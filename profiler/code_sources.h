/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of sampled code, for whoever names it: of a recording, whose ticks have stopped (live_code.h), or what was copied for a window of it while it goes on
 * (window_code.h).
 */
#ifndef HEARTH_PROFILER_CODE_SOURCES_H
#define HEARTH_PROFILER_CODE_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

struct module;
struct opener;
struct process_event;
struct symbol_kernel_code;
struct symbol_made_code;

struct code_sources {
	void *context;

	/* By id, also an alias; NULL: not known. */
	const struct module *(*find_module)(void *context, uint64_t id);

	/* May there be files in which the process's runtime tells of the code that it made? */
	bool (*has_made_code)(void *context, const struct process_event *process);

	/* Opens them: as jit_maps_open(). */
	int (*open_made_code)(void *context, const struct process_event *process,
			      struct opener *opener, struct symbol_made_code *ret_code);

	/* How the kernel's code changed; it lives as long as the sources, until it is asked again. */
	void (*read_kernel_code)(void *context, struct symbol_kernel_code *ret_code);
};

#endif
