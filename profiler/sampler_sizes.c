/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/sampler_sizes.h"

/* A tick takes 64 bytes and a new stack a few hundred; user space comes several times a second. */
#define RING_BYTES_MIN    (1u << 20)
#define RING_BYTES_MAX    (64u << 20)
#define RING_BYTES_A_TICK 1024u
#define RING_SECONDS      2u

/* A stack snapshot takes some 16 KiB. They come in bursts, in which user space is busy with the new files. */
#define SNAPSHOT_RING_BYTES_MIN (1u << 20)
#define SNAPSHOT_BYTES_A_TICK   16384u
#define SNAPSHOT_RINGS_A_SECOND 2u

/* A thread's last stack takes 13 KiB; where threads share a place, each walks all of its stack again. */
#define MEMOS_A_CPU 64u
#define MEMOS_MIN   128u
#define MEMOS_MAX   1024u

static uint32_t power_of_two(uint64_t wanted, uint32_t low, uint32_t high)
{
	uint32_t size = low;

	while (size < wanted && size < high)
		size *= 2;
	return size;
}

uint32_t sampler_ring_bytes(size_t cpus, uint64_t rate_hz)
{
	return power_of_two((uint64_t)cpus * rate_hz * RING_BYTES_A_TICK * RING_SECONDS,
			    RING_BYTES_MIN, RING_BYTES_MAX);
}

uint32_t sampler_snapshot_ring_bytes(size_t cpus, uint64_t rate_hz)
{
	return power_of_two((uint64_t)cpus * rate_hz * SNAPSHOT_BYTES_A_TICK /
				    SNAPSHOT_RINGS_A_SECOND,
			    SNAPSHOT_RING_BYTES_MIN, SAMPLER_SNAPSHOT_RING_MAX);
}

uint32_t sampler_memo_count(size_t cpus)
{
	return power_of_two((uint64_t)cpus * MEMOS_A_CPU, MEMOS_MIN, MEMOS_MAX);
}
