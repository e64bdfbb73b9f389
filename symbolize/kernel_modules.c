/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/kernel_modules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "symbolize/kallsyms_line.h"

/* MODULE_NAME_LEN of the kernel is 56 with 64-bit addresses. */
#define MAX_NAME 63

struct module {
	uint64_t start;
	uint64_t size;
	char name[MAX_NAME + 1];
};

struct kernel_modules {
	struct module *modules; /* ascending */
	size_t count;
	size_t limit;
	bool out_of_memory;
};

DEFINE_CLEANUP(cleanup_modules, struct kernel_modules *, kernel_modules_free)

void kernel_modules_free(struct kernel_modules *modules)
{
	if (!modules)
		return;
	free(modules->modules);
	free(modules);
}

static bool parse_module(struct bytes line, struct module *ret_module)
{
	char text[4096 + 1];
	const char *address;

	/* Between the size and the address stands the list of users, which has no "0x" in it. */
	if (line.size >= sizeof(text))
		return false;
	memcpy(text, line.data, line.size);
	text[line.size] = '\0';
	address = strstr(text, " 0x");
	return address && sscanf(address, " 0x%" SCNx64, &ret_module->start) == 1 &&
	       sscanf(text, "%63s %" SCNu64, ret_module->name, &ret_module->size) == 2;
}

static void add_module(struct bytes line, void *context)
{
	struct kernel_modules *modules = context;
	struct module module, *grown;

	if (modules->count == modules->limit || !parse_module(line, &module) || !module.start)
		return;
	grown = realloc(modules->modules, (modules->count + 1) * sizeof(*grown));
	if (!grown) {
		modules->out_of_memory = true;
		return;
	}
	modules->modules = grown;
	grown[modules->count++] = module;
}

static int compare_modules(const void *a, const void *b)
{
	const struct module *module_a = a, *module_b = b;

	return (module_a->start > module_b->start) - (module_a->start < module_b->start);
}

int kernel_modules_read(int fd, size_t limit, struct kernel_modules **ret_modules)
{
	_cleanup_(cleanup_modules) struct kernel_modules *modules = calloc(1, sizeof(*modules));
	int err = 0;

	if (!modules)
		return -ENOMEM;
	modules->limit = limit;
	if (fd >= 0)
		err = kallsyms_each_line(fd, add_module, modules);
	if (!err && modules->out_of_memory)
		err = -ENOMEM;
	if (err)
		return err;
	if (modules->count)
		qsort(modules->modules, modules->count, sizeof(*modules->modules), compare_modules);
	*ret_modules = take_ptr(modules);
	return 0;
}

size_t kernel_modules_count(const struct kernel_modules *modules)
{
	return modules->count;
}

struct kernel_module kernel_modules_get(const struct kernel_modules *modules, size_t index)
{
	const struct module *module = &modules->modules[index];

	return (struct kernel_module){ module->name, module->start, module->size };
}

const char *kernel_modules_find(const struct kernel_modules *modules, uint64_t address)
{
	size_t low = 0, high = modules->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (modules->modules[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - modules->modules[low - 1].start >= modules->modules[low - 1].size)
		return NULL;
	return modules->modules[low - 1].name;
}
