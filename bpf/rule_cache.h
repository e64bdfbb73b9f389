/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A rule that was found, as it is remembered for the next one who asks: its words, and a seal made of whose it is and of
 * them. Several CPUs write and read the same place at any time, and nobody waits: what one took of another's words does
 * not match the seal, be it the reader or a second writer who left his words under the first one's seal.
 *
 * Compiled for both sides: tests tear it.
 */
#ifndef HEARTH_BPF_RULE_CACHE_H
#define HEARTH_BPF_RULE_CACHE_H

#include <linux/types.h>
#include <stdbool.h>

#include "bpf/events.h"

#define RULE_CACHE_INLINE static inline __attribute__((always_inline))
#define RULE_CACHE_WORDS  (sizeof(struct unwind_rule) / sizeof(__u64))

_Static_assert(RULE_CACHE_WORDS == 2, "a seal is of two words");

/* Where it is remembered, and its seal's part. */
RULE_CACHE_INLINE __u64 rule_cache_hash(__u64 module, __u64 offset)
{
	return (module ^ offset) * 0x9e3779b97f4a7c15ull;
}

/* The factor sees to it that what differs in one word never makes up for what differs in the other. */
RULE_CACHE_INLINE __u64 rule_cache_seal(__u64 hash, __u64 offset, const __u64 *words)
{
	return (hash ^ offset << 1) + words[0] + words[1] * 0xd6e8feb86659fd93ull;
}

/* False: another one is remembered there, or something in between; `ret_rule` means nothing then. */
RULE_CACHE_INLINE bool rule_cache_take(const struct cached_rule *cached, __u64 hash, __u64 offset,
				       struct unwind_rule *ret_rule)
{
	const volatile __u64 *from = cached->words;
	const __u64 words[RULE_CACHE_WORDS] = { from[0], from[1] };

	__builtin_memcpy(ret_rule, words, sizeof(words));
	return *(const volatile __u64 *)&cached->seal == rule_cache_seal(hash, offset, words);
}

RULE_CACHE_INLINE void rule_cache_put(struct cached_rule *cached, __u64 hash, __u64 offset,
				      const struct unwind_rule *rule)
{
	volatile __u64 *to = cached->words;
	__u64 words[RULE_CACHE_WORDS];

	__builtin_memcpy(words, rule, sizeof(words));
	to[0] = words[0];
	to[1] = words[1];
	*(volatile __u64 *)&cached->seal = rule_cache_seal(hash, offset, words);
}

#endif
