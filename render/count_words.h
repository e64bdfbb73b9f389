/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an output calls its counts, and how it says them. Things that are counted are a number and a word, "1,234 samples"; amounts of time and
 * of memory are said in units that suit their size, "412.6 ms" and "1.5 MiB", whatever the unit of the profile, from nanoseconds to hours and from bytes to terabytes in their usual spellings.
 */
#ifndef HEARTH_RENDER_COUNT_WORDS_H
#define HEARTH_RENDER_COUNT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct buffer;
struct profile;
struct render_options;

struct count_words {
	const char *
		name; /* "samples", "cycles"; of amounts what they are of: "cpu", "alloc_space"; or the options' */
	uint64_t per_second; /* so many stand for `seconds`; 0: they are no time */
	uint64_t seconds;    /* 1, but of minutes and hours */
	uint64_t bytes;      /* one stands for so many; 0: they are no memory */
	bool is_amount; /* of time or memory; false: of things, or the user has a word for it */
	bool is_nameless; /* of an amount it is not known what it is of; the name is that of its unit */
	double factor; /* the options' */
};

/* Of a profile's first value. What the user calls them stands above what the profile does. */
struct count_words count_words_of(const struct profile *profile,
				  const struct render_options *options);

/* How many stand for a second; 0: they are no time. */
double count_words_rate(const struct count_words *counts);

/* "412.6 ms": the time that these stand for, where they do. */
void count_words_time(struct buffer *to, const struct count_words *counts, uint64_t count);

/* "1,234", "412.6 ms", "1.5 MiB" */
void count_words_number(struct buffer *to, const struct count_words *counts, uint64_t count);

/* "1,234 samples", "412.6 ms of cpu", "1.5 MiB of alloc_space", "1.5 MiB" where it has no name; the name as it is. */
void count_words_append(struct buffer *to, const struct count_words *counts, uint64_t count);

/* What is shown of a profile of which ticks were taken out: "12 of 4,567 ticks are left (0.3 %); of all: complete 98.10 %, truncated ..." */
void count_words_left(struct buffer *to, const struct count_words *counts,
		      const struct profile *profile);

#endif
