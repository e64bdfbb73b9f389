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
#include "profiler/container_path.h"
#include "profiler/machine_name.h"
#include "profiler/process_facts.h"

void task_labels_init(struct task_labels *labels, struct profile *profile,
		      const struct process_facts *facts, struct tick_labels wanted)
{
	*labels = (struct task_labels){
		.profile = profile,
		.facts = facts,
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

/* NULL, and what is empty, is not known. */
static int set_text(struct task_labels *labels, struct label_set *set, enum sample_label label,
		    const char *text)
{
	if (!text || !*text)
		return 0;
	return profile_intern(labels->profile, text, strlen(text), &set->values[label]);
}

/* By the name that its engine gave it, or by its ID, as engines show one; its pod by its UID where it has no other name. */
static int set_container(struct task_labels *labels, const struct container_fact *container,
			 struct label_set *set)
{
	const char *const *words = container->words;
	char id[CONTAINER_ID_SHOWN + 1];
	int error;

	snprintf(id, sizeof(id), "%s", container->id);
	error = set_text(labels, set, SAMPLE_LABEL_container,
			 words[CONTAINER_NAME] ? words[CONTAINER_NAME] : id);
	if (!error)
		error = set_text(labels, set, SAMPLE_LABEL_image, words[CONTAINER_IMAGE]);
	if (!error)
		error = set_text(labels, set, SAMPLE_LABEL_pod,
				 words[CONTAINER_POD] ? words[CONTAINER_POD] : container->pod);
	if (!error)
		error = set_text(labels, set, SAMPLE_LABEL_namespace, words[CONTAINER_NAMESPACE]);
	return error;
}

static int set_facts(struct task_labels *labels, const struct process_event *process,
		     struct label_set *set)
{
	const struct process_fact *fact =
		labels->facts ? process_facts_of(labels->facts, process) : NULL;
	int error;

	if (!fact)
		return 0;
	error = set_text(labels, set, SAMPLE_LABEL_cgroup, fact->cgroup);
	if (!error)
		error = set_text(labels, set, SAMPLE_LABEL_exe, fact->exe);
	if (!error && fact->container)
		error = set_container(labels, fact->container, set);
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
	error = set_facts(labels, process, set);
	if (error || !labels->wanted.user)
		return error;
	return find_user(labels, process->uid, &set->values[SAMPLE_LABEL_user]);
}

/* Of each sample, also of one whose process is not known. */
static int set_machine(struct task_labels *labels, struct label_set *set)
{
	char name[MACHINE_NAME_SIZE];
	struct utsname machine;
	int error = 0;

	if (!labels->wanted.machine)
		return 0;
	if (labels->host == PROFILE_NONE && !uname(&machine)) {
		machine_name_read(name);
		error = profile_intern(labels->profile, name, strlen(name), &labels->host);
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
