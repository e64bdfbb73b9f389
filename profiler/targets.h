/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be profiled, as the user said it and as the kernel side filters it. */
#ifndef HEARTH_PROFILER_TARGETS_H
#define HEARTH_PROFILER_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/events.h"

#define TARGETS_MAX 1024 /* PIDs or TIDs that can be named; more is refused */

struct targets {
	bool whole_machine; /* -a was given */
	bool is_command;    /* the process that hearth starts itself */
	uint32_t pids[TARGETS_MAX];
	size_t pid_count;
	uint32_t tids[TARGETS_MAX];
	size_t tid_count;
	bool no_inherit;
	const char *comm;       /* NULL: any */
	const char *cgroup;     /* path as given, NULL: any */
	const char *container;  /* as given, NULL: any */
	char *container_folder; /* of its control group, once it was found; owned */
	uint64_t container_inode;
	const char *user; /* as given, NULL: any */
};

/* Each reads one option's value: 0, or -EINVAL with a static reason. */
int targets_set_pids(struct targets *targets, const char *list, const char **ret_why);
int targets_set_tids(struct targets *targets, const char *list, const char **ret_why);
int targets_set_comm(struct targets *targets, const char *comm, const char **ret_why);

void targets_release(struct targets *targets);

/* Finds the container by its name or ID, if one is named: 0, or -ENOENT, -EPERM or -ENOMEM after logging. */
int targets_find_container(struct targets *targets);

/* Fills in what the kernel side filters by; what is not to be found is logged: 0 or -errno. */
int targets_configure(const struct targets *targets, struct sample_config *config);

/* Logs named PIDs or TIDs that do not exist: 0, or -ESRCH if none does or one is a mere thread's. */
int targets_check_alive(const struct targets *targets);

/* Does any of the named threads live? */
bool targets_have_threads(const struct targets *targets);

/* Is the container's control group still there? One that is started again gets another. */
bool targets_have_container(const struct targets *targets);

/*
 * Logs that the named processes have children that ran already and are no targets: what people who give the
 * PID of a server's parent process do not expect.
 */
void targets_warn_of_children(const struct targets *targets);

/* The targets in words, for the sub-title: "PID 1234", "the whole machine". */
void targets_describe(const struct targets *targets, char *text, size_t size);

#endif
