/* SPDX-License-Identifier: Apache-2.0 */
/* What the cage's filter of system calls (cage_filter.c) has to know of the processor. */
#ifndef HEARTH_WORKER_CAGE_ARCH_X86_H
#define HEARTH_WORKER_CAGE_ARCH_X86_H

#include <linux/audit.h>

/* 32-bit calls are of another architecture; those of x32 have a bit in their number, which then is none of the list. */
#define CAGE_AUDIT_ARCH AUDIT_ARCH_X86_64

#endif
