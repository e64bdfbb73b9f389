/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile for speedscope (its file-format-schema.json): frames named as in folded stacks, suffixes and all, and one profile of type `sampled` a
 * thread, its samples in order of time, if the profile tells samples apart; else one of everything.
 */
#ifndef HEARTH_RENDER_SPEEDSCOPE_WRITER_H
#define HEARTH_RENDER_SPEEDSCOPE_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM; `options` may be NULL. */
int speedscope_write(const struct profile *profile, const struct render_options *options,
		     struct buffer *to);

#endif
