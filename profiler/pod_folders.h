/* SPDX-License-Identifier: Apache-2.0 */
/* What the kubelet calls a pod's folder of logs: NAMESPACE_NAME_UID. So a node shows what its pods are called, whatever engine runs them. */
#ifndef HEARTH_PROFILER_POD_FOLDERS_H
#define HEARTH_PROFILER_POD_FOLDERS_H

#include <stdbool.h>

#define POD_FOLDERS  "/var/log/pods"
#define POD_NAME_MAX 253 /* a DNS name's */

struct pod_folder {
	char namespace[POD_NAME_MAX + 1];
	char name[POD_NAME_MAX + 1];
};

/* Among the first few thousand entries of `folders`. */
bool pod_folder_find(const char *folders, const char *uid, struct pod_folder *ret_folder);

#endif
