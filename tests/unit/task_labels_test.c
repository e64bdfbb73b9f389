/* SPDX-License-Identifier: Apache-2.0 */
/* task_labels.c: what is known of a task, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <sys/utsname.h>

#include "bpf/events.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/process_facts.h"
#include "profiler/task_labels.h"

#define NOBODY_IS_THIS 4000000017u /* above what adduser gives */

static const struct tick_labels with_users = { .user = true };

static struct label_set labels_in(struct profile *profile, const struct process_facts *facts,
				  struct tick_labels wanted, const struct process_event *process,
				  uint32_t tid, uint32_t cpu)
{
	struct task_labels labels;
	uint32_t id;

	task_labels_init(&labels, profile, facts, wanted);
	assert_int_equal(task_labels_add(&labels, process, tid, cpu, &id), 0);
	task_labels_release(&labels);
	return *samples_labels(profile_samples(profile), id);
}

static struct label_set labels_of(struct profile *profile, const struct process_event *process,
				  uint32_t tid, uint32_t cpu)
{
	return labels_in(profile, NULL, with_users, process, tid, cpu);
}

static void assert_text(const struct profile *profile, const struct label_set *set,
			enum sample_label label, const char *text)
{
	assert_int_not_equal(set->values[label], PROFILE_NONE);
	assert_string_equal(profile_string(profile, set->values[label], NULL), text);
}

static struct profile *new_profile(void)
{
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	return profile;
}

static void a_task_is_told_with_its_user(void **state)
{
	const struct process_event process = { .tgid = 12, .comm = "app" };
	struct profile *profile = new_profile();
	struct label_set set = labels_of(profile, &process, 14, 0);

	(void)state;
	assert_text(profile, &set, SAMPLE_LABEL_comm, "app");
	assert_text(profile, &set, SAMPLE_LABEL_user, "root");
	assert_int_equal(set.values[SAMPLE_LABEL_pid], 12);
	assert_int_equal(set.values[SAMPLE_LABEL_tid], 14);
	assert_int_equal(set.values[SAMPLE_LABEL_cpu], 0);
	assert_int_equal(set.values[SAMPLE_LABEL_container], PROFILE_NONE);
	profile_free(profile);
}

static void nobody_is_looked_up_unasked(void **state)
{
	const struct process_event process = { .tgid = 12, .comm = "app" };
	struct profile *profile = new_profile();
	struct label_set set;

	(void)state;
	set = labels_in(profile, NULL, (struct tick_labels){ 0 }, &process, 14, 0);
	assert_int_equal(set.values[SAMPLE_LABEL_pid], 12);
	assert_int_equal(set.values[SAMPLE_LABEL_user], PROFILE_NONE);
	profile_free(profile);
}

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "2f1b5c1a-9d61-4e63-8a4b-5f0c2a7d9e31"

static struct label_set labels_with(struct profile *profile, const struct container_fact *container)
{
	const struct process_event process = { .id = 5, .tgid = 12, .comm = "app" };
	struct process_facts *facts = process_facts_new();
	uint32_t index = UINT32_MAX;
	struct label_set set;

	if (container)
		assert_int_equal(process_facts_add_container(facts, container, &index), 0);
	assert_int_equal(process_facts_add(facts, process.id, "/a/b", "/bin/app", index), 0);
	set = labels_in(profile, facts, with_users, &process, PROFILE_NONE, PROFILE_NONE);
	process_facts_free(facts);
	return set;
}

static void a_group_is_told_where_it_is_known(void **state)
{
	const struct process_event other = { .id = 6, .tgid = 12, .comm = "app" };
	struct process_facts *facts = process_facts_new();
	struct profile *profile = new_profile();
	struct label_set set = labels_with(profile, NULL);

	(void)state;
	assert_text(profile, &set, SAMPLE_LABEL_cgroup, "/a/b");
	assert_text(profile, &set, SAMPLE_LABEL_exe, "/bin/app");
	assert_int_equal(set.values[SAMPLE_LABEL_container], PROFILE_NONE);
	assert_int_equal(set.values[SAMPLE_LABEL_pod], PROFILE_NONE);
	set = labels_in(profile, facts, with_users, &other, PROFILE_NONE, PROFILE_NONE);
	assert_int_equal(set.values[SAMPLE_LABEL_cgroup], PROFILE_NONE);
	process_facts_free(facts);
	profile_free(profile);
}

static void a_container_is_told_by_its_name_or_its_id(void **state)
{
	struct container_fact container = { .id = ID, .pod = "" };
	struct profile *profile = new_profile();
	struct label_set set = labels_with(profile, &container);

	(void)state;
	assert_text(profile, &set, SAMPLE_LABEL_container, "0123456789ab");
	assert_int_equal(set.values[SAMPLE_LABEL_image], PROFILE_NONE);
	assert_int_equal(set.values[SAMPLE_LABEL_pod], PROFILE_NONE);
	container.words[CONTAINER_NAME] = "web-1";
	container.words[CONTAINER_IMAGE] = "nginx:1.25";
	set = labels_with(profile, &container);
	assert_text(profile, &set, SAMPLE_LABEL_container, "web-1");
	assert_text(profile, &set, SAMPLE_LABEL_image, "nginx:1.25");
	profile_free(profile);
}

static void a_pod_is_told_by_its_name_or_its_uid(void **state)
{
	struct container_fact container = { .id = "", .pod = UID };
	struct profile *profile = new_profile();
	struct label_set set = labels_with(profile, &container);

	(void)state;
	assert_text(profile, &set, SAMPLE_LABEL_pod, UID);
	assert_int_equal(set.values[SAMPLE_LABEL_container], PROFILE_NONE);
	assert_int_equal(set.values[SAMPLE_LABEL_namespace], PROFILE_NONE);
	container.words[CONTAINER_POD] = "front-5d9";
	container.words[CONTAINER_NAMESPACE] = "shop";
	set = labels_with(profile, &container);
	assert_text(profile, &set, SAMPLE_LABEL_pod, "front-5d9");
	assert_text(profile, &set, SAMPLE_LABEL_namespace, "shop");
	profile_free(profile);
}

/* The comm fills its field, and has no end. */
static void a_user_without_a_name_is_a_number(void **state)
{
	const struct process_event process = {
		.tgid = 12,
		.uid = NOBODY_IS_THIS,
		.comm = { 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a',
			  'b' },
	};
	struct profile *profile = new_profile();
	struct label_set set = labels_of(profile, &process, 14, PROFILE_NONE);

	(void)state;
	assert_text(profile, &set, SAMPLE_LABEL_user, "4000000017");
	assert_text(profile, &set, SAMPLE_LABEL_comm, "aaaaaaaaaaaaaaab");
	assert_int_equal(set.values[SAMPLE_LABEL_cpu], PROFILE_NONE);
	profile_free(profile);
}

/* As ticks are of which no record had room. */
static void of_a_comm_alone_nothing_else_is_told(void **state)
{
	const struct process_event process = { .comm = "app" };
	struct profile *profile = new_profile();
	struct label_set set = labels_of(profile, &process, PROFILE_NONE, PROFILE_NONE);

	(void)state;
	assert_text(profile, &set, SAMPLE_LABEL_comm, "app");
	assert_int_equal(set.values[SAMPLE_LABEL_pid], PROFILE_NONE);
	assert_int_equal(set.values[SAMPLE_LABEL_user], PROFILE_NONE);
	set = labels_of(profile, NULL, PROFILE_NONE, 3);
	assert_int_equal(set.values[SAMPLE_LABEL_comm], PROFILE_NONE);
	assert_int_equal(set.values[SAMPLE_LABEL_cpu], 3);
	profile_free(profile);
}

static void the_machine_is_told_of_every_tick(void **state)
{
	const struct tick_labels wanted = { .machine = true };
	struct profile *profile = new_profile();
	struct utsname machine;
	struct label_set set;

	(void)state;
	assert_int_equal(uname(&machine), 0);
	set = labels_in(profile, NULL, wanted, NULL, PROFILE_NONE, 3);
	assert_text(profile, &set, SAMPLE_LABEL_host, machine.nodename);
	assert_text(profile, &set, SAMPLE_LABEL_kernel, machine.release);
	set = labels_in(profile, NULL, with_users, NULL, PROFILE_NONE, 3);
	assert_int_equal(set.values[SAMPLE_LABEL_host], PROFILE_NONE);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_is_told_with_its_user),
		cmocka_unit_test(nobody_is_looked_up_unasked),
		cmocka_unit_test(a_group_is_told_where_it_is_known),
		cmocka_unit_test(a_container_is_told_by_its_name_or_its_id),
		cmocka_unit_test(a_pod_is_told_by_its_name_or_its_uid),
		cmocka_unit_test(a_user_without_a_name_is_a_number),
		cmocka_unit_test(the_machine_is_told_of_every_tick),
		cmocka_unit_test(of_a_comm_alone_nothing_else_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
