/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes Go's table of functions by hand, in each of its versions, and the file around it (cfi_builder.h).
 * Functions follow one another from the text's start on, each GO_FUNCTION bytes long.
 */
#ifndef HEARTH_TESTS_GO_BUILDER_H
#define HEARTH_TESTS_GO_BUILDER_H

#include "tests/unit/cfi_builder.h"

#define GO_FUNCTION      0x100
#define GO_MAX_FUNCTIONS 8
#define GO_TABLE_ADDRESS 0x700000
#define GO_LISTS_ADDRESS 0x800000 /* what functions' data is counted from */
#define GO_MODULE_WORDS  48

enum go_version { GO_1_2, GO_1_16, GO_1_18, GO_1_20, GO_VERSIONS };

/* A call that was inlined: which function, and whose place in the code has its line. */
struct go_made_call {
	int function;
	uint32_t place;
};

/* Tables as `deltas` below: the file's number, the line, the number of the call. */
struct go_made_lines {
	const int *files, *lines, *calls;
	const struct go_made_call *list;
	size_t list_count;
};

/* One function: its code, and pairs (delta, up to which byte), ended by a pair of zeros; none: NULL. */
struct go_made {
	const char *name;
	uint8_t flags;
	const char *code;
	size_t code_size;
	const int *deltas;
	const struct go_made_lines *lines; /* from Go 1.18 on; NULL: none */
};

#define GO_CODE(string) .code = string, .code_size = sizeof(string) - 1

struct go_builder {
	enum go_version version;
	bool hides_text_start; /* as Go 1.26 does */
	size_t before; /* bytes of the section before the table, which end like the start of one */
	int module_word; /* which one is gofunc; 0: there is no description of the module */
	const char *const *file_names;
	size_t file_count;
	struct buffer table;
	struct buffer lists;
};

static inline void go_zigzag(struct buffer *to, int64_t value)
{
	uint64_t coded = value < 0 ? ((uint64_t) - (value + 1) << 1) + 1 : (uint64_t)value << 1;
	struct cfi_builder cfi = { .bytes = *to };

	cfi_uleb(&cfi, coded);
	*to = cfi.bytes;
}

static inline void go_pcsp(struct buffer *to, const int *deltas)
{
	int64_t last = -1, at = 0;

	for (; deltas[1]; deltas += 2) {
		struct cfi_builder cfi;

		go_zigzag(to, deltas[0] - last);
		cfi = (struct cfi_builder){ .bytes = *to };
		cfi_uleb(&cfi, deltas[1] - at);
		*to = cfi.bytes;
		last = deltas[0];
		at = deltas[1];
	}
	buffer_append_char(to, 0);
}

static inline void go_put(struct buffer *to, size_t at, uint64_t value, size_t size)
{
	memcpy(to->data + at, &value, size);
}

static inline void go_append(struct buffer *to, uint64_t value, size_t size)
{
	buffer_append(to, &value, size);
}

/* A function's details: runtime/runtime2.go, _func. */
static inline void go_details(struct go_builder *go, uint64_t entry, uint32_t name, uint32_t pcsp,
			      uint8_t flags)
{
	static const struct {
		uint8_t entry, pcsp, flags;
	} places[] = { { 8, 20, 0 }, { 8, 20, 41 }, { 4, 16, 37 }, { 4, 16, 41 } };
	size_t at = go->table.size;

	memset(buffer_extend(&go->table, 80), 0, 80);
	go_put(&go->table, at, entry, places[go->version].entry);
	go_put(&go->table, at + places[go->version].entry, name, 4);
	go_put(&go->table, at + places[go->version].pcsp, pcsp, 4);
	if (places[go->version].flags)
		go_put(&go->table, at + places[go->version].flags, flags, 1);
}

/* A function's list of calls: its place among all of them. */
static inline uint32_t go_list(struct go_builder *go, const struct go_made_lines *lines,
			       const size_t *names)
{
	uint32_t place = go->lists.size;
	bool is_long = go->version == GO_1_18;

	for (size_t i = 0; i < lines->list_count; i++) {
		const struct go_made_call *call = &lines->list[i];

		go_append(&go->lists, 0, 4);
		if (is_long) {
			go_append(&go->lists, 0, 4);
			go_append(&go->lists, 1, 4); /* line */
		}
		go_append(&go->lists, names[call->function], 4);
		go_append(&go->lists, call->place, 4);
		if (!is_long)
			go_append(&go->lists, 1, 4); /* line */
	}
	return place;
}

/* Where a function's lines are, at the end of its details: runtime/funcdata.h has the numbers. */
static inline void go_line_details(struct go_builder *go, size_t details, const uint32_t *tables,
				   uint32_t tree)
{
	size_t fields = details + 20, lists = details + (go->version == GO_1_18 ? 39 : 43);

	go_put(&go->table, fields, tables[0], 4);
	go_put(&go->table, fields + 4, tables[1], 4);
	go_put(&go->table, fields + 8, 3, 4); /* npcdata */
	go_put(&go->table, lists, 4, 1);      /* nfuncdata */
	go_put(&go->table, lists + 1 + 2 * 4, tables[2], 4);
	for (int i = 0; i < 4; i++)
		go_put(&go->table, lists + 1 + (3 + i) * 4, i == 3 ? tree : UINT32_MAX, 4);
}

/* The unit's files, and their names. */
static inline void go_files(struct go_builder *go)
{
	size_t units = go->table.size, names = units + 4 * go->file_count;

	memset(buffer_extend(&go->table, 4 * go->file_count), 0, 4 * go->file_count);
	for (size_t i = 0; i < go->file_count; i++) {
		go_put(&go->table, units + 4 * i, go->table.size - names, 4);
		buffer_append(&go->table, go->file_names[i], strlen(go->file_names[i]) + 1);
	}
	go_put(&go->table, 8 + 8 * 4, units, 8);
	go_put(&go->table, 8 + 8 * 5, names, 8);
}

/* The whole table. Details come behind the functab, names and stack pointer tables before it. */
static inline void go_build(struct go_builder *go, const struct go_made *functions, size_t count)
{
	static const uint32_t magic[] = { 0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1 };
	bool is_old = go->version == GO_1_2, is_short = go->version >= GO_1_18;
	size_t field = is_short ? 4 : 8, functab, base, names[GO_MAX_FUNCTIONS];
	size_t pcsp[GO_MAX_FUNCTIONS], word = is_short ? 3 : 2, header = is_old ? 16 : 72;
	uint32_t lines[GO_MAX_FUNCTIONS][3];
	struct buffer *table = &go->table;

	memset(buffer_extend(table, header), 0, header);
	go_put(table, 0, magic[go->version], 4);
	go_put(table, 6, 1, 1);
	go_put(table, 7, 8, 1);
	go_put(table, 8, count, 8);
	functab = table->size;
	/* The old version's functab follows its header: what it counts from is the table itself. */
	if (is_old)
		memset(buffer_extend(table, (count * 2 + 1) * field), 0, (count * 2 + 1) * field);
	base = is_old ? 0 : table->size;
	buffer_append_char(table, 0); /* no function has its own at 0 */
	for (size_t i = 0; i < count; i++) {
		names[i] = table->size - base;
		buffer_append(table, functions[i].name, strlen(functions[i].name) + 1);
		pcsp[i] = functions[i].deltas ? table->size - base : 0;
		if (functions[i].deltas)
			go_pcsp(table, functions[i].deltas);
		for (int j = 0; functions[i].lines && j < 3; j++) {
			const int *tables[] = { functions[i].lines->files,
						functions[i].lines->lines,
						functions[i].lines->calls };

			lines[i][j] = tables[j] ? table->size - base : 0;
			if (tables[j])
				go_pcsp(table, tables[j]);
		}
	}
	if (is_short)
		go_files(go);
	while (table->size % 8)
		buffer_append_char(table, 0);
	if (!is_old) {
		functab = table->size;
		memset(buffer_extend(table, (count * 2 + 1) * field), 0, (count * 2 + 1) * field);
		if (is_short && !go->hides_text_start)
			go_put(table, 8 + 8 * 2, TEXT_ADDRESS, 8);
		go_put(table, 8 + 8 * word, base, 8);
		go_put(table, 8 + 8 * (word + 3), base, 8);
		go_put(table, 8 + 8 * (word + 4), functab, 8);
		base = functab;
	}
	for (size_t i = 0; i <= count; i++) {
		uint64_t entry = (is_short ? 0 : TEXT_ADDRESS) + i * GO_FUNCTION;

		go_put(table, functab + i * 2 * field, entry, field);
		if (i == count)
			break;
		go_put(table, functab + (i * 2 + 1) * field, table->size - base, field);
		go_details(go, entry, names[i], pcsp[i], functions[i].flags);
		if (functions[i].lines)
			go_line_details(go, table->size - 80, lines[i],
					functions[i].lines->list_count
						? go_list(go, functions[i].lines, names)
						: UINT32_MAX);
	}
}

/* What the runtime knows of the program, and the lists of calls. */
static inline void go_module(struct cfi_file *file, struct go_builder *go, size_t count)
{
	uint64_t words[GO_MODULE_WORDS] = { GO_TABLE_ADDRESS };
	Elf64_Shdr *section = elf_builder_section(&file->elf, ".rodata", SHT_PROGBITS,
						  go->lists.data, go->lists.size);

	section->sh_addr = GO_LISTS_ADDRESS;
	section->sh_flags = SHF_ALLOC;
	elf_builder_load(&file->elf, section->sh_offset, GO_LISTS_ADDRESS, go->lists.size, PF_R);
	words[20] = words[22] = TEXT_ADDRESS;
	words[21] = TEXT_ADDRESS + count * GO_FUNCTION;
	words[23] = GO_LISTS_ADDRESS + 4; /* among others that are no lists */
	words[go->module_word] = GO_LISTS_ADDRESS;
	elf_builder_section(&file->elf, ".noptrdata", SHT_PROGBITS, words, sizeof(words));
	buffer_release(&go->lists);
}

static inline void go_section(struct go_builder *go, struct buffer *to)
{
	if (go->before) {
		memset(buffer_extend(to, go->before), 0, go->before);
		memcpy(to->data + go->before - 8, go->table.data, 8);
	}
	buffer_append(to, go->table.data, go->table.size);
}

/* A file with that code, and the table under a name. Nothing is compiled yet. */
static inline void go_file(struct cfi_file *file, struct go_builder *go, const char *section,
			   const struct go_made *functions, size_t count)
{
	uint8_t text[GO_MAX_FUNCTIONS * GO_FUNCTION] = { 0 };
	struct buffer content = { 0 };
	Elf64_Shdr *header;

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * GO_FUNCTION, functions[i].code, functions[i].code_size);
	go_build(go, functions, count);
	cfi_file_init(file, text, sizeof(text));
	go_section(go, &content);
	header = elf_builder_section(&file->elf, section, SHT_PROGBITS, content.data, content.size);
	buffer_release(&content);
	header->sh_addr = GO_TABLE_ADDRESS;
	if (go->module_word)
		go_module(file, go, count);
	buffer_release(&go->table);
	buffer_release(&go->lists);
}

#endif
