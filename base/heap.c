/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGEST_THRESHOLD (32 << 20) /* that glibc takes: mallopt(3) */
#define DEFAULT_PAD       (128 << 10)

void heap_expect(size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start, end;
	void *volatile probe; /* the pair would be optimised away */

	if (bytes > INT32_MAX)
		bytes = INT32_MAX;
	mallopt(M_MMAP_THRESHOLD, LARGEST_THRESHOLD);
	mallopt(M_TRIM_THRESHOLD, INT32_MAX);
	mallopt(M_TOP_PAD, (int)bytes);
	start = ((uintptr_t)sbrk(0) + page - 1) & -page;
	/* What does not fit any more makes the heap grow, by the pad. */
	probe = malloc(LARGEST_THRESHOLD / 2);
	free(probe);
	mallopt(M_TOP_PAD, DEFAULT_PAD);
	end = (uintptr_t)sbrk(0) & -page;
	if (start < end)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
}
