/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/go_table.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "elf/go_module.h"

#define HEADER_BYTES     72 /* of the longest one */
#define HEADER_WORDS_AT  8
#define HEADER_ALIGNMENT 8
#define SEARCH_BYTES     (16u << 10) /* that are searched at once */
#define FUNCTION_BYTES   44          /* what is read of a function */
#define POINTER_BYTES    8
#define NAME_PIECE_BYTES 256 /* most names end within this */
#define PAIR_BYTES       20  /* of two numbers in LEB128, at most */

/* Which of a function's tables: PCDATA_* and FUNCDATA_* of Go's internal/abi/symtab.go. */
#define GO_PCDATA_INLINE   2
#define GO_FUNCDATA_INLINE 3

struct go_layout {
	uint32_t magic;

	/* Words of the header, by number. 0 where it has none: that is the number of functions, in all of them. */
	uint8_t text_start, names, units, files, pcs, functions;
	uint8_t field_bytes; /* of the functab */

	/* Offsets in a function. */
	uint8_t name_at, pcsp_at, flags_at;

	struct go_call_layout calls;
};

static const struct go_layout layouts[] = {
	{ 0xfffffffb, .field_bytes = 8, .name_at = 8, .pcsp_at = 20 },
	{ 0xfffffffa, .names = 2, .pcs = 5, .functions = 6, .field_bytes = 8, .name_at = 8,
	  .pcsp_at = 20, .flags_at = 41 },
	{ 0xfffffff0, .text_start = 2, .names = 3, .units = 4, .files = 5, .pcs = 6, .functions = 7,
	  .field_bytes = 4, .name_at = 4, .pcsp_at = 16, .flags_at = 37,
	  .calls = { .bytes = 20, .name_at = 12, .parent_at = 16, .line_at = 8 } },
	{ 0xfffffff1, .text_start = 2, .names = 3, .units = 4, .files = 5, .pcs = 6, .functions = 7,
	  .field_bytes = 4, .name_at = 4, .pcsp_at = 16, .flags_at = 41,
	  .calls = { .bytes = 16, .name_at = 4, .parent_at = 8, .line_at = 12 } },
};

static const struct go_layout *layout_of(uint32_t magic)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		if (layouts[i].magic == magic)
			return &layouts[i];
	}
	return NULL;
}

bool go_table_has_flags(const struct go_table *table)
{
	return table->layout->flags_at != 0;
}

bool go_table_has_lines(const struct go_table *table)
{
	return table->layout->units != 0;
}

struct go_call_layout go_table_call_layout(const struct go_table *table)
{
	return table->layout->calls;
}

/* --- the header --- */

static uint64_t word(struct bytes header, uint8_t number)
{
	uint64_t value;

	memcpy(&value, header.data + HEADER_WORDS_AT + number * sizeof(value), sizeof(value));
	return value;
}

/* Magic, two zeros, the quantum (1, 2 or 4), the size of a pointer. */
static const struct go_layout *header_layout(struct bytes header)
{
	uint32_t magic;

	if (header.size < HEADER_BYTES)
		return NULL;
	memcpy(&magic, header.data, sizeof(magic));
	if (header.data[4] || header.data[5] || !header.data[6] || header.data[6] > 4 ||
	    header.data[7] != POINTER_BYTES || !word(header, 0) ||
	    word(header, 0) > GO_TABLE_MAX_FUNCTIONS)
		return NULL;
	return layout_of(magic);
}

/* A part goes on to the table's end: where the next one begins depends on the version. */
static int init_part(struct file_window *part, const struct file_window *whole, uint64_t offset)
{
	if (offset >= whole->size)
		return -ENOENT;
	file_window_init(part, whole->file, whole->file_offset + offset, whole->size - offset);
	return 0;
}

static int init_parts(struct go_table *table, const struct file_window *whole, struct bytes header)
{
	const struct go_layout *layout = table->layout;
	uint64_t names = layout->names ? word(header, layout->names) : 0;
	uint64_t pcs = layout->pcs ? word(header, layout->pcs) : 0;
	uint64_t functions = layout->functions ? word(header, layout->functions) : 0;
	uint64_t functab = layout->functions ? functions : HEADER_WORDS_AT + POINTER_BYTES;

	table->pcs_size = functions > pcs ? functions - pcs : 0;
	if (init_part(&table->names, whole, names) || init_part(&table->pcs, whole, pcs) ||
	    init_part(&table->functions, whole, functions) ||
	    init_part(&table->functab, whole, functab))
		return -ENOENT;
	if ((table->function_count * 2ull + 1) * layout->field_bytes > table->functab.size)
		return -ENOENT;
	if (layout->units && (init_part(&table->units, whole, word(header, layout->units)) ||
			      init_part(&table->files, whole, word(header, layout->files))))
		return -ENOENT;
	return 0;
}

/* A field of the functab: of each function its start and where its details are; at the end, where the last ends. */
static int functab_field(struct go_table *table, uint64_t number, uint64_t *ret_value)
{
	uint32_t size = table->layout->field_bytes;
	struct bytes bytes;
	int err = file_window_read(&table->functab, number * size, size, &bytes);

	if (err)
		return err;
	if (bytes.size < size)
		return -EBADMSG;
	*ret_value = 0;
	memcpy(ret_value, bytes.data, size);
	return 0;
}

int go_table_module(struct go_table *table, struct go_module *ret_module)
{
	uint64_t first, end;
	int err = functab_field(table, 0, &first);

	if (!err)
		err = functab_field(table, table->function_count * 2ull, &end);
	return err ? err
		   : go_module_find(table->functab.file, table->address, first, end, ret_module);
}

/* The header tells it, but from Go 1.26 on only the runtime's own description does. */
static int find_text_start(struct go_table *table, struct bytes header)
{
	struct go_module module;
	int err;

	if (!table->layout->text_start)
		return 0;
	table->text_start = word(header, table->layout->text_start);
	if (table->text_start)
		return 0;
	err = go_table_module(table, &module);
	if (!err)
		table->text_start = module.text_start;
	return err;
}

/* `whole`: from the header on, at most up to its section's end. */
static int init_at(struct go_table *table, struct file_window *whole, uint64_t address)
{
	struct bytes header;
	int err = file_window_read(whole, 0, HEADER_BYTES, &header);

	if (err)
		return err;
	table->layout = header_layout(header);
	if (!table->layout)
		return -ENOENT;
	table->address = address;
	table->quantum = header.data[6];
	table->function_count = word(header, 0);
	err = init_parts(table, whole, header);
	return err ? err : find_text_start(table, header);
}

/* --- where it is --- */

static int init_from_section(struct go_table *table, const struct elf_file *file,
			     const struct elf_section *section, uint64_t within)
{
	struct file_window whole;
	int err;

	file_window_init(&whole, file, section->offset + within, section->size - within);
	err = init_at(table, &whole, section->address + within);
	file_window_release(&whole);
	if (err)
		go_table_release(table);
	return err;
}

/* By what the first eight bytes have in every version. */
static bool may_be_header(const uint8_t *bytes)
{
	uint64_t start;

	memcpy(&start, bytes, sizeof(start));
	return (start & 0xff00ffffffffff00) == 0x08000000ffffff00;
}

/* The first place that may be one's, or else the first one whose bytes are not all there. */
static size_t next_header(struct bytes bytes)
{
	size_t at = 0;

	while (at + HEADER_BYTES <= bytes.size && !may_be_header(bytes.data + at))
		at += HEADER_ALIGNMENT;
	return at;
}

/* In a section of other things: a position-independent program that another linker made. */
static int search_section(struct go_table *table, const struct elf_file *file,
			  const struct elf_section *section)
{
	struct file_window window;
	struct bytes bytes;
	uint64_t at = 0;
	int err = -ENOENT;

	file_window_init_ahead(&window, file, section->offset, section->size);
	while (err == -ENOENT && !file_window_read(&window, at, SEARCH_BYTES, &bytes) &&
	       bytes.size >= HEADER_BYTES) {
		size_t within = next_header(bytes);

		at += within;
		if (within + HEADER_BYTES <= bytes.size) {
			bytes = bytes_slice(bytes, within, HEADER_BYTES);
			if (header_layout(bytes))
				err = init_from_section(table, file, section, at);
			at += HEADER_ALIGNMENT;
		}
	}
	file_window_release(&window);
	return err;
}

static bool has_bytes(const struct elf_file *file, const struct elf_section *section)
{
	uint64_t size = elf_file_size(file);

	return section && section->type == SHT_PROGBITS && section->offset <= size &&
	       section->size <= size - section->offset;
}

int go_table_init(struct go_table *table, const struct elf_file *file)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	const struct elf_section *section;

	*table = (struct go_table){ 0 };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		section = elf_file_section_named(file, names[i]);
		if (has_bytes(file, section))
			return init_from_section(table, file, section, 0);
	}
	section = elf_file_section_named(file, ".data.rel.ro");
	if (!has_bytes(file, section) || !elf_file_section_named(file, ".go.buildinfo"))
		return -ENOENT;
	return search_section(table, file, section);
}

void go_table_hold_pcs(struct go_table *table)
{
	file_window_hold(&table->pcs, table->pcs_size);
}

void go_table_release(struct go_table *table)
{
	file_window_release(&table->functab);
	file_window_release(&table->functions);
	file_window_release(&table->names);
	file_window_release(&table->units);
	file_window_release(&table->files);
	file_window_release(&table->pcs);
}

/* --- functions --- */

/* Three fields at once: where a function begins, where its details are, and where it ends. */
static int functab_entry(struct go_table *table, uint32_t number, uint64_t ret_fields[3])
{
	uint32_t size = table->layout->field_bytes;
	struct bytes bytes;
	int err = file_window_read(&table->functab, number * 2ull * size, 3 * size, &bytes);

	if (err)
		return err;
	if (bytes.size < 3 * size)
		return -EBADMSG;
	for (uint32_t i = 0; i < 3; i++) {
		ret_fields[i] = 0;
		memcpy(&ret_fields[i], bytes.data + i * size, size);
	}
	return 0;
}

/* The range, and where the details are. */
static int function_range(struct go_table *table, uint32_t number, struct go_function *ret_function,
			  uint64_t *ret_place)
{
	uint64_t fields[3];
	int err = functab_entry(table, number, fields);

	if (err)
		return err;
	if (fields[2] < fields[0])
		return -EBADMSG;
	ret_function->address = table->text_start + fields[0];
	ret_function->size = fields[2] - fields[0];
	*ret_place = fields[1];
	return 0;
}

int go_table_range(struct go_table *table, uint32_t number, struct go_function *ret_function)
{
	uint64_t place;

	return function_range(table, number, ret_function, &place);
}

static int read_name(struct go_table *table, uint32_t offset, char *to)
{
	static const char suffix[] = ".abi0";
	struct bytes bytes;
	size_t size;
	int err = file_window_read(&table->names, offset, GO_FUNCTION_NAME_MAX - 1, &bytes);

	if (err || !bytes.size)
		return err ? err : -EBADMSG;
	size = strnlen((const char *)bytes.data, bytes.size);
	if (size >= sizeof(suffix) - 1 &&
	    !memcmp(bytes.data + size - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1))
		size -= sizeof(suffix) - 1;
	memcpy(to, bytes.data, size);
	to[size] = '\0';
	return 0;
}

/* A function's details, FUNCTION_BYTES of them, valid until the next call. */
static int read_details_at(struct go_table *table, uint64_t place, struct bytes *ret_bytes)
{
	int err = file_window_read(&table->functions, place, FUNCTION_BYTES, ret_bytes);

	if (err)
		return err;
	return ret_bytes->size < FUNCTION_BYTES ? -EBADMSG : 0;
}

static int read_details(struct go_table *table, uint32_t number, struct bytes *ret_bytes)
{
	uint64_t place = 0;
	int err = functab_field(table, number * 2ull + 1, &place);

	return err ? err : read_details_at(table, place, ret_bytes);
}

int go_table_function(struct go_table *table, uint32_t number, struct go_function *ret_function)
{
	const struct go_layout *layout = table->layout;
	struct bytes bytes;
	uint64_t place;
	uint32_t name;
	int err = function_range(table, number, ret_function, &place);

	if (!err)
		err = read_details_at(table, place, &bytes);
	if (err)
		return err;
	memcpy(&name, bytes.data + layout->name_at, sizeof(name));
	memcpy(&ret_function->pcsp, bytes.data + layout->pcsp_at, sizeof(ret_function->pcsp));
	ret_function->flags = layout->flags_at ? bytes.data[layout->flags_at] : 0;
	return read_name(table, name, ret_function->name);
}

/* A terminated string of a part of the table. */
static int append_string(struct file_window *part, uint64_t offset, struct buffer *to)
{
	while (to->size < GO_TABLE_MAX_NAME) {
		struct bytes bytes;
		const char *end;
		int err = file_window_read(part, offset + to->size, NAME_PIECE_BYTES, &bytes);

		if (err || !bytes.size)
			return err ? err : -ENOENT;
		end = memchr(bytes.data, '\0', bytes.size);
		buffer_append(to, bytes.data,
			      end ? (size_t)(end - (const char *)bytes.data) : bytes.size);
		if (buffer_error(to))
			return -ENOMEM;
		if (end)
			return to->size ? 0 : -ENOENT;
	}
	return -ENOENT;
}

/* As Go's linker does for .symtab: what the compiler numbers has a middle dot in its name (cmd/link/internal/ld/symtab.go). */
static void replace_middle_dots(struct buffer *name)
{
	static const char dot[] = "\u00b7";
	size_t length = sizeof(dot) - 1, to = 0;

	for (size_t from = 0; from < name->size;) {
		bool is_dot =
			name->size - from >= length && !memcmp(name->data + from, dot, length);

		name->data[to++] = is_dot ? '.' : name->data[from];
		from += is_dot ? length : 1;
	}
	name->size = to;
}

int go_table_name_at(struct go_table *table, uint32_t offset, struct buffer *name)
{
	int err;

	buffer_clear(name);
	err = append_string(&table->names, offset, name);
	if (!err)
		replace_middle_dots(name);
	return err;
}

int go_table_name_offset(struct go_table *table, uint32_t number, uint32_t *ret_offset)
{
	struct bytes bytes;
	int err = read_details(table, number, &bytes);

	if (!err)
		memcpy(ret_offset, bytes.data + table->layout->name_at, sizeof(*ret_offset));
	return err;
}

int go_table_name(struct go_table *table, uint32_t number, struct buffer *name)
{
	uint32_t offset;
	int err = go_table_name_offset(table, number, &offset);

	if (err) {
		buffer_clear(name);
		return err;
	}
	return go_table_name_at(table, offset, name);
}

/* --- lines and inlined calls --- */

/* Number `index` of a list at `at`. */
static int read_u32(struct file_window *part, uint64_t at, uint64_t index, uint32_t *ret_number)
{
	struct bytes bytes;
	int err = file_window_read(part, at + index * sizeof(*ret_number), sizeof(*ret_number),
				   &bytes);

	if (err)
		return err;
	if (bytes.size < sizeof(*ret_number))
		return -EBADMSG;
	memcpy(ret_number, bytes.data, sizeof(*ret_number));
	return 0;
}

int go_table_lines(struct go_table *table, uint32_t number, struct go_function_lines *ret_lines)
{
	uint8_t first = table->layout->pcsp_at + sizeof(uint32_t);
	uint32_t fields[4]; /* pcfile, pcln, npcdata, cuOffset */
	uint32_t counted = table->layout->flags_at + 2;
	uint64_t place = 0;
	struct bytes bytes;
	int err = functab_field(table, number * 2ull + 1, &place);

	if (!err)
		err = read_details(table, number, &bytes);
	if (err)
		return err;
	memcpy(fields, bytes.data + first, sizeof(fields));
	*ret_lines = (struct go_function_lines){
		.files = fields[0],
		.lines = fields[1],
		.unit = fields[3],
		.tree = GO_FUNCTION_NO_TREE,
	};
	if (fields[2] <= GO_PCDATA_INLINE || bytes.data[counted] <= GO_FUNCDATA_INLINE)
		return 0;
	/* Two lists of numbers follow: of tables by address, and of other data. */
	place += counted + 1;
	err = read_u32(&table->functions, place, GO_PCDATA_INLINE, &ret_lines->calls);
	return err ? err
		   : read_u32(&table->functions, place, (uint64_t)fields[2] + GO_FUNCDATA_INLINE,
			      &ret_lines->tree);
}

int go_table_file(struct go_table *table, uint32_t unit, uint32_t number, struct buffer *name)
{
	uint32_t offset;
	int err = read_u32(&table->units, 0, (uint64_t)unit + number, &offset);

	buffer_clear(name);
	if (err || offset == UINT32_MAX)
		return err ? err : -ENOENT;
	return append_string(&table->files, offset, name);
}

/* --- tables by address --- */

/* A number of at most 32 bits, as the runtime's readvarint() takes it. */
static uint32_t read_number(struct byte_reader *reader)
{
	uint64_t value = byte_reader_uleb128(reader);

	if (value > UINT32_MAX)
		reader->failed = true;
	return value;
}

void go_runs_init(struct go_runs *runs, uint32_t offset)
{
	*runs = (struct go_runs){ .at = offset, .value = -1 };
}

int go_runs_next(struct go_runs *runs, struct go_table *table)
{
	struct byte_reader reader;
	struct bytes bytes;
	uint32_t change, length;
	int err = file_window_read(&table->pcs, runs->at, PAIR_BYTES, &bytes);

	if (err)
		return err;
	byte_reader_init(&reader, bytes);
	change = read_number(&reader);
	if (!reader.failed && !change && runs->end)
		return -ENOENT;
	length = read_number(&reader);
	if (reader.failed || !length)
		return -EBADMSG;
	runs->at += reader.offset;
	runs->value += change & 1 ? -(int64_t)(change >> 1) - 1 : (int64_t)(change >> 1);
	runs->end += (uint64_t)length * table->quantum;
	return 0;
}
