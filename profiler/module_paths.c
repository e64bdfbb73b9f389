/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/module_paths.h"

#include <stdbool.h>

struct path_key {
	uint64_t module;
	uint32_t ahead; /* MODULE_PATHS_NONE: it is the first */
	uint32_t length;
};

struct path {
	struct path_key key;
	uint32_t next_used;
	bool is_used;
};

void module_paths_init(struct module_paths *paths)
{
	record_pool_init(&paths->paths, sizeof(struct path), sizeof(struct path_key));
	paths->first_used = MODULE_PATHS_NONE;
}

void module_paths_release(struct module_paths *paths)
{
	record_pool_release(&paths->paths);
	paths->first_used = MODULE_PATHS_NONE;
}

static struct path *path_at(const struct module_paths *paths, uint32_t index)
{
	return record_pool_get(&paths->paths, index);
}

static bool has_module(const struct module_paths *paths, uint32_t path, uint64_t module)
{
	for (; path != MODULE_PATHS_NONE; path = path_at(paths, path)->key.ahead)
		if (path_at(paths, path)->key.module == module)
			return true;
	return false;
}

uint32_t module_paths_extend(struct module_paths *paths, uint32_t path, uint64_t module)
{
	struct path_key key = { .module = module, .ahead = path, .length = 1 };
	uint32_t extended;

	if (has_module(paths, path, module))
		return path;
	if (path != MODULE_PATHS_NONE)
		key.length += path_at(paths, path)->key.length;
	if (record_pool_find(&paths->paths, &key, &extended))
		return extended;
	if (key.length > MODULE_PATHS_MAX_LENGTH || paths->paths.count >= MODULE_PATHS_MAX ||
	    record_pool_add(&paths->paths, &key, &extended))
		return path;
	return extended;
}

/* What is ahead of a used path is used as well. */
void module_paths_note(struct module_paths *paths, uint32_t path)
{
	while (path != MODULE_PATHS_NONE) {
		struct path *used = path_at(paths, path);

		if (used->is_used)
			return;
		used->is_used = true;
		used->next_used = paths->first_used;
		paths->first_used = path;
		path = used->key.ahead;
	}
}

void module_paths_take(struct module_paths *paths, module_paths_fn take, void *context)
{
	while (paths->first_used != MODULE_PATHS_NONE) {
		struct path *used = path_at(paths, paths->first_used);

		take(context, used->key.module);
		used->is_used = false;
		paths->first_used = used->next_used;
	}
}
