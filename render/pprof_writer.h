/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile for pprof and what reads its format (profile.proto), compressed by gzip. model/pprof.h tells how kinds of frames are carried.
 *
 * Where the profile has its samples, those of one stack and one label set are added up; times of single samples have no place in the format. Ticks of
 * a known rate get a second value, their CPU time.
 */
#ifndef HEARTH_RENDER_PPROF_WRITER_H
#define HEARTH_RENDER_PPROF_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM; `options` may be NULL. */
int pprof_write(const struct profile *profile, const struct render_options *options,
		struct buffer *to);

#endif
