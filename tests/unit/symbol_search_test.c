/* SPDX-License-Identifier: Apache-2.0 */
/* symbol_table.c and symbol_search.c: which symbol holds an address */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "symbolize/symbol_search.h"
#include "tests/unit/elf_builder.h"

#define CODE 0x1000
#define SIZE 0x1000

/* Symbols of a test lie in one section of code, [0x1000, 0x2000), with index 1. */
struct fixture {
	struct elf_builder builder;
	struct elf_file *file;
	int fd;
};

static int setup(void **state)
{
	static struct fixture fixture;

	elf_builder_init(&fixture.builder, ET_DYN, EM_X86_64);
	elf_builder_code(&fixture.builder, CODE, SIZE);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	elf_file_free(fixture->file);
	close(fixture->fd);
	return 0;
}

static void function(struct fixture *fixture, const char *name, uint64_t start, uint64_t size)
{
	elf_builder_symbol(&fixture->builder, name, start, size, STB_GLOBAL, STT_FUNC, 1);
}

static void finish(struct fixture *fixture)
{
	elf_builder_symbols(&fixture->builder, SHT_SYMTAB);
	fixture->fd = elf_builder_fd(&fixture->builder);
	assert_int_equal(elf_file_open(fixture->fd, &fixture->file), 0);
}

static struct symbol_search *search_for(struct fixture *fixture, const uint64_t *addresses,
					size_t count)
{
	struct symbol_search *search;
	size_t sections = elf_file_section_count(fixture->file);

	assert_int_equal(symbol_search_new(addresses, count, &search), 0);
	for (size_t i = 0; i < sections; i++) {
		const struct elf_section *section = elf_file_section(fixture->file, i);

		if (section->type == SHT_SYMTAB || section->type == SHT_DYNSYM)
			assert_int_equal(symbol_search_table(search, fixture->file, section), 0);
	}
	symbol_search_finish(search);
	return search;
}

/* NULL: unknown */
static void assert_name(struct symbol_search *search, size_t index, const char *name)
{
	struct buffer found = { 0 };
	uint64_t start;
	int err = symbol_search_name(search, index, &found, &start);

	if (name) {
		assert_int_equal(err, 0);
		assert_string_equal(buffer_string(&found), name);
	} else {
		assert_int_equal(err, -ENOENT);
	}
	buffer_release(&found);
}

/* Asked for alone, and together with everything around it: the answers are the same. */
static void assert_found(struct fixture *fixture, uint64_t address, const char *name)
{
	struct symbol_search *search = search_for(fixture, &address, 1);
	uint64_t all[SIZE + 64];

	assert_name(search, 0, name);
	symbol_search_free(search);
	for (size_t i = 0; i < SIZE + 64; i++)
		all[i] = CODE - 32 + i;
	search = search_for(fixture, all, SIZE + 64);
	assert_name(search, address - (CODE - 32), name);
	symbol_search_free(search);
}

static void sized_functions_end_where_they_say(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "second", 0x1200, 0x10);
	function(fixture, "first", 0x1100, 0x20);
	finish(fixture);
	assert_found(fixture, 0x10ff, NULL);
	assert_found(fixture, 0x1100, "first");
	assert_found(fixture, 0x111f, "first");
	assert_found(fixture, 0x1120, NULL);
	assert_found(fixture, 0x11ff, NULL);
	assert_found(fixture, 0x120f, "second");
	assert_found(fixture, 0x1210, NULL);
	assert_found(fixture, 0x2000, NULL);
}

static void functions_without_size_reach_to_the_next_one(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "sized", 0x1100, 0x20);
	function(fixture, "unsized", 0x1140, 0);
	function(fixture, "next", 0x1180, 0x10);
	function(fixture, "last", 0x1f00, 0);
	finish(fixture);
	assert_found(fixture, 0x1130, NULL);
	assert_found(fixture, 0x1140, "unsized");
	assert_found(fixture, 0x117f, "unsized");
	assert_found(fixture, 0x1180, "next");
	/* Not "unsized" again behind the function that ended it. */
	assert_found(fixture, 0x1190, NULL);
	assert_found(fixture, 0x1fff, "last");
	assert_found(fixture, 0x2000, NULL);
}

static void a_label_inside_a_function_does_not_take_its_end(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "outer", 0x1100, 0x100);
	function(fixture, "label", 0x1180, 0);
	finish(fixture);
	assert_found(fixture, 0x1190, "outer");
	assert_found(fixture, 0x1200, NULL);
}

static void the_innermost_of_nested_functions_is_taken(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "outer", 0x1100, 0x100);
	function(fixture, "inner", 0x1140, 0x10);
	finish(fixture);
	assert_found(fixture, 0x113f, "outer");
	assert_found(fixture, 0x1148, "inner");
	assert_found(fixture, 0x1150, "outer");
}

static void aliases_global_before_weak_before_local(void **state)
{
	struct fixture *fixture = *state;

	elf_builder_symbol(&fixture->builder, "local", 0x1100, 8, STB_LOCAL, STT_FUNC, 1);
	elf_builder_symbol(&fixture->builder, "__global", 0x1100, 8, STB_GLOBAL, STT_FUNC, 1);
	elf_builder_symbol(&fixture->builder, "weak", 0x1100, 8, STB_WEAK, STT_FUNC, 1);
	elf_builder_symbol(&fixture->builder, "_w", 0x1200, 8, STB_WEAK, STT_FUNC, 1);
	elf_builder_symbol(&fixture->builder, "l", 0x1200, 8, STB_LOCAL, STT_GNU_IFUNC, 1);
	finish(fixture);
	assert_found(fixture, 0x1104, "__global");
	assert_found(fixture, 0x1204, "_w");
}

static void aliases_fewer_underscores_then_name(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "__a", 0x1100, 8);
	function(fixture, "_b", 0x1100, 8);
	function(fixture, "zz", 0x1100, 8);
	function(fixture, "zy", 0x1100, 8);
	function(fixture, "zyx", 0x1100, 8);
	function(fixture, "_un", 0x1200, 0);
	function(fixture, "un", 0x1200, 0);
	finish(fixture);
	assert_found(fixture, 0x1100, "zy");
	assert_found(fixture, 0x1210, "un");
}

static void data_and_undefined_symbols_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct elf_builder *builder = &fixture->builder;
	Elf64_Shdr *data = elf_builder_section(builder, ".data", SHT_NOBITS, NULL, 0x1000);

	data->sh_addr = 0x1000; /* the same addresses, as a hostile file has them */
	elf_builder_symbol(builder, "object", 0x1100, 8, STB_GLOBAL, STT_OBJECT, 1);
	elf_builder_symbol(builder, "section", 0x1000, 0, STB_LOCAL, STT_SECTION, 1);
	elf_builder_symbol(builder, "in_data", 0x1100, 8, STB_GLOBAL, STT_FUNC, 2);
	elf_builder_symbol(builder, "undefined", 0x1100, 8, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
	elf_builder_symbol(builder, "absolute", 0x1100, 8, STB_GLOBAL, STT_FUNC, SHN_ABS);
	elf_builder_symbol(builder, "no_section", 0x1100, 8, STB_GLOBAL, STT_FUNC, 99);
	elf_builder_symbol(builder, "outside", 0x900, 0x900, STB_GLOBAL, STT_FUNC, 1);
	elf_builder_symbol(builder, "", 0x1100, 8, STB_GLOBAL, STT_FUNC, 1);
	finish(fixture);
	assert_found(fixture, 0x1104, NULL);
}

static void a_size_beyond_the_section_is_cut(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "huge", 0x1ff0, UINT64_MAX);
	finish(fixture);
	assert_found(fixture, 0x1fff, "huge");
	assert_found(fixture, 0x2000, NULL);
}

static void versions_are_cut_off(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "memcpy@@GLIBC_2.14", 0x1100, 8);
	function(fixture, "old@GLIBC_2.2.5", 0x1200, 8);
	function(fixture, "@odd", 0x1300, 8);
	function(fixture, "..@6.loop", 0x1400, 8); /* NASM: local to a macro */
	finish(fixture);
	assert_found(fixture, 0x1100, "memcpy");
	assert_found(fixture, 0x1200, "old");
	assert_found(fixture, 0x1300, "@odd");
	assert_found(fixture, 0x1400, "..@6.loop");
}

static void typeless_symbols_count_but_for_arm_marks(void **state)
{
	struct fixture *fixture = *state;

	fixture->builder.header.e_machine = EM_AARCH64;
	fixture->builder.header.e_entry = 0x1400;
	elf_builder_symbol(&fixture->builder, "f", 0x1100, 0, STB_GLOBAL, STT_NOTYPE, 1);
	elf_builder_symbol(&fixture->builder, "$x", 0x1110, 0, STB_LOCAL, STT_NOTYPE, 1);
	elf_builder_symbol(&fixture->builder, "_start", 0x1400, 0, STB_LOCAL, STT_NOTYPE, 1);
	finish(fixture);
	assert_found(fixture, 0x1120, "f");
	assert_found(fixture, 0x1404, "_start");
}

static void tables_are_merged(void **state)
{
	struct fixture *fixture = *state;

	elf_builder_symbol(&fixture->builder, "exported", 0x1100, 8, STB_GLOBAL, STT_FUNC, 1);
	elf_builder_symbols(&fixture->builder, SHT_DYNSYM);
	elf_builder_symbol(&fixture->builder, "hidden", 0x1100, 8, STB_LOCAL, STT_FUNC, 1);
	elf_builder_symbol(&fixture->builder, "other", 0x1200, 8, STB_LOCAL, STT_FUNC, 1);
	finish(fixture);
	assert_found(fixture, 0x1104, "exported");
	assert_found(fixture, 0x1204, "other");
}

static void gaps_between_functions_have_no_name(void **state)
{
	struct fixture *fixture = *state;

	function(fixture, "before", 0x1100, 0x11);
	function(fixture, "behind", 0x1120, 0x10);
	finish(fixture);
	assert_found(fixture, 0x10ff, NULL);
	assert_found(fixture, 0x1110, "before");
	for (uint64_t address = 0x1111; address < 0x1120; address++)
		assert_found(fixture, address, NULL);
	assert_found(fixture, 0x1120, "behind");
}

static void addresses_past_the_end_have_no_name(void **state)
{
	const uint64_t ends[] = { 0, UINT64_MAX };
	struct fixture *fixture = *state;
	struct symbol_search *search;

	function(fixture, "sized", 0x1100, 0x10);
	function(fixture, "unsized", 0x1f00, 0);
	finish(fixture);
	assert_found(fixture, CODE - 1, NULL);
	assert_found(fixture, CODE + SIZE - 1, "unsized");
	assert_found(fixture, CODE + SIZE, NULL);
	search = search_for(fixture, ends, 2);
	assert_name(search, 0, NULL);
	assert_name(search, 1, NULL);
	symbol_search_free(search);
}

/* What a linker folds (--icf) has one body and all the names: one of them, whatever the order of the table. */
static void folded_functions_have_one_name_whatever_the_order(void **state)
{
	static const char *const names[] = { "_ZN1b3getEv", "_ZN1a3getEv", "_ZN1c3getEv" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 3; i++) {
		function(fixture, names[i], 0x1100, 0x10);
		function(fixture, names[2 - i], 0x1200, 0x10);
		elf_builder_symbol(&fixture->builder, names[i], 0x1300, 0x10, STB_WEAK, STT_FUNC,
				   1);
	}
	elf_builder_symbol(&fixture->builder, "_ZN1d3getEv", 0x1300, 0x10, STB_GLOBAL, STT_FUNC, 1);
	finish(fixture);
	assert_found(fixture, 0x1104, "_ZN1a3getEv");
	assert_found(fixture, 0x1204, "_ZN1a3getEv");
	assert_found(fixture, 0x1304, "_ZN1d3getEv");
}

/* GCC puts what is hardly ever run elsewhere, as a local function of its own. */
static void a_cold_part_is_not_what_lies_before_it(void **state)
{
	struct fixture *fixture = *state;

	elf_builder_symbol(&fixture->builder, "other.cold", 0x1000, 0x8, STB_LOCAL, STT_FUNC, 1);
	elf_builder_symbol(&fixture->builder, "f.cold", 0x1008, 0x8, STB_LOCAL, STT_FUNC, 1);
	function(fixture, "f", 0x1100, 0x40);
	function(fixture, "other", 0x1140, 0x40);
	finish(fixture);
	assert_found(fixture, 0x1007, "other.cold");
	assert_found(fixture, 0x1008, "f.cold");
	assert_found(fixture, 0x100f, "f.cold");
	assert_found(fixture, 0x1010, NULL);
	assert_found(fixture, 0x113f, "f");
}

/* The symbol's address is the resolver's code: where that has a name of its own it is preferred, if global. */
static void an_ifunc_names_its_resolver_alone(void **state)
{
	struct fixture *fixture = *state;
	struct elf_builder *builder = &fixture->builder;

	elf_builder_symbol(builder, "memcpy", 0x1100, 0x20, STB_GLOBAL, STT_GNU_IFUNC, 1);
	elf_builder_symbol(builder, "memcpy_avx", 0x1200, 0x80, STB_LOCAL, STT_FUNC, 1);
	elf_builder_symbol(builder, "strlen", 0x1300, 0x20, STB_WEAK, STT_GNU_IFUNC, 1);
	elf_builder_symbol(builder, "strlen_resolver", 0x1300, 0x20, STB_GLOBAL, STT_FUNC, 1);
	finish(fixture);
	assert_found(fixture, 0x1110, "memcpy");
	assert_found(fixture, 0x1210, "memcpy_avx");
	assert_found(fixture, 0x1310, "strlen_resolver");
}

/* A source of one function, which is called as its number says. */
struct one_function {
	struct function_symbol symbol;
	bool is_done, is_freed;
};

static int one_next(void *source, struct function_symbol *ret_symbol)
{
	struct one_function *one = source;

	if (one->is_done)
		return 0;
	one->is_done = true;
	*ret_symbol = one->symbol;
	return 1;
}

static int one_name(void *source, uint32_t name, struct buffer *to)
{
	(void)source;
	buffer_clear(to);
	buffer_printf(to, "other%u", name);
	return buffer_error(to);
}

static void one_free(void *source)
{
	((struct one_function *)source)->is_freed = true;
}

static const struct function_source_ops one_ops = { one_next, one_name, one_free };

/* Also where the other source's function begins later, and whichever passes by first. */
static void a_symbol_with_a_size_is_preferred_to_other_sources(void **state)
{
	const uint64_t addresses[] = { 0x1104, 0x1118, 0x1150, 0x1208, 0x1218 };
	struct fixture *fixture = *state;
	struct one_function first = { .symbol = { 0x1100, 0x1200, 0x1200, 1, SYMBOL_GLOBAL } };
	struct one_function last = { .symbol = { 0x1110, 0x1220, 0x1220, 2, SYMBOL_GLOBAL } };
	struct symbol_search *search;

	function(fixture, "sized", 0x1100, 0x20);
	function(fixture, "unsized", 0x1200, 0);
	finish(fixture);
	assert_int_equal(symbol_search_new(addresses, 5, &search), 0);
	assert_int_equal(
		symbol_search_source(search, (struct function_source){ &one_ops, &first }, 1), 0);
	assert_int_equal(symbol_search_table(search, fixture->file,
					     elf_file_section_named(fixture->file, ".symtab")),
			 0);
	assert_int_equal(
		symbol_search_source(search, (struct function_source){ &one_ops, &last }, 2), 0);
	symbol_search_finish(search);
	assert_name(search, 0, "sized");
	assert_name(search, 1, "sized");
	assert_name(search, 2, "other1");
	assert_name(search, 3, "other2");
	assert_name(search, 4, "other2");
	symbol_search_free(search);
	assert_true(first.is_freed && last.is_freed);
}

static void names_that_do_not_end_are_none(void **state)
{
	static char name[SYMBOL_TABLE_MAX_NAME + 2];
	struct fixture *fixture = *state;
	uint64_t address = 0x1300;
	struct symbol_search *search;
	struct buffer found = { 0 };
	uint64_t start;

	memset(name, 'x', sizeof(name) - 1);
	function(fixture, name, 0x1100, 8);
	name[20000] = '\0';
	function(fixture, name, 0x1300, 8);
	function(fixture, "unterminated", 0x1200, 8);
	fixture->builder.symbol_names.size--;
	finish(fixture);
	assert_found(fixture, 0x1100, NULL);
	assert_found(fixture, 0x1200, NULL);
	search = search_for(fixture, &address, 1);
	assert_int_equal(symbol_search_name(search, 0, &found, &start), 0);
	assert_int_equal(found.size, 20000);
	assert_int_equal(start, 0x1300);
	buffer_release(&found);
	symbol_search_free(search);
}

static void one_name_serves_addresses_of_one_function(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t addresses[] = { 0x1100, 0x1100, 0x1107, 0x1108, 0x1109, 0x1200 };
	struct symbol_search *search;

	function(fixture, "f", 0x1100, 8);
	function(fixture, "g", 0x1200, 8);
	finish(fixture);
	search = search_for(fixture, addresses, 6);
	assert_true(symbol_search_same(search, 0, 1));
	assert_true(symbol_search_same(search, 1, 2));
	assert_false(symbol_search_same(search, 2, 3));
	assert_false(symbol_search_same(search, 3, 4));
	assert_false(symbol_search_same(search, 0, 5));
	symbol_search_free(search);
}

static void a_table_made_to_be_expensive_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct symbol_search *search;
	uint64_t all[SIZE];
	char name[16];

	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		function(fixture, name, 0x1000, 0x1000);
	}
	finish(fixture);
	for (size_t i = 0; i < SIZE; i++)
		all[i] = CODE + i;
	assert_int_equal(symbol_search_new(all, SIZE, &search), 0);
	assert_int_equal(symbol_search_table(search, fixture->file,
					     elf_file_section_named(fixture->file, ".symtab")),
			 -E2BIG);
	symbol_search_free(search);
}

static void wrong_questions_and_tables_are_refused(void **state)
{
	static const uint64_t descending[] = { 2, 1 };
	struct fixture *fixture = *state;
	struct symbol_search *search = NULL;

	assert_int_equal(symbol_search_new(descending, 2, &search), -EINVAL);
	assert_null(search);
	function(fixture, "f", 0x1100, 8);
	elf_builder_symbols(&fixture->builder, SHT_SYMTAB);
	fixture->builder.sections[2].sh_entsize = 1;
	finish(fixture);
	assert_int_equal(symbol_search_new(NULL, 0, &search), 0);
	assert_int_equal(
		symbol_search_table(search, fixture->file, elf_file_section(fixture->file, 2)),
		-EINVAL);
	assert_int_equal(
		symbol_search_table(search, fixture->file, elf_file_section(fixture->file, 4)), 0);
	symbol_search_finish(search);
	symbol_search_free(search);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sized_functions_end_where_they_say),
		TEST(functions_without_size_reach_to_the_next_one),
		TEST(a_label_inside_a_function_does_not_take_its_end),
		TEST(the_innermost_of_nested_functions_is_taken),
		TEST(aliases_global_before_weak_before_local),
		TEST(aliases_fewer_underscores_then_name),
		TEST(data_and_undefined_symbols_are_passed_over),
		TEST(a_size_beyond_the_section_is_cut),
		TEST(gaps_between_functions_have_no_name),
		TEST(addresses_past_the_end_have_no_name),
		TEST(folded_functions_have_one_name_whatever_the_order),
		TEST(a_cold_part_is_not_what_lies_before_it),
		TEST(an_ifunc_names_its_resolver_alone),
		TEST(versions_are_cut_off),
		TEST(typeless_symbols_count_but_for_arm_marks),
		TEST(tables_are_merged),
		TEST(a_symbol_with_a_size_is_preferred_to_other_sources),
		TEST(names_that_do_not_end_are_none),
		TEST(one_name_serves_addresses_of_one_function),
		TEST(a_table_made_to_be_expensive_is_refused),
		TEST(wrong_questions_and_tables_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
