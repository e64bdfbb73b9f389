/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of real programs against libdw's reading of the same CFI: at rows' starts, one byte before and
 * after them, and at a random offset in between, for every row. Counts are printed, and with HEARTH_SHOW in
 * the environment each disagreement. Of the programs, those that are here; a few are everywhere where this is
 * built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cfi_oracle.h"
#include "unwind/code_shapes.h"
#include "unwind/entry_code.h"
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"

#define PROGRAMS_MIN 4 /* libc, ld.so, bash and cc1 */
#define LIBRARIES    "/usr/lib/x86_64-linux-gnu/"

struct tally {
	uint64_t asked, agreed, agreed_no_cfi, in_small_gap, not_expressible, disagreed;
};

struct comparison {
	struct elf_file *file;
	struct row_table table;
	struct buffer bytes;
	struct code_shapes shapes;
	Elf *elf;
	Dwarf_CFI *cfi;
	struct tally tally;
};

static int programs_compared;

/* Gaps that are padding go with the row before them. */
static bool is_small_gap(const struct comparison *comparison, uint64_t address)
{
	struct oracle_answer libdw;

	for (uint64_t before = 1; before < ROW_COMPILER_MIN_GAP && before <= address; before++) {
		if (oracle_ask_libdw(comparison->cfi, address - before, &libdw))
			return true;
	}
	return false;
}

/* Code that is known by its bytes has a rule without CFI as well. */
static bool is_shape(const struct comparison *comparison, uint64_t offset,
		     const struct unwind_rule *rule)
{
	struct code_shapes shapes = comparison->shapes; /* offsets come in any order */
	const struct code_shape *shape = code_shapes_next(&shapes, offset);

	return shape && offset >= shape->start && !memcmp(&shape->rule, rule, sizeof(*rule));
}

/* Of glibc's __start_context the CFI says what it says of any function: a caller, which is not there. */
static bool is_context_start(const struct comparison *comparison, uint64_t offset,
			     const struct unwind_rule *rule)
{
	uint64_t start = (offset + 1) / ENTRY_CODE_CONTEXT_ALIGN * ENTRY_CODE_CONTEXT_ALIGN;

	if (rule->cfa != UNWIND_ROOT)
		return false;
	return entry_code_is_before_context_start(comparison->file, start - 1) ||
	       entry_code_is_before_context_start(comparison->file,
						  start - ENTRY_CODE_CONTEXT_ALIGN - 1);
}

static void show(uint64_t offset, uint64_t address, const struct unwind_rule *rule, bool has_libdw)
{
	if (getenv("HEARTH_SHOW"))
		print_message("offset %#lx, address %#lx: cfa %d %+d, ra %d, extra %+d, fp %d %+d, "
			      "detail %d; libdw has %s\n",
			      offset, address, rule->cfa, rule->cfa_offset, rule->ra,
			      rule->extra_offset, rule->fp, rule->fp_offset, rule->detail,
			      has_libdw ? "another rule" : "none");
}

static void compare_at(struct comparison *comparison, uint64_t offset)
{
	const struct unwind_rule *rule = row_table_find(&comparison->table, offset);
	struct tally *tally = &comparison->tally;
	struct oracle_answer libdw;
	uint64_t address;
	bool has_libdw;

	if (!elf_file_address_of_offset(comparison->file, offset, &address) ||
	    is_context_start(comparison, offset, rule))
		return;
	tally->asked++;
	has_libdw = oracle_ask_libdw(comparison->cfi, address, &libdw);
	if (rule->cfa == UNWIND_NOT_EXPRESSIBLE && has_libdw) {
		tally->not_expressible++;
	} else if (!has_libdw &&
		   (rule->cfa == UNWIND_NO_CFI || is_shape(comparison, offset, rule))) {
		tally->agreed_no_cfi++;
	} else if (!has_libdw && is_small_gap(comparison, address)) {
		tally->in_small_gap++;
	} else if (has_libdw && rule->cfa != UNWIND_NO_CFI &&
		   oracle_agrees(rule, &libdw, address)) {
		tally->agreed++;
	} else {
		tally->disagreed++;
		show(offset, address, rule, has_libdw);
	}
}

static void compare_rows(struct comparison *comparison)
{
	struct row_table_cursor cursor = { 0 };
	struct row_table_row row;
	uint64_t last = 0;

	srandom(1);
	while (row_table_next(&comparison->table, &cursor, &row)) {
		compare_at(comparison, row.offset);
		compare_at(comparison, row.offset + 1);
		if (row.offset)
			compare_at(comparison, row.offset - 1);
		if (row.offset > last)
			compare_at(comparison, last + random() % (row.offset - last));
		last = row.offset;
	}
}

static void begin(struct comparison *comparison, int fd)
{
	struct bytes bytes;

	*comparison = (struct comparison){ 0 };
	assert_int_equal(elf_file_open(fd, &comparison->file), 0);
	code_shapes_find(&comparison->shapes, comparison->file,
			 cfi_machine_find(elf_file_machine(comparison->file)));
	assert_int_equal(row_compiler_compile(fd, -1, &comparison->bytes), 0);
	bytes = (struct bytes){ (uint8_t *)comparison->bytes.data, comparison->bytes.size };
	assert_int_equal(row_table_open(bytes, &comparison->table), 0);
	elf_version(EV_CURRENT);
	comparison->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	comparison->cfi = dwarf_getcfi_elf(comparison->elf);
	assert_non_null(comparison->cfi);
}

static void end(struct comparison *comparison)
{
	dwarf_cfi_end(comparison->cfi);
	elf_end(comparison->elf);
	elf_file_free(comparison->file);
	buffer_release(&comparison->bytes);
}

static void compare(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct comparison comparison;
	struct tally tally;

	if (fd < 0) {
		print_message("%s is not here\n", path);
		return;
	}
	begin(&comparison, fd);
	compare_rows(&comparison);
	tally = comparison.tally;
	end(&comparison);
	close(fd);
	print_message("%s: of %lu, %lu agree, %lu agree that there is none, %lu in small gaps, "
		      "%lu not expressible, %lu disagree\n",
		      path, tally.asked, tally.agreed, tally.agreed_no_cfi, tally.in_small_gap,
		      tally.not_expressible, tally.disagreed);
	assert_true(tally.agreed > 1000);
	assert_true(tally.not_expressible * 1000 < tally.asked);
	assert_int_equal(tally.disagreed, 0);
	programs_compared++;
}

/* Each part of a rule changed in turn: every use of that rule must disagree. */
static void the_comparison_finds(void **state)
{
	int fd = open(LIBRARIES "libc.so.6", O_RDONLY | O_CLOEXEC);
	struct comparison comparison;
	struct unwind_rule *rules;

	(void)state;
	assert_true(fd >= 0);
	begin(&comparison, fd);
	rules = (struct unwind_rule *)(uintptr_t)comparison.table.rules;
	for (uint32_t i = 0; i < comparison.table.header->rule_count; i++) {
		if (rules[i].fp == UNWIND_FP_OFFSET)
			rules[i].fp_offset += 8;
		else if (rules[i].cfa == UNWIND_CFA_SP)
			rules[i].cfa_offset += 8;
	}
	compare_rows(&comparison);
	assert_true(comparison.tally.disagreed > 10 * comparison.tally.agreed);
	end(&comparison);
	close(fd);
}

static void enough_programs_were_here(void **state)
{
	(void)state;
	assert_true(programs_compared >= PROGRAMS_MIN);
}

#define COMPARISON(name, path)         \
	static void name(void **state) \
	{                              \
		(void)state;           \
		compare(path);         \
	}

COMPARISON(libc, LIBRARIES "libc.so.6")
COMPARISON(ld_so, LIBRARIES "ld-linux-x86-64.so.2")
COMPARISON(libcrypto, LIBRARIES "libcrypto.so.3")
COMPARISON(libllvm, LIBRARIES "libLLVM-14.so.1")
COMPARISON(postgres, "/usr/lib/postgresql/15/bin/postgres")
COMPARISON(node, "/usr/bin/node")
COMPARISON(bash, "/usr/bin/bash")
COMPARISON(python3, "/usr/bin/python3.11")
COMPARISON(cc1, "/usr/lib/gcc/x86_64-linux-gnu/12/cc1")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc),
		cmocka_unit_test(ld_so),
		cmocka_unit_test(libcrypto),
		cmocka_unit_test(libllvm),
		cmocka_unit_test(postgres),
		cmocka_unit_test(node),
		cmocka_unit_test(bash),
		cmocka_unit_test(python3),
		cmocka_unit_test(cc1),
		cmocka_unit_test(enough_programs_were_here),
		cmocka_unit_test(the_comparison_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
