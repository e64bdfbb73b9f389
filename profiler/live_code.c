/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/live_code.h"

#include "profiler/code_sources.h"
#include "profiler/jit_maps.h"
#include "profiler/kernel_code.h"
#include "profiler/modules.h"
#include "profiler/recorder.h"

static const struct module *find_module(void *context, uint64_t id)
{
	const struct recording *recording = context;

	return modules_find(recording->modules, id);
}

static bool has_made_code(void *context, const struct process_event *process)
{
	const struct recording *recording = context;

	return jit_maps_has(recording->jit_maps, process);
}

static int open_made_code(void *context, const struct process_event *process, struct opener *opener,
			  struct symbol_made_code *ret_code)
{
	const struct recording *recording = context;

	return jit_maps_open(recording->jit_maps, process, opener, ret_code);
}

static void read_kernel_code(void *context, struct symbol_kernel_code *ret_code)
{
	const struct recording *recording = context;

	kernel_code_read(recording->kernel_code, ret_code);
}

void live_code_sources(struct recording *recording, struct code_sources *ret_sources)
{
	*ret_sources = (struct code_sources){
		.context = recording,
		.find_module = find_module,
		.has_made_code = has_made_code,
		.open_made_code = open_made_code,
		.read_kernel_code = read_kernel_code,
	};
}
