/* SPDX-License-Identifier: Apache-2.0 */
/* mini_debug_info.c, and its place among the sources of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "elf/mini_debug_info.h"
#include "symbolize/symbolizer.h"
#include "tests/unit/elf_builder.h"

#define CODE 0x1000

static struct buffer pack(const void *bytes, size_t size)
{
	struct buffer packed = { 0 };
	size_t room = lzma_stream_buffer_bound(size), used = 0;
	uint8_t *to = buffer_extend(&packed, room);

	assert_non_null(to);
	assert_int_equal(
		lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, bytes, size, to, &used, room),
		LZMA_OK);
	packed.size = used;
	return packed;
}

static void add_code(struct elf_builder *builder)
{
	elf_builder_init(builder, ET_DYN, EM_X86_64);
	elf_builder_code(builder, CODE, 0x1000);
}

/* What lies in .gnu_debugdata: an ELF file with one local function. */
static struct buffer mini_file(void)
{
	struct elf_builder builder;
	struct buffer bytes;

	add_code(&builder);
	elf_builder_symbol(&builder, "hidden", CODE + 0x100, 0x10, STB_LOCAL, STT_FUNC, 1);
	elf_builder_symbol(&builder, "_ZN1a1bEv", CODE + 0x300, 0x10, STB_LOCAL, STT_FUNC, 1);
	elf_builder_symbols(&builder, SHT_SYMTAB);
	bytes = elf_builder_bytes(&builder);
	elf_builder_release(&builder);
	return bytes;
}

/* A file with a dynamic symbol, and with that section. */
static int file_with(const void *section, size_t size, bool has_symtab)
{
	struct elf_builder builder;

	add_code(&builder);
	elf_builder_load(&builder, CODE, CODE, 0x1000, PF_R | PF_X);
	elf_builder_symbol(&builder, "exported", CODE + 0x200, 0x10, STB_GLOBAL, STT_FUNC, 1);
	elf_builder_symbols(&builder, SHT_DYNSYM);
	if (has_symtab) {
		elf_builder_symbol(&builder, "own", CODE + 0x200, 0x10, STB_GLOBAL, STT_FUNC, 1);
		elf_builder_symbols(&builder, SHT_SYMTAB);
	}
	elf_builder_section(&builder, ".gnu_debugdata", SHT_PROGBITS, section, size);
	return elf_builder_fd(&builder);
}

static int file_with_packed(const void *bytes, size_t size, bool has_symtab)
{
	struct buffer packed = pack(bytes, size);
	int fd = file_with(packed.data, packed.size, has_symtab);

	buffer_release(&packed);
	return fd;
}

static int open_mini(int fd)
{
	struct elf_file *file, *mini = NULL;
	int err;

	assert_int_equal(elf_file_open(fd, &file), 0);
	err = mini_debug_info_open(file, &mini);
	assert_true(err ? !mini : mini != NULL);
	elf_file_free(mini);
	elf_file_free(file);
	return err;
}

struct heard {
	int error;
	struct buffer names;
};

static void hear(const struct symbol_reply *reply, void *context)
{
	struct heard *heard = context;

	heard->error = reply->error;
	for (size_t i = 0; i < reply->count; i++)
		buffer_printf(&heard->names, "%s ",
			      reply->names[i].function ? reply->names[i].function : "?");
}

/* The names of three functions and a gap. */
static void assert_names(int fd, int error, const char *names)
{
	static const char *const no_folders[] = { NULL };
	const struct symbolizer_options options = { .debug_folders = no_folders };
	const uint64_t offsets[] = { CODE + 0x104, CODE + 0x204, CODE + 0x304, CODE + 0x310 };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	struct heard heard = { 0 };

	assert_int_equal(symbolizer_submit(symbolizer,
					   &(struct symbol_request){
						   .fd = fd, .addresses = offsets, .count = 4 }),
			 0);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_int_equal(heard.error, error);
	assert_string_equal(buffer_string(&heard.names), names);
	buffer_release(&heard.names);
	symbolizer_free(symbolizer);
	close(fd);
}

static void its_functions_are_named(void **state)
{
	struct buffer mini = mini_file();

	(void)state;
	assert_names(file_with_packed(mini.data, mini.size, false), 0, "hidden exported a::b() ? ");
	buffer_release(&mini);
}

static void symtab_is_preferred(void **state)
{
	struct buffer mini = mini_file();

	(void)state;
	assert_names(file_with_packed(mini.data, mini.size, true), 0, "? exported ? ? ");
	buffer_release(&mini);
}

static void what_is_damaged_gives_no_names(void **state)
{
	struct buffer mini = mini_file(), packed = pack(mini.data, mini.size);

	(void)state;
	assert_names(file_with("no xz", 5, false), 0, "? exported ? ? ");
	assert_names(file_with_packed("no ELF file", 11, false), 0, "? exported ? ? ");
	for (size_t size = 0; size < packed.size; size += 1 + size / 8) {
		int fd = file_with(packed.data, size, false);

		assert_int_equal(open_mini(fd), -EBADMSG);
		close(fd);
	}
	for (size_t i = 0; i < packed.size; i++) {
		char old = packed.data[i];
		int fd;

		packed.data[i] = ~old;
		fd = file_with(packed.data, packed.size, false);
		assert_true(open_mini(fd) < 0);
		packed.data[i] = old;
		close(fd);
	}
	buffer_release(&packed);
	buffer_release(&mini);
}

static void files_without_have_none(void **state)
{
	struct elf_builder builder;
	int fd;

	(void)state;
	add_code(&builder);
	fd = elf_builder_fd(&builder);
	assert_int_equal(open_mini(fd), -ENOENT);
	close(fd);
	add_code(&builder);
	elf_builder_section(&builder, ".gnu_debugdata", SHT_NOBITS, NULL, 0x1000);
	fd = elf_builder_fd(&builder);
	assert_int_equal(open_mini(fd), -ENOENT);
	close(fd);
}

/* A few KiB that would become more than MINI_DEBUG_INFO_MAX_BYTES. */
static void a_bomb_is_said_to_be_one(void **state)
{
	size_t size = MINI_DEBUG_INFO_MAX_BYTES + 1;
	char *zeros = calloc(1, size);
	int fd;

	(void)state;
	assert_non_null(zeros);
	fd = file_with_packed(zeros, size, false);
	free(zeros);
	assert_int_equal(open_mini(fd), -EFBIG);
	assert_names(fd, -EFBIG, "? ? ? ? ");
}

/*
 * The dictionary's size stands in the block's header (xz file format, 3.1 and 5.3.1), behind the filter's id 0x21 and
 * the size of its properties, 1; a CRC-32 ends the header.
 */
static void a_dictionary_beyond_the_limit_is_refused(void **state)
{
	struct buffer mini = mini_file(), packed = pack(mini.data, mini.size);
	uint8_t *header = (uint8_t *)packed.data + LZMA_STREAM_HEADER_SIZE;
	size_t size = (header[0] + 1) * 4 - 4;
	uint8_t *filter = memmem(header, size, "\x21\x01", 2);
	uint32_t crc;
	int fd;

	(void)state;
	assert_non_null(filter);
	filter[2] = 40; /* 4 GiB - 1 */
	crc = lzma_crc32(header, size, 0);
	memcpy(header + size, &crc, sizeof(crc));
	fd = file_with(packed.data, packed.size, false);
	assert_int_equal(open_mini(fd), -EFBIG);
	close(fd);
	buffer_release(&packed);
	buffer_release(&mini);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_functions_are_named),
		cmocka_unit_test(symtab_is_preferred),
		cmocka_unit_test(what_is_damaged_gives_no_names),
		cmocka_unit_test(files_without_have_none),
		cmocka_unit_test(a_bomb_is_said_to_be_one),
		cmocka_unit_test(a_dictionary_beyond_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
