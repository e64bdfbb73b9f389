/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/name_service.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/u64_map.h"
#include "elf/elf_cache.h"
#include "elf/elf_file.h"
#include "symbolize/file_names.h"
#include "symbolize/made_code.h"
#include "symbolize/source_names.h"
#include "symbolize/split_file.h"
#include "symbolize/supplement.h"
#include "worker/name_protocol.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)
DEFINE_CLEANUP(cleanup_source_names, struct source_names *, source_names_free)

/* What an answer may have, and for each address besides; in all WORKER_MAX_REPLY_BYTES. More is not believed. */
#define MAX_REPLY_BYTES         (1u << 20)
#define MAX_REPLY_BYTES_ADDRESS (64u << 10)

#define NAME_DESCRIPTORS (4 + SPLIT_FILES_MAX)
_Static_assert(NAME_DESCRIPTORS <= WORKER_MAX_DESCRIPTORS, "one question has them all");

#define MAX_NAME_BYTES (32u << 10) /* a longer one is none */
#define MAX_INLINED    256 /* calls into each other at one address; those farther in are left out */

/* --- in the worker: the question --- */

/* What was asked, in the payload; false: it does not add up. */
static bool open_question(struct bytes payload, struct name_question *ret_asked,
			  struct symbol_request *ret_request, const uint64_t **ret_split_ids)
{
	struct byte_reader reader;
	struct bytes addresses, dump_looks, map_looks, split_ids;

	byte_reader_init(&reader, payload);
	byte_reader_copy(&reader, ret_asked, sizeof(*ret_asked));
	addresses = byte_reader_take(&reader, ret_asked->address_count * sizeof(uint64_t));
	dump_looks = byte_reader_take(&reader, ret_asked->dump_looks * sizeof(struct code_look));
	map_looks = byte_reader_take(&reader, ret_asked->map_looks * sizeof(struct code_look));
	if (ret_asked->split_file_count > SPLIT_FILES_MAX)
		return false;
	split_ids = byte_reader_take(&reader, ret_asked->split_file_count * sizeof(uint64_t));
	*ret_split_ids = (const uint64_t *)split_ids.data;
	*ret_request = (struct symbol_request){
		.space = ret_asked->space,
		.are_virtual = ret_asked->are_virtual,
		.fd = -1,
		.addresses = (const uint64_t *)addresses.data,
		.count = ret_asked->address_count,
		.made_code = {
			.dump = { -1, (const struct code_look *)dump_looks.data, ret_asked->dump_looks },
			.map = { -1, (const struct code_look *)map_looks.data, ret_asked->map_looks },
			.start_ns = ret_asked->start_ns,
			.deadline_ns = ret_asked->deadline_ns,
		},
	};
	return !reader.failed;
}

static int add_place(const struct source_frame *frame, struct answer *answer,
		     struct symbol_name *name)
{
	if (!frame->file)
		return 0;
	name->line = frame->line <= UINT32_MAX ? (uint32_t)frame->line : 0;
	return answer_keep(answer, frame->file, &name->file);
}

/* The outermost function is the symbol tables', where they have one; the calls inlined into it are the debugging information's. */
static int add_calls(const struct source_location *location, struct answer *answer,
		     struct symbol_name *name)
{
	int error = 0;

	if (location->count && !name->function && location->frames[location->count - 1].function)
		error = answer_keep(answer, location->frames[location->count - 1].function,
				    &name->function);
	if (location->count && !error)
		error = add_place(&location->frames[location->count - 1], answer, name);
	for (size_t i = location->count - !!location->count; i-- && !error;) {
		if (!location->frames[i].function)
			continue;
		error = answer_add_inlined(answer, name, &name);
		if (!error)
			error = answer_keep(answer, location->frames[i].function, &name->function);
		if (!error)
			error = add_place(&location->frames[i], answer, name);
	}
	return error;
}

/* What came of a file, -1: nothing; and what is wanted besides. */
struct files_asked {
	int file, debug_file, supplement, package;
	const int *split_files;
	const uint64_t *split_ids;
	size_t split_file_count;
	struct elf_cache *cache;
	struct debug_identity *wanted;
	struct answer *answer; /* that has its strings */
	int error;             /* -ENOMEM, or 0 */
};

static struct files_asked files_of(const struct worker_question *question,
				   const struct name_question *asked, const uint64_t *split_ids)
{
	const int *more = question->descriptors;
	struct files_asked files = {
		.debug_file = -1,
		.supplement = -1,
		.package = -1,
		.cache = question->files,
		.split_ids = split_ids,
		.split_file_count = asked->split_file_count,
	};

	files.file = *more++;
	if (asked->has_debug_file)
		files.debug_file = *more++;
	if (asked->has_supplement)
		files.supplement = *more++;
	if (asked->has_package)
		files.package = *more++;
	files.split_files = more;
	return files;
}

static void wish(struct files_asked *files, const struct split_file_wanted *wanted)
{
	struct debug_identity *identity = files->wanted;
	struct split_wish *wish = &identity->split_files[identity->split_file_count];
	char path[PATH_MAX];

	if (files->error || identity->split_file_count == SPLIT_FILES_MAX)
		return;
	wish->id = wanted->id;
	files->error = answer_keep(
		files->answer, split_file_path(wanted, path) ? path : wanted->name, &wish->path);
	identity->split_file_count += !files->error;
}

/* The one that is said to be the unit's: whether it is, the judge sees. */
static int find_split_file(const struct files_asked *files, uint64_t id)
{
	for (size_t i = 0; i < files->split_file_count; i++)
		if (files->split_ids[i] == id)
			return files->split_files[i];
	return -1;
}

/* A split_file_search_fn: of what is handed in, and what is not is wanted. */
static int search_split(void *context, const struct split_file_wanted *wanted,
			const struct debug_file_judge *judge)
{
	struct files_asked *files = context;
	int found = wanted->name ? find_split_file(files, wanted->id) : files->package;
	_cleanup_close_ int fd = found < 0 ? -1 : fcntl(found, F_DUPFD_CLOEXEC, 0);
	enum debug_file_way way = wanted->name ? DEBUG_FILE_SPLIT : DEBUG_FILE_PACKAGE;

	if (fd >= 0 && judge->judge(judge->context, &fd, way))
		return 0;
	if (wanted->name)
		wish(files, wanted);
	else
		files->wanted->wants_package = true;
	return -ENOENT;
}

/* Some is there, and cannot be used: which is said, and leaves the names as they are. */
static void note_debug_info_error(struct answer *answer, int error)
{
	if (error != -ENOENT)
		answer->debug_info_error = error == -EBADMSG ? -ENOEXEC : error;
}

static bool address_of(const struct elf_file *file, const struct symbol_request *request,
		       size_t index, uint64_t *ret_address)
{
	if (!request->are_virtual)
		return elf_file_address_of_offset(file, request->addresses[index], ret_address);
	*ret_address = request->addresses[index];
	return true;
}

static int add_inlined(struct files_asked *files, const struct elf_file *file, bool with_lines,
		       const struct symbol_request *request, struct answer *answer)
{
	static const char *const no_folders[] = { NULL };
	_cleanup_free_ uint64_t *addresses = calloc(request->count + 1, sizeof(*addresses));
	_cleanup_free_ size_t *places = calloc(request->count + 1, sizeof(*places));
	_cleanup_(cleanup_source_names) struct source_names *sources = NULL;
	struct source_question asked = {
		.debug_folders = no_folders,
		.search_split = search_split,
		.split_context = files,
		.without_symbols = true,
		.without_lines = !with_lines,
		.demangle = answer->demangle,
		.addresses = addresses,
	};
	int error;

	if (!addresses || !places)
		return -ENOMEM;
	error = elf_cache_open(files->cache, files->file, &asked.file);
	if (!error && files->debug_file >= 0)
		elf_cache_open(files->cache, files->debug_file, &asked.debug_file);
	if (!error && files->supplement >= 0)
		elf_cache_open(files->cache, files->supplement, &asked.supplement);
	for (size_t i = 0; i < request->count; i++) {
		places[asked.count] = i;
		asked.count += address_of(file, request, i, &addresses[asked.count]);
	}
	if (!error)
		error = source_names_new(&asked, &sources);
	if (files->error)
		return files->error;
	note_debug_info_error(answer, error ? error : source_names_error(sources));
	if (error)
		return error == -ENOMEM ? error : 0;
	for (size_t i = 0; i < asked.count && !error; i++) {
		struct source_location location = source_names_get(sources, i);

		error = add_calls(&location, answer, &answer->names[places[i]]);
	}
	return error;
}

/* As source_names_new() has it: the file's own DWARF, else its debug file's. */
static void read_supplement(struct elf_file *file, struct elf_file *debug_file,
			    struct debug_identity *wanted)
{
	bool has_own = elf_file_section_named(file, ".debug_info") != NULL;

	if (has_own || debug_file)
		debug_identity_read_supplement(has_own ? file : debug_file, wanted);
}

static int name_file(struct files_asked *files, const struct name_question *asked,
		     const struct symbol_request *request, struct answer *answer,
		     struct debug_identity *ret_wanted)
{
	static const char *const no_folders[] = { NULL };
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;
	_cleanup_(cleanup_elf_file) struct elf_file *debug_file = NULL;
	const struct debug_candidate candidate = { files->debug_file,
						   (enum debug_file_way)asked->way };
	struct file_question named = {
		.debug_folders = no_folders,
		.are_addresses = request->are_virtual,
		.offsets = request->addresses,
		.count = request->count,
	};
	int error = elf_file_open(files->file, &file);

	if (error)
		return error;
	code_segments_read(file, &answer->segments);
	if (file_names_lack_symbols(file))
		debug_identity_read(file, ret_wanted);
	if (candidate.fd >= 0)
		error = elf_file_open(candidate.fd, &debug_file);
	if (!error && candidate.fd >= 0 && !debug_identity_fits(ret_wanted, &candidate))
		error = -ESTALE;
	if (error)
		return error;
	if (asked->with_inlined)
		read_supplement(file, debug_file, ret_wanted);
	if (files->supplement >= 0 &&
	    (!ret_wanted->has_supplement ||
	     !supplement_fits(&ret_wanted->supplement, files->supplement)))
		return -ESTALE;
	named.debug_file = debug_file;
	error = file_names_answer(file, &named, answer);
	/* Where a supplementary file is to be looked for, the question will come once more. */
	files->wanted = ret_wanted;
	files->answer = answer;
	if (!error && asked->with_inlined &&
	    (!ret_wanted->has_supplement || files->supplement >= 0 || asked->lacks_supplement))
		error = add_inlined(files, file, asked->with_lines, request, answer);
	return error;
}

/* What was asked for lies in the answer alone, then. */
static int name_file_and_trim(struct files_asked *files, const struct name_question *asked,
			      const struct symbol_request *request, struct answer *answer,
			      struct debug_identity *ret_wanted)
{
	const struct elf_cache_use before = files->cache->use;
	int error = name_file(files, asked, request, answer, ret_wanted);

	elf_cache_trim(files->cache);
	answer->files = (struct symbol_file_use){
		.opened = files->cache->use.opened - before.opened,
		.found = files->cache->use.found - before.found,
		.closed = files->cache->use.closed - before.closed,
		.kept_bytes = files->cache->use.kept_bytes,
	};
	return error;
}

static int name_made_code(const struct worker_question *question, const struct name_question *asked,
			  struct symbol_request *request, struct answer *answer)
{
	if (asked->has_dump) {
		request->made_code.dump.fd = question->descriptors[0];
		request->made_code.map.fd = question->descriptors[1];
	} else {
		request->made_code.map.fd = question->descriptors[0];
	}
	return made_code_answer(request, answer);
}

/* --- in the worker: the answer --- */

/* The strings of an answer, of which one may be many names'. */
struct said_strings {
	struct u64_map places; /* of a string's address -> its place */
	struct buffer bytes;
};

static void release_strings(struct said_strings *strings)
{
	u64_map_release(&strings->places);
	buffer_release(&strings->bytes);
}

static bool can_be_said(const char *string)
{
	return string && strlen(string) < MAX_NAME_BYTES;
}

static int say_string(struct said_strings *strings, const char *string, uint32_t *ret_place)
{
	uint64_t key = (uint64_t)(uintptr_t)string;

	*ret_place = NAME_NONE;
	if (!can_be_said(string))
		return 0;
	*ret_place = u64_map_get(&strings->places, key);
	if (*ret_place != U64_MAP_ABSENT)
		return 0;
	*ret_place = (uint32_t)strings->bytes.size;
	if (strings->bytes.size >= WORKER_MAX_REPLY_BYTES)
		return -EFBIG;
	buffer_append(&strings->bytes, string, strlen(string) + 1);
	return u64_map_set(&strings->places, key, *ret_place);
}

static int say_name(struct said_strings *strings, const struct symbol_name *name, uint32_t later,
		    uint32_t inlined, struct buffer *to)
{
	struct name_said said = {
		.offset = name->offset,
		.since_ns = name->since_ns,
		.later = later,
		.inlined = inlined,
		.is_root = name->is_root,
		.line = name->line,
	};
	int error = say_string(strings, name->function, &said.function);

	if (!error)
		error = say_string(strings, name->file, &said.file);
	buffer_append(to, &said, sizeof(said));
	return error;
}

/* An address's name, and those behind it. */
static int say_all(struct said_strings *strings, const struct symbol_name *name,
		   struct buffer *more, struct buffer *to)
{
	uint32_t later = 0, inlined = 0;
	int error = 0;

	for (const struct symbol_name *it = name->later; it && !error; it = it->later, later++)
		error = say_name(strings, it, 0, 0, more);
	for (const struct symbol_name *it = name->inlined; it && !error; it = it->inlined) {
		if (!can_be_said(it->function) || inlined == MAX_INLINED)
			continue;
		error = say_name(strings, it, 0, 0, more);
		inlined++;
	}
	return error ? error : say_name(strings, name, later, inlined, to);
}

static int say_names(const struct answer *answer, struct said_strings *strings, struct buffer *more,
		     struct buffer *to)
{
	int error = 0;

	for (size_t i = 0; i < answer->count && !error; i++)
		error = say_all(strings, &answer->names[i], more, to);
	return error;
}

static int say_wishes(struct said_strings *strings, const struct debug_identity *wanted,
		      struct buffer *to)
{
	int error = 0;

	for (size_t i = 0; i < wanted->split_file_count && !error; i++) {
		const struct split_wish *wish = &wanted->split_files[i];
		struct split_said said = { .id = wish->id };

		error = say_string(strings, wish->path, &said.path);
		buffer_append(to, &said, sizeof(said));
	}
	return error;
}

static int say_answer(const struct answer *answer, const struct debug_identity *wanted,
		      struct buffer *to)
{
	_cleanup_(release_strings) struct said_strings strings = { 0 };
	_cleanup_(buffer_release) struct buffer more = { 0 };
	const struct debug_identity has = { .build_id = answer->build_id };
	struct name_answer said = {
		.wants_package = wanted->wants_package,
		.debug_info_errno = (uint64_t)-answer->debug_info_error,
		.name_count = answer->count,
		.split_file_count = wanted->split_file_count,
		.files = answer->files,
		.segments = answer->segments,
	};
	int error;

	u64_map_init(&strings.places);
	debug_identity_say(wanted, &said.wanted);
	debug_identity_say(&has, &said.has);
	buffer_append(to, &said, sizeof(said));
	error = say_names(answer, &strings, &more, to);
	buffer_append(to, more.data, more.size);
	if (!error)
		error = say_wishes(&strings, wanted, to);
	buffer_append(to, strings.bytes.data, strings.bytes.size);
	if (!error)
		error = buffer_error(&more) | buffer_error(&strings.bytes) | buffer_error(to);
	if (error)
		return error;
	said.more_count = more.size / sizeof(struct name_said);
	said.string_bytes = strings.bytes.size;
	memcpy(to->data, &said, sizeof(said));
	return 0;
}

int name_service_answer(const struct worker_question *question, struct buffer *ret_answer)
{
	_cleanup_(answer_release) struct answer answer = { 0 };
	struct debug_identity wanted = { 0 };
	struct symbol_request request;
	const uint64_t *split_ids;
	struct name_question asked;
	struct files_asked files;
	int error;

	if (!open_question(question->payload, &asked, &request, &split_ids) ||
	    question->descriptors[0] < 0 || asked.demangle >= DEMANGLE_MODE_COUNT)
		return -EINVAL;
	error = answer_init(&answer, request.count);
	if (error)
		return error;
	answer.demangle = asked.demangle;
	files = files_of(question, &asked, split_ids);
	error = request.space == SYMBOL_FILE
			? name_file_and_trim(&files, &asked, &request, &answer, &wanted)
			: name_made_code(question, &asked, &request, &answer);
	return error ? error : say_answer(&answer, &wanted, ret_answer);
}

/* --- whoever asks, and believes nothing --- */

static void write_question(const struct symbol_request *request,
			   const struct debug_candidate *debug_file, struct buffer *to)
{
	const struct symbol_code_file *dump = &request->made_code.dump;
	const struct symbol_code_file *map = &request->made_code.map;
	bool is_made = request->space == SYMBOL_MADE_CODE;
	const struct name_question asked = {
		.space = request->space,
		.way = debug_file->way,
		.address_count = (uint32_t)request->count,
		.dump_looks = is_made && dump->fd >= 0 ? (uint32_t)dump->look_count : 0,
		.map_looks = is_made && map->fd >= 0 ? (uint32_t)map->look_count : 0,
		.has_dump = is_made && dump->fd >= 0,
		.with_inlined = !request->without_inlined,
		.with_lines = !request->without_lines,
		.are_virtual = request->are_virtual,
		.demangle = request->demangle,
		.has_debug_file = debug_file->fd >= 0,
		.has_supplement = debug_file->has_supplement,
		.lacks_supplement = debug_file->lacks_supplement,
		.has_package = debug_file->has_package,
		.split_file_count = debug_file->split_file_count,
		.start_ns = request->made_code.start_ns,
		.deadline_ns = request->made_code.deadline_ns,
	};

	buffer_append(to, &asked, sizeof(asked));
	buffer_append(to, request->addresses, request->count * sizeof(*request->addresses));
	buffer_append(to, dump->looks, asked.dump_looks * sizeof(*dump->looks));
	buffer_append(to, map->looks, asked.map_looks * sizeof(*map->looks));
	buffer_append(to, debug_file->split_ids, asked.split_file_count * sizeof(uint64_t));
}

static size_t list_descriptors(const struct symbol_request *request,
			       const struct debug_candidate *debug_file, int *descriptors)
{
	const int made[] = { request->made_code.dump.fd, request->made_code.map.fd, -1, -1 };
	const int file[] = { request->fd, debug_file->fd,
			     debug_file->has_supplement ? debug_file->supplement : -1,
			     debug_file->has_package ? debug_file->package : -1 };
	const int *from = request->space == SYMBOL_MADE_CODE ? made : file;
	size_t count = 0;

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++)
		if (from[i] >= 0)
			descriptors[count++] = from[i];
	for (size_t i = 0; i < debug_file->split_file_count; i++)
		descriptors[count++] = debug_file->split_files[i];
	return count;
}

/* Where a string begins, and not in another one's middle: so all strings together are no more bytes than came. */
static const char *string_at(struct bytes strings, uint32_t place)
{
	const char *string = bytes_string(strings, place);
	bool is_begin = string && (!place || !strings.data[place - 1]);

	return is_begin && strlen(string) < MAX_NAME_BYTES ? string : NULL;
}

/* NULL, where it is said that there is none. */
static int hear_string(struct answer *answer, struct bytes strings, uint32_t place,
		       const char **ret_string)
{
	const char *string = place == NAME_NONE ? NULL : string_at(strings, place);

	*ret_string = NULL;
	if (place == NAME_NONE)
		return 0;
	return string ? answer_keep(answer, string, ret_string) : -EBADMSG;
}

static int hear_name(struct answer *answer, const struct name_said *said, struct bytes strings,
		     struct symbol_name *name)
{
	int error = hear_string(answer, strings, said->function, &name->function);

	if (!error)
		error = hear_string(answer, strings, said->file, &name->file);
	if (error)
		return error;
	name->offset = said->offset;
	name->since_ns = said->since_ns;
	name->is_root = said->is_root != 0;
	name->line = name->file ? said->line : 0;
	return 0;
}

/* What is still to be heard of those behind the names of the addresses. */
struct more_said {
	const struct name_said *next;
	uint64_t count;
};

/* What lay there later, in the order of time. */
static int hear_later(struct answer *answer, struct more_said *more, uint32_t count,
		      struct bytes strings, struct symbol_name *name)
{
	if (count > more->count)
		return -EBADMSG;
	for (more->count -= count; count; count--) {
		uint64_t before_ns = name->since_ns;
		int error = answer_add_later(answer, name, &name);

		if (!error)
			error = hear_name(answer, more->next++, strings, name);
		if (!error && name->since_ns < before_ns)
			error = -EBADMSG;
		if (error)
			return error;
	}
	return 0;
}

/* A call that was inlined has a name, or it is not told of. */
static int hear_inlined(struct answer *answer, struct more_said *more, uint32_t count,
			struct bytes strings, struct symbol_name *name)
{
	if (count > more->count || count > MAX_INLINED)
		return -EBADMSG;
	for (more->count -= count; count; count--) {
		int error = answer_add_inlined(answer, name, &name);

		if (!error)
			error = hear_name(answer, more->next++, strings, name);
		if (!error && !name->function)
			error = -EBADMSG;
		if (error)
			return error;
	}
	return 0;
}

static int hear_names(struct answer *answer, const struct name_said *said, struct more_said *more,
		      struct bytes strings)
{
	int error = 0;

	for (size_t i = 0; i < answer->count && !error; i++) {
		struct symbol_name *name = &answer->names[i];

		error = hear_name(answer, &said[i], strings, name);
		if (!error)
			error = hear_later(answer, more, said[i].later, strings, name);
		if (!error)
			error = hear_inlined(answer, more, said[i].inlined, strings, name);
	}
	return error ? error : more->count ? -EBADMSG : 0;
}

/* A path of any kind: who may open it looks where it leads. */
static int hear_wishes(struct answer *answer, struct bytes wishes, struct bytes strings,
		       struct debug_identity *wanted)
{
	const struct split_said *said = (const struct split_said *)wishes.data;

	for (size_t i = 0; i < wishes.size / sizeof(*said); i++) {
		struct split_wish *wish = &wanted->split_files[i];
		const char *path = string_at(strings, said[i].path);
		int error = path && *path && strlen(path) < PATH_MAX
				    ? answer_keep(answer, path, &wish->path)
				    : -EBADMSG;

		if (error)
			return error;
		wish->id = said[i].id;
	}
	wanted->split_file_count = wishes.size / sizeof(*said);
	return 0;
}

/* Its errors are its word, too: none may be taken for one that passes with time, or for memory that is short here. */
static int hear_error(int error)
{
	switch (error) {
	case -ENOEXEC:
	case -EOPNOTSUPP:
	case -EFBIG:
	case -E2BIG:
	case -EINVAL:
	case -ETIME:
	case -ESTALE:
		return error;
	case -ENOMEM:
		return -EFBIG;
	default:
		return -EIO;
	}
}

int name_service_hear(struct bytes payload, struct answer *answer,
		      struct debug_identity *ret_wanted)
{
	struct bytes names, more, wishes, strings;
	int error;
	struct more_said unheard;
	struct debug_identity has;
	struct byte_reader reader;
	struct name_answer said;

	byte_reader_init(&reader, payload);
	byte_reader_copy(&reader, &said, sizeof(said));
	if (said.name_count != answer->count || said.more_count > WORKER_MAX_REPLY_BYTES ||
	    said.segments.count > CODE_SEGMENTS_MAX || said.split_file_count > SPLIT_FILES_MAX)
		return -EBADMSG;
	names = byte_reader_take(&reader, said.name_count * sizeof(struct name_said));
	more = byte_reader_take(&reader, said.more_count * sizeof(struct name_said));
	wishes = byte_reader_take(&reader, said.split_file_count * sizeof(struct split_said));
	strings = byte_reader_take(&reader, said.string_bytes);
	if (reader.failed || !debug_identity_hear(&said.wanted, ret_wanted) ||
	    !debug_identity_hear(&said.has, &has))
		return -EBADMSG;
	answer->build_id = has.build_id;
	answer->files = said.files;
	answer->segments = said.segments;
	if (said.debug_info_errno)
		answer->debug_info_error = hear_error(
			said.debug_info_errno <= INT_MAX ? -(int)said.debug_info_errno : -EIO);
	ret_wanted->wants_package = said.wants_package != 0;
	unheard = (struct more_said){ (const struct name_said *)more.data, said.more_count };
	error = hear_names(answer, (const struct name_said *)names.data, &unheard, strings);
	return error ? error : hear_wishes(answer, wishes, strings, ret_wanted);
}

static size_t max_reply_bytes(size_t addresses)
{
	size_t bytes = MAX_REPLY_BYTES + addresses * MAX_REPLY_BYTES_ADDRESS;

	return bytes < WORKER_MAX_REPLY_BYTES ? bytes : WORKER_MAX_REPLY_BYTES;
}

int name_service_submit(struct worker *worker, const struct symbol_request *request,
			const struct debug_candidate *debug_file)
{
	_cleanup_(buffer_release) struct buffer question = { 0 };
	int descriptors[NAME_DESCRIPTORS];
	struct worker_request asked = {
		.service = WORKER_NAMES,
		.descriptors = descriptors,
		.descriptor_count = list_descriptors(request, debug_file, descriptors),
		.is_anybodys = debug_file->is_anybodys,
		.max_reply_bytes = max_reply_bytes(request->count),
	};

	write_question(request, debug_file, &question);
	asked.payload = (struct bytes){ (const uint8_t *)question.data, question.size };
	return buffer_error(&question) ? -ENOMEM : worker_submit(worker, &asked);
}

static int hear(const struct worker_answer *said, size_t count, struct answer *ret_answer,
		struct debug_identity *ret_identity)
{
	_cleanup_(answer_release) struct answer heard = { 0 };
	int error = answer_init(&heard, count);

	if (!error)
		error = said->error ? hear_error(said->error)
				    : name_service_hear(
					      (struct bytes){ (const uint8_t *)said->payload.data,
							      said->payload.size },
					      &heard, ret_identity);
	if (error)
		return error;
	*ret_answer = heard;
	heard = (struct answer){ 0 };
	return 0;
}

int name_service_take(struct worker *worker, size_t count, struct answer *ret_answer,
		      struct debug_identity *ret_identity, uint64_t *ret_cpu_ns)
{
	struct worker_answer said = { 0 };
	int error = worker_take(worker, &said);

	*ret_cpu_ns = said.cpu_ns;
	if (!error)
		error = hear(&said, count, ret_answer, ret_identity);
	buffer_release(&said.payload);
	return error;
}
