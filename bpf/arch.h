/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The file of the processor that is compiled for. */
#ifndef HEARTH_BPF_ARCH_H
#define HEARTH_BPF_ARCH_H

#if defined(__TARGET_ARCH_x86) || defined(__x86_64__)
#include "bpf/arch_x86.h"
#else
#error "this processor has no file in bpf/ yet"
#endif

#endif
