/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/place_namer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "elf/build_id.h"
#include "profiler/debug_server.h"
#include "profiler/name_source.h"
#include "profiler/own_worker.h"
#include "store/slice_names.h"
#include "store/slice_places.h"
#include "symbolize/debug_file.h"
#include "symbolize/source_names.h"
#include "symbolize/symbolizer.h"
#include "worker/local_files.h"
#include "worker/opener.h"
#include "worker/worker.h"

struct place_namer {
	struct worker *worker;
	struct opener *opener;
	struct local_files *local_files;
	struct name_source_debug_files debug_files;
};

void better_names_init(struct better_names *names)
{
	*names = (struct better_names){ 0 };
	arena_init(&names->strings);
}

void better_names_release(struct better_names *names)
{
	buffer_release(&names->frames);
	arena_release(&names->strings);
}

/* Only root has what it takes to build cages, and only root has something to lose. One who may not build one (in a container) is told. */
static int start_worker(struct place_namer *namer)
{
	const char *failed = "it cannot be started";
	int error = own_worker_new(&namer->worker);

	if (!error)
		error = worker_await(namer->worker, &failed);
	if (!error)
		return own_opener_new(-1, &namer->opener);
	log_warning("debug files are read with more privileges than they should be: %s: %s", failed,
		    strerror(-error));
	worker_free(take_ptr(namer->worker));
	return 0;
}

int place_namer_new(const char *const *folders, struct debug_server *server,
		    struct place_namer **ret_namer)
{
	struct place_namer *namer = calloc(1, sizeof(*namer));
	int error;

	if (!namer)
		return -ENOMEM;
	namer->local_files = local_files_new();
	error = namer->local_files ? 0 : -ENOMEM;
	if (!error && !geteuid())
		error = start_worker(namer);
	if (error) {
		place_namer_free(namer);
		return error;
	}
	namer->debug_files = (struct name_source_debug_files){
		.places = { folders, namer->opener, namer->local_files },
		.server = server,
	};
	*ret_namer = namer;
	return 0;
}

void place_namer_free(struct place_namer *namer)
{
	if (!namer)
		return;
	worker_free(namer->worker);
	opener_free(namer->opener);
	local_files_free(namer->local_files);
	free(namer);
}

/* --- the debug file --- */

static bool digit_of(char text, uint8_t *ret_digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = text ? strchr(digits, text) : NULL;

	*ret_digit = found ? (uint8_t)(found - digits) : 0;
	return found;
}

static bool parse_build_id(const char *text, struct build_id *ret_id)
{
	struct build_id id = { .size = strlen(text) / 2 };

	if (!id.size || strlen(text) % 2 || id.size > sizeof(id.bytes))
		return false;
	for (size_t i = 0; i < id.size; i++) {
		uint8_t high, low;

		if (!digit_of(text[2 * i], &high) || !digit_of(text[2 * i + 1], &low))
			return false;
		id.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_id = id;
	return true;
}

/* Whether it is the one its own build-id tells, with the answer. */
static bool take_first(void *context, int *fd, enum debug_file_way way)
{
	(void)way;
	*(int *)context = take_fd(fd);
	return true;
}

static int open_debug_file(const struct place_namer *namer, const struct build_id *id)
{
	const struct debug_identity wanted = { .build_id = *id };
	int fd = -1;

	if (!debug_identity_search(&wanted, NULL, &namer->debug_files.places, take_first, &fd))
		return fd;
	if (namer->debug_files.server &&
	    !debug_server_find(namer->debug_files.server, id, "a file of the store", &fd))
		return fd;
	return -1;
}

/* Of who reads it himself. */
static bool is_debug_file_of(int fd, const struct build_id *id)
{
	const struct debug_file_query query = { .build_id = id };

	return debug_file_fits(&query, fd, DEBUG_FILE_BY_BUILD_ID);
}

/* --- what it tells --- */

struct naming {
	const struct slice_places *places;
	struct build_id build_id;
	const uint32_t *asked; /* places, in the order of the request */
	struct better_names *names;
	bool was_read;
	int error;
};

static const char *keep_string(struct naming *naming, const char *string)
{
	const char *kept =
		string ? arena_string(&naming->names->strings, string, strlen(string)) : NULL;

	if (string && !kept)
		naming->error = -ENOMEM;
	return kept;
}

/* Those calls of a chain that have a name. */
static size_t count_calls(const struct symbol_name *name, bool *ret_has_file)
{
	size_t count = 0;

	*ret_has_file = false;
	for (; name; name = name->inlined) {
		count += name->function != NULL;
		*ret_has_file |= name->function && name->file;
	}
	return count;
}

static struct frame_name *keep_chain(struct naming *naming, const struct symbol_name *name,
				     size_t count)
{
	struct frame_name *chain = arena_alloc(&naming->names->strings, count * sizeof(*chain));
	size_t i = 0;

	if (!chain)
		naming->error = -ENOMEM;
	for (; chain && name; name = name->inlined)
		if (name->function)
			chain[i++] =
				(struct frame_name){ keep_string(naming, name->function),
						     keep_string(naming, name->file), name->line };
	return chain;
}

static bool is_better(const struct slice_place *known, size_t calls, bool has_file)
{
	return chain_is_better((struct chain_worth){ calls, has_file },
			       (struct chain_worth){ known->calls, known->has_file != 0 });
}

static void take_name(struct naming *naming, const struct slice_place *known,
		      const struct symbol_name *name)
{
	struct named_frame frame = { .number = known->number,
				     .is_root = known->is_root || name->is_root };
	bool has_file;

	frame.count = name->function ? count_calls(name, &has_file) : 0;
	if (!frame.count || !is_better(known, frame.count, has_file))
		return;
	frame.names = keep_chain(naming, name, frame.count);
	buffer_append(&naming->names->frames, &frame, sizeof(frame));
	if (buffer_error(&naming->names->frames))
		naming->error = -ENOMEM;
	naming->names->count++;
}

/* What says that it is another file's is no word of it. */
static bool is_of_file(const struct naming *naming, const struct symbol_reply *reply)
{
	return reply->build_id && reply->build_id_size == naming->build_id.size &&
	       !memcmp(reply->build_id, naming->build_id.bytes, reply->build_id_size);
}

static void take_reply(const struct symbol_reply *reply, void *context)
{
	struct naming *naming = context;

	naming->was_read = !reply->error && is_of_file(naming, reply);
	for (size_t i = 0; naming->was_read && i < reply->count && !naming->error; i++)
		take_name(naming, &naming->places->places[naming->asked[i]], &reply->names[i]);
}

/* --- asking --- */

static bool address_of(const struct place_module *module, uint64_t offset, uint64_t *ret_address)
{
	for (uint64_t i = 0; i < module->count; i++) {
		const struct module_segment *segment = &module->segments[i];

		if (offset < segment->offset || offset - segment->offset >= segment->size)
			continue;
		*ret_address = segment->address + (offset - segment->offset);
		return true;
	}
	return false;
}

static int list_addresses(const struct slice_places *places, size_t module,
			  struct buffer *addresses, struct buffer *asked)
{
	for (size_t i = 0; i < places->count; i++) {
		uint32_t place = (uint32_t)i;
		uint64_t address;

		if (places->places[i].module != module ||
		    !address_of(&places->modules[module], places->places[i].offset, &address) ||
		    asked->size / sizeof(place) == SYMBOLIZER_MAX_ADDRESSES)
			continue;
		buffer_append(addresses, &address, sizeof(address));
		buffer_append(asked, &place, sizeof(place));
	}
	return buffer_error(addresses) ? -ENOMEM : buffer_error(asked);
}

/* Outermost first, as chains are. */
static int append_chain(struct naming *naming, const struct source_location *location,
			struct frame_name **ret_chain, size_t *ret_count)
{
	struct frame_name *chain =
		arena_alloc(&naming->names->strings, (location->count + 1) * sizeof(*chain));

	*ret_count = 0;
	if (!chain)
		return -ENOMEM;
	for (size_t i = location->count; i--;) {
		const struct source_frame *frame = &location->frames[i];

		if (frame->function)
			chain[(*ret_count)++] = (struct frame_name){
				keep_string(naming, frame->function),
				keep_string(naming, frame->file),
				frame->line <= UINT32_MAX ? (uint32_t)frame->line : 0,
			};
	}
	*ret_chain = chain;
	return naming->error;
}

static int take_location(struct naming *naming, const struct slice_place *known,
			 const struct source_location *location)
{
	struct named_frame frame = { .number = known->number, .is_root = known->is_root };
	struct frame_name *chain;
	bool has_file = false;
	int error = append_chain(naming, location, &chain, &frame.count);

	if (error)
		return error;
	for (size_t i = 0; i < frame.count; i++)
		has_file |= chain[i].file != NULL;
	frame.names = chain;
	if (!is_better(known, frame.count, has_file))
		return 0;
	buffer_append(&naming->names->frames, &frame, sizeof(frame));
	naming->names->count++;
	return buffer_error(&naming->names->frames);
}

/* In this process, of a user who has nothing to lose. */
static int ask_here(struct place_namer *namer, int fd, const struct buffer *addresses,
		    struct naming *naming)
{
	const struct source_question question = {
		.fd = fd,
		.debug_folders = namer->debug_files.places.folders,
		.addresses = (const uint64_t *)addresses->data,
		.count = addresses->size / sizeof(uint64_t),
	};
	struct source_names *sources;
	int error = is_debug_file_of(fd, &naming->build_id) ? source_names_new(&question, &sources)
							    : -ESTALE;

	if (error)
		return error == -ENOMEM ? error : 0;
	naming->was_read = true;
	for (size_t i = 0; i < question.count && !error; i++) {
		struct source_location location = source_names_get(sources, i);

		error = take_location(naming, &naming->places->places[naming->asked[i]], &location);
	}
	source_names_free(sources);
	return error;
}

static int ask(struct place_namer *namer, int fd, const struct buffer *addresses,
	       struct naming *naming)
{
	const struct symbol_request request = {
		.space = SYMBOL_FILE,
		.fd = fd,
		.are_virtual = true,
		.addresses = (const uint64_t *)addresses->data,
		.count = addresses->size / sizeof(uint64_t),
	};
	struct name_source *source = name_source_new(namer->worker, &namer->debug_files,
						     NAME_SOURCE_MAX_MS, take_reply, naming);
	int error = source ? name_source_submit(source, &request) : -ENOMEM;

	if (!error)
		error = name_source_finish(source);
	name_source_free(source);
	return error == -ENOMEM ? error : naming->error;
}

int place_namer_name(struct place_namer *namer, const struct slice_places *places, size_t module,
		     struct better_names *names, bool *ret_found)
{
	_cleanup_(buffer_release) struct buffer addresses = { 0 }, asked = { 0 };
	struct naming naming = { .places = places, .names = names };
	_cleanup_close_ int fd = -1;
	int error;

	*ret_found = false;
	if (!parse_build_id(places->modules[module].build_id, &naming.build_id))
		return 0;
	error = list_addresses(places, module, &addresses, &asked);
	if (error || !addresses.size)
		return error;
	fd = open_debug_file(namer, &naming.build_id);
	if (fd < 0)
		return 0;
	naming.asked = (const uint32_t *)asked.data;
	error = namer->worker ? ask(namer, fd, &addresses, &naming)
			      : ask_here(namer, fd, &addresses, &naming);
	*ret_found = naming.was_read;
	return error;
}
