/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_use.h"

#include "base/buffer.h"
#include "base/u64_map.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/unwind_loader.h"

struct use {
	struct aggregator *aggregator;
	struct modules *modules;
	struct unwind_loader *loader;
	struct u64_map seen; /* the modules in `used` */
	struct buffer used;  /* uint64_t[] */
};

static uint64_t module_of(const struct use *use, struct stored_stack stack, uint32_t frame)
{
	return aggregator_address(use->aggregator, stack.addresses[frame]).module;
}

static void add_module(struct use *use, uint64_t module)
{
	if (u64_map_get(&use->seen, module) != U64_MAP_ABSENT || u64_map_set(&use->seen, module, 0))
		return;
	buffer_append(&use->used, &module, sizeof(module));
}

static void take_stack(void *context, struct stored_stack stack, bool lacked_rows)
{
	struct use *use = context;
	uint64_t last = 0;

	for (uint32_t i = 0; i < stack.depth; i++) {
		uint64_t module = module_of(use, stack, i);

		if (module != last)
			add_module(use, module);
		last = module;
	}
	if (lacked_rows && stack.depth)
		modules_load_rows(use->modules, stack.last_module);
}

void unwind_use_note(struct aggregator *aggregator, struct modules *modules,
		     struct unwind_loader *loader)
{
	struct use use = { .aggregator = aggregator, .modules = modules, .loader = loader };

	u64_map_init(&use.seen);
	aggregator_take_used(aggregator, take_stack, &use);
	unwind_loader_note_use(loader, (const uint64_t *)use.used.data,
			       use.used.size / sizeof(uint64_t));
	u64_map_release(&use.seen);
	buffer_release(&use.used);
}
