/* SPDX-License-Identifier: Apache-2.0 */
/* Rolls up what is old of a store that is written (store/slice_rolling.h), one slice after the other: slowly, and in a thread of its own, so that whoever writes never waits for it. */
#ifndef HEARTH_PROFILER_WINDOW_ROLLER_H
#define HEARTH_PROFILER_WINDOW_ROLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct roll_up_ages;
struct store_writer;
struct window_roller;

struct window_roller *window_roller_new(void); /* NULL: out of memory */

/*
 * To be called now and then by the thread that writes into the store: ends what is made by now, or begins the next one. True: `text` tells what was rolled up. What cannot be is warned of, and tried again an hour later; where slices cannot be read by a process that is shut in nothing is.
 */
bool window_roller_step(struct window_roller *roller, struct store_writer *store,
			const struct roll_up_ages *ages, uint64_t now_ns, char *text, size_t size);

/* Gives up what goes on, which changes nothing; before the store is closed. */
void window_roller_free(struct window_roller *roller, struct store_writer *store);

#endif
