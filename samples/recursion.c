/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recursion of known depth with a proven root: _start, main, sixty times descend(), and the work
 * below. No C library, so that nothing on the stack lacks a frame pointer.
 */
#define SAMPLE_FREESTANDING
#include "sample.h"

#define DEPTH 60 /* also in recursion.expect.json */

static SAMPLE_FRAME void work_at_the_bottom(void)
{
	sample_work(SAMPLE_BLOCK);
}

static SAMPLE_FRAME void descend(unsigned levels_below)
{
	if (levels_below)
		descend(levels_below - 1);
	else
		work_at_the_bottom();
	__asm__ volatile(""); /* something left to do: the call above is no jump */
}

int main(int argument_count, char **arguments)
{
	struct sample_options options = sample_start(arguments);

	(void)argument_count;
	while (!sample_is_over(CLOCK_PROCESS_CPUTIME_ID, options.seconds))
		descend(DEPTH - 1);
	sample_end(options);
	return 0;
}
