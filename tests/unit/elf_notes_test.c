/* SPDX-License-Identifier: Apache-2.0 */
/* build_id.c and debuglink.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "elf/build_id.h"
#include "elf/debuglink.h"
#include "tests/unit/elf_builder.h"

static struct elf_file *open_built(struct elf_builder *builder, int *ret_fd)
{
	struct elf_file *file = NULL;

	*ret_fd = elf_builder_fd(builder);
	assert_int_equal(elf_file_open(*ret_fd, &file), 0);
	return file;
}

static int read_id(struct elf_builder *builder, struct build_id *ret_id)
{
	int fd, err;
	struct elf_file *file = open_built(builder, &fd);

	err = build_id_read(file, ret_id);
	elf_file_free(file);
	close(fd);
	return err;
}

static int read_link(struct elf_builder *builder, struct debuglink *ret_link)
{
	int fd, err;
	struct elf_file *file = open_built(builder, &fd);

	err = debuglink_read(file, ret_link);
	elf_file_free(file);
	close(fd);
	return err;
}

static void build_id_from_a_section(void **state)
{
	struct elf_builder builder;
	struct build_id id = { 0 };

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_build_id(&builder, "abcdefgh", 8);
	assert_int_equal(read_id(&builder, &id), 0);
	assert_int_equal(id.size, 8);
	assert_memory_equal(id.bytes, "abcdefgh", 8);
}

/* Another owner's note of the same type, and one padded to 8 bytes, stand before it. */
static void build_id_from_a_segment_with_other_notes(void **state)
{
	static const uint32_t notes[] = {
		4,
		4,
		NT_GNU_BUILD_ID,
		0x00786548 /* "Hex" */,
		0x11111111,
		0,
		4,
		3,
		99,
		0x00554e47 /* "GNU" */,
		0x00222222,
		0,
		4,
		8,
		NT_GNU_BUILD_ID,
		0x00554e47,
		0x33333333,
		0x44444444,
	};
	struct elf_builder builder;
	struct build_id id = { 0 };
	Elf64_Shdr *section;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	section = elf_builder_section(&builder, ".x", SHT_PROGBITS, notes, sizeof(notes));
	elf_builder_segment(&builder, (Elf64_Phdr){ .p_type = PT_NOTE,
						    .p_offset = section->sh_offset,
						    .p_filesz = sizeof(notes),
						    .p_align = 8 });
	assert_int_equal(read_id(&builder, &id), 0);
	assert_int_equal(id.size, 8);
	assert_memory_equal(id.bytes, "\x33\x33\x33\x33\x44\x44\x44\x44", 8);
}

static void no_build_id(void **state)
{
	static const uint32_t liar[] = { 4, 0xfffffff0, NT_GNU_BUILD_ID, 0x00554e47, 1, 2 };
	static const uint32_t wide[] = { 0xffffffff, 0xffffffff, NT_GNU_BUILD_ID, 0x00554e47 };
	struct elf_builder builder;
	struct build_id id = { .size = 77 };
	char long_id[BUILD_ID_MAX_BYTES + 1] = "long";

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	assert_int_equal(read_id(&builder, &id), -ENOENT);

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_section(&builder, ".liar", SHT_NOTE, liar, sizeof(liar));
	elf_builder_section(&builder, ".wide", SHT_NOTE, wide, sizeof(wide));
	elf_builder_section(&builder, ".far", SHT_NOTE, NULL, 100)->sh_offset = 1ull << 50;
	elf_builder_build_id(&builder, long_id, sizeof(long_id));
	elf_builder_build_id(&builder, "", 0);
	assert_int_equal(read_id(&builder, &id), -ENOENT);
	assert_int_equal(id.size, 77);
}

static void build_ids_compare_by_size_and_content(void **state)
{
	struct build_id a = { "abc", 3 }, b = { "abc", 3 }, c = { "abd", 3 }, d = { "abc", 2 };

	(void)state;
	assert_true(build_id_equal(&a, &b));
	assert_false(build_id_equal(&a, &c));
	assert_false(build_id_equal(&a, &d));
}

static void debuglink_gives_name_and_checksum(void **state)
{
	struct elf_builder builder;
	struct debuglink link;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_debuglink(&builder, "libx.debug", 0x12345678);
	assert_int_equal(read_link(&builder, &link), 0);
	assert_string_equal(link.name, "libx.debug");
	assert_int_equal(link.crc, 0x12345678);

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	assert_int_equal(read_link(&builder, &link), -ENOENT);
}

static void debuglink_that_is_no_base_name_is_refused(void **state)
{
	static const char *const names[] = { "/etc/shadow", "../x.debug", "a/b", "..", ".", "" };
	struct debuglink link = { .crc = 77 };
	struct elf_builder builder;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		elf_builder_init(&builder, ET_DYN, EM_X86_64);
		elf_builder_debuglink(&builder, names[i], 1);
		assert_int_equal(read_link(&builder, &link), -EBADMSG);
	}
	assert_int_equal(link.crc, 77);
}

static void malformed_debuglinks_are_refused(void **state)
{
	struct debuglink link;
	struct elf_builder builder;
	char long_name[400];

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_section(&builder, ".gnu_debuglink", SHT_PROGBITS, "abcdefgh", 8);
	assert_int_equal(read_link(&builder, &link), -EBADMSG);

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_section(&builder, ".gnu_debuglink", SHT_PROGBITS, "abc\0\1\2\3", 7);
	assert_int_equal(read_link(&builder, &link), -EBADMSG);

	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_debuglink(&builder, long_name, 1);
	assert_int_equal(read_link(&builder, &link), -EBADMSG);
}

/* The check value of CRC-32 (ISO-HDLC) is that of the digits 1 to 9. */
static void checksum_is_the_usual_crc32(void **state)
{
	int fd = elf_builder_fd_of("123456789", 9);
	uint32_t crc;

	(void)state;
	assert_int_equal(debuglink_crc(fd, &crc), 0);
	assert_int_equal(crc, 0xcbf43926);
	assert_int_equal(ftruncate(fd, (off_t)DEBUGLINK_MAX_FILE_BYTES + 1), 0);
	assert_int_equal(debuglink_crc(fd, &crc), -EFBIG);
	close(fd);
	assert_int_equal(debuglink_crc(-1, &crc), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_id_from_a_section),
		cmocka_unit_test(build_id_from_a_segment_with_other_notes),
		cmocka_unit_test(no_build_id),
		cmocka_unit_test(build_ids_compare_by_size_and_content),
		cmocka_unit_test(debuglink_gives_name_and_checksum),
		cmocka_unit_test(debuglink_that_is_no_base_name_is_refused),
		cmocka_unit_test(malformed_debuglinks_are_refused),
		cmocka_unit_test(checksum_is_the_usual_crc32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
