/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hearth itself takes of the machine: this process and all that it started, which do the same program's work in processes of
 * their own (worker, openers, front). What its programs in the kernel take, the sampler knows (sampler_read_counters(),
 * sampler_map_bytes()).
 */
#ifndef HEARTH_PROFILER_OWN_COST_H
#define HEARTH_PROFILER_OWN_COST_H

#include <stdbool.h>
#include <stdint.h>

/* More processes are not looked at. */
#define OWN_COST_MAX_PROCESSES 64

struct own_cost {
	uint64_t
		cpu_ns; /* so far, of children that ended too; not of those that a child had started and that ended */
	/*
	 * What each process has for itself, and, once, what they have of files, which are the same ones: those of the process that
	 * has most of them. BPF maps that are mapped into this process are not in it: they are told apart, and of rings each page
	 * would count twice.
	 */
	uint64_t resident_bytes;
	uint64_t open_files;
	uint32_t processes;
	bool lacks_children; /* this kernel does not tell what they are (CONFIG_PROC_CHILDREN) */
};

/* 0 or -errno. Takes some hundred microseconds. From any thread. */
int own_cost_read(struct own_cost *ret_cost);

#endif
