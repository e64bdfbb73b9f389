/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_use.h"

#include "base/buffer.h"
#include "base/u64_map.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/unwind_loader.h"

struct use {
	struct modules *modules;
	struct u64_map seen; /* the modules in `used` */
	struct buffer used;  /* uint64_t[] */
};

static void take_used(void *context, uint64_t module)
{
	struct use *use = context;

	if (u64_map_get(&use->seen, module) != U64_MAP_ABSENT || u64_map_set(&use->seen, module, 0))
		return;
	buffer_append(&use->used, &module, sizeof(module));
}

static void take_lacking(void *context, uint64_t module)
{
	const struct use *use = context;

	modules_load_rows(use->modules, module);
}

void unwind_use_note(struct aggregator *aggregator, struct modules *modules,
		     struct unwind_loader *loader)
{
	struct use use = { .modules = modules };

	u64_map_init(&use.seen);
	aggregator_take_used(aggregator, take_used, take_lacking, &use);
	unwind_loader_note_use(loader, (const uint64_t *)use.used.data,
			       use.used.size / sizeof(uint64_t));
	u64_map_release(&use.seen);
	buffer_release(&use.used);
}
