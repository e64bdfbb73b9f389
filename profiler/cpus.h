/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs there are: the lists of /sys/devices/system/cpu, "0-3,5". */
#ifndef HEARTH_PROFILER_CPUS_H
#define HEARTH_PROFILER_CPUS_H

#include <stdbool.h>
#include <stddef.h>

#define CPUS_MAX 4096 /* more are not profiled; the kernel's NR_CPUS is at most 8192 */

struct cpu_set_list {
	bool has[CPUS_MAX];
	size_t end; /* one more than the highest number */
};

/* Parses a list: 0 or -EINVAL. */
int cpus_parse(const char *list, struct cpu_set_list *ret_cpus);

/* Reads "online" or "possible": 0 or -errno. */
int cpus_read(const char *which, struct cpu_set_list *ret_cpus);

/* The same for who reads it again and again, which costs a third so: a descriptor or -errno; 0, -errno, or that of the opening. */
int cpus_open(const char *which);
int cpus_read_opened(int fd, struct cpu_set_list *ret_cpus);

#endif
