/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that come from .gopclntab against the .debug_frame of the same program, which Go's linker writes from
 * the same facts on another way: the CFA must be the same at every row, one byte before and after it and at a
 * random offset in between. A program that strip(1) has been over must have the same rows. The programs:
 * samples/goroutines where it is built, and what HEARTH_GO_PROGRAMS names besides.
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
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"

struct tally {
	uint64_t asked, agreed, roots, on_another_stack, not_expressible, without, disagreed;
};

struct comparison {
	struct elf_file *file;
	struct row_table table;
	struct buffer bytes;
	Dwarf *dwarf;
	Dwarf_CFI *cfi;
	struct tally tally;
};

/* What Go's .debug_frame cannot say; and that of C's startup code says more. */
static bool is_beyond(struct tally *tally, const struct unwind_rule *rule)
{
	if (rule->cfa == UNWIND_ROOT || rule->cfa == UNWIND_SIGNAL_FRAME)
		tally->roots++;
	else if (rule->cfa == UNWIND_CFA_FP_SWITCH || rule->cfa == UNWIND_CFA_GO_STACK ||
		 rule->cfa == UNWIND_GO_SAVED)
		tally->on_another_stack++;
	else if (rule->cfa == UNWIND_NOT_EXPRESSIBLE)
		tally->not_expressible++;
	else
		return false;
	return true;
}

static void compare_at(struct comparison *comparison, uint64_t offset)
{
	const struct unwind_rule *rule = row_table_find(&comparison->table, offset);
	struct tally *tally = &comparison->tally;
	struct oracle_answer libdw;
	uint64_t address;

	if (!elf_file_address_of_offset(comparison->file, offset, &address))
		return;
	tally->asked++;
	if (is_beyond(tally, rule))
		return;
	if (!oracle_ask_libdw(comparison->cfi, address, &libdw)) {
		tally->without++;
	} else if (rule->cfa != UNWIND_NO_CFI && libdw.cfa.kind == ORACLE_VALUE &&
		   libdw.cfa.value == oracle_cfa_of(rule, address)) {
		tally->agreed++;
	} else {
		tally->disagreed++;
		if (getenv("HEARTH_SHOW"))
			print_message("address %#lx: cfa %d %+d\n", address, rule->cfa,
				      rule->cfa_offset);
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
	assert_int_equal(row_compiler_compile(fd, -1, &comparison->bytes), 0);
	bytes = (struct bytes){ (uint8_t *)comparison->bytes.data, comparison->bytes.size };
	assert_int_equal(row_table_open(bytes, &comparison->table), 0);
	comparison->dwarf = dwarf_begin(fd, DWARF_C_READ);
	comparison->cfi = dwarf_getcfi(comparison->dwarf);
	assert_non_null(comparison->cfi);
}

static void end(struct comparison *comparison)
{
	dwarf_end(comparison->dwarf);
	elf_file_free(comparison->file);
	buffer_release(&comparison->bytes);
}

static void compare(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct comparison comparison;
	struct tally tally;
	uint32_t sources;

	if (fd < 0) {
		print_message("%s is not here\n", path);
		return;
	}
	begin(&comparison, fd);
	compare_rows(&comparison);
	tally = comparison.tally;
	sources = comparison.table.header->sources;
	end(&comparison);
	close(fd);
	print_message(
		"%s: of %lu, %lu agree, %lu are roots or signal frames, %lu lead to another stack, "
		"%lu not expressible, %lu are not in .debug_frame, %lu disagree\n",
		path, tally.asked, tally.agreed, tally.roots, tally.on_another_stack,
		tally.not_expressible, tally.without, tally.disagreed);
	assert_true(sources & ROW_TABLE_GO_TABLE);
	assert_true(tally.agreed > 1000);
	assert_true(tally.not_expressible * 500 < tally.asked);
	assert_int_equal(tally.disagreed, 0);
}

static void the_sample(void **state)
{
	(void)state;
	compare(".output/samples/goroutines");
}

static void programs_that_were_named(void **state)
{
	char *names = strdup(getenv("HEARTH_GO_PROGRAMS") ?: ""), *rest = names, *name;

	(void)state;
	while ((name = strsep(&rest, " "))) {
		if (*name)
			compare(name);
	}
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample),
		cmocka_unit_test(programs_that_were_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
