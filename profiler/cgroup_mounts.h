/* SPDX-License-Identifier: Apache-2.0 */
/* Where hierarchies of control groups are mounted here: what /proc/self/mountinfo and /proc/PID/cgroup say of one another. */
#ifndef HEARTH_PROFILER_CGROUP_MOUNTS_H
#define HEARTH_PROFILER_CGROUP_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#define CGROUP_MOUNT_MAX 4096

/*
 * Where the whole of a hierarchy is mounted, by its controllers as /proc/PID/cgroup has them: "cpu,cpuacct", or "" for version 2. Only of those that
 * the kernel side knows (bpf/cgroup_controllers.def).
 */
bool cgroup_mount_find(const char *controllers, char ret_folder[CGROUP_MOUNT_MAX]);

/* The same in the text of mountinfo, a line of which may be changed. */
bool cgroup_mount_in_line(char *line, const char *controllers, char ret_folder[CGROUP_MOUNT_MAX]);

#endif
