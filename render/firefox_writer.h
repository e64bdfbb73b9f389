/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile for profiler.firefox.com, in its processed format (its src/types/profile.ts, version 70): the stack tree as it is, and a track a thread. Kinds of
 * frames are categories, modules libraries; nothing is left to be symbolized.
 *
 * Where times are known, samples stand at them, and the clock's value of time 0 is told. Where they are not, each follows the one before after as many
 * intervals as that weighs, and "timesFollowWeights" says so to hearth's own reader.
 */
#ifndef HEARTH_RENDER_FIREFOX_WRITER_H
#define HEARTH_RENDER_FIREFOX_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM; `options` may be NULL. */
int firefox_write(const struct profile *profile, const struct render_options *options,
		  struct buffer *to);

#endif
