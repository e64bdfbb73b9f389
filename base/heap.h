/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's heap, for a short process that is about to allocate much: a page that is touched for the first time costs a fault, which for
 * arrays that are filled once is as much as the work on them.
 */
#ifndef HEARTH_BASE_HEAP_H
#define HEARTH_BASE_HEAP_H

#include <stddef.h>

/*
 * The next `bytes` or so are allocated from one range of large pages, where the kernel has them (transparent huge pages that are
 * always there, or on advice), and stay the process's when they are freed. Memory that is not touched is not taken; what is, is taken by
 * the large page, 2 MiB on x86-64. Where any of this fails, allocations are as ever. Before other threads begin.
 */
void heap_expect(size_t bytes);

#endif
