/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/namer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/u64_map.h"
#include "model/fates.h"
#include "model/profile.h"
#include "profiler/aggregator.h"
#include "profiler/jit_maps.h"
#include "profiler/modules.h"
#include "profiler/tick_runs.h"
#include "symbolize/symbolizer.h"

/* What all runtimes together wrote is read for so long; it may be of any size. */
#define MADE_CODE_MAX_NS 10000000000u

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
	uint32_t later; /* index of what lay there afterwards, PROFILE_NONE: nothing else */
	bool is_root;
};

/* What lay at an address from a time on. */
struct later_frame {
	uint64_t since_ns;
	uint32_t frame;
	uint32_t later;
};

/* Of ticks whose time is not known: code that was replaced has no name then. */
#define NO_TIME UINT64_MAX

/* A sampled address, to sort by what is asked for it: a module, or the process whose runtime made the code. */
struct asked_address {
	struct code_address address;
	uint32_t index;
	uint32_t process; /* AGGREGATOR_NONE: the module is asked for */
};

struct namer {
	const struct aggregator *aggregator;
	const struct modules *modules;
	struct jit_maps *jit_maps;
	uint64_t
		made_code_deadline_ns; /* when no more of what runtimes wrote is read, 0: not begun */
	struct tick_runs runs;
	struct buffer later;   /* struct later_frame */
	struct u64_map makers; /* modules without a file -> the process that they are of */
	struct profile *profile;
	struct symbolizer *symbolizer;
	struct asked_address *asked; /* sorted by what is asked, then offset */
	uint64_t *offsets;           /* of `asked`, in the same order */
	size_t count;
	struct named_address *named; /* by address index */
	int error;                   /* of a callback */
};

static int compare_sources(const struct asked_address *a, const struct asked_address *b)
{
	if (a->process != b->process)
		return (a->process > b->process) - (a->process < b->process);
	if (a->process != AGGREGATOR_NONE)
		return 0;
	return (a->address.module > b->address.module) - (a->address.module < b->address.module);
}

static int compare_asked(const void *left, const void *right)
{
	const struct asked_address *a = left, *b = right;
	int order = compare_sources(a, b);

	return order ? order
		     : (a->address.offset > b->address.offset) -
			       (a->address.offset < b->address.offset);
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
	if (module_id & MODULE_ANONYMOUS)
		return add_frame(namer, name->function, NULL, FRAME_JIT, ret_frame);
	return add_frame(namer, name->function, module ? module->name : NULL, FRAME_NATIVE,
			 ret_frame);
}

/* What lay there after the first name's code. */
static int add_later(struct namer *namer, uint64_t module_id, const struct symbol_name *name,
		     uint32_t *ret_later)
{
	uint32_t before = PROFILE_NONE;
	int error = 0;

	for (name = name->later; name && !error; name = name->later) {
		struct later_frame later = { .since_ns = name->since_ns, .later = PROFILE_NONE };
		uint32_t index = (uint32_t)(namer->later.size / sizeof(later));

		error = add_named(namer, module_id, name, &later.frame);
		if (before == PROFILE_NONE)
			*ret_later = index;
		else
			((struct later_frame *)namer->later.data)[before].later = index;
		before = index;
		buffer_append(&namer->later, &later, sizeof(later));
		if (!error)
			error = buffer_error(&namer->later);
	}
	return error;
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
		if (!namer->error)
			namer->error = add_later(namer, asked->address.module, &reply->names[i],
						 &named->later);
	}
}

/* One that cannot be asked keeps unnamed frames; only memory ends the naming. */
static int ask(struct namer *namer, const struct symbol_request *request)
{
	int error = symbolizer_submit(namer->symbolizer, request);

	if (!error)
		error = symbolizer_run(namer->symbolizer, take_reply, namer);
	return error == -ENOMEM ? error : namer->error;
}

/* Has the process begun another program since? Its files are that one's. */
static bool has_begun_another(const struct aggregator *aggregator,
			      const struct process_event *process)
{
	size_t count = aggregator_process_count(aggregator);

	for (size_t i = 0; i < count; i++) {
		const struct process_event *other = aggregator_process(aggregator, (uint32_t)i);

		if (other->tgid == process->tgid &&
		    other->start_time_ns == process->start_time_ns &&
		    other->exec_count > process->exec_count)
			return true;
	}
	return false;
}

static int ask_made_code(struct namer *namer, size_t start, size_t end)
{
	_cleanup_close_ int map = -1;
	const struct process_event *process =
		aggregator_process(namer->aggregator, namer->asked[start].process);
	struct symbol_request request = {
		.id = start,
		.space = SYMBOL_MADE_CODE,
		.fd = -1,
		.addresses = namer->offsets + start,
		.count = end - start,
	};

	if (has_begun_another(namer->aggregator, process) ||
	    jit_maps_open(namer->jit_maps, process, &request.made_code))
		return 0;
	map = request.made_code.map.fd;
	if (!namer->made_code_deadline_ns)
		namer->made_code_deadline_ns = clock_monotonic_ns() + MADE_CODE_MAX_NS;
	request.made_code.deadline_ns = namer->made_code_deadline_ns;
	return ask(namer, &request);
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

	/* Without the file, or with another content in it, its frames stay unnamed. */
	if (request.space == SYMBOL_FILE && (request.fd < 0 || !module_is_unchanged(module)))
		return 0;
	return ask(namer, &request);
}

static int ask_all(struct namer *namer)
{
	for (size_t start = 0, end; start < namer->count; start = end) {
		int error;

		end = start + 1;
		while (end < namer->count && end - start < SYMBOLIZER_MAX_ADDRESSES &&
		       !compare_sources(&namer->asked[end], &namer->asked[start]))
			end++;
		error = namer->asked[start].process == AGGREGATOR_NONE
				? ask_module(namer, start, end)
				: ask_made_code(namer, start, end);
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

/* --- whose code it is that lies in no file --- */

/* A module without a file is of one process and one program of that (bpf/mapping.bpf.h, anonymous_module_id()). */
static int note_makers(struct namer *namer, uint32_t process, struct stored_stack stack)
{
	int error = 0;

	for (uint32_t i = 0; i < stack.depth && !error; i++) {
		uint64_t module = aggregator_address(namer->aggregator, stack.addresses[i]).module;

		if (module & MODULE_ANONYMOUS)
			error = u64_map_set(&namer->makers, module, process);
	}
	return error;
}

static int find_makers(struct namer *namer)
{
	const struct aggregator *aggregator = namer->aggregator;
	int error = 0;

	for (size_t i = 0; i < aggregator_count_count(aggregator) && !error; i++) {
		struct stored_stack stack;
		struct tick_count count;

		aggregator_count(aggregator, i, &count);
		if (count.process == AGGREGATOR_NONE || count.user_stack == AGGREGATOR_NONE)
			continue;
		stack = aggregator_stack(aggregator, count.user_stack);
		if (stack.has_made_code &&
		    jit_maps_has(namer->jit_maps, aggregator_process(aggregator, count.process)))
			error = note_makers(namer, count.process, stack);
	}
	return error;
}

static uint32_t maker_of(const struct namer *namer, uint64_t module)
{
	uint32_t process =
		module & MODULE_ANONYMOUS ? u64_map_get(&namer->makers, module) : U64_MAP_ABSENT;

	return process == U64_MAP_ABSENT ? AGGREGATOR_NONE : process;
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
		namer->asked[i].process = maker_of(namer, namer->asked[i].address.module);
		namer->named[i] =
			(struct named_address){ .frame = PROFILE_NONE, .later = PROFILE_NONE };
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

static const struct later_frame *later_frame(const struct namer *namer, uint32_t index)
{
	return index == PROFILE_NONE ? NULL
				     : &((const struct later_frame *)namer->later.data)[index];
}

/* The frame of an address at a time, and when that ends. */
static int frame_at(struct namer *namer, uint32_t address, uint64_t time_ns, uint32_t *ret_frame,
		    uint64_t *ret_until_ns)
{
	const struct named_address *named = &namer->named[address];
	const struct later_frame *later = later_frame(namer, named->later);

	*ret_frame = named->frame;
	if (later && time_ns == NO_TIME)
		return add_unnamed(namer, aggregator_address(namer->aggregator, address).module,
				   ret_frame);
	for (; later && later->since_ns <= time_ns; later = later_frame(namer, later->later))
		*ret_frame = later->frame;
	if (later && later->since_ns < *ret_until_ns)
		*ret_until_ns = later->since_ns;
	return 0;
}

/* Hangs a stack's frames, as they were at a time, below `node`, root first. It was so until `ret_until_ns` at least. */
static int add_stack(struct namer *namer, uint32_t stack, uint64_t time_ns, uint32_t *node,
		     uint64_t *ret_until_ns)
{
	struct stored_stack stored;
	int error = 0;

	if (stack == AGGREGATOR_NONE)
		return 0;
	stored = aggregator_stack(namer->aggregator, stack);
	for (uint32_t i = stored.depth; i-- && !error;) {
		uint32_t frame;

		error = frame_at(namer, stored.addresses[i], time_ns, &frame, ret_until_ns);
		if (!error)
			error = profile_add_child(namer->profile, *node, frame, node);
	}
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

/* Hangs a stack as it was at a time: its last node, and until when it was so at least. */
static int add_stacks(struct namer *namer, const struct tick_count *count, unsigned int reason,
		      uint64_t time_ns, uint32_t *ret_node, uint64_t *ret_until_ns)
{
	int error = process_node(namer, count->process, ret_node);

	*ret_until_ns = UINT64_MAX;
	if (!error && reasons[reason].fate != TICK_COMPLETE)
		error = add_marker(namer, reason, ret_node);
	if (!error)
		error = add_stack(namer, count->user_stack, time_ns, ret_node, ret_until_ns);
	if (!error)
		error = add_stack(namer, count->kernel_stack, time_ns, ret_node, ret_until_ns);
	return error;
}

/* Ticks that were counted as one are in as many places as names of theirs changed in between. */
static int add_ticks(struct namer *namer, uint32_t index, const struct tick_count *count,
		     unsigned int reason, uint64_t ticks)
{
	size_t timed;
	const struct tick_time *times = tick_runs_of(&namer->runs, index, &timed);
	int error = 0;

	for (ticks -= timed; (timed || ticks) && !error;) {
		uint64_t until_ns, run = ticks;
		uint32_t node;

		error = add_stacks(namer, count, reason, timed ? times->time_ns : NO_TIME, &node,
				   &until_ns);
		if (timed) {
			run = tick_runs_until(times, timed, until_ns);
			times += run;
			timed -= run;
		} else {
			ticks = 0;
		}
		if (!error)
			error = profile_add_ticks(namer->profile, node, run);
	}
	return error;
}

static int add_count(struct namer *namer, uint32_t index, struct tick_fates *fates)
{
	struct tick_count count;
	uint64_t ticks = aggregator_count(namer->aggregator, index, &count);
	unsigned int reason = count.reason;
	int error;

	if (count.root_unproven && root_is_proven(namer, count.user_stack))
		reason = REASON_NONE;
	else if (count.root_unproven && reason == REASON_NONE)
		reason = REASON_NO_ROOT;
	error = add_ticks(namer, index, &count, reason, ticks);
	if (error)
		return error;
	if (reasons[reason].fate == TICK_COMPLETE) {
		fates->complete += ticks;
		fates->may_lack_caller += count.may_lack_caller ? ticks : 0;
	}
	fates->by_reason[reason] += ticks;
	return 0;
}

static void namer_release(struct namer *namer)
{
	symbolizer_free(namer->symbolizer);
	tick_runs_release(&namer->runs);
	buffer_release(&namer->later);
	u64_map_release(&namer->makers);
	free(namer->asked);
	free(namer->offsets);
	free(namer->named);
}

int namer_build(const struct aggregator *aggregator, const struct modules *modules,
		struct jit_maps *jit_maps, struct profile *profile, struct tick_fates *ret_fates)
{
	const struct symbolizer_options options = { .debug_folders =
							    symbolizer_default_debug_folders };
	_cleanup_(namer_release) struct namer namer = {
		.aggregator = aggregator,
		.modules = modules,
		.jit_maps = jit_maps,
		.profile = profile,
		.symbolizer = symbolizer_new(&options),
	};
	struct tick_fates fates = { 0 };
	int error = namer.symbolizer ? tick_runs_init(&namer.runs, aggregator) : -ENOMEM;

	if (!error)
		error = find_makers(&namer);

	if (!error)
		error = name_addresses(&namer);
	for (size_t i = 0; i < aggregator_count_count(aggregator) && !error; i++)
		error = add_count(&namer, (uint32_t)i, &fates);
	if (!error)
		*ret_fates = fates;
	return error;
}
