/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/frame_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/u64_map.h"
#include "model/profile.h"
#include "profiler/aggregator.h"
#include "profiler/kernel_words.h"
#include "profiler/modules.h"
#include "profiler/name_source.h"
#include "profiler/naming_costs.h"
#include "profiler/unnamed_frames.h"
#include "worker/file_owner.h"
#include "worker/worker.h"

/* What all runtimes together wrote is read for so long; it may be of any size. */
#define MADE_CODE_MAX_NS 10000000000u

#define DEBUG_FILE_FAILED (1u << 31)

/* An address's answer. */
struct named_address {
	uint32_t frame;              /* id in the profile, PROFILE_NONE: not answered yet */
	uint32_t later, later_count; /* a part of frame_names.later: what lay there afterwards */
	uint32_t inlined, inlined_count; /* a part of frame_names.inlined, outermost first */
	bool is_root, is_place;
};

/* What lay at an address from a time on; those of one address stand in the order of time. */
struct later_frame {
	uint64_t since_ns;
	uint32_t frame;
};

/*
 * A sampled address, to sort by what is asked for it: a module, or the process whose runtime made the code. Those of one owner
 * are next to each other, for whoever reads them is another one for each; root's are the first (worker.h).
 */
struct asked_address {
	struct code_address address;
	uint32_t index;
	uint32_t owner;   /* of the file, or of the process (file_owner.h) */
	uint32_t process; /* AGGREGATOR_NONE: the module is asked for */
};

struct frame_names {
	const struct aggregator *aggregator;
	struct code_sources code;
	struct opener *opener;
	uint64_t made_code_ns; /* so long what runtimes wrote was read for */
	struct buffer later;   /* struct later_frame */
	struct buffer inlined; /* frames: uint32_t */
	struct u64_map makers; /* modules without a file -> the process that they are of */
	struct u64_map
		told; /* of these processes: those that wrote something -> why it has no names: an errno */
	struct u64_map
		failed; /* modules that have no names, or none of their debug file -> why: an errno, or DEBUG_FILE_FAILED and one */
	struct u64_map lacking;  /* modules with code that has no name -> index in `build_ids` */
	struct buffer build_ids; /* struct build_id */
	struct profile *profile;
	struct name_source *source;
	struct asked_address *asked; /* sorted by what is asked, then offset */
	uint64_t *offsets;           /* of `asked`, in the same order */
	size_t count;
	struct named_address *named;                                /* by address index */
	const char *(*build_id_of)(void *context, uint64_t module); /* NULL: files are named */
	void *build_id_context;
	bool without_inlined, without_lines;
	enum demangle_mode demangle;
	struct worker *worker;
	struct kernel_words_source *kernel_words;
	struct naming_costs *costs;
	uint64_t
		begun_ns; /* CPU time of this thread when the module that is asked about came to be */
	int error;        /* of a callback */
};

static int compare_sources(const struct asked_address *a, const struct asked_address *b)
{
	if (a->owner != b->owner)
		return (a->owner > b->owner) - (a->owner < b->owner);
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

static const struct module *find_module(const struct frame_names *names, uint64_t id)
{
	return names->code.find_module(names->code.context, id);
}

/* The frame of an address without a name: its module in brackets, never a guess. */
static int add_unnamed(struct frame_names *names, uint64_t module_id, uint32_t *ret_frame)
{
	const struct module *module = find_module(names, module_id);
	char name[300];

	if (module_id == MODULE_KERNEL)
		return profile_add_named(names->profile, "[kernel]", "kernel", FRAME_KERNEL,
					 ret_frame);
	if (module_id == MODULE_VDSO)
		return profile_add_named(names->profile, "[vdso]", "[vdso]", FRAME_UNKNOWN,
					 ret_frame);
	if (!module || !*module->name)
		return profile_add_named(names->profile, "[unknown]", NULL, FRAME_UNKNOWN,
					 ret_frame);
	snprintf(name, sizeof(name), "[%s]", module->name);
	return profile_add_named(names->profile, name, module->name, FRAME_UNKNOWN, ret_frame);
}

static int add_named(struct frame_names *names, uint64_t module_id, const struct symbol_name *name,
		     uint32_t *ret_frame)
{
	const struct module *module = find_module(names, module_id);

	if (!name->function)
		return add_unnamed(names, module_id, ret_frame);
	if (module_id == MODULE_KERNEL)
		return profile_add_named(names->profile, name->function, name->module, FRAME_KERNEL,
					 ret_frame);
	if (module_id == MODULE_VDSO)
		return profile_add_named(names->profile, name->function, "[vdso]", FRAME_NATIVE,
					 ret_frame);
	if (module_id & MODULE_ANONYMOUS)
		return profile_add_named(names->profile, name->function, NULL, FRAME_JIT,
					 ret_frame);
	return profile_add_placed(names->profile, name->function, module ? module->name : NULL,
				  FRAME_NATIVE, name->file, name->line, ret_frame);
}

/* What lay there after the first name's code. */
static int add_later(struct frame_names *names, uint64_t module_id, const struct symbol_name *name,
		     struct named_address *named)
{
	int error = 0;

	named->later = (uint32_t)(names->later.size / sizeof(struct later_frame));
	for (name = name->later; name && !error; name = name->later) {
		struct later_frame later = { .since_ns = name->since_ns };

		error = add_named(names, module_id, name, &later.frame);
		buffer_append(&names->later, &later, sizeof(later));
		if (!error)
			error = buffer_error(&names->later);
		named->later_count++;
	}
	return error;
}

/* The calls that were inlined at an address. */
static int add_inlined(struct frame_names *names, uint64_t module_id,
		       const struct symbol_name *name, struct named_address *named)
{
	const struct module *module = find_module(names, module_id);
	int error = 0;

	named->inlined = (uint32_t)(names->inlined.size / sizeof(uint32_t));
	for (name = name->inlined; name && !error; name = name->inlined) {
		uint32_t frame;

		error = profile_add_placed(names->profile, name->function,
					   module ? module->name : NULL, FRAME_INLINED, name->file,
					   name->line, &frame);
		if (error)
			return error;
		buffer_append(&names->inlined, &frame, sizeof(frame));
		error = buffer_error(&names->inlined);
		named->inlined_count++;
	}
	return error;
}

/* What is asked at once ends ahead of this index. */
static size_t end_of_question(const struct frame_names *names, size_t start)
{
	size_t end = start + 1;

	while (end < names->count && end - start < SYMBOLIZER_MAX_ADDRESSES &&
	       !compare_sources(&names->asked[end], &names->asked[start]))
		end++;
	return end;
}

static size_t count_named(const struct symbol_reply *reply)
{
	size_t count = 0;

	for (size_t i = 0; i < reply->count; i++)
		count += reply->names[i].function != NULL;
	return count;
}

/* Size 0: there is none. */
static struct build_id build_id_of(const struct symbol_reply *reply)
{
	struct build_id id = { .size = 0 };

	if (reply->build_id && reply->build_id_size <= sizeof(id.bytes)) {
		id.size = reply->build_id_size;
		memcpy(id.bytes, reply->build_id, id.size);
	}
	return id;
}

static bool is_of_worker(uint64_t module)
{
	return module != MODULE_KERNEL && module != MODULE_VDSO;
}

/* Of an error there are no names, and of its addresses none was named. */
static void note_cost(const struct frame_names *names, const struct symbol_reply *reply)
{
	struct naming_cost cost = {
		.module = names->asked[reply->id].address.module,
		.asked = end_of_question(names, reply->id) - reply->id,
		.named = reply->error ? 0 : count_named(reply),
		.cpu_ns = clock_thread_cpu_ns() - names->begun_ns,
		.build_id = build_id_of(reply),
		.debug_info_error = -reply->debug_info_error,
		.files = reply->files,
	};
	struct child_usage usage;

	if (is_of_worker(cost.module)) {
		cost.cpu_ns = reply->cpu_ns;
		worker_read_usage(names->worker, &usage);
		cost.worker_peak_bytes = usage.rss_peak_bytes;
	}
	naming_costs_add(names->costs, &cost);
}

/* By its build-id a debug file can be found for a module that lacks names. */
static int keep_build_id(struct frame_names *names, const struct symbol_reply *reply)
{
	uint64_t module = names->asked[reply->id].address.module;
	struct build_id id = build_id_of(reply);

	if (!id.size || count_named(reply) == reply->count)
		return 0;
	buffer_append(&names->build_ids, &id, sizeof(id));
	if (buffer_error(&names->build_ids))
		return -ENOMEM;
	return u64_map_set(&names->lacking, module,
			   (uint32_t)(names->build_ids.size / sizeof(id)) - 1);
}

static int keep_failure(struct frame_names *names, const struct symbol_reply *reply)
{
	const struct asked_address *asked = &names->asked[reply->id];

	if (asked->process != AGGREGATOR_NONE)
		return u64_map_set(&names->told, asked->process, (uint32_t)-reply->error);
	if (reply->error)
		return u64_map_set(&names->failed, asked->address.module, (uint32_t)-reply->error);
	if (reply->debug_file_error)
		return u64_map_set(&names->failed, asked->address.module,
				   DEBUG_FILE_FAILED | (uint32_t)-reply->debug_file_error);
	return 0;
}

/* A reply's id is the index in `asked` where its addresses start. */
static void take_reply(const struct symbol_reply *reply, void *context)
{
	struct frame_names *names = context;

	if (names->error)
		return;
	note_cost(names, reply);
	names->error = keep_failure(names, reply);
	if (!names->error)
		names->error = keep_build_id(names, reply);
	for (size_t i = 0; !reply->error && i < reply->count && !names->error; i++) {
		const struct asked_address *asked = &names->asked[reply->id + i];
		struct named_address *named = &names->named[asked->index];

		named->is_root = reply->names[i].is_root;
		names->error =
			add_named(names, asked->address.module, &reply->names[i], &named->frame);
		if (!names->error)
			names->error =
				add_later(names, asked->address.module, &reply->names[i], named);
		if (!names->error)
			names->error =
				add_inlined(names, asked->address.module, &reply->names[i], named);
	}
}

/* One that cannot be asked keeps unnamed frames; only memory ends the naming. */
static int ask(struct frame_names *names, const struct symbol_request *request)
{
	int error = name_source_submit(names->source, request);

	return error == -ENOMEM ? error : names->error;
}

static int finish(struct frame_names *names)
{
	int error = name_source_finish(names->source);

	return error ? error : names->error;
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

/* What is left of the time for all of them. */
static int ask_until(struct frame_names *names, struct symbol_request *request)
{
	uint64_t start_ns;
	int error = finish(names);

	if (error)
		return error;
	start_ns = clock_monotonic_ns();
	request->made_code.deadline_ns =
		start_ns + (names->made_code_ns < MADE_CODE_MAX_NS
				    ? MADE_CODE_MAX_NS - names->made_code_ns
				    : 0);
	error = ask(names, request);
	if (!error)
		error = finish(names);
	names->made_code_ns += clock_monotonic_ns() - start_ns;
	return error;
}

static int ask_made_code(struct frame_names *names, size_t start, size_t end)
{
	_cleanup_close_ int map = -1;
	const struct process_event *process =
		aggregator_process(names->aggregator, names->asked[start].process);
	struct symbol_request request = {
		.id = start,
		.space = SYMBOL_MADE_CODE,
		.fd = -1,
		.demangle = names->demangle,
		.addresses = names->offsets + start,
		.count = end - start,
	};

	if (has_begun_another(names->aggregator, process) ||
	    names->code.open_made_code(names->code.context, process, names->opener,
				       &request.made_code))
		return 0;
	map = request.made_code.map.fd;
	return ask_until(names, &request);
}

/* Without the kernel's own words its symbols are read from /proc/kallsyms: also where it has no memory for our program. */
static int ask_kernel(struct frame_names *names, struct symbol_request *request)
{
	struct symbol_kernel_code kernel_code;
	struct kernel_words_list words;
	int error =
		kernel_words_ask(names->kernel_words, request->addresses, request->count, &words);

	names->code.read_kernel_code(names->code.context, &kernel_code);
	kernel_code.words = error ? NULL : words.texts;
	request->kernel_code = &kernel_code;
	error = ask(names, request);
	if (kernel_code.words)
		kernel_words_release(&words);
	return error;
}

static int ask_module(struct frame_names *names, size_t start, size_t end)
{
	uint64_t id = names->asked[start].address.module;
	const struct module *module = find_module(names, id);
	struct symbol_request request = {
		.id = start,
		.space = id == MODULE_KERNEL ? SYMBOL_KERNEL
			 : id == MODULE_VDSO ? SYMBOL_VDSO
					     : SYMBOL_FILE,
		.fd = module ? module->fd : -1,
		.path = module && !module->is_copy ? module->path : NULL,
		.without_inlined = names->without_inlined,
		.without_lines = names->without_lines,
		.demangle = names->demangle,
		.addresses = names->offsets + start,
		.count = end - start,
	};

	if (request.space == SYMBOL_FILE && names->build_id_of)
		return 0;
	names->begun_ns = clock_thread_cpu_ns();
	if (request.space == SYMBOL_KERNEL)
		return ask_kernel(names, &request);
	/* Without the file, or with another content in it, its frames stay unnamed. */
	if (request.space == SYMBOL_FILE && (request.fd < 0 || !module_is_unchanged(module)))
		return 0;
	return ask(names, &request);
}

/* Another owner's files are another worker's: all of this one's are read before. */
static int ask_each(struct frame_names *names)
{
	int error = 0;

	for (size_t start = 0, end; start < names->count && !error; start = end) {
		const struct asked_address *asked = &names->asked[start];

		end = end_of_question(names, start);
		if (start && asked->owner != asked[-1].owner)
			error = finish(names);
		if (!error)
			error = asked->process == AGGREGATOR_NONE
					? ask_module(names, start, end)
					: ask_made_code(names, start, end);
	}
	return error ? error : finish(names);
}

/* What was not named, or is to be named later. */
static int add_place_or_unnamed(struct frame_names *names, const struct code_address *address,
				struct named_address *named)
{
	const struct module *module = find_module(names, address->module);

	if (!names->build_id_of || !module)
		return add_unnamed(names, address->module, &named->frame);
	named->is_place = true;
	return profile_add_unnamed(names->profile, *module->name ? module->name : NULL,
				   names->build_id_of(names->build_id_context, module->id),
				   address->offset, &named->frame);
}

static int ask_all(struct frame_names *names)
{
	int error = ask_each(names);

	for (size_t i = 0; i < names->count && !error; i++) {
		struct named_address *named = &names->named[names->asked[i].index];

		if (named->frame == PROFILE_NONE)
			error = add_place_or_unnamed(names, &names->asked[i].address, named);
	}
	return error;
}

/* --- whose code it is that lies in no file --- */

/* A module without a file is of one process and one program of that (bpf/mapping.bpf.h, anonymous_module_id()). */
static int note_makers(struct frame_names *names, uint32_t process, struct stored_stack stack)
{
	int error = 0;

	for (uint32_t i = 0; i < stack.depth && !error; i++) {
		uint64_t module = aggregator_address(names->aggregator, stack.addresses[i]).module;

		if (module & MODULE_ANONYMOUS)
			error = u64_map_set(&names->makers, module, process);
	}
	return error;
}

static int find_makers(struct frame_names *names)
{
	const struct aggregator *aggregator = names->aggregator;
	int error = 0;

	for (size_t i = 0; i < aggregator_count_count(aggregator) && !error; i++) {
		struct stored_stack stack;
		struct tick_count count;

		aggregator_count(aggregator, i, &count);
		if (count.process == AGGREGATOR_NONE || count.user_stack == AGGREGATOR_NONE)
			continue;
		stack = aggregator_stack(aggregator, count.user_stack);
		if (stack.has_made_code &&
		    names->code.has_made_code(names->code.context,
					      aggregator_process(aggregator, count.process)))
			error = note_makers(names, count.process, stack);
	}
	return error;
}

static uint32_t maker_of(const struct frame_names *names, uint64_t module)
{
	uint32_t process =
		module & MODULE_ANONYMOUS ? u64_map_get(&names->makers, module) : U64_MAP_ABSENT;

	return process == U64_MAP_ABSENT ? AGGREGATOR_NONE : process;
}

static void set_asked(struct frame_names *names, size_t index)
{
	struct asked_address *asked = &names->asked[index];
	const struct module *module;

	asked->address = aggregator_address(names->aggregator, (uint32_t)index);
	asked->index = (uint32_t)index;
	asked->process = maker_of(names, asked->address.module);
	module = find_module(names, asked->address.module);
	asked->owner = asked->process != AGGREGATOR_NONE
			       ? aggregator_process(names->aggregator, asked->process)->uid
		       : module ? module->owner
				: FILE_OWNER_ROOT;
}

static int name_addresses(struct frame_names *names)
{
	names->count = aggregator_address_count(names->aggregator);
	names->asked = malloc((names->count + 1) * sizeof(*names->asked));
	names->offsets = malloc((names->count + 1) * sizeof(*names->offsets));
	names->named = malloc((names->count + 1) * sizeof(*names->named));
	if (!names->asked || !names->offsets || !names->named)
		return -ENOMEM;
	for (size_t i = 0; i < names->count; i++) {
		set_asked(names, i);
		names->named[i] = (struct named_address){ .frame = PROFILE_NONE };
	}
	qsort(names->asked, names->count, sizeof(*names->asked), compare_asked);
	for (size_t i = 0; i < names->count; i++)
		names->offsets[i] = names->asked[i].address.offset;
	return ask_all(names);
}

/* --- life cycle --- */

static int frame_names_init(struct frame_names *names, const struct frame_names_sources *sources)
{
	int error;

	names->source = name_source_new(sources->worker, &sources->debug_files, NAME_SOURCE_MAX_MS,
					take_reply, names);
	error = names->source ? find_makers(names) : -ENOMEM;
	return error ? error : name_addresses(names);
}

int frame_names_new(const struct frame_names_sources *sources, struct profile *profile,
		    struct frame_names **ret_names)
{
	struct frame_names *names = calloc(1, sizeof(*names));
	int error;

	if (!names)
		return -ENOMEM;
	names->aggregator = sources->aggregator;
	names->code = sources->code;
	names->build_id_of = sources->build_id_of;
	names->build_id_context = sources->build_id_context;
	names->opener = sources->debug_files.places.opener;
	names->without_inlined = sources->without_inlined;
	names->without_lines = sources->without_lines;
	names->demangle = sources->demangle;
	names->worker = sources->worker;
	names->kernel_words = sources->kernel_words;
	names->costs = sources->costs;
	names->profile = profile;
	error = frame_names_init(names, sources);
	if (error)
		frame_names_free(names);
	else
		*ret_names = names;
	return error;
}

void frame_names_free(struct frame_names *names)
{
	if (!names)
		return;
	name_source_free(names->source);
	buffer_release(&names->later);
	buffer_release(&names->inlined);
	buffer_release(&names->build_ids);
	u64_map_release(&names->makers);
	u64_map_release(&names->told);
	u64_map_release(&names->failed);
	u64_map_release(&names->lacking);
	free(names->asked);
	free(names->offsets);
	free(names->named);
	free(names);
}

/* --- asking --- */

const uint32_t *frame_names_inlined(const struct frame_names *names, uint32_t address,
				    size_t *ret_count)
{
	const struct named_address *named = &names->named[address];

	*ret_count = named->inlined_count;
	return (const uint32_t *)names->inlined.data + named->inlined;
}

bool frame_names_is_root(const struct frame_names *names, uint32_t address)
{
	return names->named[address].is_root;
}

bool frame_names_is_place(const struct frame_names *names, uint32_t address)
{
	return names->named[address].is_place;
}

/* How many of them lay there by then: they may be as many as somebody likes, and are looked for at each tick. */
static uint32_t count_since(const struct later_frame *later, uint32_t count, uint64_t time_ns)
{
	uint32_t first = 0;

	while (first < count) {
		uint32_t middle = first + (count - first) / 2;

		if (later[middle].since_ns <= time_ns)
			first = middle + 1;
		else
			count = middle;
	}
	return first;
}

int frame_names_at(struct frame_names *names, uint32_t address, uint64_t time_ns,
		   uint32_t *ret_frame, uint64_t *ret_until_ns)
{
	const struct named_address *named = &names->named[address];
	const struct later_frame *later =
		(const struct later_frame *)names->later.data + named->later;
	uint32_t since = count_since(later, named->later_count, time_ns);

	*ret_frame = since ? later[since - 1].frame : named->frame;
	if (named->later_count && time_ns == FRAME_NAMES_NO_TIME)
		return add_unnamed(names, aggregator_address(names->aggregator, address).module,
				   ret_frame);
	if (since < named->later_count && later[since].since_ns < *ret_until_ns)
		*ret_until_ns = later[since].since_ns;
	return 0;
}

void frame_names_tell_unnamed(const struct frame_names *names, uint32_t address, const char *comm,
			      uint64_t frames, struct unnamed_frames *unnamed)
{
	uint64_t module = aggregator_address(names->aggregator, address).module;
	uint32_t build_id = u64_map_get(&names->lacking, module);
	bool is_made = module & MODULE_ANONYMOUS;
	uint32_t failure = is_made ? u64_map_get(&names->told, maker_of(names, module))
				   : u64_map_get(&names->failed, module);
	struct unnamed_key key = { .module = module };

	if (failure != U64_MAP_ABSENT) {
		key.error = failure & ~DEBUG_FILE_FAILED;
		key.is_debug_file = (failure & DEBUG_FILE_FAILED) != 0;
	}
	if (is_made) {
		key.module = MODULE_ANONYMOUS;
		key.was_told = failure != U64_MAP_ABSENT;
		memcpy(key.comm, comm, sizeof(key.comm));
	}
	unnamed_frames_add(unnamed, &key,
			   build_id == U64_MAP_ABSENT
				   ? NULL
				   : &((const struct build_id *)names->build_ids.data)[build_id],
			   frames);
}
