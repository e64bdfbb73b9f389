/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "elf/elf_dynamic.h"
#include "elf/elf_file.h"
#include "tests/unit/elf_builder.h"

static struct elf_file *open_built(struct elf_builder *builder, int *ret_fd)
{
	struct elf_file *file = NULL;

	*ret_fd = elf_builder_fd(builder);
	assert_int_equal(elf_file_open(*ret_fd, &file), 0);
	return file;
}

static int open_bytes(const void *bytes, size_t size)
{
	int fd = elf_builder_fd_of(bytes, size);
	struct elf_file *file = NULL;
	int err = elf_file_open(fd, &file);

	assert_true(err ? !file : file != NULL);
	elf_file_free(file);
	close(fd);
	return err;
}

static void sections_are_found_by_name(void **state)
{
	const struct elf_section *section;
	struct elf_builder builder;
	struct elf_file *file;
	struct bytes bytes;
	int fd;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	builder.header.e_entry = 0x1234;
	elf_builder_section(&builder, ".hello", SHT_PROGBITS, "world", 5);
	file = open_built(&builder, &fd);
	assert_true(elf_file_is_64(file));
	assert_int_equal(elf_file_type(file), ET_DYN);
	assert_int_equal(elf_file_machine(file), EM_X86_64);
	assert_int_equal(elf_file_entry(file), 0x1234);
	assert_int_equal(elf_file_section_count(file), 3);
	assert_null(elf_file_section_named(file, ".absent"));
	assert_null(elf_file_section(file, 3));
	section = elf_file_section_named(file, ".hello");
	assert_int_equal(section->index, 1);
	assert_int_equal(elf_file_section_bytes(file, section, 5, &bytes), 0);
	assert_int_equal(bytes.size, 5);
	assert_memory_equal(bytes.data, "world", 5);
	assert_int_equal(elf_file_section_bytes(file, section, 4, &bytes), -EFBIG);
	elf_file_free(file);
	close(fd);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	struct elf_builder builder;
	struct elf_file *file;
	struct buffer bytes;
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(elf_file_open(fd, &file), -ENOEXEC);
	close(fd);
	assert_int_equal(elf_file_open(-1, &file), -EBADF);
	assert_int_equal(open_bytes("", 0), -ENOEXEC);
	assert_int_equal(open_bytes("#!/bin/sh\necho a longer script\n", 32), -ENOEXEC);
	assert_int_equal(open_bytes("!<arch>\n", 8), -ENOEXEC);

	elf_builder_init(&builder, ET_DYN, EM_S390);
	builder.header.e_ident[EI_DATA] = ELFDATA2MSB;
	bytes = elf_builder_bytes(&builder);
	assert_int_equal(open_bytes(bytes.data, bytes.size), -EOPNOTSUPP);
	bytes.data[EI_DATA] = ELFDATA2LSB;
	bytes.data[EI_CLASS] = 7;
	assert_int_equal(open_bytes(bytes.data, bytes.size), -ENOEXEC);
	buffer_release(&bytes);
	elf_builder_release(&builder);
}

static void a_file_cut_anywhere_does_no_harm(void **state)
{
	struct elf_builder builder;
	struct buffer bytes;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_load(&builder, 0, 0, 0x1000, PF_R | PF_X);
	elf_builder_build_id(&builder, "0123456789abcdef", 16);
	bytes = elf_builder_bytes(&builder);
	for (size_t size = 0; size < bytes.size; size++)
		open_bytes(bytes.data, size);
	assert_int_equal(open_bytes(bytes.data, bytes.size), 0);
	buffer_release(&bytes);
	elf_builder_release(&builder);
}

static void more_sections_than_the_limit_are_refused(void **state)
{
	struct elf_builder builder;
	struct buffer bytes;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	builder.sections[0].sh_size = ELF_FILE_MAX_SECTIONS + 1;
	bytes = elf_builder_bytes(&builder);
	memset(bytes.data + offsetof(Elf64_Ehdr, e_shnum), 0, 2);
	assert_int_equal(open_bytes(bytes.data, bytes.size), -EFBIG);
	buffer_release(&bytes);
	elf_builder_release(&builder);
}

static void a_file_that_shrinks_while_open_only_reads_short(void **state)
{
	const struct elf_section *section;
	struct elf_builder builder;
	struct elf_file *file;
	struct bytes bytes;
	char to[16];
	size_t size;
	int fd;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_section(&builder, ".hello", SHT_PROGBITS, "world", 5);
	file = open_built(&builder, &fd);
	section = elf_file_section_named(file, ".hello");
	assert_int_equal(ftruncate(fd, section->offset + 2), 0);
	assert_int_equal(elf_file_section_bytes(file, section, 100, &bytes), -EBADMSG);
	assert_int_equal(elf_file_read(file, section->offset, to, 5, &size), 0);
	assert_int_equal(size, 2);
	assert_int_equal(elf_file_read(file, UINT64_MAX, to, 5, &size), 0);
	assert_int_equal(size, 0);
	elf_file_free(file);
	close(fd);
}

static void sections_without_bytes_or_outside_the_file_say_so(void **state)
{
	struct elf_builder builder;
	struct elf_file *file;
	struct bytes bytes;
	int fd;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_code(&builder, 0x1000, 0x100);
	elf_builder_section(&builder, ".far", SHT_PROGBITS, "x", 1)->sh_offset = 1 << 20;
	elf_builder_section(&builder, ".wrap", SHT_PROGBITS, "x", 1)->sh_offset = UINT64_MAX;
	elf_builder_section(&builder, ".long", SHT_PROGBITS, "x", 1)->sh_size = UINT64_MAX - 10;
	file = open_built(&builder, &fd);
	assert_int_equal(
		elf_file_section_bytes(file, elf_file_section_named(file, ".text"), 1000, &bytes),
		-ENODATA);
	assert_int_equal(
		elf_file_section_bytes(file, elf_file_section_named(file, ".far"), 1000, &bytes),
		-EBADMSG);
	assert_int_equal(
		elf_file_section_bytes(file, elf_file_section_named(file, ".wrap"), 1000, &bytes),
		-EBADMSG);
	assert_int_equal(
		elf_file_section_bytes(file, elf_file_section_named(file, ".long"), 1000, &bytes),
		-EBADMSG);
	elf_file_free(file);
	close(fd);
}

/* A section of `size` zeros that states `stated` as its size. */
static void add_compressed(struct elf_builder *builder, const char *name, size_t size,
			   uint64_t stated)
{
	Elf64_Chdr header = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = stated, .ch_addralign = 1 };
	uint8_t zeros[4096] = { 0 }, packed[4096];
	uLongf packed_size = sizeof(packed);
	struct buffer content = { 0 };

	assert_int_equal(compress(packed, &packed_size, zeros, size), Z_OK);
	buffer_append(&content, &header, sizeof(header));
	buffer_append(&content, packed, packed_size);
	elf_builder_section(builder, name, SHT_PROGBITS, content.data, content.size)->sh_flags =
		SHF_COMPRESSED;
	buffer_release(&content);
}

static void compressed_sections_are_inflated_within_the_limit(void **state)
{
	struct elf_builder builder;
	struct elf_file *file;
	struct bytes bytes;
	int fd;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	add_compressed(&builder, ".good", 4096, 4096);
	add_compressed(&builder, ".lies", 4096, 4000);
	add_compressed(&builder, ".bomb", 4096, 1ull << 40);
	file = open_built(&builder, &fd);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(elf_file_section_bytes(file, elf_file_section_named(file, ".good"),
							4096, &bytes),
				 0);
		assert_int_equal(bytes.size, 4096);
		assert_int_equal(bytes.data[4095], 0);
	}
	assert_int_equal(
		elf_file_section_bytes(file, elf_file_section_named(file, ".lies"), 4096, &bytes),
		-EBADMSG);
	assert_int_equal(elf_file_section_bytes(file, elf_file_section_named(file, ".bomb"),
						SIZE_MAX, &bytes),
			 -EFBIG);
	elf_file_free(file);
	close(fd);
}

static void offsets_become_addresses_through_executable_segments_only(void **state)
{
	struct elf_builder builder;
	struct elf_file *file;
	uint64_t address = 1;
	int fd;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_load(&builder, 0, 0, 0x1000, PF_R);
	elf_builder_load(&builder, 0x1000, 0x401000, 0x500, PF_R | PF_X);
	elf_builder_load(&builder, 0x1800, 0x602800, 0x100, PF_R | PF_X);
	elf_builder_load(&builder, UINT64_MAX - 1, 0, UINT64_MAX, PF_R | PF_X);
	file = open_built(&builder, &fd);
	assert_false(elf_file_address_of_offset(file, 0x10, &address));
	assert_false(elf_file_address_of_offset(file, 0xfff, &address));
	assert_false(elf_file_address_of_offset(file, 0x1500, &address));
	assert_false(elf_file_address_of_offset(file, 0x1900, &address));
	assert_int_equal(address, 1);
	assert_true(elf_file_address_of_offset(file, 0x1000, &address));
	assert_int_equal(address, 0x401000);
	assert_true(elf_file_address_of_offset(file, 0x14ff, &address));
	assert_int_equal(address, 0x4014ff);
	assert_true(elf_file_address_of_offset(file, 0x1880, &address));
	assert_int_equal(address, 0x602880);
	elf_file_free(file);
	close(fd);
}

static void both_classes_are_read(void **state)
{
	Elf32_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = 0x8048000,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
	};
	Elf32_Phdr segment = { .p_type = PT_LOAD,
			       .p_flags = PF_X,
			       .p_vaddr = 0x8048000,
			       .p_filesz = 0x100,
			       .p_memsz = 0x100 };
	uint8_t bytes[sizeof(header) + sizeof(segment)];
	struct elf_file *file = NULL;
	uint64_t address;

	(void)state;
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &segment, sizeof(segment));
	assert_int_equal(elf_file_open_image((struct bytes){ bytes, sizeof(bytes) }, &file), 0);
	assert_false(elf_file_is_64(file));
	assert_int_equal(elf_file_entry(file), 0x8048000);
	assert_true(elf_file_address_of_offset(file, 0x20, &address));
	assert_int_equal(address, 0x8048020);
	assert_true(elf_dynamic_is_static_program(file));
	elf_file_free(file);
	assert_int_equal(elf_file_open_image((struct bytes){ 0 }, &file), -ENOEXEC);
}

static void dynamic_section_gives_soname_and_pie(void **state)
{
	static const char names[] = "\0libx.so.1";
	Elf64_Dyn entries[] = { { DT_STRTAB, { 0x5000 } },
				{ DT_SONAME, { 1 } },
				{ DT_FLAGS_1, { DF_1_PIE } },
				{ DT_NULL, { 0 } },
				{ DT_HASH, { 1 } } };
	struct elf_builder builder;
	struct elf_file *file;
	Elf64_Shdr *section;
	char name[32];
	uint64_t value;
	int fd;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	section = elf_builder_section(&builder, ".dynstr", SHT_STRTAB, names, sizeof(names));
	elf_builder_load(&builder, section->sh_offset, 0x5000, sizeof(names), PF_R);
	section = elf_builder_section(&builder, ".dynamic", SHT_DYNAMIC, entries, sizeof(entries));
	elf_builder_segment(&builder, (Elf64_Phdr){ .p_type = PT_DYNAMIC,
						    .p_offset = section->sh_offset,
						    .p_filesz = sizeof(entries) });
	file = open_built(&builder, &fd);
	assert_int_equal(elf_dynamic_soname(file, name, sizeof(name)), 0);
	assert_string_equal(name, "libx.so.1");
	assert_int_equal(elf_dynamic_soname(file, name, 4), -ENAMETOOLONG);
	assert_int_equal(elf_dynamic_value(file, DT_HASH, &value), -ENOENT);
	assert_true(elf_dynamic_is_program(file));
	elf_file_free(file);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_found_by_name),
		cmocka_unit_test(what_is_no_elf_file_is_refused),
		cmocka_unit_test(a_file_cut_anywhere_does_no_harm),
		cmocka_unit_test(more_sections_than_the_limit_are_refused),
		cmocka_unit_test(a_file_that_shrinks_while_open_only_reads_short),
		cmocka_unit_test(sections_without_bytes_or_outside_the_file_say_so),
		cmocka_unit_test(compressed_sections_are_inflated_within_the_limit),
		cmocka_unit_test(offsets_become_addresses_through_executable_segments_only),
		cmocka_unit_test(both_classes_are_read),
		cmocka_unit_test(dynamic_section_gives_soname_and_pie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
