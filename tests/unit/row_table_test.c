/* SPDX-License-Identifier: Apache-2.0 */
/* row_table.c, row_table_builder.c, rule_set.c and the look-up of bpf/unwind_table.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/cfi_reason.h"
#include "unwind/row_table.h"
#include "unwind/row_table_builder.h"
#include "unwind/rule_set.h"

struct made {
	struct row_table_builder *builder;
	struct buffer bytes;
	struct row_table table;
};

static struct unwind_rule rule_of(int32_t number)
{
	return (struct unwind_rule){ .cfa = UNWIND_CFA_SP, .cfa_offset = number };
}

static void begin(struct made *made)
{
	*made = (struct made){ 0 };
	made->builder = row_table_builder_new(&made->bytes);
	assert_non_null(made->builder);
}

/* The rule of number 0 is UNWIND_NO_CFI. */
static void add(struct made *made, uint64_t offset, int32_t number)
{
	struct unwind_rule rule = rule_of(number);

	if (!number)
		rule = (struct unwind_rule){ .cfa = UNWIND_NO_CFI };
	row_table_builder_add(made->builder, offset, &rule);
}

static int finish(struct made *made)
{
	const struct row_table_header statistics = { 0 };
	int err = row_table_builder_finish(made->builder, &statistics);

	row_table_builder_free(made->builder);
	if (err)
		return err;
	return row_table_open((struct bytes){ (uint8_t *)made->bytes.data, made->bytes.size },
			      &made->table);
}

static void assert_rule(const struct made *made, uint64_t offset, int32_t number)
{
	const struct unwind_rule expected = rule_of(number), *rule;

	rule = row_table_find(&made->table, offset);
	if (!number)
		assert_int_equal(rule->cfa, UNWIND_NO_CFI);
	else
		assert_memory_equal(rule, &expected, sizeof(expected));
}

static void assert_reason(const struct made *made, uint64_t offset, unsigned int reason)
{
	const struct unwind_rule *rule = row_table_find(&made->table, offset);

	assert_int_equal(rule->cfa, UNWIND_NOT_EXPRESSIBLE);
	assert_int_equal(rule->detail, reason);
}

static void release(struct made *made)
{
	buffer_release(&made->bytes);
}

static void of_rows_at_one_offset_the_last_counts(void **state)
{
	struct made made;

	(void)state;
	begin(&made);
	add(&made, 0x1000, 5);
	add(&made, 0x1000, 6);
	add(&made, 0x1008, 6);
	add(&made, 0x1010, 7);
	add(&made, 0x1010, 6);
	add(&made, 0x1020, 0);
	assert_int_equal(finish(&made), 0);
	assert_rule(&made, 0xfff, 0);
	assert_rule(&made, 0x1000, 6);
	assert_rule(&made, 0x101f, 6);
	assert_rule(&made, 0x1020, 0);
	assert_int_equal(made.table.header->row_count, 2);
	release(&made);
}

static void an_offset_that_goes_down_is_an_error(void **state)
{
	struct made made;

	(void)state;
	begin(&made);
	add(&made, 0x1000, 1);
	add(&made, 0xfff, 2);
	add(&made, 0x2000, 0);
	assert_int_equal(finish(&made), -EINVAL);
	release(&made);
}

static void a_row_by_the_number_of_its_rule(void **state)
{
	const struct unwind_rule five = rule_of(5), six = rule_of(6);
	struct made made;
	uint32_t number;

	(void)state;
	begin(&made);
	number = row_table_builder_add(made.builder, 0x1000, &five);
	row_table_builder_add(made.builder, 0x1010, &six);
	row_table_builder_add_number(made.builder, 0x1020, number);
	row_table_builder_add(made.builder, 0x1020, &six);
	row_table_builder_add_number(made.builder, 0x1030, number);
	add(&made, 0x1040, 0);
	assert_int_equal(finish(&made), 0);
	assert_rule(&made, 0x1000, 5);
	assert_rule(&made, 0x102f, 6);
	assert_rule(&made, 0x103f, 5);
	assert_rule(&made, 0x1040, 0);
	release(&made);
}

static void a_table_without_rows(void **state)
{
	struct made made;

	(void)state;
	begin(&made);
	assert_int_equal(finish(&made), 0);
	assert_rule(&made, 0, 0);
	assert_rule(&made, UINT64_MAX, 0);
	release(&made);
}

/* Against an array: a row's rule by offset / step, for many densities. */
static void rows_of_any_density(void **state)
{
	static const uint32_t steps[] = { 5, 16, 61, 977, 4096, 30011, 65536, 200003 };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		const uint64_t start = 0x3fff0, end = start + 3000ull * steps[i];
		struct made made;

		begin(&made);
		for (uint64_t row = 0; row < 3000; row++)
			add(&made, start + row * steps[i], 1 + row * 7 % 250);
		add(&made, end, 0);
		assert_int_equal(finish(&made), 0);
		assert_int_equal(made.table.header->row_count, 3001);
		assert_rule(&made, start - 1, 0);
		assert_rule(&made, end, 0);
		for (uint64_t at = start; at < end; at += 1 + steps[i] / 3)
			assert_rule(&made, at, 1 + (at - start) / steps[i] * 7 % 250);
		release(&made);
	}
}

/* A row at every byte of 4 KiB: more than a page takes. What comes before and after is as it was. */
static void a_chunk_that_is_too_dense_is_refused(void **state)
{
	static const uint64_t chunks[] = { 0x10000, 0x15000, 0x1f000 };

	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		const uint64_t chunk = chunks[i];
		struct made made;

		begin(&made);
		add(&made, 0x8000, 9);
		for (uint64_t byte = 0; byte < 4096; byte++)
			add(&made, chunk + byte, 1 + byte % 5);
		add(&made, chunk + 4096 + 0x100, 10);
		add(&made, 0x80000, 0);
		assert_int_equal(finish(&made), 0);
		assert_rule(&made, chunk - 1, 9);
		assert_reason(&made, chunk, CFI_REASON_TOO_DENSE);
		assert_reason(&made, chunk + 4095, CFI_REASON_TOO_DENSE);
		assert_rule(&made, chunk + 4096, 1 + 4095 % 5);
		assert_rule(&made, chunk + 4096 + 0xff, 1 + 4095 % 5);
		assert_rule(&made, chunk + 4096 + 0x100, 10);
		assert_int_equal(made.table.header->reasons[CFI_REASON_TOO_DENSE], 1);
		release(&made);
	}
}

static void two_dense_chunks_in_a_row(void **state)
{
	struct made made;

	(void)state;
	begin(&made);
	for (uint64_t byte = 0; byte < 8192; byte++)
		add(&made, 0x10000 + byte, 1 + byte % 5);
	add(&made, 0x13000, 0);
	assert_int_equal(finish(&made), 0);
	assert_reason(&made, 0x10000, CFI_REASON_TOO_DENSE);
	assert_reason(&made, 0x11fff, CFI_REASON_TOO_DENSE);
	assert_rule(&made, 0x12000, 1 + 8191 % 5);
	release(&made);
}

/* 300 different rules in 4 KiB: more than a byte can number. 200 in each of many chunks: pages end earlier. */
static void a_page_of_too_many_rules(void **state)
{
	struct made made;

	(void)state;
	begin(&made);
	for (int i = 0; i < 300; i++)
		add(&made, 0x10000 + i * 8, 1 + i);
	for (int i = 0; i < 2000; i++)
		add(&made, 0x20000 + i * 20, 1000 + i);
	add(&made, 0x30000, 0);
	assert_int_equal(finish(&made), 0);
	assert_reason(&made, 0x10000, CFI_REASON_TOO_DENSE);
	for (int i = 0; i < 2000; i++)
		assert_rule(&made, 0x20000 + i * 20 + 19, 1000 + i);
	release(&made);
}

static void a_module_of_too_many_rules(void **state)
{
	const int count = RULE_SET_MAX + 100;
	struct made made;

	(void)state;
	begin(&made);
	for (int i = 0; i < count; i++)
		add(&made, 0x10000 + i * 32ull, 1 + i);
	add(&made, 0x10000 + count * 32ull, 0);
	assert_int_equal(finish(&made), 0);
	/* Two are always there, and the last ones came too late. */
	assert_rule(&made, 0x10000 + (RULE_SET_MAX - 3) * 32ull, 1 + RULE_SET_MAX - 3);
	assert_reason(&made, 0x10000 + (RULE_SET_MAX - 2) * 32ull, CFI_REASON_TOO_MANY_RULES);
	assert_rule(&made, 0x10000 + count * 32ull, 0);
	release(&made);
}

static void blocks_of_one_rule_share_a_page(void **state)
{
	struct made made;

	(void)state;
	begin(&made);
	add(&made, 0, 3);
	add(&made, 1ull << 32, 4);
	add(&made, 2ull << 32, 0);
	assert_int_equal(finish(&made), 0);
	assert_rule(&made, 0x12345678, 3);
	assert_rule(&made, (1ull << 32) - 1, 3);
	assert_rule(&made, 1ull << 32, 4);
	assert_rule(&made, 0x123456789, 4);
	assert_int_equal(made.table.header->page_count, 3);
	release(&made);
}

/* No more memory is taken than a table may have, and the compiler hears of it at once. */
static void more_rows_than_a_table_takes(void **state)
{
	uint64_t rows = 0;
	struct made made;

	(void)state;
	begin(&made);
	while (!row_table_builder_error(made.builder) && rows < ROW_TABLE_MAX_BYTES) {
		add(&made, rows * 8, rows % 2 ? 1 : 2);
		rows++;
	}
	assert_in_range(rows, ROW_TABLE_MAX_BYTES / 4, ROW_TABLE_MAX_BYTES / 2);
	assert_true(made.bytes.capacity <= ROW_TABLE_MAX_BYTES / 8 * 9 + UNWIND_PAGE_MAX_BYTES * 2);
	assert_int_equal(finish(&made), -EFBIG);
	release(&made);
}

static void more_text_than_a_table_takes(void **state)
{
	struct made made;

	(void)state;
	begin(&made);
	add(&made, 0, 1);
	add(&made, (uint64_t)ROW_TABLE_MAX_BLOCKS << UNWIND_BLOCK_SHIFT, 0);
	assert_int_equal(finish(&made), -EFBIG);
	release(&made);
}

/* --- damaged tables --- */

static void make_small(struct made *made)
{
	begin(made);
	for (uint64_t row = 0; row < 300; row++)
		add(made, 0x7f00 + row * 701, 1 + row % 20);
	add(made, 0x7f00 + 300 * 701, 0);
	assert_int_equal(finish(made), 0);
}

/* Whatever is taken must be safe to ask: the sanitizers watch. */
static bool ask_damaged(struct buffer *bytes)
{
	struct row_table_cursor cursor = { 0 };
	struct row_table_row row;
	struct row_table table;

	if (row_table_open((struct bytes){ (uint8_t *)bytes->data, bytes->size }, &table))
		return false;
	for (uint64_t offset = 0; offset < 0x50000; offset += 97)
		row_table_find(&table, offset);
	while (row_table_next(&table, &cursor, &row))
		assert_ptr_equal(row_table_find(&table, row.offset), row.rule);
	return true;
}

static void every_byte_damaged(void **state)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0xff };
	struct made made;
	size_t taken = 0;

	(void)state;
	make_small(&made);
	for (size_t i = 0; i < made.bytes.size; i++) {
		for (size_t j = 0; j < sizeof(changes); j++) {
			made.bytes.data[i] ^= changes[j];
			taken += ask_damaged(&made.bytes);
			made.bytes.data[i] ^= changes[j];
		}
	}
	/* Statistics, an offset that moves a little, a rule that says something else. */
	assert_true(taken > 0 && taken < 3 * made.bytes.size);
	assert_true(ask_damaged(&made.bytes));
	release(&made);
}

static void every_word_damaged(void **state)
{
	static const uint32_t values[] = { 0, 1, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0xffffffff };
	struct made made;

	(void)state;
	make_small(&made);
	for (size_t i = 0; i + 4 <= made.bytes.size; i += 2) {
		uint32_t old;

		memcpy(&old, made.bytes.data + i, sizeof(old));
		for (size_t j = 0; j < sizeof(values) / sizeof(*values); j++) {
			memcpy(made.bytes.data + i, &values[j], sizeof(old));
			ask_damaged(&made.bytes);
		}
		memcpy(made.bytes.data + i, &old, sizeof(old));
	}
	release(&made);
}

static void a_table_cut_short(void **state)
{
	struct made made;
	struct row_table table;

	(void)state;
	make_small(&made);
	for (size_t size = 0; size < made.bytes.size; size++) {
		/* Its own size, so that a read beyond it is seen. */
		uint64_t *copy = malloc(size + 1);

		memcpy(copy, made.bytes.data, size);
		assert_int_equal(row_table_open((struct bytes){ (uint8_t *)copy, size }, &table),
				 -EBADMSG);
		if (size >= sizeof(struct row_table_header)) {
			((struct row_table_header *)copy)->size = size;
			assert_int_equal(
				row_table_open((struct bytes){ (uint8_t *)copy, size }, &table),
				-EBADMSG);
		}
		free(copy);
	}
	release(&made);
}

static void every_reason_has_words(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CFI_REASON_COUNT; i++) {
		assert_string_not_equal(cfi_reason_name(i), "unknown");
		assert_true(strlen(cfi_reason_meaning(i)) > 10);
	}
	assert_string_equal(cfi_reason_name(CFI_REASON_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_rows_at_one_offset_the_last_counts),
		cmocka_unit_test(an_offset_that_goes_down_is_an_error),
		cmocka_unit_test(a_row_by_the_number_of_its_rule),
		cmocka_unit_test(a_table_without_rows),
		cmocka_unit_test(rows_of_any_density),
		cmocka_unit_test(a_chunk_that_is_too_dense_is_refused),
		cmocka_unit_test(two_dense_chunks_in_a_row),
		cmocka_unit_test(a_page_of_too_many_rules),
		cmocka_unit_test(a_module_of_too_many_rules),
		cmocka_unit_test(blocks_of_one_rule_share_a_page),
		cmocka_unit_test(more_rows_than_a_table_takes),
		cmocka_unit_test(more_text_than_a_table_takes),
		cmocka_unit_test(every_byte_damaged),
		cmocka_unit_test(every_word_damaged),
		cmocka_unit_test(a_table_cut_short),
		cmocka_unit_test(every_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
