/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of the frame-pointer profiler share. */
#ifndef HEARTH_TESTS_BENCH_FP_PEER_H
#define HEARTH_TESTS_BENCH_FP_PEER_H

#include <linux/types.h>

#define FP_PEER_MAX_FRAMES 127 /* kernel.perf_event_max_stack, as it is by default */

struct fp_peer_key {
	__u32 tgid;
	__s32 user_stack, kernel_stack;
	char comm[16];
};

#endif
