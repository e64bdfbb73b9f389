/* SPDX-License-Identifier: Apache-2.0 */
/* What a drawing calls its counts, and whether they stand for time. */
#ifndef HEARTH_RENDER_COUNT_WORDS_H
#define HEARTH_RENDER_COUNT_WORDS_H

#include <stdint.h>

struct profile;
struct render_options;

struct count_words {
	const char *name;    /* "samples", "cycles", "bytes"; the profile's or the options' */
	uint64_t per_second; /* so many stand for a second; 0: they are no time */
};

/* Of a profile's first value. What the user calls them stands above what the profile does. */
struct count_words count_words_of(const struct profile *profile,
				  const struct render_options *options);

#endif
