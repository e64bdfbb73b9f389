/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What places in files are called (profile_add_unnamed()), for profiles that stay in memory: each place is asked for once and known from then on, whatever window it is met in again.
 * It is a shelf of window_namer.h. One thread at a time.
 *
 * A place costs some 100 bytes and its names. When there are PLACE_NAMES_MAX all are forgotten, and those that are met again are asked for again.
 */
#ifndef HEARTH_PROFILER_PLACE_NAMES_H
#define HEARTH_PROFILER_PLACE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profiler/window_namer.h"

#define PLACE_NAMES_MAX (1u << 17)

struct place_names;
struct profile;

struct place_names *place_names_new(void); /* NULL: out of memory */
void place_names_free(struct place_names *names);

/* The places of a window are met: those that have no names are asked for from now on. 0 or -ENOMEM. */
int place_names_meet(struct place_names *names, const struct profile *window);

/* Is there any place that was met and not told of? */
bool place_names_lack(const struct place_names *names);

/* For window_namer_name(). */
struct window_shelf place_names_shelf(struct place_names *names);

/*
 * Adds stacks and samples of a profile to one that has names: of a place that was not told of yet a frame is called by its file and offset, and one
 * that has no name by its file in brackets. Both keep their samples; none of these has a time. What hung from a marker until its root is proven does no more where it is. 0, -ENOMEM or -EOVERFLOW.
 */
int place_names_add_profile(const struct place_names *names, const struct profile *from,
			    struct profile *to);

#endif
