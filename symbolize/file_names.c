/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/file_names.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "elf/elf_file.h"
#include "elf/mini_debug_info.h"
#include "symbolize/answer.h"
#include "symbolize/debug_file.h"
#include "symbolize/go_names.h"
#include "symbolize/plt_names.h"
#include "symbolize/root_function.h"
#include "symbolize/symbol_search.h"

DEFINE_CLEANUP(cleanup_search, struct symbol_search *, symbol_search_free)

/* Files that tell more of the functions of the one that was asked for; open until the last name is read out of them. */
struct other_files {
	struct debug_file debug;
	struct elf_file *mini; /* MiniDebugInfo, or NULL */
};

static void other_files_release(struct other_files *others)
{
	debug_file_release(&others->debug);
	elf_file_free(others->mini);
}

/* Passes all tables of one type by. A malformed table gives no names and is no error. */
static int search_tables(struct symbol_search *search, const struct elf_file *file, uint32_t type,
			 size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < elf_file_section_count(file); i++) {
		const struct elf_section *section = elf_file_section(file, i);
		int err;

		if (section->type != type)
			continue;
		err = symbol_search_table(search, file, section);
		if (err && err != -EINVAL)
			return err;
		count += !err;
	}
	*ret_count = count;
	return 0;
}

/* What names functions where no symbol table does, the preferred ones first. */
static const struct {
	int (*open)(struct elf_file *file, struct function_source *ret_source);
	bool (*concern)(const struct elf_file *file, const uint64_t *addresses, size_t count);
} sources[] = {
#define FUNCTION_SOURCE(name, concern) { name##_open, concern },
#include "symbolize/sources.def"
#undef FUNCTION_SOURCE
};

static int search_sources(struct symbol_search *search, struct elf_file *file,
			  const struct asked_addresses *asked)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		struct function_source source;
		int err;

		if (sources[i].concern && !sources[i].concern(file, asked->addresses, asked->count))
			continue;
		err = sources[i].open(file, &source);
		if (!err)
			err = symbol_search_source(search, source,
						   SYMBOL_SEARCH_RANK_TABLE + 1 + i);
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

/* One that is damaged gives no names; one that is made to be expensive is an error. */
static int open_mini(struct elf_file *file, struct other_files *others)
{
	int err = mini_debug_info_open(file, &others->mini);

	return err == -ENOMEM || err == -EFBIG ? err : 0;
}

bool file_names_lack_symbols(const struct elf_file *file)
{
	for (size_t i = 0; i < elf_file_section_count(file); i++)
		if (elf_file_section(file, i)->type == SHT_SYMTAB)
			return false;
	return true;
}

/* NULL: there is none. */
static const struct elf_file *debug_file_for(struct elf_file *file,
					     const struct file_question *question,
					     const struct build_id *build_id,
					     struct other_files *others)
{
	if (question->debug_file)
		return question->debug_file;
	debug_file_of(file, build_id, question->path, question->debug_folders, &others->debug);
	return others->debug.file;
}

/* The first .symtab that there is. */
static int search_symbols(struct symbol_search *search, struct elf_file *file,
			  const struct file_question *question, const struct build_id *build_id,
			  struct other_files *others)
{
	const struct elf_file *debug_file;
	size_t tables;
	int err = search_tables(search, file, SHT_SYMTAB, &tables);

	if (err || tables)
		return err;
	debug_file = debug_file_for(file, question, build_id, others);
	if (debug_file)
		err = search_tables(search, debug_file, SHT_SYMTAB, &tables);
	if (err || tables)
		return err;
	err = open_mini(file, others);
	if (!err && others->mini)
		err = search_tables(search, others->mini, SHT_SYMTAB, &tables);
	return err;
}

static int search_file(struct symbol_search *search, struct elf_file *file,
		       const struct file_question *question, const struct asked_addresses *asked,
		       const struct build_id *build_id, struct other_files *others)
{
	size_t tables;
	int err = search_symbols(search, file, question, build_id, others);

	if (!err)
		err = search_tables(search, file, SHT_DYNSYM, &tables);
	if (!err)
		err = search_sources(search, file, asked);
	if (!err)
		symbol_search_finish(search);
	return err;
}

/* Offsets in no executable segment are left out, so they stay unknown. */
static int to_addresses(const struct elf_file *file, const struct file_question *question,
			struct asked_addresses *asked)
{
	for (size_t i = 0; i < question->count; i++) {
		uint64_t address;

		if (question->are_addresses)
			asked_addresses_add(asked, question->offsets[i], i);
		else if (elf_file_address_of_offset(file, question->offsets[i], &address))
			asked_addresses_add(asked, address, i);
	}
	return asked_addresses_sort(asked);
}

static int name_one(const struct symbol_search *search, size_t index, uint64_t address,
		    const struct root_file *root_file, struct answer *answer,
		    struct symbol_name *ret_name)
{
	_cleanup_(buffer_release) struct buffer raw = { 0 };
	struct symbol_name name = { 0 };
	uint64_t start;
	int err = symbol_search_name(search, index, &raw, &start);

	if (err)
		return err == -ENOENT ? 0 : err;
	if (!buffer_string(&raw))
		return -ENOMEM;
	err = answer_keep_demangled(answer, raw.data, &name.function);
	if (err)
		return err;
	name.offset = address - start;
	name.is_root = root_function_is(root_file, raw.data, start);
	*ret_name = name;
	return 0;
}

static int name_all(const struct symbol_search *search, const struct asked_addresses *asked,
		    const struct root_file *root_file, struct answer *answer)
{
	for (size_t i = 0; i < asked->count; i++) {
		struct symbol_name *name = &answer->names[asked->places[i]];
		int err;

		if (i && symbol_search_same(search, i - 1, i)) {
			*name = answer->names[asked->places[i - 1]];
			name->offset += asked->addresses[i] - asked->addresses[i - 1];
			continue;
		}
		err = name_one(search, i, asked->addresses[i], root_file, answer, name);
		if (err)
			return err;
	}
	return 0;
}

static int answer_asked(struct elf_file *file, const struct file_question *question,
			const struct asked_addresses *asked, struct answer *answer)
{
	_cleanup_(other_files_release) struct other_files others = { .debug.fd = -1 };
	_cleanup_(cleanup_search) struct symbol_search *search = NULL;
	struct root_file root_file;
	int err = symbol_search_new(asked->addresses, asked->count, &search);

	if (!err)
		err = search_file(search, file, question, asked, &answer->build_id, &others);
	if (err)
		return err;
	root_file_init(&root_file, file);
	return name_all(search, asked, &root_file, answer);
}

int file_names_answer(struct elf_file *file, const struct file_question *question,
		      struct answer *answer)
{
	_cleanup_(asked_addresses_release) struct asked_addresses asked = { 0 };
	int err = build_id_read(file, &answer->build_id);

	if (err && err != -ENOENT)
		return err;
	err = asked_addresses_init(&asked, question->count);
	if (!err)
		err = to_addresses(file, question, &asked);
	return err ? err : answer_asked(file, question, &asked, answer);
}
