/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/known_containers.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "profiler/container_files.h"
#include "profiler/container_path.h"
#include "profiler/control_groups.h"
#include "profiler/pod_folders.h"
#include "profiler/process_facts.h"

/* By which a file is known to be another one now. */
struct file_identity {
	uint64_t device, inode, written_ns, size;
};

struct known_container {
	struct container_path path; /* the key: without the user */
	uint32_t uid;               /* of the process by which it was met */
	uint32_t text_count, identity_count;
	struct container_text *texts[CONTAINER_TEXTS]; /* not handed on yet */
	struct file_identity identities[CONTAINER_TEXTS];
	struct pod_folder *folder; /* NULL: not known */
};

#define KEY_SIZE (offsetof(struct container_path, pod) + sizeof(((struct container_path *)0)->pod))

int known_containers_init(struct known_containers *known)
{
	*known = (struct known_containers){ .files = container_files_new() };
	record_pool_init(&known->containers, sizeof(struct known_container), KEY_SIZE);
	return known->files ? 0 : -ENOMEM;
}

static struct known_container *at(const struct known_containers *known, uint32_t index)
{
	return record_pool_get(&known->containers, index);
}

static void drop_texts(struct known_container *container)
{
	while (container->text_count)
		container_text_drop(container->texts[--container->text_count]);
}

static void release(struct known_container *container)
{
	drop_texts(container);
	free(container->folder);
}

void known_containers_release(struct known_containers *known)
{
	for (uint32_t i = 0; i < known->containers.count; i++)
		release(at(known, i));
	record_pool_release(&known->containers);
	container_files_free(known->files);
}

static struct file_identity identity_of(const struct container_text *text)
{
	return (struct file_identity){ text->device, text->inode, text->written_ns, text->size };
}

static bool are_same(const struct known_container *container, struct container_text *const *texts,
		     size_t count)
{
	bool are_same = container->identity_count == count;

	for (size_t i = 0; i < count && are_same; i++) {
		const struct file_identity identity = identity_of(texts[i]);

		are_same = !memcmp(&identity, &container->identities[i], sizeof(identity));
	}
	return are_same;
}

static void find_folder(struct known_container *container)
{
	struct pod_folder found;

	if (!pod_folder_find(POD_FOLDERS, container->path.pod, &found))
		return;
	container->folder = malloc(sizeof(found));
	if (container->folder)
		*container->folder = found;
}

/* What is gone stays as it was read. */
static void read_files(struct known_containers *known, struct known_container *container,
		       const struct container_witness *witness)
{
	struct container_text *texts[CONTAINER_TEXTS];
	size_t count;

	if (*container->path.pod && !container->folder)
		find_folder(container);
	if (!*container->path.id)
		return;
	count = container_files_read(known->files, &container->path, witness, texts);
	if (!count)
		return;
	if (are_same(container, texts, count)) {
		while (count)
			container_text_drop(texts[--count]);
		return;
	}
	drop_texts(container);
	for (size_t i = 0; i < count; i++) {
		container->texts[i] = texts[i];
		container->identities[i] = identity_of(texts[i]);
	}
	container->text_count = container->identity_count = (uint32_t)count;
}

uint32_t known_containers_meet(struct known_containers *known, const struct container_path *path,
			       const struct container_witness *witness)
{
	struct known_container *container;
	uint32_t index;

	if (record_pool_find(&known->containers, path, &index))
		return index;
	if (known->containers.count >= CONTROL_GROUPS_MAX_CONTAINERS ||
	    record_pool_add(&known->containers, path, &index))
		return KNOWN_CONTAINERS_NONE;
	container = at(known, index);
	container->path.user = path->user;
	container->uid = witness->uid;
	read_files(known, container, witness);
	return index;
}

void known_containers_refresh(struct known_containers *known, size_t count)
{
	if (count > known->containers.count)
		count = known->containers.count;
	for (; count; count--) {
		struct known_container *container;
		struct container_witness nobody = { 0 };

		known->next = (known->next + 1) % known->containers.count;
		container = at(known, known->next);
		nobody.uid = container->uid;
		read_files(known, container, &nobody);
	}
}

/* The kubelet's word for a pod is not the engine's, which is asked for all the same. */
int known_containers_tell(struct known_containers *known, uint32_t container,
			  struct process_facts *facts, uint32_t *ret_container)
{
	struct known_container *told = at(known, container);
	struct container_fact fact = { .id = told->path.id, .pod = told->path.pod };
	int error;

	if (told->folder) {
		fact.words[CONTAINER_POD] = told->folder->name;
		fact.words[CONTAINER_NAMESPACE] = told->folder->namespace;
	}
	error = process_facts_add_container(facts, &fact, ret_container);
	for (size_t i = 0; i < told->text_count && !error; i++)
		error = process_facts_add_file(facts, *ret_container, told->texts[i]);
	if (!error)
		drop_texts(told);
	return error;
}

int known_containers_keep(struct known_containers *known, const bool *is_met, uint32_t *places)
{
	struct record_pool kept;
	uint32_t count = known->containers.count;
	int error = 0;

	record_pool_init(&kept, sizeof(struct known_container), KEY_SIZE);
	for (uint32_t i = 0; i < count && !error; i++)
		if (is_met[i])
			error = record_pool_add(&kept, at(known, i), &places[i]);
	if (error) {
		record_pool_release(&kept);
		return error;
	}
	for (uint32_t i = 0; i < count; i++)
		if (is_met[i])
			memcpy(record_pool_get(&kept, places[i]), at(known, i),
			       sizeof(struct known_container));
		else
			release(at(known, i));
	record_pool_release(&known->containers);
	known->containers = kept;
	return 0;
}
