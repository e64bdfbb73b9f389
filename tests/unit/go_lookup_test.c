/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_lookup.c over tables made by hand, in each version that has lines, whole and damaged; and a real program without
 * its DWARF against the same one with it: samples/goroutines where it is built, and what HEARTH_GO_PROGRAMS names
 * besides. HEARTH_SEEDS=FOLDER writes seeds for tests/fuzz/gopclntab_fuzz.c there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "symbolize/ascending.h"
#include "symbolize/go_lookup.h"
#include "tests/unit/go_builder.h"

#define RET GO_CODE("\xc3")

static const char *const file_names[] = { "/src/a.go", "/src/b.go" };

/*
 * main.outer: line 10, with main.inner (b.go, line 30) inlined into main.middle (line 20), whose call is at line 11.
 * A byte of its own stands for each call.
 */
static const struct go_made_lines outer = {
	.files = (const int[]){ 0, 0x20, 1, 0x30, 0, 0x80, 0, 0 },
	.lines = (const int[]){ 10, 0x10, 11, 0x11, 20, 0x20, 30, 0x30, 12, 0x80, 0, 0 },
	.calls = (const int[]){ -1, 0x11, 0, 0x20, 1, 0x30, -1, 0x80, 0, 0 },
	.list = (const struct go_made_call[]){ { 2, 0x10 }, { 3, 0x18 } },
	.list_count = 2,
};

static const struct go_made_lines plain = {
	.files = (const int[]){ 1, 0x40, 0, 0 },
	.lines = (const int[]){ 40, 0x40, 0, 0 },
};

/* A call whose place is within itself. */
static const struct go_made_lines endless = {
	.files = (const int[]){ 0, 0x40, 0, 0 },
	.lines = (const int[]){ 50, 0x40, 0, 0 },
	.calls = (const int[]){ 0, 0x40, 0, 0 },
	.list = (const struct go_made_call[]){ { 2, 0x10 } },
	.list_count = 1,
};

static const struct go_made functions[] = {
	{ "main.outer", 0, RET, NULL, &outer },     { "main.plain", 0, RET, NULL, &plain },
	{ "main.middle", 0, RET, NULL, NULL },      { "main.inner\u00b71", 0, RET, NULL, NULL },
	{ "main.endless", 0, RET, NULL, &endless },
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

#define OF(version_, word)                                                          \
	{                                                                           \
		.version = version_, .module_word = word, .file_names = file_names, \
		.file_count = 2                                                     \
	}

/* Where gofunc is: in 1.18, from 1.20 on, in 1.27. */
static const struct go_builder versions[] = { OF(GO_1_18, 38), OF(GO_1_20, 40), OF(GO_1_20, 43) };

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static struct elf_file *open_made(struct go_builder go, int *ret_fd)
{
	struct elf_file *opened;
	struct cfi_file file;

	go_file(&file, &go, ".gopclntab", functions, FUNCTIONS);
	*ret_fd = elf_builder_fd(&file.elf);
	assert_int_equal(elf_file_open(*ret_fd, &opened), 0);
	return opened;
}

static void describe(const struct source_location *location, struct buffer *to)
{
	buffer_clear(to);
	for (size_t i = 0; i < location->count; i++) {
		const struct source_frame *frame = &location->frames[i];

		buffer_printf(to, "%s%s %s:%d", i ? " < " : "",
			      frame->function ? frame->function : "?",
			      frame->file ? frame->file : "?", (int)frame->line);
	}
	assert_non_null(buffer_string(to));
}

struct expected {
	uint64_t offset;
	const char *frames;
	bool is_between;
};

static void expect(const struct elf_file *file, const struct expected *expected, size_t count)
{
	struct buffer described = { 0 };
	struct go_lookup *lookup;
	uint64_t addresses[16] = { 0 };

	for (size_t i = 0; i < count; i++)
		addresses[i] = TEXT_ADDRESS + expected[i].offset;
	assert_int_equal(go_lookup_new(file, addresses, count, &lookup), 0);
	for (size_t i = 0; i < count; i++) {
		struct source_location location = go_lookup_get(lookup, i);

		describe(&location, &described);
		assert_string_equal(described.data, expected[i].frames);
		assert_int_equal(go_lookup_is_between(lookup, i), expected[i].is_between);
	}
	go_lookup_free(lookup);
	buffer_release(&described);
}

#define LAST (FUNCTIONS * GO_FUNCTION)

static void chains_of_inlined_calls_in_every_version(void **state)
{
	static const struct expected expected[] = {
		{ 0, "main.outer /src/a.go:10", false },
		{ 0x10, "main.outer /src/a.go:11", false },
		{ 0x11, "main.middle /src/a.go:20 < main.outer /src/a.go:11", false },
		{ 0x2f,
		  "main.inner.1 /src/b.go:30 < main.middle /src/a.go:20 < main.outer /src/a.go:11",
		  false },
		{ 0x30, "main.outer /src/a.go:12", false },
		{ 0x7f, "main.outer /src/a.go:12", false },
		{ 0x80, "", true },
		{ 0x13f, "main.plain /src/b.go:40", false },
		{ 0x140, "", true },
		{ 0x200, "", false }, /* nothing is told of this one */
		{ LAST, "", false },
	};

	(void)state;
	for (size_t i = 0; i < VERSIONS; i++) {
		int fd;
		struct elf_file *file = open_made(versions[i], &fd);

		expect(file, expected, sizeof(expected) / sizeof(expected[0]));
		elf_file_free(file);
		close(fd);
	}
}

/* Function and line, as if nothing were inlined: not half a chain. */
static void without_lists_the_function_and_the_line(void **state)
{
	static const struct expected expected[] = { { 0x2f, "main.outer /src/b.go:30", false } };
	struct go_builder go = OF(GO_1_20, 0);
	int fd;
	struct elf_file *file = open_made(go, &fd);

	(void)state;
	expect(file, expected, 1);
	elf_file_free(file);
	close(fd);
}

static void a_chain_without_end_is_none(void **state)
{
	static const struct expected expected[] = {
		{ 4 * GO_FUNCTION + 0x11, "main.endless /src/a.go:50", false },
	};
	int fd;
	struct elf_file *file = open_made(versions[1], &fd);

	(void)state;
	expect(file, expected, 1);
	elf_file_free(file);
	close(fd);
}

static void what_is_refused(void **state)
{
	static const uint64_t falling[] = { 2, 1 };
	struct go_builder old = { .version = GO_1_16 };
	struct go_lookup *lookup;
	struct elf_file *file;
	struct cfi_file made;
	int fd;

	(void)state;
	go_file(&made, &old, ".gopclntab", functions, 0);
	fd = elf_builder_fd(&made.elf);
	assert_int_equal(elf_file_open(fd, &file), 0);
	assert_int_equal(go_lookup_new(file, falling, 2, &lookup), -EINVAL);
	assert_int_equal(go_lookup_new(file, falling, DWARF_LOOKUP_MAX_ADDRESSES + 1ul, &lookup),
			 -E2BIG);
	assert_int_equal(go_lookup_new(file, falling, 1, &lookup), -ENOENT);
	elf_file_free(file);
	close(fd);
	file = open_made((struct go_builder){ .version = GO_1_16 }, &fd);
	assert_int_equal(go_lookup_new(file, falling, 1, &lookup), -ENOENT);
	elf_file_free(file);
	close(fd);
}

/* --- damaged --- */

#define MUTANTS 4000

static void look_everywhere(const struct elf_file *file)
{
	struct buffer described = { 0 };
	struct go_lookup *lookup;
	uint64_t addresses[FUNCTIONS * 16];

	for (size_t i = 0; i < FUNCTIONS * 16; i++)
		addresses[i] = TEXT_ADDRESS + i * GO_FUNCTION / 16;
	if (!go_lookup_new(file, addresses, FUNCTIONS * 16, &lookup)) {
		for (size_t i = 0; i < FUNCTIONS * 16; i++) {
			struct source_location location = go_lookup_get(lookup, i);

			assert_true(location.count <= GO_LOOKUP_MAX_DEPTH + 1);
			describe(&location, &described);
		}
		go_lookup_free(lookup);
	}
	buffer_release(&described);
}

/* The file's bytes behind its code. */
static void change(struct buffer *image, const struct buffer *original)
{
	size_t from = 64 + TEXT_BYTES;

	buffer_clear(image);
	buffer_append(image, original->data, original->size);
	for (int changes = 1 + random() % 8; changes > 0; changes--)
		image->data[from + random() % (original->size - from)] = (uint8_t)random();
	if (random() % 8 == 0)
		image->size -= random() % 1024;
}

static void mutants(void **state)
{
	(void)state;
	for (size_t version = 0; version < VERSIONS; version++) {
		struct buffer original, image = { 0 };
		struct go_builder go = versions[version];
		struct cfi_file made;

		go_file(&made, &go, ".gopclntab", functions, FUNCTIONS);
		original = elf_builder_bytes(&made.elf);
		srandom(version);
		for (int i = 0; i < MUTANTS; i++) {
			struct elf_file *file;

			change(&image, &original);
			if (elf_file_open_image(
				    (struct bytes){ (const uint8_t *)image.data, image.size },
				    &file))
				continue;
			look_everywhere(file);
			elf_file_free(file);
		}
		elf_builder_release(&made.elf);
		buffer_release(&original);
		buffer_release(&image);
	}
}

/* --- real programs --- */

#define ASKED 20000

struct section {
	uint64_t address, size;
};

static struct section code_of(const struct elf_file *file)
{
	const struct elf_section *text = elf_file_section_named(file, ".text");

	assert_non_null(text);
	return (struct section){ text->address, text->size };
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t address_a = *(const uint64_t *)a, address_b = *(const uint64_t *)b;

	return (address_a > address_b) - (address_a < address_b);
}

/* As Go's table has most names: type arguments are left out, and ".abi0". */
static void shorten(const char *name, struct buffer *to)
{
	const char *open = strchr(name, '['), *close = strrchr(name, ']');
	size_t length = strlen(name);

	buffer_clear(to);
	if (open && close > open)
		buffer_printf(to, "%.*s[...]%s", (int)(open - name), name, close + 1);
	else if (length > 5 && !strcmp(name + length - 5, ".abi0"))
		buffer_append(to, name, length - 5);
	else
		buffer_append_string(to, name);
	assert_non_null(buffer_string(to));
}

/* "<autogenerated>" is no file in the folder that it was compiled in. */
static const char *path_of(const struct source_frame *frame)
{
	const char *slash = frame->file ? strrchr(frame->file, '/') : NULL;

	return slash && slash[1] == '<' ? slash + 1 : frame->file;
}

static bool is_same(const struct source_frame *go, const struct source_frame *dwarf)
{
	struct buffer name = { 0 }, other = { 0 };
	bool is_equal;

	shorten(go->function ? go->function : "?", &name);
	shorten(dwarf->function ? dwarf->function : "", &other);
	is_equal = !strcmp(name.data, other.data) && go->line == dwarf->line && go->file &&
		   dwarf->file && !strcmp(go->file, path_of(dwarf));
	buffer_release(&name);
	buffer_release(&other);
	return is_equal;
}

struct tally {
	size_t asked, agreed, chains, without_line;
};

/*
 * Code that the compiler made up has the file "<autogenerated>" in Go's table. In DWARF it may have no line, and before Go
 * 1.20 what was inlined there is left out: of 19,286 addresses of a program that serves HTTP, 31 differ with 1.18.
 */
static void compare_location(uint64_t address, const struct source_location *go,
			     const struct source_location *dwarf, struct tally *tally)
{
	bool is_equal = go->count == dwarf->count;
	struct buffer shown = { 0 };

	if (!dwarf->count || !dwarf->frames[0].function)
		return;
	if (!dwarf->frames[dwarf->count - 1].line) {
		tally->without_line++;
		return;
	}
	tally->asked++;
	tally->chains += dwarf->count > 1;
	for (size_t i = 0; is_equal && i < go->count; i++)
		is_equal = is_same(&go->frames[i], &dwarf->frames[i]);
	tally->agreed += is_equal;
	if (!is_equal && getenv("HEARTH_SHOW")) {
		describe(go, &shown);
		print_message("%lx: %s\n", address, shown.data);
		describe(dwarf, &shown);
		print_message("  not %s\n", shown.data);
	}
	buffer_release(&shown);
}

static void compare_program(const char *path)
{
	uint64_t *addresses = calloc(ASKED, sizeof(*addresses));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct dwarf_lookup *dwarf;
	struct tally tally = { 0 };
	struct elf_file *file;
	struct section code;
	struct go_lookup *go;

	if (fd < 0) {
		print_message("%s is not here\n", path);
		free(addresses);
		return;
	}
	assert_int_equal(elf_file_open(fd, &file), 0);
	code = code_of(file);
	srandom(1);
	for (size_t i = 0; i < ASKED; i++)
		addresses[i] = code.address + (uint64_t)random() % code.size;
	qsort(addresses, ASKED, sizeof(*addresses), compare_addresses);
	assert_int_equal(go_lookup_new(file, addresses, ASKED, &go), 0);
	assert_int_equal(dwarf_lookup_new(file, addresses, ASKED, &dwarf), 0);
	for (size_t i = 0; i < ASKED; i++) {
		struct source_location by_go = go_lookup_get(go, i);
		struct source_location by_dwarf = dwarf_lookup_get(dwarf, i);

		compare_location(addresses[i], &by_go, &by_dwarf, &tally);
	}
	print_message(
		"%s: of %zu addresses (%zu in inlined calls) %zu the same, %zu without a line\n",
		path, tally.asked, tally.chains, tally.agreed, tally.without_line);
	assert_true(tally.asked > ASKED / 2);
	assert_true(tally.chains > ASKED / 20);
	assert_true(tally.agreed >= tally.asked - tally.asked / 500);
	dwarf_lookup_free(dwarf);
	go_lookup_free(go);
	elf_file_free(file);
	close(fd);
	free(addresses);
}

static void the_sample_as_its_dwarf_has_it(void **state)
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

/* --- seeds --- */

/* A section, if there is one, as the fuzz target takes them. */
static void append_part(const struct elf_file *file, uint8_t number, const char *name,
			struct buffer *to)
{
	const struct elf_section *section = elf_file_section_named(file, name);
	uint8_t header[3];
	size_t got;

	if (!section)
		return;
	header[0] = number;
	header[1] = section->size & 0xff;
	header[2] = section->size >> 8;
	buffer_append(to, header, sizeof(header));
	assert_int_equal(elf_file_read(file, section->offset, buffer_extend(to, section->size),
				       section->size, &got),
			 0);
	assert_int_equal(got, section->size);
}

static void seeds_where_they_are_asked_for(void **state)
{
	const char *folder = getenv("HEARTH_SEEDS");

	(void)state;
	for (size_t i = 0; folder && i < VERSIONS; i++) {
		struct buffer seed = { 0 }, path = { 0 };
		int fd;
		struct elf_file *file = open_made(versions[i], &fd);
		FILE *to;

		append_part(file, 0, ".gopclntab", &seed);
		append_part(file, 1, ".rodata", &seed);
		append_part(file, 2, ".noptrdata", &seed);
		buffer_printf(&path, "%s/version-%d", folder, (int)i);
		to = fopen(buffer_string(&path), "w");
		assert_non_null(to);
		assert_int_equal(fwrite(seed.data, 1, seed.size, to), seed.size);
		fclose(to);
		elf_file_free(file);
		close(fd);
		buffer_release(&seed);
		buffer_release(&path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_inlined_calls_in_every_version),
		cmocka_unit_test(without_lists_the_function_and_the_line),
		cmocka_unit_test(a_chain_without_end_is_none),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(mutants),
		cmocka_unit_test(the_sample_as_its_dwarf_has_it),
		cmocka_unit_test(programs_that_were_named),
		cmocka_unit_test(seeds_where_they_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
