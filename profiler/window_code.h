/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code sources (code_sources.h) of a window of a recording that goes on: all that its addresses need is copied, and descriptors are duplicated, by the recording's thread. Any other one may name it
 * afterwards, one at a time.
 */
#ifndef HEARTH_PROFILER_WINDOW_CODE_H
#define HEARTH_PROFILER_WINDOW_CODE_H

#include <stddef.h>

struct aggregator;
struct code_sources;
struct module;
struct recording;
struct window_code;

/* Of all addresses that the aggregator has. Descriptors that cannot be had are not there. NULL: out of memory. */
struct window_code *window_code_new(struct recording *recording,
				    const struct aggregator *aggregator);
void window_code_free(struct window_code *code);

void window_code_sources(struct window_code *code, struct code_sources *ret_sources);

/* The modules that addresses lie in, files alone. */
const struct module *window_code_modules(const struct window_code *code, size_t *ret_count);

#endif
