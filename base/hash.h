/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing: XXH3 for bytes, its kind of final mixing for integers. Values are not stable on disk. */
#ifndef HEARTH_BASE_HASH_H
#define HEARTH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *bytes, size_t size);

/* A random number, to be mixed into what an attacker may choose: else he makes everything collide. */
uint64_t hash_seed(void);

/* A bijection that spreads every input bit over all output bits (splitmix64's finaliser). */
static inline uint64_t hash_u64(uint64_t value)
{
	value ^= value >> 30;
	value *= 0xbf58476d1ce4e5b9u;
	value ^= value >> 27;
	value *= 0x94d049bb133111ebu;
	return value ^ value >> 31;
}

/*
 * Of two words, by one multiplication (as XXH3 hashes short keys). Both seeds are hash_seed()'s: whoever knows one of
 * them makes everything collide.
 */
static inline uint64_t hash_pair(uint64_t first, uint64_t second, const uint64_t seeds[2])
{
	unsigned __int128 product = (unsigned __int128)(first ^ seeds[0]) * (second ^ seeds[1]);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
