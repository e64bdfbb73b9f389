/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded case of a walk: the registers of one tick and the little of its process that the walk asked for, pages
 * of memory, mappings, rows. In plain arrays, each with a maximum; pages of which a word was not needed hold
 * REPLAY_FILLER there.
 *
 * replay_text.h reads and writes it as text, replay_walk.h walks it.
 */
#ifndef HEARTH_TESTS_REPLAY_REPLAY_CASE_H
#define HEARTH_TESTS_REPLAY_REPLAY_CASE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/walk_state.h"
#include "unwind/row_table.h"
#include "unwind/row_table_builder.h"

#define REPLAY_MAX_MODULES  64
#define REPLAY_MAX_MAPPINGS SNAPSHOT_MAX_MAPPINGS
#define REPLAY_MAX_ROWS     2048
#define REPLAY_MAX_PAGES    256
#define REPLAY_NAME_SIZE    64

#define REPLAY_PAGE_WORDS (PAGE_BYTES / sizeof(uint64_t))

/* What stands where nothing matters: no address that is mapped, and none of a stack. */
#define REPLAY_FILLER 0xf111f111f111f111ull

enum replay_module_kind { REPLAY_FILE, REPLAY_VDSO, REPLAY_ANONYMOUS };

struct replay_module {
	char name[REPLAY_NAME_SIZE];
	uint64_t id;
	enum replay_module_kind kind;
	bool has_rows; /* else a walk finds its rows missing */
	struct row_table
		table; /* of rows, if its header is there; else the case's own rows are searched */
	struct buffer bytes; /* of the table, if it is the case's */
};

struct replay_mapping {
	struct mapping mapping;
	uint32_t module;
	bool was_read;
};

struct replay_row {
	uint32_t module;
	uint64_t start, end; /* in the module */
	struct unwind_rule rule;
};

struct replay_page {
	uint64_t address;
	bool was_read;
	bool is_gone; /* cannot be read now */
	uint64_t words[REPLAY_PAGE_WORDS];
};

struct replay_case {
	uint64_t registers[SNAPSHOT_REGISTERS];
	bool leaf_is_return;
	uint32_t module_count, mapping_count, row_count, page_count, depth;
	uint32_t reads;       /* of memory, so far */
	uint32_t reason;      /* how the walk must end; REASON_NONE: with a proven root */
	bool may_lack_caller; /* and whether it must be marked as such */
	struct replay_module modules[REPLAY_MAX_MODULES];
	struct replay_mapping mappings[REPLAY_MAX_MAPPINGS];
	struct replay_row rows[REPLAY_MAX_ROWS]; /* by module, then ascending */
	struct stack_frame frames[EVENT_MAX_FRAMES];
	struct replay_page pages[REPLAY_MAX_PAGES];
	/* Where a page comes from that is not there yet: false, it cannot be read. NULL: nowhere. */
	bool (*fetch_page)(struct replay_case *replayed, uint64_t address);
	void *context;
};

/* Makes it empty. It is large: on the heap, or static. */
static inline void replay_case_init(struct replay_case *replayed)
{
	replayed->module_count = replayed->mapping_count = replayed->row_count = 0;
	replayed->page_count = replayed->depth = replayed->reads = 0;
	replayed->reason = REASON_NONE;
	replayed->leaf_is_return = false;
	replayed->may_lack_caller = false;
	replayed->fetch_page = NULL;
	replayed->context = NULL;
	for (uint32_t i = 0; i < SNAPSHOT_REGISTERS; i++)
		replayed->registers[i] = REPLAY_FILLER;
}

static inline void replay_case_release(struct replay_case *replayed)
{
	for (uint32_t i = 0; i < replayed->module_count; i++)
		buffer_release(&replayed->modules[i].bytes);
	replayed->module_count = 0;
}

/* --- memory --- */

static inline struct replay_page *replay_find_page(struct replay_case *replayed, uint64_t address)
{
	address &= ~(uint64_t)(PAGE_BYTES - 1);
	for (uint32_t i = 0; i < replayed->page_count; i++)
		if (replayed->pages[i].address == address)
			return &replayed->pages[i];
	return NULL;
}

/* A page that can be read, of fillers; the same one if it is there. NULL: there are too many. */
static inline struct replay_page *replay_add_page(struct replay_case *replayed, uint64_t address)
{
	struct replay_page *page = replay_find_page(replayed, address);

	if (page || replayed->page_count == REPLAY_MAX_PAGES)
		return page;
	page = &replayed->pages[replayed->page_count++];
	page->address = address & ~(uint64_t)(PAGE_BYTES - 1);
	page->was_read = page->is_gone = false;
	for (uint32_t i = 0; i < REPLAY_PAGE_WORDS; i++)
		page->words[i] = REPLAY_FILLER;
	return page;
}

static inline uint64_t *replay_word(struct replay_case *replayed, uint64_t address)
{
	struct replay_page *page = replay_find_page(replayed, address);

	return page ? &page->words[address % PAGE_BYTES / sizeof(uint64_t)] : NULL;
}

static inline struct replay_page *replay_read_page(struct replay_case *replayed, uint64_t address)
{
	struct replay_page *page = replay_find_page(replayed, address);

	if (!page && replayed->fetch_page && replayed->fetch_page(replayed, address))
		page = replay_find_page(replayed, address);
	if (!page || page->is_gone)
		return NULL;
	page->was_read = true;
	return page;
}

/* All of it or nothing, as the kernel's: 0 or -EFAULT, with zeros. */
static inline long replay_read(struct replay_case *replayed, void *to, uint32_t size,
			       uint64_t address)
{
	uint32_t done = 0;

	replayed->reads++;
	while (done < size) {
		struct replay_page *page = replay_read_page(replayed, address + done);
		uint32_t at = (uint32_t)((address + done) % PAGE_BYTES);
		uint32_t part = PAGE_BYTES - at < size - done ? PAGE_BYTES - at : size - done;

		if (!page) {
			memset(to, 0, size);
			return -EFAULT;
		}
		memcpy((char *)to + done, (const char *)page->words + at, part);
		done += part;
	}
	return 0;
}

/* --- modules, mappings, rows --- */

/* The number of a new module, or UINT32_MAX. Without an id it gets one that nobody else has. */
static inline uint32_t replay_add_module(struct replay_case *replayed, const char *name,
					 enum replay_module_kind kind, uint64_t id)
{
	struct replay_module *module = &replayed->modules[replayed->module_count];

	if (replayed->module_count == REPLAY_MAX_MODULES)
		return UINT32_MAX;
	*module = (struct replay_module){ .kind = kind, .has_rows = true, .id = id };
	snprintf(module->name, sizeof(module->name), "%s", name);
	if (!id) {
		module->id = MODULE_RESERVED + 1 + replayed->module_count;
		if (kind == REPLAY_ANONYMOUS)
			module->id |= MODULE_ANONYMOUS;
		else if (kind == REPLAY_VDSO)
			module->id = MODULE_VDSO;
	}
	return replayed->module_count++;
}

static inline struct replay_module *replay_find_module(struct replay_case *replayed, uint64_t id)
{
	for (uint32_t i = 0; i < replayed->module_count; i++)
		if (replayed->modules[i].id == id)
			return &replayed->modules[i];
	return NULL;
}

static inline bool replay_add_mapping(struct replay_case *replayed, uint64_t start, uint64_t end,
				      uint32_t module, uint64_t offset)
{
	if (replayed->mapping_count == REPLAY_MAX_MAPPINGS)
		return false;
	replayed->mappings[replayed->mapping_count++] = (struct replay_mapping){
		.mapping = { .start = start,
			     .end = end,
			     .module = replayed->modules[module].id,
			     .offset = offset,
			     .executable = 1 },
		.module = module,
	};
	return true;
}

static inline struct replay_mapping *replay_find_mapping(struct replay_case *replayed,
							 uint64_t address)
{
	for (uint32_t i = 0; i < replayed->mapping_count; i++) {
		const struct mapping *mapping = &replayed->mappings[i].mapping;

		if (address >= mapping->start && address < mapping->end)
			return &replayed->mappings[i];
	}
	return NULL;
}

/* The rule at an offset of a module; NULL: it has no rows. Code without a row has no CFI. */
static inline const struct unwind_rule *replay_find_rule(struct replay_case *replayed, uint64_t id,
							 uint64_t offset)
{
	static const struct unwind_rule none = { .cfa = UNWIND_NO_CFI };
	const struct replay_module *module = replay_find_module(replayed, id);
	uint32_t number = (uint32_t)(module - replayed->modules);

	if (!module || !module->has_rows)
		return NULL;
	if (module->table.header)
		return row_table_find(&module->table, offset);
	for (uint32_t i = 0; i < replayed->row_count; i++) {
		const struct replay_row *row = &replayed->rows[i];

		if (row->module == number && offset >= row->start && offset < row->end)
			return &row->rule;
	}
	return &none;
}

static inline void replay_add_to_table(const struct replay_case *replayed, uint32_t module,
				       struct row_table_builder *builder)
{
	const struct unwind_rule none = { .cfa = UNWIND_NO_CFI };

	for (uint32_t i = 0; i < replayed->row_count; i++) {
		const struct replay_row *row = &replayed->rows[i];

		if (row->module != module)
			continue;
		row_table_builder_add(builder, row->start, &row->rule);
		row_table_builder_add(builder, row->end, &none);
	}
}

static inline int replay_build_table(const struct replay_case *replayed,
				     struct replay_module *module)
{
	const struct row_table_header statistics = { 0 };
	struct row_table_builder *builder = row_table_builder_new(&module->bytes);
	int error;

	if (!builder)
		return -ENOMEM;
	replay_add_to_table(replayed, (uint32_t)(module - replayed->modules), builder);
	error = row_table_builder_finish(builder, &statistics);
	row_table_builder_free(builder);
	return error ? error
		     : row_table_open((struct bytes){ (const uint8_t *)module->bytes.data,
						      module->bytes.size },
				      &module->table);
}

/* Makes the pages that the kernel side looks rules up in of the case's rows. 0 or -errno. */
static inline int replay_build_tables(struct replay_case *replayed)
{
	for (uint32_t i = 0; i < replayed->row_count; i++) {
		struct replay_module *module = &replayed->modules[replayed->rows[i].module];
		int error = module->table.header ? 0 : replay_build_table(replayed, module);

		if (error)
			return error;
	}
	return 0;
}

#endif
