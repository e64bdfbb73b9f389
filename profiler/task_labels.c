/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/task_labels.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "bpf/events.h"
#include "model/profile.h"
#include "model/samples.h"

void task_labels_init(struct task_labels *labels, struct profile *profile)
{
	*labels = (struct task_labels){ .profile = profile };
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

static int set_process(struct task_labels *labels, const struct process_event *process,
		       struct label_set *set)
{
	int error = profile_intern(labels->profile, process->comm,
				   strnlen(process->comm, sizeof(process->comm)),
				   &set->values[SAMPLE_LABEL_comm]);

	if (error || !process->tgid)
		return error;
	set->values[SAMPLE_LABEL_pid] = process->tgid;
	return find_user(labels, process->uid, &set->values[SAMPLE_LABEL_user]);
}

int task_labels_add(struct task_labels *labels, const struct process_event *process, uint32_t tid,
		    uint32_t cpu, uint32_t *ret_labels)
{
	struct label_set set;
	int error;

	memset(&set, 0xff, sizeof(set)); /* every label PROFILE_NONE */
	set.values[SAMPLE_LABEL_tid] = tid;
	set.values[SAMPLE_LABEL_cpu] = cpu;
	error = process ? set_process(labels, process, &set) : 0;
	return error ? error : profile_add_labels(labels->profile, &set, ret_labels);
}
