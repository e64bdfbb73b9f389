/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side's unwind maps as plain memory, the look-up that the kernel side does in them, and tables to
 * fill them with. For tests of profiler/unwind_space.c, unwind_tables.c and unwind_loader.c.
 */
#ifndef HEARTH_TESTS_UNIT_UNWIND_PLAIN_MAPS_H
#define HEARTH_TESTS_UNIT_UNWIND_PLAIN_MAPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "profiler/unwind_tables.h"
#include "unwind/row_table_builder.h"

#define PLAIN_MAX_MODULES 256

struct plain_maps {
	struct unwind_maps_view view;
	uint8_t **segments;
	uint32_t segment_count, segment_peak;
	uint32_t written; /* slots */
	int write_error;
	struct {
		uint64_t id;
		struct unwind_module entry;
	} modules[PLAIN_MAX_MODULES];
	uint32_t module_count;
	uint32_t waits;
	int wait_error;
	uint64_t busy; /* this id cannot be unpublished; 0: each can */
	void (*on_wait)(struct plain_maps *maps);
};

static inline int plain_add_segment(void *context, uint32_t number)
{
	struct plain_maps *maps = context;

	assert_true(number < maps->view.memory.size.segments);
	assert_null(maps->segments[number]);
	maps->segments[number] = calloc(1, UNWIND_SEGMENT_BYTES);
	assert_non_null(maps->segments[number]);
	if (++maps->segment_count > maps->segment_peak)
		maps->segment_peak = maps->segment_count;
	return 0;
}

static inline void plain_remove_segment(void *context, uint32_t number)
{
	struct plain_maps *maps = context;

	assert_non_null(maps->segments[number]);
	free(maps->segments[number]);
	maps->segments[number] = NULL;
	maps->segment_count--;
}

static inline uint8_t *plain_slot(const struct plain_maps *maps, uint32_t slot)
{
	uint8_t *segment = maps->segments[slot / UNWIND_SEGMENT_SLOTS];

	assert_non_null(segment);
	return segment + (size_t)(slot % UNWIND_SEGMENT_SLOTS) * UNWIND_SLOT_BYTES;
}

static inline int plain_write_slot(void *context, uint32_t slot, const uint8_t *from)
{
	struct plain_maps *maps = context;

	if (maps->write_error)
		return maps->write_error;
	memcpy(plain_slot(maps, slot), from, UNWIND_SLOT_BYTES);
	maps->written++;
	return 0;
}

static inline int plain_read_slot(void *context, uint32_t slot, uint8_t *to)
{
	memcpy(to, plain_slot(context, slot), UNWIND_SLOT_BYTES);
	return 0;
}

static inline const struct unwind_module *plain_find(const struct plain_maps *maps, uint64_t id)
{
	for (uint32_t i = 0; i < maps->module_count; i++)
		if (maps->modules[i].id == id)
			return &maps->modules[i].entry;
	return NULL;
}

static inline int plain_publish(void *context, uint64_t id, const struct unwind_module *entry)
{
	struct plain_maps *maps = context;

	assert_null(plain_find(maps, id));
	assert_true(maps->module_count < maps->view.max_modules);
	maps->modules[maps->module_count].id = id;
	maps->modules[maps->module_count++].entry = *entry;
	return 0;
}

static inline int plain_unpublish(void *context, uint64_t id)
{
	struct plain_maps *maps = context;

	if (maps->busy && maps->busy == id)
		return -EBUSY;
	for (uint32_t i = 0; i < maps->module_count; i++)
		if (maps->modules[i].id == id) {
			maps->modules[i] = maps->modules[--maps->module_count];
			return 0;
		}
	return -ENOENT;
}

static inline int plain_wait(void *context)
{
	struct plain_maps *maps = context;

	maps->waits++;
	if (maps->on_wait)
		maps->on_wait(maps);
	return maps->wait_error;
}

static inline void plain_maps_init(struct plain_maps *maps, uint64_t bytes)
{
	const struct unwind_space_size size = unwind_space_divide(bytes);

	*maps = (struct plain_maps){ .segments = calloc(size.segments, sizeof(uint8_t *)) };
	maps->view = (struct unwind_maps_view){
		.memory = { .size = size,
			    .blocks = aligned_alloc(64, size.blocks * sizeof(struct unwind_places)),
			    .rules = calloc(size.rules, sizeof(struct unwind_rule)),
			    .add_segment = plain_add_segment,
			    .remove_segment = plain_remove_segment,
			    .write_slot = plain_write_slot,
			    .read_slot = plain_read_slot,
			    .context = maps },
		.publish = plain_publish,
		.unpublish = plain_unpublish,
		.wait_for_readers = plain_wait,
		.max_modules = PLAIN_MAX_MODULES,
		.context = maps,
	};
}

static inline void plain_maps_release(struct plain_maps *maps)
{
	for (uint32_t i = 0; i < maps->view.memory.size.segments; i++)
		free(maps->segments[i]);
	free(maps->segments);
	free(maps->view.memory.blocks);
	free(maps->view.memory.rules);
}

/* --- tables --- */

struct made_table {
	struct buffer bytes;
	struct row_table table;
};

/* `rows` rows, one each 32 bytes or so, of some of `rules` rules; `seed` makes another table. */
static inline void make_table(struct made_table *made, uint64_t seed, uint32_t rows, uint32_t rules)
{
	const struct row_table_header statistics = { 0 };
	struct row_table_builder *builder;
	struct unwind_rule rule;
	uint64_t offset = 0x1000;

	*made = (struct made_table){ 0 };
	builder = row_table_builder_new(&made->bytes);
	assert_non_null(builder);
	for (uint32_t i = 0; i < rows; i++) {
		uint64_t random = hash_u64(seed << 32 | i);

		/* Near each other they are few, as in a program: a page takes 256. */
		rule = (struct unwind_rule){ .cfa = UNWIND_CFA_SP,
					     .cfa_offset = (int32_t)seed,
					     .fp_offset =
						     (int32_t)((random % 32 + i / 1000) % rules) };
		row_table_builder_add(builder, offset, &rule);
		/* Code of all densities. */
		offset += 4 + (random >> 32) % (17 + hash_u64(seed + i / 500) % 80);
	}
	rule = (struct unwind_rule){ .cfa = UNWIND_NO_CFI };
	row_table_builder_add(builder, offset, &rule);
	assert_int_equal(row_table_builder_finish(builder, &statistics), 0);
	row_table_builder_free(builder);
	assert_int_equal(row_table_open((struct bytes){ (const uint8_t *)made->bytes.data,
							made->bytes.size },
					&made->table),
			 0);
}

static inline void made_table_release(struct made_table *made)
{
	buffer_release(&made->bytes);
}

/* Each row of the table is found in the maps, where it is the same rule. */
static inline void assert_loaded(const struct plain_maps *maps, const struct unwind_module *module,
				 const struct row_table *table)
{
	struct row_table_cursor cursor = { 0 };
	struct row_table_row row;

	while (row_table_next(table, &cursor, &row)) {
		struct unwind_rule rule;

		assert_int_equal(
			unwind_space_find_rule(&maps->view.memory, module, row.offset, &rule), 0);
		assert_memory_equal(&rule, row.rule, sizeof(rule));
	}
}

#endif
