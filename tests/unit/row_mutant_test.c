/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged call frame information: that of the dynamic linker and of a small program with every byte of its
 * .eh_frame changed in turn, with many bytes changed at random, and with lengths and pointers that claim too much.
 * Nothing may crash or hang (sanitizers and the runner's clock watch), a table that comes out must be sound,
 * and memory stays in proportion to the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"

#define RANDOM_MUTANTS 2000

/*
 * Beside what a section needs: the builder, a window, and what libelf keeps of the headers. A table may be
 * larger than its section where every byte of CFI makes a row.
 */
#define MEMORY_FIXED  (1u << 20)
#define MEMORY_A_BYTE 16

/* Of libasan: GCC comes without the header that declares them. */
size_t __sanitizer_get_allocated_size(const volatile void *pointer);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static long current_bytes, peak_bytes;

static void on_malloc(const volatile void *pointer, size_t size)
{
	(void)pointer;
	current_bytes += size;
	if (current_bytes > peak_bytes)
		peak_bytes = current_bytes;
}

static void on_free(const volatile void *pointer)
{
	if (pointer)
		current_bytes -= __sanitizer_get_allocated_size(pointer);
}

struct original {
	struct buffer bytes; /* of the file */
	size_t start, size;  /* of its .eh_frame */
};

static void load(struct original *original, const char *path)
{
	const struct elf_section *section;
	struct elf_file *file;
	int fd;

	*original = (struct original){ 0 };
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(elf_file_open(fd, &file), 0);
	section = elf_file_section_named(file, ".eh_frame");
	assert_non_null(section);
	original->start = section->offset;
	original->size = section->size;
	elf_file_free(file);
	assert_int_equal(buffer_read_fd(&original->bytes, fd, 4 << 20), 0);
	close(fd);
}

static uint32_t compile(struct original *original)
{
	struct bytes image = { (uint8_t *)original->bytes.data, original->bytes.size };
	struct row_table_cursor cursor = { 0 };
	struct row_table_row row;
	struct elf_file *file;
	struct row_table table;
	struct buffer bytes;
	uint32_t rows = 0;

	if (elf_file_open_image(image, &file))
		return 0;
	current_bytes = peak_bytes = 0;
	if (!row_compiler_compile_files(file, NULL, &bytes)) {
		assert_int_equal(
			row_table_open((struct bytes){ (uint8_t *)bytes.data, bytes.size }, &table),
			0);
		while (row_table_next(&table, &cursor, &row))
			rows++;
		assert_true(rows >= table.header->row_count);
		buffer_release(&bytes);
	}
	assert_true(peak_bytes < (long)(MEMORY_FIXED + MEMORY_A_BYTE * original->size));
	elf_file_free(file);
	return rows;
}

static void each_byte_changed(struct original *original, size_t limit)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0xff };
	size_t size = original->size < limit ? original->size : limit;

	for (size_t i = 0; i < size; i++) {
		char *byte = &original->bytes.data[original->start + i];

		*byte ^= changes[i % sizeof(changes)];
		compile(original);
		*byte ^= changes[i % sizeof(changes)];
	}
}

static void every_byte_of_a_small_programs_section(void **state)
{
	struct original original;

	(void)state;
	load(&original, "/usr/bin/true");
	assert_true(compile(&original) > 50);
	assert_true(peak_bytes > 10000); /* it is really measured */
	each_byte_changed(&original, 4096);
	buffer_release(&original.bytes);
}

static void many_bytes_changed_at_random(void **state)
{
	struct original original;
	struct buffer sound = { 0 };

	(void)state;
	load(&original, "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
	assert_true(compile(&original) > 1000);
	buffer_append(&sound, original.bytes.data + original.start, original.size);
	srandom(1);
	for (int i = 0; i < RANDOM_MUTANTS; i++) {
		int changes = 1 + random() % 40;

		memcpy(original.bytes.data + original.start, sound.data, sound.size);
		while (changes-- > 0)
			original.bytes.data[original.start + random() % original.size] = random();
		compile(&original);
	}
	buffer_release(&sound);
	buffer_release(&original.bytes);
}

/* Every aligned word becomes one that claims much. */
static void lengths_that_claim_too_much(void **state)
{
	static const uint32_t claims[] = { 0, 0xffffffff, 0x7fffffff, 0xfffffff0, 0x10000 };
	struct original original;

	(void)state;
	load(&original, "/usr/bin/true");
	for (size_t i = 0; i + 4 <= original.size; i += 4) {
		char *word = original.bytes.data + original.start + i;
		uint32_t old;

		memcpy(&old, word, sizeof(old));
		memcpy(word, &claims[i / 4 % 5], sizeof(old));
		compile(&original);
		memcpy(word, &old, sizeof(old));
	}
	buffer_release(&original.bytes);
}

static void nothing_but_noise(void **state)
{
	struct original original;

	(void)state;
	load(&original, "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
	srandom(2);
	for (int i = 0; i < 100; i++) {
		for (size_t j = 0; j < original.size; j++)
			original.bytes.data[original.start + j] = random();
		compile(&original);
	}
	buffer_release(&original.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_of_a_small_programs_section),
		cmocka_unit_test(many_bytes_changed_at_random),
		cmocka_unit_test(lengths_that_claim_too_much),
		cmocka_unit_test(nothing_but_noise),
	};

	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
