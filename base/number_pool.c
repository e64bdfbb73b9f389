/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number_pool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define WORD_BITS 64

static void set(struct number_pool *pool, uint32_t number, bool is_taken)
{
	uint64_t bit = 1ull << number % WORD_BITS;

	if (is_taken)
		pool->taken[number / WORD_BITS] |= bit;
	else
		pool->taken[number / WORD_BITS] &= ~bit;
}

int number_pool_init(struct number_pool *pool, uint32_t size)
{
	uint32_t words = size / WORD_BITS + (size % WORD_BITS != 0);

	*pool = (struct number_pool){ .size = size, .free_count = size };
	pool->taken = calloc(words + 1, sizeof(*pool->taken));
	if (!pool->taken)
		return -ENOMEM;
	if (size % WORD_BITS)
		pool->taken[words - 1] = ~0ull << size % WORD_BITS;
	return 0;
}

void number_pool_release(struct number_pool *pool)
{
	free(pool->taken);
	*pool = (struct number_pool){ 0 };
}

/* The first number from `at` on that is taken, or is not; the size if there is none. */
static uint32_t find(const struct number_pool *pool, uint32_t at, bool is_taken)
{
	while (at < pool->size) {
		uint64_t word = pool->taken[at / WORD_BITS];
		uint64_t matching = (is_taken ? word : ~word) & ~0ull << at % WORD_BITS;

		if (matching) {
			at = at / WORD_BITS * WORD_BITS + (uint32_t)__builtin_ctzll(matching);
			break;
		}
		at = (at / WORD_BITS + 1) * WORD_BITS;
	}
	return at < pool->size ? at : pool->size;
}

uint32_t number_pool_take(struct number_pool *pool, uint32_t count)
{
	uint32_t first = 0, end;

	if (count > pool->free_count)
		return NUMBER_POOL_NONE;
	for (;;) {
		first = find(pool, first, false);
		if (count > pool->size - first)
			return NUMBER_POOL_NONE;
		end = find(pool, first, true);
		if (end - first >= count)
			break;
		first = end;
	}
	for (uint32_t i = 0; i < count; i++)
		set(pool, first + i, true);
	pool->free_count -= count;
	return first;
}

void number_pool_give(struct number_pool *pool, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		set(pool, first + i, false);
	pool->free_count += count;
}
