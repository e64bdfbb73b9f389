/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, inlined calls and lines of small programs that the compilers at hand make, in each version of DWARF. */
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
#include <unistd.h>

#include "base/buffer.h"
#include "elf/elf_file.h"
#include "symbolize/dwarf_lookup.h"
#include "symbolize/source_names.h"
#include "tests/unit/elf_builder.h"

static char folder[] = "/tmp/hearth-dwarf.XXXXXX";

/* Each marked place begins a label in the code, so that its address is known without DWARF. */
static const char c_source[] =
	"#define PLACE(name) __asm__ volatile(\".globl \" #name \"\\n\" #name \": nop\")\n"
	"volatile int sink;\n"
	"static inline __attribute__((always_inline)) void inner(int x)\n"
	"{\n"
	"	sink = x;\n"
	"	PLACE(place_inner);\n" /* 6 */
	"}\n"
	"static inline __attribute__((always_inline)) void middle(int x)\n"
	"{\n"
	"	inner(x + 1);\n" /* 10 */
	"}\n"
	"__attribute__((noinline)) int outer(int x)\n"
	"{\n"
	"	middle(x);\n" /* 14 */
	"	sink = x;\n"
	"	PLACE(place_outer);\n" /* 16 */
	"	return sink;\n"
	"}\n"
	"int main(void)\n"
	"{\n"
	"	return outer(sink);\n"
	"}\n";

/* GNU C's nested functions lie within the entry of another function, but not within its code. */
static const char nested_source[] =
	"#define PLACE(name) __asm__ volatile(\".globl \" #name \"\\n\" #name \": nop\")\n"
	"volatile int sink;\n"
	"int main(void)\n"
	"{\n"
	"	__attribute__((noinline)) void nested(void)\n"
	"	{\n"
	"		PLACE(place_nested);\n" /* 7 */
	"		sink++;\n"
	"	}\n"
	"	nested();\n"
	"	return sink;\n"
	"}\n";

static const char cpp_source[] =
	"#define PLACE(name) __asm__ volatile(\".globl \" #name \"\\n\" #name \": nop\")\n"
	"volatile int sink;\n"
	"namespace deep { template <typename T> struct box {\n"
	"	T value;\n"
	"	__attribute__((always_inline)) inline T open() const\n"
	"	{\n"
	"		PLACE(place_open);\n" /* 7 */
	"		return value;\n"
	"	}\n"
	"}; }\n"
	"__attribute__((noinline)) int unpack(const deep::box<int> &box)\n"
	"{\n"
	"	return box.open();\n" /* 13 */
	"}\n"
	"int main()\n"
	"{\n"
	"	deep::box<int> box = { sink };\n"
	"	return unpack(box);\n"
	"}\n";

/* GNU C++ keeps the code of a local class's functions in the class, and that in the function around it. */
static const char local_class_source[] =
	"#define PLACE(name) __asm__ volatile(\".globl \" #name \"\\n\" #name \": nop\")\n"
	"volatile int sink;\n"
	"struct base { virtual void run() = 0; };\n"
	"inline __attribute__((always_inline)) void inner()\n"
	"{\n"
	"	PLACE(place_local);\n" /* 6 */
	"}\n"
	"__attribute__((noinline)) void call(base &called)\n"
	"{\n"
	"	called.run();\n"
	"}\n"
	"int main()\n"
	"{\n"
	"	struct local : base {\n"
	"		__attribute__((noinline)) void run() override\n"
	"		{\n"
	"			inner();\n" /* 17 */
	"			sink++;\n"
	"		}\n"
	"	} called;\n"
	"	call(called);\n"
	"	return sink;\n"
	"}\n";

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_sources(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	write_file("a.c", c_source);
	write_file("nested.c", nested_source);
	write_file("a.cpp", cpp_source);
	write_file("local.cpp", local_class_source);
	return 0;
}

static int remove_all(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void shell(const char *words)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd %s && %s", folder, words);
	assert_int_equal(system(command), 0);
}

static uint64_t address_of(const char *program, const char *symbol)
{
	char command[512], line[64] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "nm %s/%s | sed -n 's/ . %s$//p'", folder, program,
		 symbol);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return strtoull(line, NULL, 16);
}

/* "function file:line", innermost first, a line each; files without their folder. */
static void describe(const struct source_location *location, struct buffer *to)
{
	for (size_t i = 0; i < location->count; i++) {
		const struct source_frame *frame = &location->frames[i];
		const char *file = frame->file ? frame->file : "?";
		const char *slash = strrchr(file, '/');

		buffer_printf(to, "%s %s:%d\n", frame->function ? frame->function : "?",
			      slash ? slash + 1 : file, (int)frame->line);
	}
}

static void expect_answer(const char *program, struct source_question question,
			  const char *expected)
{
	static const char *const none[] = { NULL };
	struct source_location location;
	struct buffer described = { 0 };
	struct source_names *names;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, program);
	question.path = path;
	question.debug_folders = none;
	question.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(question.fd >= 0);
	assert_int_equal(source_names_new(&question, &names), 0);
	location = source_names_get(names, 0);
	describe(&location, &described);
	buffer_append_char(&described, '\0');
	assert_string_equal(described.data, expected);
	buffer_release(&described);
	source_names_free(names);
	close(question.fd);
}

static void expect_at(const char *program, uint64_t address, const char *expected)
{
	expect_answer(program, (struct source_question){ .addresses = &address, .count = 1 },
		      expected);
}

#define INLINED "inner a.c:6\nmiddle a.c:10\nouter a.c:14\n"

static void check_c(const char *build)
{
	shell(build);
	expect_at("a", address_of("a", "place_inner"), INLINED);
	expect_at("a", address_of("a", "place_outer"), "outer a.c:16\n");
}

static void test_c_with_inlined_calls(void **state)
{
	(void)state;
	check_c("cc -O2 -gdwarf-2 -o a a.c");
	check_c("cc -O2 -gdwarf-3 -o a a.c");
	check_c("cc -O2 -gdwarf-4 -o a a.c");
	check_c("cc -O2 -gdwarf-5 -o a a.c");
	check_c("cc -O2 -gdwarf-5 -ffunction-sections -Wl,--gc-sections -o a a.c");
}

static void test_c_of_clang(void **state)
{
	(void)state;
	check_c("clang -O2 -gdwarf-4 -o a a.c");
	check_c("clang -O2 -gdwarf-5 -o a a.c");
	check_c("clang -O2 -gdwarf-5 -ffunction-sections -Wl,--gc-sections -o a a.c");
}

static void test_without_lines(void **state)
{
	(void)state;
	shell("cc -O2 -g -gz -o a a.c");
	for (int i = 0; i < 2; i++) {
		uint64_t address = address_of("a", i ? "place_outer" : "place_inner");
		struct source_question question = { .addresses = &address,
						    .count = 1,
						    .without_lines = true };

		expect_answer("a", question,
			      i ? "outer ?:0\n" : "inner ?:0\nmiddle ?:10\nouter ?:14\n");
	}
}

static void test_dwarf_64(void **state)
{
	(void)state;
	check_c("cc -O2 -gdwarf64 -gdwarf-5 -o a a.c");
}

static void test_link_time_optimisation(void **state)
{
	(void)state;
	check_c("cc -O2 -g -flto -o a a.c 2>/dev/null");
}

static void check_cpp(const char *build)
{
	shell(build);
	expect_at("b", address_of("b", "place_open"),
		  "deep::box<int>::open() const a.cpp:7\n"
		  "unpack(deep::box<int> const&) a.cpp:13\n");
}

static void test_cpp_names_are_whole(void **state)
{
	(void)state;
	check_cpp("g++ -O2 -gdwarf-4 -o b a.cpp");
	check_cpp("g++ -O2 -gdwarf-5 -o b a.cpp");
	check_cpp("g++ -O2 -gdwarf-5 -fdebug-types-section -o b a.cpp");
}

static void test_nested_function_of_gnu_c(void **state)
{
	(void)state;
	shell("cc -O1 -g -o n nested.c");
	expect_at("n", address_of("n", "place_nested"), "nested nested.c:7\n");
}

static void test_function_of_a_local_class(void **state)
{
	(void)state;
	shell("g++ -O2 -g -o l local.cpp");
	expect_at("l", address_of("l", "place_local"),
		  "inner() local.cpp:6\nmain::local::run() local.cpp:17\n");
	shell("clang++ -O2 -g -o l local.cpp");
	expect_at("l", address_of("l", "place_local"),
		  "inner() local.cpp:6\nmain::local::run() local.cpp:17\n");
}

/* One file as two units, so that .debug_aranges has a set for each: the first of them is that of a.c. */
static void make_with_aranges(unsigned char *ret_aranges, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	shell("echo 'int other(int x) { return x + 1; }' > other.c");
	shell("cc -O2 -g -o a a.c other.c && objcopy --dump-section .debug_aranges=aranges a 2>&1");
	snprintf(path, sizeof(path), "%s/aranges", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(ret_aranges, size, 1, file), 1);
	fclose(file);
}

static void write_aranges(const unsigned char *aranges, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/aranges", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(aranges, size, 1, file), 1);
	fclose(file);
	shell("objcopy --update-section .debug_aranges=aranges a");
}

/* Where the units are not where .debug_aranges says, or it is not there or cut short, they are found all the same. */
static void test_aranges_are_believed_only_if_units_say_the_same(void **state)
{
	enum { FIRST_BYTES = 64, SECOND_BYTES = 48, UNIT_AT = 6 };
	unsigned char aranges[FIRST_BYTES + SECOND_BYTES], wrong[sizeof(aranges)];

	(void)state;
	make_with_aranges(aranges, sizeof(aranges));
	expect_at("a", address_of("a", "place_inner"), INLINED);
	memcpy(wrong, aranges, sizeof(wrong));
	memcpy(wrong + UNIT_AT, aranges + FIRST_BYTES + UNIT_AT, 4);
	assert_memory_not_equal(wrong, aranges, sizeof(wrong));
	write_aranges(wrong, sizeof(wrong));
	expect_at("a", address_of("a", "place_inner"), INLINED);
	wrong[UNIT_AT] ^= 1; /* at no unit's header */
	write_aranges(wrong, sizeof(wrong));
	expect_at("a", address_of("a", "place_inner"), INLINED);
	write_aranges(aranges, 20);
	expect_at("a", address_of("a", "place_inner"), INLINED);
	shell("objcopy --remove-section .debug_aranges a");
	expect_at("a", address_of("a", "place_inner"), INLINED);
}

static void test_compressed_sections(void **state)
{
	(void)state;
	check_c("cc -O2 -g -gz=zlib -o a a.c");
}

static void test_debug_file_by_debuglink(void **state)
{
	uint64_t address;

	(void)state;
	shell("cc -O2 -g -o a a.c && objcopy --only-keep-debug a a.debug");
	address = address_of("a", "place_inner");
	shell("strip a && objcopy --add-gnu-debuglink=a.debug a");
	expect_at("a", address, INLINED);
}

static void test_symbols_where_there_is_no_dwarf(void **state)
{
	(void)state;
	shell("cc -O2 -g0 -o a a.c");
	expect_at("a", address_of("a", "outer"), "outer ?:0\n");
	expect_at("a", UINT64_MAX, "");
	expect_at("a", 1, "");
}

static void check_split(const char *build)
{
	char command[512];

	snprintf(command, sizeof(command), "%s -c a.c && %s -o a a.o", build, build);
	check_c(command);
	shell("mv a.dwo moved");
	expect_at("a", address_of("a", "place_inner"), "outer a.c:6\n");
	shell("mv moved a.dwo");
}

static void test_split_dwarf(void **state)
{
	(void)state;
	check_split("cc -O2 -gdwarf-4 -gsplit-dwarf");
	check_split("cc -O2 -gdwarf-5 -gsplit-dwarf");
	check_split("clang -O2 -gdwarf-4 -gsplit-dwarf");
	check_split("clang -O2 -gdwarf-5 -gsplit-dwarf");
	check_split("cc -O2 -gdwarf-5 -gsplit-dwarf -ffunction-sections -Wl,--gc-sections");
}

static void test_package_of_split_dwarf(void **state)
{
	(void)state;
	for (int version = 4; version <= 5; version++) {
		char command[256];

		snprintf(command, sizeof(command),
			 "clang -O2 -gdwarf-%d -gsplit-dwarf -c a.c && clang -o a a.o && "
			 "llvm-dwp -e a -o a.dwp && rm a.dwo",
			 version);
		check_c(command);
		/* Another file's, which has no such unit. */
		shell("clang -O0 -gdwarf-5 -gsplit-dwarf -c a.c -o n.o && llvm-dwp n.dwo -o a.dwp");
		expect_at("a", address_of("a", "place_inner"), "outer a.c:6\n");
		shell("rm a.dwp");
	}
}

/* --- what cannot be used --- */

static int look_up_section(const char *name, uint64_t flags, const void *bytes, size_t size)
{
	uint64_t address = 0x1000;
	struct elf_builder builder;
	struct dwarf_lookup *lookup;
	struct elf_file *file;
	struct buffer image;
	int err;

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_section(&builder, name, SHT_PROGBITS, bytes, size)->sh_flags = flags;
	image = elf_builder_bytes(&builder);
	assert_int_equal(elf_file_open_image(
				 (struct bytes){ (const uint8_t *)image.data, image.size }, &file),
			 0);
	err = dwarf_lookup_new(file, &address, 1, &lookup);
	if (!err)
		dwarf_lookup_free(lookup);
	elf_file_free(file);
	buffer_release(&image);
	elf_builder_release(&builder);
	return err;
}

static void test_sections_that_cannot_be_inflated_are_named(void **state)
{
	Elf64_Chdr huge[2] = {
		{ .ch_type = ELFCOMPRESS_ZLIB, .ch_size = 1ull << 40, .ch_addralign = 1 }
	};

	(void)state;
	assert_int_equal(look_up_section(".debug_info", SHF_COMPRESSED, huge, sizeof(huge)),
			 -EFBIG);
	huge[0].ch_size = 100;
	assert_int_equal(look_up_section(".debug_info", SHF_COMPRESSED, huge, sizeof(huge)),
			 -EBADMSG);
	assert_int_equal(look_up_section(".zdebug_info", 0, huge, sizeof(huge)), -EOPNOTSUPP);
	assert_int_equal(look_up_section(".text", 0, huge, sizeof(huge)), -ENOENT);
	assert_int_equal(look_up_section(".debug_info", 0, huge, sizeof(huge)), 0);
}

static void test_addresses_must_ascend(void **state)
{
	static const uint64_t falling[] = { 2, 1 };
	struct dwarf_lookup *lookup;

	(void)state;
	assert_int_equal(dwarf_lookup_new(NULL, falling, 2, &lookup), -EINVAL);
	assert_int_equal(dwarf_lookup_new(NULL, NULL, DWARF_LOOKUP_MAX_ADDRESSES + 1ul, &lookup),
			 -E2BIG);
}

/* --- damaged files --- */

#define MUTANTS 1500

static void look_everywhere(const struct buffer *image)
{
	uint64_t addresses[256];
	struct dwarf_lookup *lookup;
	struct elf_file *file;

	for (size_t i = 0; i < 256; i++)
		addresses[i] = 0x1000 + 8 * i;
	if (elf_file_open_image((struct bytes){ (const uint8_t *)image->data, image->size }, &file))
		return;
	if (!dwarf_lookup_new(file, addresses, 256, &lookup)) {
		for (size_t i = 0; i < 256; i++) {
			struct source_location location = dwarf_lookup_get(lookup, i);
			struct buffer described = { 0 };

			describe(&location, &described);
			buffer_release(&described);
		}
		dwarf_lookup_free(lookup);
	}
	elf_file_free(file);
}

static void test_mutants(void **state)
{
	char path[PATH_MAX];
	unsigned int seed = 1;

	(void)state;
	shell("g++ -O2 -g -o b a.cpp && clang -O2 -gdwarf-5 -o c a.c");
	for (int i = 0; i < MUTANTS; i++) {
		struct buffer image = { 0 };

		snprintf(path, sizeof(path), "%s/%s", folder, i % 2 ? "b" : "c");
		assert_int_equal(buffer_read_file(&image, path, 1 << 20), 0);
		/* DWARF lies behind the data, about the last half of such a file. */
		for (int j = 0; j < 1 + i % 16; j++)
			image.data[image.size / 2 + rand_r(&seed) % (image.size / 2)] =
				rand_r(&seed);
		if (i % 7 == 0)
			image.size -= rand_r(&seed) % 4096;
		look_everywhere(&image);
		buffer_release(&image);
	}
}

/* The program is as it was; what it leads to is not. */
static void look_beside(const char *name, uint64_t address, const struct buffer *image)
{
	static const char *const none[] = { NULL };
	struct source_question question = { .debug_folders = none,
					    .addresses = &address,
					    .count = 1 };
	struct buffer described = { 0 };
	struct source_location location;
	struct source_names *names;
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(image->data, 1, image->size, file), image->size);
	fclose(file);
	snprintf(path, sizeof(path), "%s/a", folder);
	question.path = path;
	question.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(source_names_new(&question, &names), 0);
	location = source_names_get(names, 0);
	describe(&location, &described);
	buffer_release(&described);
	source_names_free(names);
	close(question.fd);
}

static void look_beside_mutants(const char *name, unsigned int seed)
{
	uint64_t address = address_of("a", "place_inner");
	struct buffer original = { 0 }, image = { 0 };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(buffer_read_file(&original, path, 1 << 20), 0);
	for (int i = 0; i < MUTANTS / 3; i++) {
		buffer_clear(&image);
		buffer_append(&image, original.data, original.size);
		for (int j = 0; j < 1 + i % 8; j++)
			image.data[64 + rand_r(&seed) % (image.size - 64)] = rand_r(&seed);
		if (i % 7 == 0)
			image.size -= rand_r(&seed) % 512;
		look_beside(name, address, &image);
	}
	buffer_release(&original);
	buffer_release(&image);
}

static void test_mutants_of_split_dwarf(void **state)
{
	(void)state;
	shell("cc -O2 -gdwarf-5 -gsplit-dwarf -c a.c && cc -o a a.o");
	look_beside_mutants("a.dwo", 1);
	shell("clang -O2 -gdwarf-5 -gsplit-dwarf -c a.c && clang -o a a.o && llvm-dwp -e a -o a.dwp");
	shell("rm a.dwo");
	look_beside_mutants("a.dwp", 2);
	shell("rm a.dwp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c_with_inlined_calls),
		cmocka_unit_test(test_c_of_clang),
		cmocka_unit_test(test_without_lines),
		cmocka_unit_test(test_dwarf_64),
		cmocka_unit_test(test_link_time_optimisation),
		cmocka_unit_test(test_cpp_names_are_whole),
		cmocka_unit_test(test_nested_function_of_gnu_c),
		cmocka_unit_test(test_function_of_a_local_class),
		cmocka_unit_test(test_aranges_are_believed_only_if_units_say_the_same),
		cmocka_unit_test(test_compressed_sections),
		cmocka_unit_test(test_debug_file_by_debuglink),
		cmocka_unit_test(test_symbols_where_there_is_no_dwarf),
		cmocka_unit_test(test_split_dwarf),
		cmocka_unit_test(test_package_of_split_dwarf),
		cmocka_unit_test(test_sections_that_cannot_be_inflated_are_named),
		cmocka_unit_test(test_addresses_must_ascend),
		cmocka_unit_test(test_mutants),
		cmocka_unit_test(test_mutants_of_split_dwarf),
	};

	return cmocka_run_group_tests(tests, make_sources, remove_all);
}
