/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged ELF files: a real one with each of its first bytes changed in turn, with many bytes changed
 * at random, and cut short. Nothing may crash (sanitizers watch), and a name that comes out is a string.
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

#include "base/buffer.h"
#include "elf/build_id.h"
#include "elf/debuglink.h"
#include "elf/elf_dynamic.h"
#include "elf/elf_file.h"
#include "symbolize/symbolizer.h"
#include "tests/unit/elf_builder.h"

#define FIRST_BYTES    4096
#define RANDOM_MUTANTS 3000

static int make_original(void **state)
{
	static struct buffer original;
	char folder[] = "/tmp/hearth-mutants.XXXXXX", command[512];

	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command),
		 "cd %s && echo 'int f(int x) { return x; } int main(int c, char **v) "
		 "{ (void)v; return f(c); }' > a.c && cc -O1 -Wl,--build-id -o a a.c && "
		 "echo x > a.debug && objcopy --add-gnu-debuglink=a.debug a",
		 folder);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "%s/a", folder);
	assert_int_equal(buffer_read_file(&original, command, 1 << 20), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	*state = &original;
	return system(command);
}

static int free_original(void **state)
{
	buffer_release(*state);
	return 0;
}

static void check_reply(const struct symbol_reply *reply, void *context)
{
	int *named = context;

	for (size_t i = 0; i < reply->count; i++) {
		if (!reply->names[i].function)
			continue;
		assert_true(strlen(reply->names[i].function) > 0);
		++*named;
	}
}

static int name_everything(int fd, size_t size)
{
	static const char *const no_folders[] = { NULL };
	const struct symbolizer_options options = { .debug_folders = no_folders };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	uint64_t offsets[256];
	int named = 0;

	for (size_t i = 0; i < 256; i++)
		offsets[i] = i * size / 256;
	assert_int_equal(
		symbolizer_submit(symbolizer, &(struct symbol_request){ .fd = fd,
									.path = "/nowhere/at/all",
									.addresses = offsets,
									.count = 256 }),
		0);
	assert_int_equal(symbolizer_run(symbolizer, check_reply, &named), 0);
	symbolizer_free(symbolizer);
	return named;
}

/* What the symbolizer does not ask for. */
static void read_everything(int fd)
{
	struct elf_file *file;
	struct build_id id;
	struct debuglink link;
	struct bytes bytes;
	char name[64];

	if (elf_file_open(fd, &file))
		return;
	build_id_read(file, &id);
	debuglink_read(file, &link);
	elf_dynamic_soname(file, name, sizeof(name));
	for (size_t i = 0; i < elf_file_section_count(file); i++)
		elf_file_section_bytes(file, elf_file_section(file, i), 1 << 20, &bytes);
	elf_file_free(file);
}

static void the_original_is_sound(void **state)
{
	const struct buffer *original = *state;
	int fd = elf_builder_fd_of(original->data, original->size);

	assert_true(name_everything(fd, original->size) > 2);
	close(fd);
}

static void each_of_the_first_bytes_changed(void **state)
{
	const struct buffer *original = *state;
	int fd = elf_builder_fd_of(original->data, original->size);

	srandom(1);
	for (size_t i = 0; i < FIRST_BYTES && i < original->size; i++) {
		uint8_t old = original->data[i];
		uint8_t new = i % 3 ? (uint8_t)random() : 0xff;

		assert_int_equal(pwrite(fd, &new, 1, i), 1);
		name_everything(fd, original->size);
		read_everything(fd);
		assert_int_equal(pwrite(fd, &old, 1, i), 1);
	}
	close(fd);
}

/* Half of them in what describes the rest: the headers at the end, the tables of symbols before. */
static size_t random_place(size_t size)
{
	return random() % 2 ? random() % size : size - 1 - random() % (size / 4);
}

static void many_bytes_changed_at_random(void **state)
{
	const struct buffer *original = *state;
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };

	srandom(2);
	for (int i = 0; i < RANDOM_MUTANTS; i++) {
		int fd = elf_builder_fd_of(original->data, original->size);

		for (int changes = 1 + random() % 16; changes > 0; changes--) {
			uint8_t value = random() % 2 ? values[random() % 6] : (uint8_t)random();

			assert_int_equal(pwrite(fd, &value, 1, random_place(original->size)), 1);
		}
		name_everything(fd, original->size);
		read_everything(fd);
		close(fd);
	}
}

static void cut_short(void **state)
{
	const struct buffer *original = *state;

	for (size_t size = original->size; size > 16; size -= 16) {
		int fd = elf_builder_fd_of(original->data, size);

		name_everything(fd, original->size);
		read_everything(fd);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_original_is_sound),
		cmocka_unit_test(each_of_the_first_bytes_changed),
		cmocka_unit_test(many_bytes_changed_at_random),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests(tests, make_original, free_original);
}
