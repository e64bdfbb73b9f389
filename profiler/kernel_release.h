/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel runs here, and is it one that hearth can work on? */
#ifndef HEARTH_PROFILER_KERNEL_RELEASE_H
#define HEARTH_PROFILER_KERNEL_RELEASE_H

#include <stdbool.h>

/* The first with the tree of mappings that the kernel side reads (bpf/mapping.bpf.h). */
#define KERNEL_OLDEST_MAJOR 6
#define KERNEL_OLDEST_MINOR 1
#define KERNEL_OLDEST       "6.1"

struct kernel_release {
	unsigned int major, minor;
	char text[65]; /* as uname(2) gives it */
};

/* 0, or -EINVAL if the kernel's release does not begin with two numbers. */
int kernel_release_read(struct kernel_release *ret_release);
int kernel_release_parse(const char *text, struct kernel_release *ret_release);

bool kernel_release_is_supported(const struct kernel_release *release);

#endif
