/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers from 0 to a size, handed out in runs, the lowest first: entries of an array that others have
 * made. Giving back never fails. Not thread-safe.
 */
#ifndef HEARTH_BASE_NUMBER_POOL_H
#define HEARTH_BASE_NUMBER_POOL_H

#include <stdint.h>

struct number_pool {
	uint64_t *taken; /* a bit for each number; those of the last word beyond the size are set */
	uint32_t size;
	uint32_t free_count;
};

#define NUMBER_POOL_NONE UINT32_MAX

/* 0 or -ENOMEM. Zeroed memory may be released, too. */
int number_pool_init(struct number_pool *pool, uint32_t size);
void number_pool_release(struct number_pool *pool);

/* Takes `count` (not 0) numbers in a row: the first, or NUMBER_POOL_NONE: there is no such run. */
uint32_t number_pool_take(struct number_pool *pool, uint32_t count);

/* Gives back numbers that are taken. */
void number_pool_give(struct number_pool *pool, uint32_t first, uint32_t count);

#endif
