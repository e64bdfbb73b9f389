/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/go_module.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "elf/file_window.h"

/*
 * Words of moduledata, from Go 1.16 on: the table, six slices (funcnametab, cutab, filetab, pctab, pclntable,
 * ftab), findfunctab, and then these.
 */
#define WORD_TABLE 0
#define WORD_MIN   20
#define WORD_MAX   21
#define WORD_TEXT  22
#define WORDS      23
#define MAX_WORDS  (WORDS + GO_MODULE_WORDS_BEHIND)

/* Where it is: a section of its own from Go 1.26 on, and before that among data without pointers. */
static const char *const sections[] = { ".go.module", ".noptrdata", ".data.rel.ro", ".data" };

static bool is_module(const uint64_t *words, uint64_t table_address, uint64_t first, uint64_t end)
{
	return words[WORD_TABLE] == table_address && words[WORD_MIN] - words[WORD_TEXT] == first &&
	       words[WORD_MAX] - words[WORD_TEXT] == end;
}

static void take_module(const uint64_t *words, size_t count, struct go_module *module)
{
	module->text_start = words[WORD_TEXT];
	module->behind_count = count - WORDS;
	memcpy(module->behind, words + WORDS, module->behind_count * sizeof(*words));
}

static int search_section(const struct elf_file *file, const struct elf_section *section,
			  uint64_t table_address, uint64_t first, uint64_t end,
			  struct go_module *ret_module)
{
	struct file_window window;
	uint64_t words[MAX_WORDS];
	struct bytes bytes;
	int err = -ENOENT;

	file_window_init(&window, file, section->offset, section->size);
	for (uint64_t at = 0; err == -ENOENT; at += sizeof(*words)) {
		if (file_window_read(&window, at, sizeof(words), &bytes) ||
		    bytes.size < WORDS * sizeof(*words))
			break;
		memcpy(words, bytes.data, bytes.size);
		if (!is_module(words, table_address, first, end))
			continue;
		take_module(words, bytes.size / sizeof(*words), ret_module);
		err = 0;
	}
	file_window_release(&window);
	return err;
}

int go_module_find(const struct elf_file *file, uint64_t table_address, uint64_t first,
		   uint64_t end, struct go_module *ret_module)
{
	uint64_t size = elf_file_size(file);

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		const struct elf_section *section = elf_file_section_named(file, sections[i]);

		if (!section || section->type == SHT_NOBITS || section->offset > size ||
		    section->size > size - section->offset)
			continue;
		if (!search_section(file, section, table_address, first, end, ret_module))
			return 0;
	}
	return -ENOENT;
}
