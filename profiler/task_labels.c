/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/task_labels.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "bpf/events.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/control_groups.h"

void task_labels_init(struct task_labels *labels, struct profile *profile,
		      const struct control_groups *groups, struct tick_labels wanted)
{
	*labels = (struct task_labels){
		.profile = profile,
		.groups = groups,
		.wanted = wanted,
		.host = PROFILE_NONE,
		.kernel = PROFILE_NONE,
	};
	u64_map_init(&labels->users);
}

void task_labels_release(struct task_labels *labels)
{
	u64_map_release(&labels->users);
}

static int find_user(struct task_labels *labels, uint32_t uid, uint32_t *ret_string)
{
	uint32_t string = u64_map_get(&labels->users, uid);
	const struct passwd *entry;
	char number[16];
	const char *name = number;
	int error;

	if (string == U64_MAP_ABSENT) {
		entry = getpwuid(uid);
		snprintf(number, sizeof(number), "%u", uid);
		if (entry && *entry->pw_name)
			name = entry->pw_name;
		error = profile_intern(labels->profile, name, strlen(name), &string);
		if (!error)
			error = u64_map_set(&labels->users, uid, string);
		if (error)
			return error;
	}
	*ret_string = string;
	return 0;
}

/* The group, and the container whose it is. */
static int set_group(struct task_labels *labels, const struct process_event *process,
		     struct label_set *set)
{
	const char *path = labels->groups ? control_groups_of(labels->groups, process) : NULL;
	const char *container = path ? control_group_container(path) : NULL;
	int error = 0;

	if (path)
		error = profile_intern(labels->profile, path, strlen(path),
				       &set->values[SAMPLE_LABEL_cgroup]);
	if (!error && container)
		error = profile_intern(labels->profile, container, CONTAINER_ID_SHOWN,
				       &set->values[SAMPLE_LABEL_container]);
	return error;
}

static int set_process(struct task_labels *labels, const struct process_event *process,
		       struct label_set *set)
{
	int error = profile_intern(labels->profile, process->comm,
				   strnlen(process->comm, sizeof(process->comm)),
				   &set->values[SAMPLE_LABEL_comm]);

	if (error || !process->tgid)
		return error;
	set->values[SAMPLE_LABEL_pid] = process->tgid;
	error = set_group(labels, process, set);
	if (error || !labels->wanted.user)
		return error;
	return find_user(labels, process->uid, &set->values[SAMPLE_LABEL_user]);
}

/* Of each sample, also of one whose process is not known. */
static int set_machine(struct task_labels *labels, struct label_set *set)
{
	struct utsname machine;
	int error = 0;

	if (!labels->wanted.machine)
		return 0;
	if (labels->host == PROFILE_NONE && !uname(&machine)) {
		error = profile_intern(labels->profile, machine.nodename, strlen(machine.nodename),
				       &labels->host);
		if (!error)
			error = profile_intern(labels->profile, machine.release,
					       strlen(machine.release), &labels->kernel);
	}
	set->values[SAMPLE_LABEL_host] = labels->host;
	set->values[SAMPLE_LABEL_kernel] = labels->kernel;
	return error;
}

int task_labels_add(struct task_labels *labels, const struct process_event *process, uint32_t tid,
		    uint32_t cpu, uint32_t *ret_labels)
{
	struct label_set set;
	int error;

	memset(&set, 0xff, sizeof(set)); /* every label PROFILE_NONE */
	set.values[SAMPLE_LABEL_tid] = tid;
	set.values[SAMPLE_LABEL_cpu] = cpu;
	error = set_machine(labels, &set);
	if (!error && process)
		error = set_process(labels, process, &set);
	return error ? error : profile_add_labels(labels->profile, &set, ret_labels);
}
