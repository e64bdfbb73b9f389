/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the outputs for terminals and chats have in common. All that somebody else chose is cleaned: no control character, no
 * change of direction reaches a terminal.
 */
#ifndef HEARTH_RENDER_PLAIN_TEXT_H
#define HEARTH_RENDER_PLAIN_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct count_words;
struct profile;
struct render_options;

#define TEXT_COLUMNS  100  /* that a line is made for */
#define TEXT_NAME_MAX 4096 /* bytes of a name that are looked at */

/* What 100 % is. */
uint64_t text_whole(const struct profile *profile, const struct render_options *options);

/* What was profiled, the ticks and their fates, what was taken out before: some lines and an empty one. 0 or -ENOMEM. */
int text_append_head(struct buffer *to, const struct profile *profile,
		     const struct render_options *options);

/* A count as it is to be shown, without a word, on the right of so many columns. */
void text_append_count(struct buffer *to, const struct count_words *counts, uint64_t count,
		       int columns);

/* A share, on the right of 7 columns. */
void text_append_share(struct buffer *to, uint64_t part, uint64_t whole);

/* A name, with `suffix` behind it, in at most so many columns. Gives how many it takes. */
size_t text_append_name(struct buffer *to, const char *name, size_t size, const char *suffix,
			size_t columns);

#endif
