/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/process_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/events.h"
#include "profiler/container_files.h"

struct known_process {
	uint64_t id;
	struct process_fact fact;
};

struct process_facts *process_facts_new(void)
{
	struct process_facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return NULL;
	arena_init(&facts->arena);
	record_pool_init(&facts->processes, sizeof(struct known_process), sizeof(uint64_t));
	return facts;
}

void process_facts_free(struct process_facts *facts)
{
	if (!facts)
		return;
	arena_release(&facts->arena);
	record_pool_release(&facts->processes);
	free(facts->containers);
	free(facts->files);
	free(facts);
}

const struct process_fact *process_facts_of(const struct process_facts *facts,
					    const struct process_event *process)
{
	const struct known_process *known;
	uint32_t index;

	if (!record_pool_find(&facts->processes, &process->id, &index))
		return NULL;
	known = record_pool_get(&facts->processes, index);
	return &known->fact;
}

/* Room for one more: false without memory. */
static bool reserve(void *array, size_t *capacity, size_t count, size_t size)
{
	size_t larger = *capacity ? *capacity * 2 : 16;
	void **memory = array, *grown;

	if (count < *capacity)
		return true;
	grown = reallocarray(*memory, larger, size);
	if (!grown)
		return false;
	*memory = grown;
	*capacity = larger;
	return true;
}

/* NULL stays; false without memory. */
static bool copy(struct process_facts *facts, const char *text, const char **ret_copy)
{
	*ret_copy = text ? arena_string(&facts->arena, text, strlen(text)) : NULL;
	return !text || *ret_copy;
}

int process_facts_add_container(struct process_facts *facts, const struct container_fact *container,
				uint32_t *ret_container)
{
	struct container_fact *added = arena_alloc(&facts->arena, sizeof(*added));

	if (!added || !reserve(&facts->containers, &facts->container_capacity,
			       facts->container_count, sizeof(struct container_fact *)))
		return -ENOMEM;
	if (!copy(facts, container->id, &added->id) || !copy(facts, container->pod, &added->pod))
		return -ENOMEM;
	for (size_t i = 0; i < CONTAINER_FIELDS; i++)
		if (!copy(facts, container->words[i], &added->words[i]))
			return -ENOMEM;
	*ret_container = (uint32_t)facts->container_count;
	facts->containers[facts->container_count++] = added;
	return 0;
}

static bool is_kept(const struct process_facts *facts, const struct container_text *text)
{
	for (size_t i = facts->file_count; i--;)
		if (facts->files[i].container == CONTAINER_SERVICE_ANY &&
		    facts->files[i].bytes.size == text->size &&
		    !memcmp(facts->files[i].bytes.data, text->bytes, text->size))
			return true;
	return false;
}

int process_facts_add_file(struct process_facts *facts, uint32_t container,
			   const struct container_text *text)
{
	char *bytes;

	if (text->is_of_many && is_kept(facts, text))
		return 0;
	bytes = arena_string(&facts->arena, text->bytes, text->size);
	if (!bytes || !reserve(&facts->files, &facts->file_capacity, facts->file_count,
			       sizeof(*facts->files)))
		return -ENOMEM;
	facts->files[facts->file_count++] = (struct container_service_file){
		.bytes = { (const uint8_t *)bytes, text->size },
		.container = text->is_of_many ? CONTAINER_SERVICE_ANY : container,
		.is_users = text->is_users,
	};
	return 0;
}

int process_facts_add(struct process_facts *facts, uint64_t process, const char *cgroup,
		      const char *exe, uint32_t container)
{
	struct known_process *known;
	uint32_t index;
	int error = record_pool_add(&facts->processes, &process, &index);

	if (error)
		return error;
	known = record_pool_get(&facts->processes, index);
	if (!copy(facts, cgroup, &known->fact.cgroup) || !copy(facts, exe, &known->fact.exe))
		return -ENOMEM;
	if (container != UINT32_MAX)
		known->fact.container = facts->containers[container];
	return 0;
}

int process_facts_set_word(struct process_facts *facts, struct container_fact *container,
			   enum container_field field, const char *text)
{
	return copy(facts, text, &container->words[field]) ? 0 : -ENOMEM;
}
