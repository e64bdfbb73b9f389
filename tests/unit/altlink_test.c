/* SPDX-License-Identifier: Apache-2.0 */
/* altlink.c and supplement.c over files made by hand; real ones of dwz's are in tests/e2e/test_symbolize_sources.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolize/supplement.h"
#include "tests/unit/elf_builder.h"

#define SECTION(name, string) name, string, sizeof(string) - 1

static struct elf_file *file_with(const char *section, const char *bytes, size_t size)
{
	struct elf_builder builder;
	struct elf_file *file;
	struct buffer image;

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_section(&builder, section, SHT_PROGBITS, bytes, size);
	image = elf_builder_bytes(&builder);
	assert_int_equal(elf_file_open_image(
				 (struct bytes){ (const uint8_t *)image.data, image.size }, &file),
			 0);
	buffer_release(&image);
	elf_builder_release(&builder);
	return file;
}

static void expect_link(const char *section, const char *bytes, size_t size, const char *below)
{
	struct elf_file *file = file_with(section, bytes, size);
	struct altlink link;

	assert_int_equal(altlink_read(file, &link), 0);
	assert_string_equal(link.below_dwz, below);
	assert_int_equal(link.build_id.size, 4);
	assert_memory_equal(link.build_id.bytes, "\xab\xcd\xef\x01", 4);
	elf_file_free(file);
}

static void expect_error(const char *section, const char *bytes, size_t size, int error)
{
	struct elf_file *file = file_with(section, bytes, size);
	struct altlink link;

	assert_int_equal(altlink_read(file, &link), error);
	elf_file_free(file);
}

#define ID "\xab\xcd\xef\x01"

static void links_of_both_kinds(void **state)
{
	(void)state;
	expect_link(SECTION(".gnu_debugaltlink", "common\0" ID), "");
	expect_link(SECTION(".gnu_debugaltlink", "../../.dwz/x86_64-linux-gnu/a.debug\0" ID),
		    "x86_64-linux-gnu/a.debug");
	expect_link(SECTION(".debug_sup", "\5\0\0/usr/lib/debug/.dwz/a\0\4" ID), "a");
}

static void names_that_lead_elsewhere_are_not_followed(void **state)
{
	(void)state;
	expect_link(SECTION(".gnu_debugaltlink", "/.dwz/../../etc/passwd\0" ID), "");
	expect_link(SECTION(".gnu_debugaltlink", "/.dwz/a/./b\0" ID), "");
	expect_link(SECTION(".gnu_debugaltlink", "/.dwz//etc\0" ID), "");
	expect_link(SECTION(".gnu_debugaltlink", "/.dwz/a/..\0" ID), "");
	expect_link(SECTION(".gnu_debugaltlink", "/.dwz/\0" ID), "");
}

static void malformed_links(void **state)
{
	static const char long_id[BUILD_ID_MAX_BYTES + 4] = "a";

	(void)state;
	expect_error(SECTION(".text", "common\0" ID), -ENOENT);
	expect_error(SECTION(".gnu_debugaltlink", "common"), -EBADMSG);
	expect_error(SECTION(".gnu_debugaltlink", "common\0"), -EBADMSG);
	expect_error(".gnu_debugaltlink", long_id, sizeof(long_id), -EBADMSG);
	expect_error(SECTION(".debug_sup", "\5\0\1common\0\4" ID), -EBADMSG);
	expect_error(SECTION(".debug_sup", "\4\0\0common\0\4" ID), -EBADMSG);
	expect_error(SECTION(".debug_sup", "\5\0\0common\0\5" ID), -EBADMSG);
	expect_error(SECTION(".debug_sup", "\5\0\0common\0\x80"), -EBADMSG);
	expect_error(SECTION(".debug_sup", "\5\0\0common"), -EBADMSG);
}

static void a_supplementary_file_is_told_by_its_own_checksum(void **state)
{
	struct elf_file *file = file_with(SECTION(".debug_sup", "\5\0\1\0\4" ID));
	struct build_id id;

	(void)state;
	assert_int_equal(altlink_identity(file, &id), 0);
	assert_int_equal(id.size, 4);
	elf_file_free(file);
	file = file_with(SECTION(".debug_sup", "\5\0\0\0\4" ID));
	assert_int_equal(altlink_identity(file, &id), -ENOENT);
	elf_file_free(file);
}

/* --- where it is looked for --- */

static char root[64];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/hearth-altlink.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void put_supplement(const char *folder, const char *name, const char *id)
{
	char path[PATH_MAX];
	struct elf_builder builder;
	struct buffer image;
	FILE *file;

	snprintf(path, sizeof(path), "mkdir -p %s/%s", root, folder);
	assert_int_equal(system(path), 0);
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_build_id(&builder, id, 4);
	image = elf_builder_bytes(&builder);
	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(image.data, 1, image.size, file), image.size);
	fclose(file);
	buffer_release(&image);
	elf_builder_release(&builder);
}

static bool is_found(void)
{
	struct elf_file *file = file_with(SECTION(".gnu_debugaltlink", "/.dwz/x/a.debug\0" ID));
	const char *const folders[] = { "/nowhere", root, NULL };
	struct debug_file found;
	bool is;

	supplement_of_mapped(file, folders, &found);
	is = found.file != NULL;
	debug_file_release(&found);
	elf_file_free(file);
	return is;
}

static void found_by_build_id(void **state)
{
	(void)state;
	assert_false(is_found());
	put_supplement(".build-id/ab", "cdef01.debug", "\xab\xcd\xef\x02");
	assert_false(is_found());
	put_supplement(".build-id/ab", "cdef01.debug", ID);
	assert_true(is_found());
}

static void found_below_dwz(void **state)
{
	(void)state;
	put_supplement(".dwz/x", "a.debug", "\xab\xcd\xef\x02");
	assert_false(is_found());
	put_supplement(".dwz/x", "a.debug", ID);
	assert_true(is_found());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_of_both_kinds),
		cmocka_unit_test(names_that_lead_elsewhere_are_not_followed),
		cmocka_unit_test(malformed_links),
		cmocka_unit_test(a_supplementary_file_is_told_by_its_own_checksum),
		cmocka_unit_test_setup_teardown(found_by_build_id, make_root, remove_root),
		cmocka_unit_test_setup_teardown(found_below_dwz, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
