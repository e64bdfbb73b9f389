/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a growing file was looked at. Of what it holds beyond one look's size, and within the next one's, is known that it was
 * written between the two.
 */
#ifndef HEARTH_SYMBOLIZE_CODE_LOOK_H
#define HEARTH_SYMBOLIZE_CODE_LOOK_H

#include <stdint.h>

struct code_look {
	uint64_t size;    /* larger than that of the look before */
	uint64_t time_ns; /* of the kernel's CLOCK_BOOTTIME */
	uint64_t last_ns; /* when it still had that size */
	/* What to add to the process's CLOCK_MONOTONIC for that: it grows when the machine sleeps. */
	uint64_t monotonic_behind_ns;
};

#endif
