/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways to a file that a process maps, best first: through the mapping itself, which gives the very file, even a deleted one; by its path in
 * the process's root; by its path in ours, for the process may be gone. No link of a path leads out of its root, and nothing but a regular file is
 * opened, for reading. All of /proc/PID is reached from one descriptor of it, so that no other process of the same PID is met on the
 * way.
 *
 * What one of them leads to need not be the file that is meant: that is the caller's to prove. An open may take for ever, on FUSE or a network.
 */
#ifndef HEARTH_WORKER_FILE_WAYS_H
#define HEARTH_WORKER_FILE_WAYS_H

#include <stdint.h>

enum file_way {
	FILE_WAY_MAPPING,
	FILE_WAY_PROCESS_ROOT,
	FILE_WAY_OWN_ROOT,
	FILE_WAY_COUNT,
};

struct file_place {
	uint32_t pid; /* of a process that maps it; 0: not known */
	uint64_t mapping_start, mapping_end;
	const char *path; /* NULL: not known */
};

struct file_ways {
	const struct file_place *place;
	int process; /* /proc/PID, -1: there is none */
};

/* The place lives longer. */
void file_ways_init(struct file_ways *ways, const struct file_place *place);
void file_ways_release(const struct file_ways *ways);

/* 0; -ENOENT: it leads nowhere; -EINVAL: to no regular file; or another error. */
int file_ways_open(const struct file_ways *ways, enum file_way way, int *ret_fd);

#endif
