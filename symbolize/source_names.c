/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/source_names.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/u64_map.h"
#include "elf/elf_file.h"
#include "symbolize/answer.h"
#include "symbolize/debug_file.h"
#include "symbolize/file_names.h"
#include "symbolize/go_lookup.h"
#include "symbolize/supplement.h"

#define NO_INDEX SIZE_MAX

/* Without DWARF, or with nothing in it for this address, the frame is the symbol's. */
struct located {
	struct source_frame *frames;
	size_t count;
	uint64_t discriminator;
};

struct source_names {
	struct elf_file *file, *own_file; /* the latter is NULL where the former is the asker's */
	struct debug_file debug_file, supplement;
	struct dwarf_lookup *lookup;
	struct go_lookup *go;         /* of those addresses that DWARF does not know; or NULL */
	size_t *go_indexes;           /* in `go`, by asked address; NO_INDEX: none */
	struct asked_addresses asked; /* ascending */
	struct answer strings;    /* demangled names; and of the symbol tables, by asked address */
	struct u64_map demangled; /* from a raw name's place in memory to an index in `kept` */
	const char **kept;
	size_t kept_count, kept_allocated;
	struct arena frames;
	struct located *located; /* in the order of the question */
	int dwarf_error;
};

DEFINE_CLEANUP(cleanup_names, struct source_names *, source_names_free)

static int load_addresses(struct source_names *names, const struct source_question *question)
{
	int err = asked_addresses_init(&names->asked, question->count);

	if (err)
		return err;
	for (size_t i = 0; i < question->count; i++)
		asked_addresses_add(&names->asked, question->addresses[i], i);
	return asked_addresses_sort(&names->asked);
}

static int look_up(struct source_names *names, const struct source_question *question,
		   struct elf_file *file)
{
	struct dwarf_options options = {
		.without_lines = question->without_lines,
		.path = question->path,
		.search_split = question->search_split ? question->search_split
				: question->path       ? split_file_search
						       : NULL,
		.search_context = question->split_context,
	};

	debug_file_release(&names->supplement);
	names->supplement = (struct debug_file){ .fd = -1 };
	if (!question->supplement)
		supplement_of_mapped(file, question->debug_folders, &names->supplement);
	options.supplement = question->supplement ? question->supplement : names->supplement.file;
	return dwarf_lookup_new_with(file, &options, names->asked.addresses, names->asked.count,
				     &names->lookup);
}

static void open_debug_file(struct source_names *names, const struct source_question *question)
{
	struct build_id build_id = { .size = 0 };

	build_id_read(names->file, &build_id);
	debug_file_of_mapped(names->file, &build_id, question->path, question->debug_folders,
			     &names->debug_file);
}

/* The file's own DWARF, else its debug file's. */
static int read_dwarf(struct source_names *names, const struct source_question *question)
{
	int err = look_up(names, question, names->file);

	if (err == -ENOENT && question->debug_file) {
		err = look_up(names, question, question->debug_file);
	} else if (err == -ENOENT) {
		open_debug_file(names, question);
		if (names->debug_file.file)
			err = look_up(names, question, names->debug_file.file);
	}
	names->dwarf_error = err;
	return err == -ENOMEM ? err : 0;
}

static struct source_location from_dwarf(const struct source_names *names, size_t index)
{
	return names->lookup ? dwarf_lookup_get(names->lookup, index)
			     : (struct source_location){ 0 };
}

/* What DWARF does not know. */
static int read_go(struct source_names *names)
{
	_cleanup_free_ uint64_t *addresses = calloc(names->asked.count + 1, sizeof(*addresses));
	size_t count = 0;
	int err;

	names->go_indexes = calloc(names->asked.count + 1, sizeof(*names->go_indexes));
	if (!addresses || !names->go_indexes)
		return -ENOMEM;
	for (size_t i = 0; i < names->asked.count; i++) {
		bool is_known = from_dwarf(names, i).count != 0;

		names->go_indexes[i] = is_known ? NO_INDEX : count;
		if (!is_known)
			addresses[count++] = names->asked.addresses[i];
	}
	if (!count)
		return 0;
	err = go_lookup_new(names->file, addresses, count, &names->go);
	return err == -ENOENT ? 0 : err;
}

static struct source_location from_debug_info(const struct source_names *names, size_t index)
{
	if (names->go && names->go_indexes[index] != NO_INDEX)
		return go_lookup_get(names->go, names->go_indexes[index]);
	return from_dwarf(names, index);
}

static bool is_between_functions(const struct source_names *names, size_t index)
{
	return names->go && names->go_indexes[index] != NO_INDEX &&
	       go_lookup_is_between(names->go, names->go_indexes[index]);
}

/* --- names --- */

static int remember(struct source_names *names, const char *raw, const char *shown)
{
	if (names->kept_count == names->kept_allocated) {
		size_t more = names->kept_allocated ? 2 * names->kept_allocated : 256;
		const char **grown = realloc(names->kept, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		names->kept = grown;
		names->kept_allocated = more;
	}
	names->kept[names->kept_count] = shown;
	return u64_map_set(&names->demangled, (uintptr_t)raw, names->kept_count++);
}

/* Linkers keep each string once, so that its place tells it. */
static int demangle(struct source_names *names, const char *raw, const char **ret_shown)
{
	uint32_t known = u64_map_get(&names->demangled, (uintptr_t)raw);
	int err;

	if (known != U64_MAP_ABSENT) {
		*ret_shown = names->kept[known];
		return 0;
	}
	err = answer_keep_demangled(&names->strings, raw, ret_shown);
	return err ? err : remember(names, raw, *ret_shown);
}

static bool needs_symbol(const struct source_names *names, size_t index)
{
	struct source_location location = from_debug_info(names, index);
	const struct source_frame *outermost =
		location.count ? &location.frames[location.count - 1] : NULL;

	if (is_between_functions(names, index))
		return false;
	return !outermost || !outermost->function || !outermost->is_whole_name;
}

/* Asks the symbol tables for those addresses that need them. */
static int read_symbols(struct source_names *names, const struct source_question *question)
{
	_cleanup_free_ uint64_t *addresses = calloc(question->count + 1, sizeof(*addresses));
	_cleanup_free_ size_t *indexes = calloc(question->count + 1, sizeof(*indexes));
	struct file_question symbols = {
		.path = question->path,
		.debug_folders = question->debug_folders,
		.are_addresses = true,
		.offsets = addresses,
	};
	int err = answer_init(&names->strings, names->asked.count);

	if (err || !addresses || !indexes)
		return -ENOMEM;
	names->strings.demangle = question->demangle;
	for (size_t i = 0; i < names->asked.count && !question->without_symbols; i++) {
		if (!needs_symbol(names, i))
			continue;
		addresses[symbols.count] = names->asked.addresses[i];
		indexes[symbols.count++] = i;
	}
	if (!symbols.count)
		return 0;
	err = file_names_answer(names->file, &symbols, &names->strings);
	if (err) {
		/* What was found until then may be the wrong ones. DWARF's own stand. */
		for (size_t i = 0; i < symbols.count; i++)
			names->strings.names[i] = (struct symbol_name){ 0 };
		return err == -ENOMEM ? err : 0;
	}
	/* They came in the order of what was asked; each goes to its address, from the last one on. */
	for (size_t i = symbols.count; i-- > 0;) {
		struct symbol_name name = names->strings.names[i];

		names->strings.names[i] = (struct symbol_name){ 0 };
		names->strings.names[indexes[i]] = name;
	}
	return 0;
}

/* --- frames --- */

static int locate(struct source_names *names, size_t index, struct located *ret_located)
{
	struct source_location location = from_debug_info(names, index);
	const char *symbol = names->strings.names[index].function;
	size_t count = location.count;
	struct source_frame *frames;
	int err = 0;

	if (!count && symbol)
		count = 1;
	if (!count) {
		*ret_located = (struct located){ 0 };
		return 0;
	}
	frames = arena_alloc(&names->frames, count * sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	for (size_t i = 0; !err && i < location.count; i++) {
		frames[i] = location.frames[i];
		if (frames[i].function)
			err = demangle(names, frames[i].function, &frames[i].function);
	}
	if (!location.count)
		frames[0] = (struct source_frame){ 0 };
	if (symbol) {
		frames[count - 1].function = symbol;
		frames[count - 1].is_whole_name = true;
	}
	*ret_located = (struct located){ frames, count, location.discriminator };
	return err;
}

static int locate_all(struct source_names *names)
{
	int err = 0;

	names->located = calloc(names->asked.count + 1, sizeof(*names->located));
	if (!names->located)
		return -ENOMEM;
	for (size_t i = 0; !err && i < names->asked.count; i++)
		err = locate(names, i, &names->located[names->asked.places[i]]);
	return err;
}

int source_names_new(const struct source_question *question, struct source_names **ret_names)
{
	_cleanup_(cleanup_names) struct source_names *names = NULL;
	int err;

	if (question->count > DWARF_LOOKUP_MAX_ADDRESSES)
		return -E2BIG;
	names = calloc(1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	names->debug_file.fd = names->supplement.fd = -1;
	arena_init(&names->frames);
	u64_map_init(&names->demangled);
	err = question->file ? 0 : elf_file_open_mapped(question->fd, &names->own_file);
	names->file = question->file ? question->file : names->own_file;
	if (!err)
		err = load_addresses(names, question);
	if (!err)
		err = read_dwarf(names, question);
	if (!err)
		err = read_go(names);
	if (!err)
		err = read_symbols(names, question);
	if (!err)
		err = locate_all(names);
	if (err)
		return err;
	*ret_names = take_ptr(names);
	return 0;
}

void source_names_free(struct source_names *names)
{
	if (!names)
		return;
	dwarf_lookup_free(names->lookup);
	go_lookup_free(names->go);
	free(names->go_indexes);
	debug_file_release(&names->supplement);
	debug_file_release(&names->debug_file);
	elf_file_free(names->own_file);
	asked_addresses_release(&names->asked);
	answer_release(&names->strings);
	u64_map_release(&names->demangled);
	free(names->kept);
	free(names->located);
	arena_release(&names->frames);
	free(names);
}

int source_names_error(const struct source_names *names)
{
	return names->dwarf_error;
}

struct source_location source_names_get(const struct source_names *names, size_t index)
{
	const struct located *located = &names->located[index];

	return (struct source_location){ located->frames, located->count, located->discriminator };
}
