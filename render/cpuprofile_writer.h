/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile for what reads V8's: Chrome's DevTools, VS Code, speedscope (Profile of the DevTools protocol, domain Profiler). Frames are named as in
 * folded stacks, suffixes and all. The hits of a node are its ticks; the samples stand one thread after the other, each in order of time, and each lasts
 * what it weighs (sample_weight.h), until the next one. The last one's end is told by a sample of the root without a hit, for some readers
 * give the last one no time.
 *
 * Times are microseconds. Weights of another unit than nanoseconds are written as such, and "weightUnit" says so to hearth's own reader.
 */
#ifndef HEARTH_RENDER_CPUPROFILE_WRITER_H
#define HEARTH_RENDER_CPUPROFILE_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM; `options` may be NULL. */
int cpuprofile_write(const struct profile *profile, const struct render_options *options,
		     struct buffer *to);

#endif
