/* SPDX-License-Identifier: Apache-2.0 */
/* A container as what is to be profiled: by the folder of its control group. */
#ifndef HEARTH_PROFILER_CONTAINER_TARGET_H
#define HEARTH_PROFILER_CONTAINER_TARGET_H

struct running_containers;

/* Its folder, to be freed, by its name, its ID or the beginning of that: 0, or after logging -ENOENT: none that runs, or several; -EPERM; -ENOMEM. */
int container_target_find(const char *wanted, char **ret_folder);

/* The same among these. */
int container_target_find_among(const struct running_containers *running, const char *wanted,
				char **ret_folder);

#endif
