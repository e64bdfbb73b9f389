/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/held_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "profiler/modules.h"

struct held_module {
	struct module module; /* whose strings are ours */
	uint64_t file;
	bool stays;
};

void held_modules_init(struct held_modules *held)
{
	*held = (struct held_modules){ 0 };
	u64_map_init(&held->by_file);
}

static void let_go(struct held_module *one)
{
	if (!one)
		return;
	cleanup_close(&one->module.fd);
	free((void *)(uintptr_t)one->module.path);
	free((void *)(uintptr_t)one->module.name);
	free(one);
}

DEFINE_CLEANUP(cleanup_held, struct held_module *, let_go)

void held_modules_release(struct held_modules *held)
{
	for (uint32_t i = 0; i < held->count; i++)
		let_go(held->modules[i]);
	held->count = 0;
	u64_map_release(&held->by_file);
}

static struct held_module *find(const struct held_modules *held, uint64_t file)
{
	uint32_t index = u64_map_get(&held->by_file, file);

	return index == U64_MAP_ABSENT ? NULL : held->modules[index];
}

const struct module *held_modules_find(const struct held_modules *held, uint64_t file)
{
	const struct held_module *one = find(held, file);

	return one ? &one->module : NULL;
}

static int copy(const struct module *module, struct held_module *one)
{
	one->module = *module;
	one->module.fd = -1;
	one->module.borrows_fd = false;
	one->module.kernel_path = NULL;
	one->module.path = module->path ? strdup(module->path) : NULL;
	one->module.name = strdup(module->name);
	if (!one->module.name || (module->path && !one->module.path))
		return -ENOMEM;
	if (module->fd >= 0)
		one->module.fd = fcntl(module->fd, F_DUPFD_CLOEXEC, 0);
	return module->fd >= 0 && one->module.fd < 0 ? -errno : 0;
}

static int add(struct held_modules *held, uint64_t file, const struct module *module)
{
	_cleanup_(cleanup_held) struct held_module *one = NULL;
	int error;

	if (held->count == HELD_MODULES_MAX)
		return -ENFILE;
	one = calloc(1, sizeof(*one));
	if (!one)
		return -ENOMEM;
	error = copy(module, one);
	one->file = file;
	one->stays = true;
	if (!error)
		error = u64_map_set(&held->by_file, file, held->count);
	if (error)
		return error;
	held->modules[held->count++] = take_ptr(one);
	return 0;
}

int held_modules_hold(struct held_modules *held, uint64_t file, const struct module *module)
{
	struct held_module *one = find(held, file);

	if (!one)
		return add(held, file, module);
	one->stays = true;
	return 0;
}

/* Numbers begin anew, so that the map has room for them. */
void held_modules_sweep(struct held_modules *held)
{
	uint32_t left = 0;

	u64_map_release(&held->by_file);
	u64_map_init(&held->by_file);
	for (uint32_t i = 0; i < held->count; i++) {
		struct held_module *one = held->modules[i];

		if (!one->stays || u64_map_set(&held->by_file, one->file, left)) {
			let_go(one);
			continue;
		}
		one->stays = false;
		held->modules[left++] = one;
	}
	held->count = left;
}
