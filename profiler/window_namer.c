/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/window_namer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/record_pool.h"
#include "base/string_pool.h"
#include "base/u64_map.h"
#include "bpf/events.h"
#include "profiler/container_names.h"
#include "profiler/frame_names.h"
#include "profiler/held_modules.h"
#include "profiler/kernel_words.h"
#include "profiler/known_names.h"
#include "profiler/module_identities.h"
#include "profiler/modules.h"
#include "profiler/name_source.h"
#include "profiler/naming_turns.h"
#include "profiler/own_worker.h"
#include "profiler/window_code.h"
#include "symbolize/symbolizer.h"
#include "worker/local_files.h"
#include "worker/opener.h"
#include "worker/worker.h"

/* More modules, or places where programs start, are learnt anew. */
#define MAX_KNOWN 65536

/* Windows, of a second at least, without a container, until what it is called is forgotten: longer than window_keeper.c has control_groups.h keep it. */
#define CONTAINERS_KEPT 1000

/* Of which a store is told at once. */
#define MIN_TOLD_NAMES 64

/* Where a program or thread starts. */
struct root_place {
	uint64_t module, offset;
};

struct window_namer {
	struct worker *worker;
	struct opener *opener;
	struct local_files *local_files;
	struct kernel_words_source *kernel_words;
	struct module_identities identities;
	struct record_pool roots; /* struct root_place */
	/* By the string of an identity: */
	struct naming_turns turns;
	struct known_names *names;
	struct held_modules held;
	struct container_names *containers;
	/* What is not remembered, and waits for the next window: */
	struct buffer untold; /* struct address_names */
	struct arena untold_strings;
};

int window_namer_new(struct window_namer **ret_namer)
{
	struct window_namer *namer = calloc(1, sizeof(*namer));
	int error;

	if (!namer)
		return -ENOMEM;
	module_identities_init(&namer->identities);
	naming_turns_init(&namer->turns);
	held_modules_init(&namer->held);
	record_pool_init(&namer->roots, sizeof(struct root_place), sizeof(struct root_place));
	arena_init(&namer->untold_strings);
	namer->names = known_names_new(KNOWN_NAMES_MAX);
	namer->local_files = local_files_new();
	namer->kernel_words = kernel_words_source_new();
	namer->containers = container_names_new();
	error = namer->names && namer->local_files && namer->kernel_words && namer->containers
			? own_worker_new(&namer->worker)
			: -ENOMEM;
	if (!error)
		error = own_opener_new(-1, &namer->opener);
	if (error)
		window_namer_free(namer);
	else
		*ret_namer = namer;
	return error;
}

void window_namer_free(struct window_namer *namer)
{
	if (!namer)
		return;
	worker_free(namer->worker);
	opener_free(namer->opener);
	local_files_free(namer->local_files);
	kernel_words_source_free(namer->kernel_words);
	container_names_free(namer->containers);
	module_identities_release(&namer->identities);
	naming_turns_release(&namer->turns);
	known_names_free(namer->names);
	held_modules_release(&namer->held);
	record_pool_release(&namer->roots);
	buffer_release(&namer->untold);
	arena_release(&namer->untold_strings);
	free(namer);
}

static void forget_all(struct window_namer *namer)
{
	module_identities_release(&namer->identities);
	naming_turns_release(&namer->turns);
	held_modules_release(&namer->held);
	record_pool_release(&namer->roots);
	module_identities_init(&namer->identities);
	naming_turns_init(&namer->turns);
	known_names_clear(namer->names);
	held_modules_init(&namer->held);
	record_pool_init(&namer->roots, sizeof(struct root_place), sizeof(struct root_place));
}

/* Root's first, then one owner after the other (worker.h). */
static int compare_owners(const void *left, const void *right)
{
	const struct module *a = *(const struct module *const *)left;
	const struct module *b = *(const struct module *const *)right;

	if (a->owner != b->owner)
		return (a->owner > b->owner) - (a->owner < b->owner);
	return (a->id > b->id) - (a->id < b->id);
}

static const struct module **sort_by_owner(const struct module *modules, size_t count)
{
	const struct module **sorted = malloc((count + 1) * sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &modules[i];
	qsort(sorted, count, sizeof(*sorted), compare_owners);
	return sorted;
}

int window_namer_learn(struct window_namer *namer, const struct window_code *code)
{
	size_t count;
	const struct module *modules = window_code_modules(code, &count);
	_cleanup_free_ const struct module **sorted = sort_by_owner(modules, count);
	int error = sorted ? 0 : -ENOMEM;

	if (module_identities_count(&namer->identities) > MAX_KNOWN ||
	    namer->roots.count > MAX_KNOWN)
		forget_all(namer);
	for (size_t i = 0; i < count && !error; i++)
		error = module_identities_learn(&namer->identities, namer->worker, sorted[i]);
	return error;
}

int window_namer_learn_containers(struct window_namer *namer, struct process_facts *facts)
{
	int error = container_names_learn(namer->containers, facts, namer->worker);

	container_names_forget(namer->containers, CONTAINERS_KEPT);
	return error;
}

static const char *identity_of(void *context, uint64_t module)
{
	const struct window_namer *namer = context;
	uint32_t string = module_identities_get(&namer->identities, module);

	return string == U64_MAP_ABSENT ? NULL
					: string_pool_get(&namer->identities.strings, string, NULL);
}

void window_namer_sources(struct window_namer *namer, struct window_code *code,
			  struct frame_names_sources *ret_sources)
{
	*ret_sources = (struct frame_names_sources){
		.build_id_of = identity_of,
		.build_id_context = namer,
		.worker = namer->worker,
		.kernel_words = namer->kernel_words,
		.debug_files.places = { symbolizer_default_debug_folders, namer->opener,
					namer->local_files },
	};
	window_code_sources(code, &ret_sources->code);
}

/* --- what addresses are called --- */

struct wanted_address {
	const struct module *module;
	uint32_t identity; /* string of the identities */
	uint64_t offset;
};

struct naming {
	struct window_namer *namer;
	struct u64_map by_identity; /* string of the identities -> module of the window */
	bool at_once;
	uint64_t now_ns;              /* CLOCK_MONOTONIC */
	const struct module *modules; /* of the window */
	struct buffer wanted;         /* struct wanted_address */
	struct buffer offsets;        /* of them, in their order */
	struct buffer names;          /* struct address_names */
	struct arena strings;         /* and arrays */
	int error;                    /* of a callback */
};

static const char *identity_at(const struct naming *naming, uint32_t identity)
{
	return string_pool_get(&naming->namer->identities.strings, identity, NULL);
}

/* Of the window, or of one before it, whose file is held; NULL: neither. */
static const struct module *find_module(const struct naming *naming, uint32_t identity)
{
	uint32_t index = u64_map_get(&naming->by_identity, identity);

	return index == U64_MAP_ABSENT ? held_modules_find(&naming->namer->held, identity)
				       : &naming->modules[index];
}

/* For which there is no room is asked about at once. */
static bool can_wait(const struct naming *naming, uint32_t identity, const struct module *module)
{
	struct window_namer *namer = naming->namer;

	return !naming->at_once && !naming_turns_is_due(&namer->turns, identity, naming->now_ns) &&
	       !held_modules_hold(&namer->held, identity, module);
}

static const char *copy_string(struct arena *strings, const char *string, int *error)
{
	const char *copy = string ? arena_string(strings, string, strlen(string)) : NULL;

	if (string && !copy)
		*error = -ENOMEM;
	return copy;
}

static const char *keep_string(struct naming *naming, const char *string)
{
	return copy_string(&naming->strings, string, &naming->error);
}

static void append_told(struct naming *naming, const struct address_names *told)
{
	buffer_append(&naming->names, told, sizeof(*told));
	if (buffer_error(&naming->names))
		naming->error = -ENOMEM;
}

static void note_root(struct naming *naming, const struct module *module, uint64_t offset)
{
	const struct root_place place = { module->id, offset };
	uint32_t index;

	if (record_pool_add(&naming->namer->roots, &place, &index))
		naming->error = -ENOMEM;
}

/* What was found for another slice, or of another module of that content. */
static bool tell_known(struct naming *naming, uint32_t identity, const struct module *module,
		       const struct frame_address *address)
{
	const struct known_place place = { identity, address->offset };
	struct known_name known;
	struct frame_name *names;

	if (!known_names_find(naming->namer->names, &place, naming->now_ns, &known))
		return false;
	names = arena_alloc(&naming->strings, known.count * sizeof(*names));
	if (!names) {
		naming->error = -ENOMEM;
		return true;
	}
	for (size_t i = 0; i < known.count; i++)
		names[i] = (struct frame_name){
			.function = keep_string(naming, known.names[i].function),
			.file = keep_string(naming, known.names[i].file),
			.line = known.names[i].line,
		};
	append_told(naming, &(struct address_names){ *address, known.is_root, names, known.count });
	if (known.is_root && module)
		note_root(naming, module, address->offset);
	return true;
}

static bool find_address(const struct naming *naming, const struct frame_address *address,
			 struct wanted_address *ret_address)
{
	*ret_address = (struct wanted_address){ .offset = address->offset };
	if (!address->build_id ||
	    !string_pool_find(&naming->namer->identities.strings, address->build_id,
			      strlen(address->build_id), &ret_address->identity))
		return false;
	ret_address->module = find_module(naming, ret_address->identity);
	return true;
}

static int find_known(void *context, const struct frame_address *address)
{
	struct naming *naming = context;
	struct wanted_address known;

	if (find_address(naming, address, &known))
		tell_known(naming, known.identity, known.module, address);
	return naming->error;
}

static int find_wanted(void *context, const struct frame_address *address)
{
	struct naming *naming = context;
	struct wanted_address wanted;

	if (!find_address(naming, address, &wanted))
		return 0;
	if (tell_known(naming, wanted.identity, wanted.module, address))
		return naming->error;
	if (!wanted.module || can_wait(naming, wanted.identity, wanted.module))
		return 0;
	buffer_append(&naming->wanted, &wanted, sizeof(wanted));
	return buffer_error(&naming->wanted);
}

static int compare_wanted(const void *left, const void *right)
{
	const struct wanted_address *a = left, *b = right;

	if (a->module->owner != b->module->owner)
		return (a->module->owner > b->module->owner) -
		       (a->module->owner < b->module->owner);
	if (a->module->id != b->module->id)
		return (a->module->id > b->module->id) - (a->module->id < b->module->id);
	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Two modules of one content have one identity: either will do. */
static int note_modules(struct naming *naming, const struct window_code *code)
{
	const struct module_identities *identities = &naming->namer->identities;
	size_t count = 0;
	int error = 0;

	naming->modules = code ? window_code_modules(code, &count) : NULL;
	for (size_t i = 0; i < count && !error; i++) {
		const uint64_t module = naming->modules[i].id;
		const uint32_t earlier = module_identities_get_earlier(identities, module);

		error = u64_map_set(&naming->by_identity, module_identities_get(identities, module),
				    (uint32_t)i);
		if (!error && earlier != U64_MAP_ABSENT)
			error = u64_map_set(&naming->by_identity, earlier, (uint32_t)i);
	}
	return error;
}

static size_t chain_length(const struct symbol_name *name)
{
	size_t count = 1;

	for (name = name->inlined; name; name = name->inlined)
		count++;
	return count;
}

/* The function itself, and what was inlined into it; without a function there is no name. */
static const struct frame_name *keep_chain(struct naming *naming, const struct symbol_name *name,
					   size_t *ret_count)
{
	size_t count = name->function ? chain_length(name) : 0;
	struct frame_name *chain =
		count ? arena_alloc(&naming->strings, count * sizeof(*chain)) : NULL;

	*ret_count = 0;
	if (!chain) {
		naming->error = count ? -ENOMEM : naming->error;
		return NULL;
	}
	for (; name; name = name->inlined)
		if (name->function)
			chain[(*ret_count)++] = (struct frame_name){
				.function = keep_string(naming, name->function),
				.file = keep_string(naming, name->file),
				.line = name->line,
			};
	return chain;
}

uint64_t window_namer_failures(const struct window_namer *namer)
{
	return worker_failures(namer->worker);
}

bool window_namer_is_root(const struct window_namer *namer, uint64_t module, uint64_t offset)
{
	const struct root_place place = { module, offset };
	uint32_t index;

	return record_pool_find(&namer->roots, &place, &index);
}

static void remember(struct naming *naming, const struct wanted_address *wanted,
		     const struct address_names *told)
{
	const struct known_place place = { wanted->identity, wanted->offset };
	const struct known_name known = { told->names, told->count, told->is_root };

	if (!naming->error)
		naming->error =
			known_names_add(naming->namer->names, &place, naming->now_ns, &known);
}

static void tell(struct naming *naming, const struct wanted_address *wanted,
		 const struct symbol_name *name)
{
	struct address_names told = {
		.address = { .module = *wanted->module->name ? wanted->module->name : NULL,
			     .build_id = identity_at(naming, wanted->identity),
			     .offset = wanted->offset },
		.is_root = name && name->is_root,
	};

	if (name)
		told.names = keep_chain(naming, name, &told.count);
	if (told.is_root)
		note_root(naming, wanted->module, wanted->offset);
	remember(naming, wanted, &told);
	append_told(naming, &told);
}

/* The end of what is asked at once. */
static size_t end_of_module(const struct wanted_address *wanted, size_t count, size_t start)
{
	size_t end = start + 1;

	while (end < count && wanted[end].module == wanted[start].module &&
	       end - start < SYMBOLIZER_MAX_ADDRESSES)
		end++;
	return end;
}

static const struct wanted_address *wanted_of(const struct naming *naming, size_t *ret_count)
{
	*ret_count = naming->wanted.size / sizeof(struct wanted_address);
	return (const struct wanted_address *)naming->wanted.data;
}

/* It was not read for want of time, or of a worker. */
static bool is_to_be_asked_again(int error)
{
	return error == -ETIME || error == -EAGAIN;
}

/* A reply's id is the index where its addresses start. */
static void take_reply(const struct symbol_reply *reply, void *context)
{
	struct naming *naming = context;
	size_t count;
	const struct wanted_address *wanted = wanted_of(naming, &count);
	size_t end = end_of_module(wanted, count, reply->id);
	const struct wanted_address *first = &wanted[reply->id];
	struct window_namer *namer = naming->namer;

	naming_turns_charge(&namer->turns, first->identity, clock_monotonic_ns(), reply->cpu_ns);
	if (is_to_be_asked_again(reply->error)) {
		held_modules_hold(&namer->held, first->identity, first->module);
		return;
	}
	for (size_t i = reply->id; i < end && !naming->error; i++)
		tell(naming, &wanted[i], reply->error ? NULL : &reply->names[i - reply->id]);
}

static int ask_module(struct naming *naming, struct name_source *source, size_t start, size_t end)
{
	size_t count;
	const struct wanted_address *wanted = wanted_of(naming, &count);
	const struct module *module = wanted[start].module;
	const struct symbol_request request = {
		.id = start,
		.space = SYMBOL_FILE,
		.fd = module->fd,
		.path = module->is_copy ? NULL : module->path,
		.addresses = (const uint64_t *)naming->offsets.data + start,
		.count = end - start,
	};
	int error;

	if (module->fd >= 0 && module_is_unchanged(module)) {
		error = name_source_submit(source, &request);
		return error == -ENOMEM ? error : naming->error;
	}
	/* Of a file that is not there yet it is asked again. */
	for (size_t i = start; i < end && !naming->error && module->fd >= 0; i++)
		tell(naming, &wanted[i], NULL);
	return naming->error;
}

static int ask_each(struct naming *naming, struct name_source *source)
{
	size_t count;
	const struct wanted_address *wanted = wanted_of(naming, &count);
	int error = 0;

	for (size_t start = 0, end; start < count && !error; start = end) {
		end = end_of_module(wanted, count, start);
		if (start && wanted[start].module->owner != wanted[start - 1].module->owner)
			error = name_source_finish(source);
		if (!error)
			error = naming_turns_note(&naming->namer->turns, wanted[start].identity);
		if (!error)
			error = ask_module(naming, source, start, end);
	}
	if (!error)
		error = name_source_finish(source);
	return error ? error : naming->error;
}

static int ask(struct naming *naming)
{
	const struct name_source_debug_files debug_files = {
		.places = { symbolizer_default_debug_folders, naming->namer->opener,
			    naming->namer->local_files },
	};
	struct name_source *source;
	size_t count;
	const struct wanted_address *wanted;
	int error;

	wanted = wanted_of(naming, &count);
	if (!count)
		return 0;
	qsort(naming->wanted.data, count, sizeof(*wanted), compare_wanted);
	for (size_t i = 0; i < count; i++)
		buffer_append(&naming->offsets, &wanted[i].offset, sizeof(wanted[i].offset));
	error = buffer_error(&naming->offsets);
	if (error)
		return error;
	source = name_source_new(naming->namer->worker, &debug_files, WINDOW_NAMER_MAX_MS,
				 take_reply, naming);
	if (!source)
		return -ENOMEM;
	error = ask_each(naming, source);
	name_source_free(source);
	return error;
}

static void naming_release(struct naming *naming)
{
	u64_map_release(&naming->by_identity);
	buffer_release(&naming->wanted);
	buffer_release(&naming->offsets);
	buffer_release(&naming->names);
	arena_release(&naming->strings);
}

/* --- who is told, and when --- */

/* known_names.h keeps neither what has no name nor a long chain. */
static bool is_remembered(const struct address_names *told)
{
	return told->count && told->count <= KNOWN_NAMES_MAX_CHAIN;
}

static int copy_untold(struct window_namer *namer, const struct address_names *told)
{
	struct arena *strings = &namer->untold_strings;
	struct frame_name *names = arena_alloc(strings, told->count * sizeof(*names));
	struct address_names copy = *told;
	int error = names || !told->count ? 0 : -ENOMEM;

	copy.address.module = copy_string(strings, told->address.module, &error);
	copy.address.build_id = copy_string(strings, told->address.build_id, &error);
	for (size_t i = 0; i < told->count && !error; i++) {
		names[i] = told->names[i];
		names[i].function = copy_string(strings, told->names[i].function, &error);
		names[i].file = copy_string(strings, told->names[i].file, &error);
	}
	copy.names = names;
	if (!error)
		buffer_append(&namer->untold, &copy, sizeof(copy));
	return error ? error : buffer_error(&namer->untold);
}

static int keep_untold(struct naming *naming)
{
	const struct address_names *names = (const struct address_names *)naming->names.data;
	const size_t count = naming->names.size / sizeof(*names);
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		if (!is_remembered(&names[i]))
			error = copy_untold(naming->namer, &names[i]);
	return error;
}

static void forget_untold(struct window_namer *namer)
{
	buffer_clear(&namer->untold);
	arena_release(&namer->untold_strings);
	arena_init(&namer->untold_strings);
}

/* What a store is told by itself is synced by itself, which writes pages of the disk: few names wait for the next window. */
static bool is_told_later(const struct naming *naming, const struct window_shelf *shelf)
{
	return shelf->store && !naming->at_once &&
	       naming->names.size < MIN_TOLD_NAMES * sizeof(struct address_names);
}

static int tell_shelf(struct naming *naming, const struct window_shelf *shelf)
{
	struct window_namer *namer = naming->namer;
	int told = shelf->store ? known_code_tell(&namer->identities.code, shelf->store) : 0, error;

	buffer_append(&naming->names, namer->untold.data, namer->untold.size);
	error = buffer_error(&naming->names);
	if (!error && naming->names.size)
		error = shelf->add_names(shelf->context,
					 (const struct address_names *)naming->names.data,
					 naming->names.size / sizeof(struct address_names));
	forget_untold(namer);
	return error ? error : told;
}

static int begin_naming(struct naming *naming, struct window_namer *namer,
			const struct window_code *code)
{
	*naming = (struct naming){ .namer = namer, .now_ns = clock_monotonic_ns() };
	u64_map_init(&naming->by_identity);
	arena_init(&naming->strings);
	return note_modules(naming, code);
}

static int name(struct window_namer *namer, const struct window_code *code, bool at_once,
		const struct window_shelf *shelf)
{
	_cleanup_(naming_release) struct naming naming;
	int error = begin_naming(&naming, namer, code);

	naming.at_once = at_once;
	if (!error)
		error = shelf->each_unnamed(shelf->context, find_wanted, &naming);
	if (!error)
		error = ask(&naming);
	if (!error)
		error = is_told_later(&naming, shelf) ? keep_untold(&naming)
						      : tell_shelf(&naming, shelf);
	if (!error)
		held_modules_sweep(&namer->held);
	return error;
}

static void meet_code(struct window_namer *namer, const struct window_code *code,
		      const struct store_writer *store)
{
	uint64_t slice = store_writer_slice(store);
	size_t count;
	const struct module *modules = window_code_modules(code, &count);

	for (size_t i = 0; i < count; i++) {
		const char *identity = identity_of(namer, modules[i].id);

		if (identity)
			known_code_meet(&namer->identities.code, identity, slice);
	}
}

int window_namer_tell_known(struct window_namer *namer, const struct window_code *code,
			    struct store_writer *store)
{
	_cleanup_(naming_release) struct naming naming;
	const struct window_shelf shelf = window_shelf_of_store(store);
	int error = begin_naming(&naming, namer, code);

	meet_code(namer, code, store);
	if (!error)
		error = shelf.each_unnamed(shelf.context, find_known, &naming);
	return error ? error : tell_shelf(&naming, &shelf);
}

int window_namer_name(struct window_namer *namer, const struct window_code *code, bool at_once,
		      const struct window_shelf *shelf)
{
	naming_turns_begin_window(&namer->turns);
	return name(namer, code, at_once, shelf);
}

int window_namer_name_rest(struct window_namer *namer, const struct window_shelf *shelf)
{
	return name(namer, NULL, true, shelf);
}

/* --- of a store --- */

static int each_of_store(void *writer, frame_address_fn take, void *context)
{
	return store_writer_each_unnamed(writer, take, context);
}

static int add_to_store(void *writer, const struct address_names *names, size_t count)
{
	return store_writer_add_names(writer, names, count);
}

struct window_shelf window_shelf_of_store(struct store_writer *writer)
{
	return (struct window_shelf){
		.each_unnamed = each_of_store,
		.add_names = add_to_store,
		.context = writer,
		.store = writer,
	};
}
