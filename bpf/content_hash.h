/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Two independent hashes of one content, mixed word by word: what stacks, processes and files are known by. */
#ifndef HEARTH_BPF_CONTENT_HASH_H
#define HEARTH_BPF_CONTENT_HASH_H

#include <linux/types.h>

#define HASH_INLINE static inline __attribute__((always_inline))

struct content_hash {
	__u64 first, second;
};

HASH_INLINE struct content_hash content_hash_start(__u64 seed)
{
	return (struct content_hash){ seed, ~seed };
}

HASH_INLINE void hash_mix(struct content_hash *hash, __u64 word)
{
	hash->first = (hash->first ^ word) * 0x9e3779b97f4a7c15ull;
	hash->first ^= hash->first >> 29;
	hash->second = (hash->second + word) * 0xc2b2ae3d27d4eb4full;
	hash->second ^= hash->second >> 31;
}

/* Never 0, which means "none". */
HASH_INLINE __u64 hash_id(const struct content_hash *hash)
{
	__u64 id = hash->first * 0xbf58476d1ce4e5b9ull;

	id ^= id >> 32;
	return id ? id : 1;
}

HASH_INLINE __u32 hash_check(const struct content_hash *hash)
{
	return (__u32)(hash->second >> 32);
}

#endif
