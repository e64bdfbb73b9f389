/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/namer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/fates.h"
#include "model/profile.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "symbolize/symbolizer.h"

_Static_assert(REASON_COUNT <= 32, "struct tick_fates has room for every reason");

static const struct {
	const char *name;
	enum tick_fate fate;
} reasons[] = {
#define REASON(constant, fate, name, meaning) [constant] = { name, TICK_##fate },
#include "bpf/fates.def"
#undef REASON
};

const char *tick_reason_name(unsigned int reason)
{
	return reasons[reason].name;
}

unsigned int tick_reason_fate(unsigned int reason)
{
	return reasons[reason].fate;
}

/* An address's answer. */
struct named_address {
	uint32_t frame; /* id in the profile, PROFILE_NONE: not answered yet */
	bool is_root;
};

/* A sampled address, to sort by module. */
struct asked_address {
	struct code_address address;
	uint32_t index;
};

struct namer {
	const struct aggregator *aggregator;
	const struct modules *modules;
	struct profile *profile;
	struct symbolizer *symbolizer;
	struct asked_address *asked; /* sorted by module, then offset */
	uint64_t *offsets;           /* of `asked`, in the same order */
	size_t count;
	struct named_address *named; /* by address index */
	int error;                   /* of a callback */
};

static int compare_asked(const void *left, const void *right)
{
	const struct code_address *a = &((const struct asked_address *)left)->address;
	const struct code_address *b = &((const struct asked_address *)right)->address;

	if (a->module != b->module)
		return (a->module > b->module) - (a->module < b->module);
	return (a->offset > b->offset) - (a->offset < b->offset);
}

static int add_frame(struct namer *namer, const char *name, const char *module,
		     enum frame_kind kind, uint32_t *ret_frame)
{
	struct frame frame = { .module = PROFILE_NONE, .kind = kind };
	int error = profile_intern(namer->profile, name, strlen(name), &frame.name);

	if (!error && module)
		error = profile_intern(namer->profile, module, strlen(module), &frame.module);
	return error ? error : profile_add_frame(namer->profile, frame, ret_frame);
}

/* The frame of an address without a name: its module in brackets, never a guess. */
static int add_unnamed(struct namer *namer, uint64_t module_id, uint32_t *ret_frame)
{
	const struct module *module = modules_find(namer->modules, module_id);
	char name[300];

	if (module_id == MODULE_KERNEL)
		return add_frame(namer, "[kernel]", "kernel", FRAME_KERNEL, ret_frame);
	if (module_id == MODULE_VDSO)
		return add_frame(namer, "[vdso]", "[vdso]", FRAME_UNKNOWN, ret_frame);
	if (!module || !*module->name)
		return add_frame(namer, "[unknown]", NULL, FRAME_UNKNOWN, ret_frame);
	snprintf(name, sizeof(name), "[%s]", module->name);
	return add_frame(namer, name, module->name, FRAME_UNKNOWN, ret_frame);
}

static int add_named(struct namer *namer, uint64_t module_id, const struct symbol_name *name,
		     uint32_t *ret_frame)
{
	const struct module *module = modules_find(namer->modules, module_id);

	if (!name->function)
		return add_unnamed(namer, module_id, ret_frame);
	if (module_id == MODULE_KERNEL)
		return add_frame(namer, name->function, name->module, FRAME_KERNEL, ret_frame);
	if (module_id == MODULE_VDSO)
		return add_frame(namer, name->function, "[vdso]", FRAME_NATIVE, ret_frame);
	return add_frame(namer, name->function, module ? module->name : NULL, FRAME_NATIVE,
			 ret_frame);
}

/* A reply's id is the index in `asked` where its addresses start. */
static void take_reply(const struct symbol_reply *reply, void *context)
{
	struct namer *namer = context;

	for (size_t i = 0; !reply->error && i < reply->count && !namer->error; i++) {
		const struct asked_address *asked = &namer->asked[reply->id + i];
		struct named_address *named = &namer->named[asked->index];

		named->is_root = reply->names[i].is_root;
		namer->error =
			add_named(namer, asked->address.module, &reply->names[i], &named->frame);
	}
}

static int ask_module(struct namer *namer, size_t start, size_t end)
{
	uint64_t id = namer->asked[start].address.module;
	const struct module *module = modules_find(namer->modules, id);
	struct symbol_request request = {
		.id = start,
		.space = id == MODULE_KERNEL ? SYMBOL_KERNEL
			 : id == MODULE_VDSO ? SYMBOL_VDSO
					     : SYMBOL_FILE,
		.fd = module ? module->fd : -1,
		.path = module ? module->path : NULL,
		.addresses = namer->offsets + start,
		.count = end - start,
	};
	int error;

	/* Without the file, or with another content in it, its frames stay unnamed. */
	if (request.space == SYMBOL_FILE && (request.fd < 0 || !module_is_unchanged(module)))
		return 0;
	error = symbolizer_submit(namer->symbolizer, &request);
	if (!error)
		error = symbolizer_run(namer->symbolizer, take_reply, namer);
	/* A module that cannot be asked keeps unnamed frames; only memory ends the naming. */
	if (error == -ENOMEM)
		return error;
	return namer->error;
}

static int ask_all(struct namer *namer)
{
	for (size_t start = 0, end; start < namer->count; start = end) {
		int error;

		end = start + 1;
		while (end < namer->count && end - start < SYMBOLIZER_MAX_ADDRESSES &&
		       namer->asked[end].address.module == namer->asked[start].address.module)
			end++;
		error = ask_module(namer, start, end);
		if (error)
			return error;
	}
	for (size_t i = 0; i < namer->count; i++) {
		struct named_address *named = &namer->named[namer->asked[i].index];
		int error;

		if (named->frame != PROFILE_NONE)
			continue;
		error = add_unnamed(namer, namer->asked[i].address.module, &named->frame);
		if (error)
			return error;
	}
	return 0;
}

static int name_addresses(struct namer *namer)
{
	namer->count = aggregator_address_count(namer->aggregator);
	namer->asked = malloc((namer->count + 1) * sizeof(*namer->asked));
	namer->offsets = malloc((namer->count + 1) * sizeof(*namer->offsets));
	namer->named = malloc((namer->count + 1) * sizeof(*namer->named));
	if (!namer->asked || !namer->offsets || !namer->named)
		return -ENOMEM;
	for (size_t i = 0; i < namer->count; i++) {
		namer->asked[i].address = aggregator_address(namer->aggregator, (uint32_t)i);
		namer->asked[i].index = (uint32_t)i;
		namer->named[i] = (struct named_address){ .frame = PROFILE_NONE };
	}
	qsort(namer->asked, namer->count, sizeof(*namer->asked), compare_asked);
	for (size_t i = 0; i < namer->count; i++)
		namer->offsets[i] = namer->asked[i].address.offset;
	return ask_all(namer);
}

static int process_node(struct namer *namer, uint32_t process, uint32_t *ret_node)
{
	char comm[EVENT_COMM_SIZE + 1] = "[unknown]";
	uint32_t frame;
	int error;

	if (process != AGGREGATOR_NONE)
		snprintf(comm, sizeof(comm), "%.*s", EVENT_COMM_SIZE,
			 aggregator_process(namer->aggregator, process)->comm);
	error = add_frame(namer, comm, NULL, FRAME_PROCESS, &frame);
	return error ? error : profile_add_child(namer->profile, PROFILE_ROOT, frame, ret_node);
}

static int add_marker(struct namer *namer, unsigned int reason, uint32_t *node)
{
	char name[64];
	uint32_t frame;
	int error;

	snprintf(name, sizeof(name), "[%s:%s]",
		 fate_name(reasons[reason].fate == TICK_LOST ? FATE_LOST : FATE_TRUNCATED),
		 reasons[reason].name);
	error = add_frame(namer, name, NULL, FRAME_MARKER, &frame);
	return error ? error : profile_add_child(namer->profile, *node, frame, node);
}

/* Hangs a stack's frames below `node`, root first. */
static int add_stack(struct namer *namer, uint32_t stack, uint32_t *node)
{
	struct stored_stack stored;
	int error = 0;

	if (stack == AGGREGATOR_NONE)
		return 0;
	stored = aggregator_stack(namer->aggregator, stack);
	for (uint32_t i = stored.depth; i-- && !error;)
		error = profile_add_child(namer->profile, *node,
					  namer->named[stored.addresses[i]].frame, node);
	return error;
}

/* Nothing calls a root: if the outermost function is one, what was found above it is no caller. */
static bool root_is_proven(const struct namer *namer, uint32_t stack)
{
	struct stored_stack stored;

	if (stack == AGGREGATOR_NONE)
		return false;
	stored = aggregator_stack(namer->aggregator, stack);
	return namer->named[stored.addresses[stored.depth - 1]].is_root;
}

static int add_count(struct namer *namer, const struct tick_count *count, uint64_t ticks,
		     struct tick_fates *fates)
{
	unsigned int reason = count->reason;
	uint32_t node;
	int error;

	if (count->root_unproven && root_is_proven(namer, count->user_stack))
		reason = REASON_NONE;
	else if (count->root_unproven && reason == REASON_NONE)
		reason = REASON_NO_ROOT;
	error = process_node(namer, count->process, &node);
	if (!error && reasons[reason].fate != TICK_COMPLETE)
		error = add_marker(namer, reason, &node);
	if (!error)
		error = add_stack(namer, count->user_stack, &node);
	if (!error)
		error = add_stack(namer, count->kernel_stack, &node);
	if (!error)
		error = profile_add_ticks(namer->profile, node, ticks);
	if (error)
		return error;
	if (reasons[reason].fate == TICK_COMPLETE) {
		fates->complete += ticks;
		fates->may_lack_caller += count->may_lack_caller ? ticks : 0;
	}
	fates->by_reason[reason] += ticks;
	return 0;
}

static void namer_release(struct namer *namer)
{
	symbolizer_free(namer->symbolizer);
	free(namer->asked);
	free(namer->offsets);
	free(namer->named);
}

int namer_build(const struct aggregator *aggregator, const struct modules *modules,
		struct profile *profile, struct tick_fates *ret_fates)
{
	const struct symbolizer_options options = { .debug_folders =
							    symbolizer_default_debug_folders };
	_cleanup_(namer_release) struct namer namer = {
		.aggregator = aggregator,
		.modules = modules,
		.profile = profile,
		.symbolizer = symbolizer_new(&options),
	};
	struct tick_fates fates = { 0 };
	int error = namer.symbolizer ? name_addresses(&namer) : -ENOMEM;

	for (size_t i = 0; i < aggregator_count_count(aggregator) && !error; i++) {
		struct tick_count count;
		uint64_t ticks = aggregator_count(aggregator, i, &count);

		error = add_count(&namer, &count, ticks, &fates);
	}
	if (!error)
		*ret_fates = fates;
	return error;
}
