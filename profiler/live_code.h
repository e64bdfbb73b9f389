/* SPDX-License-Identifier: Apache-2.0 */
/* Code sources (code_sources.h) of a recording, by the thread that it is of. */
#ifndef HEARTH_PROFILER_LIVE_CODE_H
#define HEARTH_PROFILER_LIVE_CODE_H

struct code_sources;
struct recording;

/* The recording lives longer. */
void live_code_sources(struct recording *recording, struct code_sources *ret_sources);

#endif
