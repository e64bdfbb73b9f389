/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as folded stacks, the form that model/folded_reader.h reads and every flame graph tool
 * knows: "a;b;c N", root first, one integer, kinds as suffixes, lines in order of their names.
 */
#ifndef HEARTH_RENDER_FOLDED_WRITER_H
#define HEARTH_RENDER_FOLDED_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM; `options` may be NULL. */
int folded_write(const struct profile *profile, const struct render_options *options,
		 struct buffer *to);

#endif
