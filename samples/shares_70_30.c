/* SPDX-License-Identifier: Apache-2.0 */
/* Two functions that do seven and three of ten units of work. An ordinary program with Debian's libc. */
#include "sample.h"

static SAMPLE_FRAME void seventy(void)
{
	sample_work(1);
}

static SAMPLE_FRAME void thirty(void)
{
	sample_work(1);
}

static SAMPLE_FRAME void take_turns(const unsigned char *turns)
{
	for (unsigned i = 0; i < SAMPLE_BLOCK; i++) {
		if (turns[i])
			seventy();
		else
			thirty();
	}
}

int main(int argument_count, char **arguments)
{
	unsigned char turns[SAMPLE_BLOCK] = { 1, 1, 1, 1, 1, 1, 1, 0, 0, 0 };
	struct sample_options options = sample_start(arguments);
	uint32_t random = 2463534242u;

	(void)argument_count;
	while (!sample_is_over(CLOCK_PROCESS_CPUTIME_ID, options.seconds)) {
		sample_shuffle(turns, SAMPLE_BLOCK, &random);
		take_turns(turns);
	}
	sample_end(options);
	return 0;
}
