/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target for benches: a stack as deep as asked for, each of its frames another function, with a leaf that
 * works until it is killed.
 *
 *   deep_stack LEVELS spin|thrash plain|changing
 *
 * LEVELS are the functions below main, the leaf among them. `spin` stays in registers; `thrash` walks
 * THRASH_BYTES in a random order. `changing` takes TURNS ways in turn through the last CHANGING_LEVELS before
 * the leaf, each with functions of its own; `plain` stays in the first of them.
 *
 * Compiled several times: with and without frame pointers, and with WIDE for frames of 190 bytes on average
 * in place of 32. Prints a line when the leaf is reached: the bytes of stack that a level takes on average.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THRASH_BYTES (128u << 20)
#define LINE_BYTES   64

#define ALL_LEVELS      150
#define TURNS           4
#define CHANGING_LEVELS 8
#define SHARED_LEVELS   (ALL_LEVELS - TURNS * CHANGING_LEVELS)
#define SPIN_OF_A_TURN  20000 /* some 20 us */
#define WALK_OF_A_TURN  200

#ifdef WIDE
#define ROOM(n) (96 + (n)*5 % 11 * 16) /* of 11 levels in a row: 96, 112, ... 256 */
#else
#define ROOM(n) 8
#endif

/* A level calls the next one of its way; the last is the leaf. */
typedef unsigned long level_fn(const void *next_level);
typedef level_fn *const *way;

#define LEVEL(n)                                                                         \
	static __attribute__((noinline)) unsigned long level_##n(const void *next_level) \
	{                                                                                \
		volatile unsigned char room[ROOM(n)];                                    \
		way next = next_level;                                                   \
		unsigned long sum;                                                       \
                                                                                         \
		room[0] = (unsigned char)(n);                                            \
		sum = (*next)(next + 1);                                                 \
		return sum + room[0] + (n);                                              \
	}

/* clang-format off */
#define TEN(tens)                                                                  \
	LEVEL(tens##0) LEVEL(tens##1) LEVEL(tens##2) LEVEL(tens##3) LEVEL(tens##4) \
	LEVEL(tens##5) LEVEL(tens##6) LEVEL(tens##7) LEVEL(tens##8) LEVEL(tens##9)

#define NAMES(tens)                                                                          \
	level_##tens##0, level_##tens##1, level_##tens##2, level_##tens##3, level_##tens##4, \
	level_##tens##5, level_##tens##6, level_##tens##7, level_##tens##8, level_##tens##9

TEN(10) TEN(11) TEN(12) TEN(13) TEN(14) TEN(15) TEN(16) TEN(17)
TEN(18) TEN(19) TEN(20) TEN(21) TEN(22) TEN(23) TEN(24)

static level_fn *const all_levels[ALL_LEVELS] = {
	NAMES(10), NAMES(11), NAMES(12), NAMES(13), NAMES(14), NAMES(15), NAMES(16), NAMES(17),
	NAMES(18), NAMES(19), NAMES(20), NAMES(21), NAMES(22), NAMES(23), NAMES(24),
};
/* clang-format on */

static struct {
	level_fn *root_way[ALL_LEVELS];
	level_fn *ways[TURNS][CHANGING_LEVELS + 1];
	unsigned int levels, turns;
	uintptr_t main_frame;
	uint64_t *lines; /* what is walked; NULL: the leaf spins */
	uint64_t at;
} state;

static void tell(uintptr_t leaf_frame)
{
	static int told;

	if (told)
		return;
	told = 1;
	printf("ready: %lu bytes a level\n",
	       (unsigned long)(state.main_frame - leaf_frame) / state.levels);
	fflush(stdout);
}

/* The leaf's work is in its own body: nothing below it. */
static __attribute__((noinline)) unsigned long leaf(const void *unused)
{
	unsigned long i, steps = state.lines ? WALK_OF_A_TURN : SPIN_OF_A_TURN;
	uint64_t at = state.at;

	tell((uintptr_t)&i);
	do {
		for (i = 0; i < steps; i++) {
			if (state.lines)
				at = state.lines[at * (LINE_BYTES / sizeof(uint64_t))];
			__asm__ volatile("" : "+r"(at), "+r"(i) : "r"(unused));
		}
	} while (state.turns == 1);
	state.at = at;
	return at;
}

/* Where the ways part. */
static __attribute__((noinline)) unsigned long fork_level(const void *unused)
{
	unsigned long sum = (unsigned long)unused;
	unsigned int turn;

	for (turn = 0;; turn = (turn + 1) % state.turns)
		sum += state.ways[turn][0](&state.ways[turn][1]);
	return sum;
}

static void lay_ways(void)
{
	unsigned int shared = state.levels - CHANGING_LEVELS - 2, turn, i;

	for (i = 0; i < shared; i++)
		state.root_way[i] = all_levels[i];
	state.root_way[shared] = fork_level;
	for (turn = 0; turn < TURNS; turn++) {
		for (i = 0; i < CHANGING_LEVELS; i++)
			state.ways[turn][i] =
				all_levels[SHARED_LEVELS + turn * CHANGING_LEVELS + i];
		state.ways[turn][CHANGING_LEVELS] = leaf;
	}
}

/* One cycle through all lines, in an order that a prefetcher cannot guess (Sattolo's shuffle). */
static uint64_t *new_lines(void)
{
	const uint64_t count = THRASH_BYTES / LINE_BYTES, stride = LINE_BYTES / sizeof(uint64_t);
	uint64_t *lines = aligned_alloc(LINE_BYTES, THRASH_BYTES);
	uint64_t random = 88172645463325252ull, i, j, other;

	for (i = 0; lines && i < count; i++)
		lines[i * stride] = i;
	for (i = count - 1; lines && i > 0; i--) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		j = random % i;
		other = lines[j * stride];
		lines[j * stride] = lines[i * stride];
		lines[i * stride] = other;
	}
	return lines;
}

int main(int argc, char **argv)
{
	volatile unsigned long sum;

	state.levels = argc == 4 ? (unsigned int)atoi(argv[1]) : 0;
	if (state.levels < CHANGING_LEVELS + 3 ||
	    state.levels > SHARED_LEVELS + CHANGING_LEVELS + 2) {
		fprintf(stderr, "usage: deep_stack LEVELS spin|thrash plain|changing\n");
		return 2;
	}
	state.turns = strcmp(argv[3], "changing") ? 1 : TURNS;
	state.lines = strcmp(argv[2], "thrash") ? NULL : new_lines();
	state.main_frame = (uintptr_t)&sum;
	lay_ways();
	sum = state.root_way[0](&state.root_way[1]);
	return (int)sum;
}
