/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/window_code.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "profiler/aggregator.h"
#include "profiler/code_sources.h"
#include "profiler/jit_maps.h"
#include "profiler/kernel_code.h"
#include "profiler/modules.h"
#include "profiler/recorder.h"
#include "symbolize/symbolizer.h"

/* What a process's runtime tells. */
struct maker {
	uint64_t process; /* process_event.id */
	struct symbol_made_code code;
};

struct window_code {
	struct arena strings; /* and arrays */
	struct buffer modules, makers;
	struct u64_map by_id;      /* module -> index */
	struct u64_map by_process; /* process_event.id -> index in `makers` */
	struct symbol_kernel_code kernel;
};

/* --- copying --- */

static void *copy_array(struct window_code *code, const void *array, size_t count, size_t size)
{
	void *copy = count ? arena_alloc(&code->strings, count * size) : NULL;

	if (copy)
		memcpy(copy, array, count * size);
	return copy;
}

static const char *copy_string(struct window_code *code, const char *string)
{
	return string ? arena_string(&code->strings, string, strlen(string)) : NULL;
}

static int duplicate(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static int add_module(struct window_code *code, const struct module *module)
{
	uint32_t index = (uint32_t)(code->modules.size / sizeof(*module));
	struct module copy = *module;
	int error;

	copy.kernel_path = copy_string(code, module->kernel_path);
	copy.path = copy_string(code, module->path);
	copy.name = copy_string(code, module->name);
	if (!copy.name || (module->path && !copy.path))
		return -ENOMEM;
	error = u64_map_set(&code->by_id, module->id, index);
	if (error)
		return error;
	copy.fd = duplicate(module->fd);
	copy.borrows_fd = false;
	buffer_append(&code->modules, &copy, sizeof(copy));
	error = buffer_error(&code->modules);
	if (error)
		cleanup_close(&copy.fd);
	return error;
}

static int copy_modules(struct window_code *code, const struct recording *recording,
			const struct aggregator *aggregator)
{
	size_t count = aggregator_address_count(aggregator);
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		uint64_t id = aggregator_address(aggregator, (uint32_t)i).module;
		const struct module *module = modules_find(recording->modules, id);

		if (!module || u64_map_get(&code->by_id, module->id) != U64_MAP_ABSENT)
			continue;
		modules_note_use(recording->modules, id);
		error = add_module(code, module);
	}
	return error;
}

/* The map's descriptor is ours, all else stays with the recording. */
static int add_maker(struct window_code *code, uint64_t process,
		     const struct symbol_made_code *told)
{
	struct maker maker = { .process = process, .code = *told };
	int error;

	maker.code.dump.looks = copy_array(code, told->dump.looks, told->dump.look_count,
					   sizeof(*told->dump.looks));
	maker.code.map.looks =
		copy_array(code, told->map.looks, told->map.look_count, sizeof(*told->map.looks));
	if (!maker.code.dump.looks)
		maker.code.dump.look_count = 0;
	if (!maker.code.map.looks)
		maker.code.map.look_count = 0;
	error = u64_map_set(&code->by_process, process,
			    (uint32_t)(code->makers.size / sizeof(maker)));
	if (error)
		return error;
	maker.code.dump.fd = duplicate(told->dump.fd);
	buffer_append(&code->makers, &maker, sizeof(maker));
	error = buffer_error(&code->makers);
	if (error)
		cleanup_close(&maker.code.dump.fd);
	return error;
}

/* Without an opener: what may not answer is not waited for by the recording. */
static int copy_maker(struct window_code *code, const struct recording *recording,
		      const struct process_event *process)
{
	struct symbol_made_code told;
	int error;

	if (u64_map_get(&code->by_process, process->id) != U64_MAP_ABSENT ||
	    !jit_maps_has(recording->jit_maps, process) ||
	    jit_maps_open(recording->jit_maps, process, NULL, &told))
		return 0;
	error = add_maker(code, process->id, &told);
	if (error)
		cleanup_close(&told.map.fd);
	return error;
}

static int copy_makers(struct window_code *code, const struct recording *recording,
		       const struct aggregator *aggregator)
{
	int error = 0;

	for (size_t i = 0; i < aggregator_count_count(aggregator) && !error; i++) {
		struct tick_count count;

		aggregator_count(aggregator, i, &count);
		if (count.process != AGGREGATOR_NONE && count.user_stack != AGGREGATOR_NONE &&
		    aggregator_stack(aggregator, count.user_stack).has_made_code)
			error = copy_maker(code, recording,
					   aggregator_process(aggregator, count.process));
	}
	return error;
}

static int copy_kernel_code(struct window_code *code, const struct recording *recording)
{
	struct symbol_kernel_code told;
	struct symbol_kernel_change *changes;

	kernel_code_read(recording->kernel_code, &told);
	code->kernel = told;
	code->kernel.gone = copy_array(code, told.gone, told.gone_count, sizeof(*told.gone));
	code->kernel.changes = changes =
		copy_array(code, told.changes, told.count, sizeof(*told.changes));
	if ((told.count && !changes) || (told.gone_count && !code->kernel.gone))
		return -ENOMEM;
	for (size_t i = 0; i < told.count; i++) {
		changes[i].name = copy_string(code, changes[i].name);
		changes[i].module = copy_string(code, changes[i].module);
		if (!changes[i].name || !changes[i].module)
			return -ENOMEM;
	}
	return 0;
}

/* --- life cycle --- */

struct window_code *window_code_new(struct recording *recording,
				    const struct aggregator *aggregator)
{
	struct window_code *code = calloc(1, sizeof(*code));
	int error;

	if (!code)
		return NULL;
	arena_init(&code->strings);
	u64_map_init(&code->by_id);
	u64_map_init(&code->by_process);
	error = copy_modules(code, recording, aggregator);
	if (!error)
		error = copy_makers(code, recording, aggregator);
	if (!error)
		error = copy_kernel_code(code, recording);
	if (!error)
		return code;
	window_code_free(code);
	return NULL;
}

static struct maker *makers_of(const struct window_code *code, size_t *ret_count)
{
	*ret_count = code->makers.size / sizeof(struct maker);
	return (struct maker *)code->makers.data;
}

void window_code_free(struct window_code *code)
{
	const struct module *modules;
	struct maker *makers;
	size_t count;

	if (!code)
		return;
	modules = window_code_modules(code, &count);
	for (size_t i = 0; i < count; i++)
		cleanup_close(&modules[i].fd);
	makers = makers_of(code, &count);
	for (size_t i = 0; i < count; i++) {
		cleanup_close(&makers[i].code.map.fd);
		cleanup_close(&makers[i].code.dump.fd);
	}
	buffer_release(&code->modules);
	buffer_release(&code->makers);
	u64_map_release(&code->by_id);
	u64_map_release(&code->by_process);
	arena_release(&code->strings);
	free(code);
}

/* --- as sources --- */

const struct module *window_code_modules(const struct window_code *code, size_t *ret_count)
{
	*ret_count = code->modules.size / sizeof(struct module);
	return (const struct module *)code->modules.data;
}

/* Addresses have no aliases: aggregator_use_modules(). */
static const struct module *find_module(void *context, uint64_t id)
{
	const struct window_code *code = context;
	uint32_t index = u64_map_get(&code->by_id, id);

	return index == U64_MAP_ABSENT ? NULL : (const struct module *)code->modules.data + index;
}

static bool has_made_code(void *context, const struct process_event *process)
{
	const struct window_code *code = context;

	return u64_map_get(&code->by_process, process->id) != U64_MAP_ABSENT;
}

/* Once: the map's descriptor is the caller's then. */
static int open_made_code(void *context, const struct process_event *process, struct opener *opener,
			  struct symbol_made_code *ret_code)
{
	const struct window_code *code = context;
	uint32_t index = u64_map_get(&code->by_process, process->id);
	struct maker *maker;
	size_t count;

	(void)opener;
	if (index == U64_MAP_ABSENT)
		return -ENOENT;
	maker = &makers_of(code, &count)[index];
	if (maker->code.map.fd < 0 && maker->code.dump.fd < 0)
		return -ENOENT;
	*ret_code = maker->code;
	maker->code.map.fd = -1;
	return 0;
}

static void read_kernel_code(void *context, struct symbol_kernel_code *ret_code)
{
	const struct window_code *code = context;

	*ret_code = code->kernel;
}

void window_code_sources(struct window_code *code, struct code_sources *ret_sources)
{
	*ret_sources = (struct code_sources){
		.context = code,
		.find_module = find_module,
		.has_made_code = has_made_code,
		.open_made_code = open_made_code,
		.read_kernel_code = read_kernel_code,
	};
}
