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

enum go_version { GO_1_2, GO_1_16, GO_1_18, GO_1_20, GO_VERSIONS };

/* One function: its code, and pairs (delta, up to which byte), ended by a pair of zeros; none: NULL. */
struct go_made {
	const char *name;
	uint8_t flags;
	const char *code;
	size_t code_size;
	const int *deltas;
};

#define GO_CODE(string) .code = string, .code_size = sizeof(string) - 1

struct go_builder {
	enum go_version version;
	bool hides_text_start; /* as Go 1.26 does */
	struct buffer table;
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

	memset(buffer_extend(&go->table, 56), 0, 56);
	go_put(&go->table, at, entry, places[go->version].entry);
	go_put(&go->table, at + places[go->version].entry, name, 4);
	go_put(&go->table, at + places[go->version].pcsp, pcsp, 4);
	if (places[go->version].flags)
		go_put(&go->table, at + places[go->version].flags, flags, 1);
}

/* The whole table. Details come behind the functab, names and stack pointer tables before it. */
static inline void go_build(struct go_builder *go, const struct go_made *functions, size_t count)
{
	static const uint32_t magic[] = { 0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1 };
	bool is_old = go->version == GO_1_2, is_short = go->version >= GO_1_18;
	size_t field = is_short ? 4 : 8, functab, base, names[GO_MAX_FUNCTIONS];
	size_t pcsp[GO_MAX_FUNCTIONS], word = is_short ? 3 : 2, header = is_old ? 16 : 72;
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
	}
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
	}
}

/* A file with that code, and the table under a name. Nothing is compiled yet. */
static inline void go_file(struct cfi_file *file, struct go_builder *go, const char *section,
			   const struct go_made *functions, size_t count)
{
	uint8_t text[GO_MAX_FUNCTIONS * GO_FUNCTION] = { 0 };
	Elf64_Shdr *header;

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * GO_FUNCTION, functions[i].code, functions[i].code_size);
	go_build(go, functions, count);
	cfi_file_init(file, text, sizeof(text));
	header = elf_builder_section(&file->elf, section, SHT_PROGBITS, go->table.data,
				     go->table.size);
	header->sh_addr = GO_TABLE_ADDRESS;
	buffer_release(&go->table);
}

#endif
