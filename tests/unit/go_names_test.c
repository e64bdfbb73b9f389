/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_names.c: tables made by hand, in each version; and for each function of a real program the name that .symtab has,
 * with and without that. The programs: samples/goroutines where it is built, and what HEARTH_GO_PROGRAMS names besides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "symbolize/go_names.h"
#include "symbolize/symbol_table.h"
#include "symbolize/symbolizer.h"
#include "elf/go_table.h"
#include "tests/unit/go_builder.h"

#define LONG_NAME                                                                            \
	"example.com/a/package/with/a/long/path/whose/functions/are/longer/than/64/bytes.(*" \
	"Server).Serve.func1"

#define CODE GO_CODE("\xc3")

static const struct go_made functions[] = {
	{ "type:.eq.main.T\u00b71", 0, CODE, NULL },
	{ LONG_NAME, 0, CODE, NULL },
	{ "", 0, CODE, NULL },
	{ "runtime.goexit", 0, CODE, NULL },
};

static struct elf_file *open_made(struct cfi_file *file, struct go_builder go, int *ret_fd)
{
	struct elf_file *opened;

	go_file(file, &go, ".gopclntab", functions, 4);
	*ret_fd = elf_builder_fd(&file->elf);
	assert_int_equal(elf_file_open(*ret_fd, &opened), 0);
	return opened;
}

static void assert_function(struct function_source source, int number, const char *name)
{
	struct function_symbol symbol;
	struct buffer found = { 0 };

	assert_int_equal(source.ops->next(source.source, &symbol), 1);
	assert_int_equal(symbol.start, TEXT_ADDRESS + number * GO_FUNCTION);
	assert_int_equal(symbol.end, symbol.start + GO_FUNCTION);
	assert_int_equal(source.ops->name(source.source, symbol.name, &found), *name ? 0 : -ENOENT);
	if (*name)
		assert_string_equal(buffer_string(&found), name);
	buffer_release(&found);
}

static void tables_of_every_version(void **state)
{
	(void)state;
	for (enum go_version version = 0; version < GO_VERSIONS; version++) {
		struct function_source source;
		struct function_symbol symbol;
		struct elf_file *opened;
		struct cfi_file file;
		int fd;

		opened = open_made(&file, (struct go_builder){ .version = version }, &fd);
		assert_int_equal(go_names_open(opened, &source), 0);
		for (int i = 0; i < 4; i++)
			assert_function(source, i, i ? functions[i].name : "type:.eq.main.T.1");
		assert_int_equal(source.ops->next(source.source, &symbol), 0);
		source.ops->free(source.source);
		elf_file_free(opened);
		close(fd);
	}
}

struct heard {
	struct buffer names; /* each "NAME+OFFSET\n" */
	int roots;
};

static void hear(const struct symbol_reply *reply, void *context)
{
	struct heard *heard = context;

	assert_int_equal(reply->error, 0);
	for (size_t i = 0; i < reply->count; i++) {
		const struct symbol_name *name = &reply->names[i];

		buffer_printf(&heard->names, "%s+%d\n", name->function ? name->function : "?",
			      (int)name->offset);
		heard->roots += name->is_root;
	}
}

static struct heard ask(int fd, const uint64_t *offsets, size_t count)
{
	static const char *const no_folders[] = { NULL };
	const struct symbolizer_options options = { .debug_folders = no_folders };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	struct heard heard = { 0 };

	assert_int_equal(
		symbolizer_submit(
			symbolizer,
			&(struct symbol_request){ .fd = fd, .addresses = offsets, .count = count }),
		0);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_non_null(buffer_string(&heard.names));
	symbolizer_free(symbolizer);
	return heard;
}

/* A root by its name, and nothing behind the last function. */
static void names_go_the_whole_way(void **state)
{
	struct elf_file *opened;
	struct cfi_file file;
	uint64_t offsets[4];
	struct heard heard;
	int fd;

	(void)state;
	opened = open_made(&file, (struct go_builder){ .version = GO_1_20 }, &fd);
	for (int i = 0; i < 4; i++) {
		static const uint64_t at[] = { 4, 2 * GO_FUNCTION + 1, 3 * GO_FUNCTION,
					       4 * GO_FUNCTION };

		assert_true(elf_file_offset_of_address(opened, TEXT_ADDRESS + at[i], &offsets[i]));
	}
	elf_file_free(opened);
	heard = ask(fd, offsets, 4);
	assert_string_equal(heard.names.data, "type:.eq.main.T.1+4\n?+0\nruntime.goexit+0\n?+0\n");
	assert_int_equal(heard.roots, 1);
	buffer_release(&heard.names);
	close(fd);
}

static void a_damaged_table_gives_what_is_before_the_damage(void **state)
{
	(void)state;
	for (enum go_version version = 0; version < GO_VERSIONS; version++) {
		struct go_builder go = { .version = version };
		struct buffer name = { 0 };
		struct function_source source;
		struct function_symbol symbol;
		struct elf_file *opened;
		struct elf_builder builder;
		int fd;

		go_build(&go, functions, 4);
		srandom(version);
		for (int i = 0; i < 2000; i++) {
			struct buffer bytes;
			Elf64_Shdr *section;
			uint8_t *changed = malloc(go.table.size);

			memcpy(changed, go.table.data, go.table.size);
			for (int changes = 1 + random() % 4; changes > 0; changes--)
				changed[8 + random() % (go.table.size - 8)] = (uint8_t)random();
			elf_builder_init(&builder, ET_DYN, EM_X86_64);
			section = elf_builder_section(&builder, ".gopclntab", SHT_PROGBITS, changed,
						      go.table.size);
			section->sh_addr = GO_TABLE_ADDRESS;
			bytes = elf_builder_bytes(&builder);
			fd = elf_builder_fd_of(bytes.data, bytes.size);
			assert_int_equal(elf_file_open(fd, &opened), 0);
			if (!go_names_open(opened, &source)) {
				while (source.ops->next(source.source, &symbol) > 0)
					source.ops->name(source.source, symbol.name, &name);
				source.ops->free(source.source);
			}
			elf_file_free(opened);
			close(fd);
			buffer_release(&bytes);
			elf_builder_release(&builder);
			free(changed);
		}
		buffer_release(&name);
		buffer_release(&go.table);
	}
}

/* --- real programs --- */

/* .symtab's name as Go's table has it: type arguments as "[...]", and no ".abi0". */
static void shorten(struct buffer *name)
{
	const char *text = buffer_string(name), *open = strchr(text, '['),
		   *close = strrchr(text, ']');
	char *shorter = NULL;

	if (open && close > open)
		assert_true(asprintf(&shorter, "%.*s[...]%s", (int)(open - text), text, close + 1) >
			    0);
	else
		shorter = strdup(text);
	buffer_clear(name);
	buffer_append_string(name, shorter);
	free(shorter);
	if (name->size > 5 && !memcmp(name->data + name->size - 5, ".abi0", 5))
		name->size -= 5;
}

struct tally {
	int asked, agreed, unknown;
};

/* Does Go's table give the same name for this function? */
static void compare_function(struct function_source source, uint32_t number,
			     struct symbol_table *symbols, const struct function_symbol *symbol,
			     struct tally *tally)
{
	struct buffer expected = { 0 }, found = { 0 };

	if (!symbol_table_name(symbols, symbol->name, &expected) &&
	    !source.ops->name(source.source, number, &found)) {
		shorten(&expected);
		shorten(&found);
		tally->asked++;
		if (!strcmp(buffer_string(&expected), buffer_string(&found)))
			tally->agreed++;
		else if (getenv("HEARTH_SHOW"))
			print_message("%lx: %s, not %s\n", symbol->start, found.data,
				      expected.data);
	}
	buffer_release(&expected);
	buffer_release(&found);
}

/* The function that starts there, by halving. */
static bool find_function(struct go_table *table, uint64_t address, uint32_t *ret_number)
{
	uint32_t low = 0, high = table->function_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct go_function function;

		assert_int_equal(go_table_range(table, middle, &function), 0);
		if (function.address == address && function.size) {
			*ret_number = middle;
			return true;
		}
		if (function.address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void compare_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct function_symbol symbol;
	struct function_source source;
	struct symbol_table *symbols;
	struct tally tally = { 0 };
	struct go_table table;
	struct elf_file *file;

	if (fd < 0) {
		print_message("%s is not here\n", path);
		return;
	}
	assert_int_equal(elf_file_open(fd, &file), 0);
	assert_int_equal(go_table_init(&table, file), 0);
	assert_int_equal(go_names_open(file, &source), 0);
	assert_int_equal(symbol_table_new(file, elf_file_section_named(file, ".symtab"), &symbols),
			 0);
	while (symbol_table_next(symbols, &symbol) > 0) {
		uint32_t number;

		if (symbol.end == symbol.start)
			continue;
		if (find_function(&table, symbol.start, &number))
			compare_function(source, number, symbols, &symbol, &tally);
		else
			tally.unknown++;
	}
	print_message("%s: of %d functions, %d have the same name; %d are not in Go's table\n",
		      path, tally.asked, tally.agreed, tally.unknown);
	assert_true(tally.asked > 1000);
	assert_int_equal(tally.agreed, tally.asked);
	symbol_table_free(symbols);
	source.ops->free(source.source);
	go_table_release(&table);
	elf_file_free(file);
	close(fd);
}

static void the_sample_as_symtab_has_it(void **state)
{
	(void)state;
	compare_program(".output/samples/goroutines");
}

static void programs_that_were_named(void **state)
{
	char *names = strdup(getenv("HEARTH_GO_PROGRAMS") ?: ""), *rest = names, *name;

	(void)state;
	while ((name = strsep(&rest, " "))) {
		if (*name)
			compare_program(name);
	}
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_every_version),
		cmocka_unit_test(names_go_the_whole_way),
		cmocka_unit_test(a_damaged_table_gives_what_is_before_the_damage),
		cmocka_unit_test(the_sample_as_symtab_has_it),
		cmocka_unit_test(programs_that_were_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
