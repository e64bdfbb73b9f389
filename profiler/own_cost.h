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
#include <sys/types.h>
#include <time.h>

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
	uint64_t aside_bytes; /* of that: what would not be there without the reader's `aside` */
	uint64_t open_files;
	uint32_t processes;
	bool lacks_children; /* this kernel does not tell what they are (CONFIG_PROC_CHILDREN) */
};

struct own_cost_process {
	pid_t pid;
	int statm;       /* open, -1: it cannot be */
	clockid_t clock; /* of its CPU time */
	/* As it was read last: what has not run since has the same memory. */
	uint64_t cpu_ns; /* 0: it was not read */
	uint64_t own_bytes, file_bytes;
};

/*
 * What is looked at once for many readings: which processes there are, what they have open, and the BPF maps that are mapped. Again every ten seconds, when a child was waited for or has
 * ended, or at the next reading where `due_ns` was made 0; what a child that is new takes counts then, all of it.
 */
struct own_cost_reader {
	struct own_cost_process processes[OWN_COST_MAX_PROCESSES]; /* this one first */
	uint32_t count;
	pid_t other; /* a child that is not of this program: it is passed over with its own; 0: there is none */
	pid_t aside; /* a process whose memory is told apart, too; 0: there is none */
	bool lacks_children;
	uint64_t map_bytes, open_files;
	uint64_t due_ns;   /* CLOCK_MONOTONIC */
	uint64_t ended_ns; /* CPU time of children that were waited for */
};

void own_cost_reader_init(struct own_cost_reader *reader);
void own_cost_reader_release(struct own_cost_reader *reader);

/* 0 or -errno. Takes two system calls for each process that ran since, one for each of the others, and some hundred microseconds where it looks again. One thread at a time. */
int own_cost_read(struct own_cost_reader *reader, struct own_cost *ret_cost);

#endif
