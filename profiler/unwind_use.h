/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the loader of unwind tables what the ticks tell: which modules are in use, so that the others are
 * driven out first, and whose rows were lacking, so that they are loaded again.
 */
#ifndef HEARTH_PROFILER_UNWIND_USE_H
#define HEARTH_PROFILER_UNWIND_USE_H

struct aggregator;
struct modules;
struct unwind_loader;

/* To be called a few times a second; what is given up between two calls is used by nothing but those ticks. */
void unwind_use_note(struct aggregator *aggregator, struct modules *modules,
		     struct unwind_loader *loader);

#endif
