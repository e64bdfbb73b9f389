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

/* Where it is: a section of its own from Go 1.26 on, and before that among data without pointers. */
static const char *const sections[] = { ".go.module", ".noptrdata", ".data.rel.ro", ".data" };

static bool is_module(const uint64_t *words, uint64_t table_address, uint64_t first, uint64_t end)
{
	return words[WORD_TABLE] == table_address && words[WORD_MIN] - words[WORD_TEXT] == first &&
	       words[WORD_MAX] - words[WORD_TEXT] == end;
}

static int search_section(const struct elf_file *file, const struct elf_section *section,
			  uint64_t table_address, uint64_t first, uint64_t end,
			  uint64_t *ret_text_start)
{
	struct file_window window;
	uint64_t words[WORDS];
	struct bytes bytes;
	int err = -ENOENT;

	file_window_init(&window, file, section->offset, section->size);
	for (uint64_t at = 0; err == -ENOENT; at += sizeof(*words)) {
		if (file_window_read(&window, at, sizeof(words), &bytes) ||
		    bytes.size < sizeof(words))
			break;
		memcpy(words, bytes.data, sizeof(words));
		if (!is_module(words, table_address, first, end))
			continue;
		*ret_text_start = words[WORD_TEXT];
		err = 0;
	}
	file_window_release(&window);
	return err;
}

int go_module_text_start(const struct elf_file *file, uint64_t table_address, uint64_t first,
			 uint64_t end, uint64_t *ret_text_start)
{
	uint64_t size = elf_file_size(file);

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		const struct elf_section *section = elf_file_section_named(file, sections[i]);

		if (!section || section->type == SHT_NOBITS || section->offset > size ||
		    section->size > size - section->offset)
			continue;
		if (!search_section(file, section, table_address, first, end, ret_text_start))
			return 0;
	}
	return -ENOENT;
}
