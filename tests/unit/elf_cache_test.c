/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "elf/elf_cache.h"
#include "elf/elf_file.h"
#include "tests/unit/elf_builder.h"

#define INFLATED 100000 /* bytes of a file's section, which is far smaller in the file */

static void add_compressed(struct elf_builder *builder, uint8_t fill)
{
	Elf64_Chdr header = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = INFLATED, .ch_addralign = 1 };
	uint8_t *plain = malloc(INFLATED), packed[4096];
	uLongf packed_size = sizeof(packed);
	struct buffer content = { 0 };

	assert_non_null(plain);
	memset(plain, fill, INFLATED);
	assert_int_equal(compress(packed, &packed_size, plain, INFLATED), Z_OK);
	free(plain);
	buffer_append(&content, &header, sizeof(header));
	buffer_append(&content, packed, packed_size);
	elf_builder_section(builder, ".packed", SHT_PROGBITS, content.data, content.size)
		->sh_flags = SHF_COMPRESSED;
	buffer_release(&content);
}

/* A file whose section is full of one byte, and a descriptor of it. */
static int make_file(uint8_t fill)
{
	struct elf_builder builder;

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	add_compressed(&builder, fill);
	return elf_builder_fd(&builder);
}

/* Opens a file through the cache, and reads its section. */
static struct elf_file *use(struct elf_cache *cache, int fd, uint8_t fill)
{
	const struct elf_section *section;
	struct elf_file *file;
	struct bytes bytes;

	assert_int_equal(elf_cache_open(cache, fd, &file), 0);
	section = elf_file_section_named(file, ".packed");
	assert_non_null(section);
	assert_int_equal(elf_file_section_bytes(file, section, INFLATED, &bytes), 0);
	assert_int_equal(bytes.size, INFLATED);
	assert_int_equal(bytes.data[0], fill);
	assert_int_equal(bytes.data[INFLATED - 1], fill);
	return file;
}

static void assert_use(const struct elf_cache *cache, uint64_t opened, uint64_t found,
		       uint64_t closed)
{
	assert_int_equal(cache->use.opened, opened);
	assert_int_equal(cache->use.found, found);
	assert_int_equal(cache->use.closed, closed);
}

static void a_file_is_opened_once(void **state)
{
	int fd = make_file('a'), other = dup(fd);
	struct elf_cache cache;
	struct elf_file *file;

	(void)state;
	elf_cache_init(&cache, 10 * INFLATED);
	file = use(&cache, fd, 'a');
	assert_ptr_equal(use(&cache, fd, 'a'), file);
	elf_cache_trim(&cache);
	assert_in_range(cache.use.kept_bytes, INFLATED, INFLATED + 10000);
	/* Whichever descriptor it comes with, and though the first one is closed. */
	close(fd);
	assert_ptr_equal(use(&cache, other, 'a'), file);
	elf_cache_trim(&cache);
	assert_use(&cache, 1, 2, 0);
	elf_cache_release(&cache);
	assert_use(&cache, 1, 2, 1);
	close(other);
}

/* Of a file's mapping, by its inode. */
static unsigned long resident_kib(int fd)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long inode, kib, sum = 0;
	bool is_ours = false;
	struct stat status;
	char line[512];

	assert_non_null(smaps);
	assert_int_equal(fstat(fd, &status), 0);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%*x-%*x %*s %*x %*x:%*x %lu", &inode) == 1)
			is_ours = inode == status.st_ino;
		else if (is_ours && sscanf(line, "Rss: %lu", &kib) == 1)
			sum += kib;
	}
	fclose(smaps);
	return sum;
}

static void what_stays_keeps_no_pages_of_the_file(void **state)
{
	int fd = make_file('a');
	struct elf_cache cache;

	(void)state;
	elf_cache_init(&cache, 10 * INFLATED);
	use(&cache, fd, 'a');
	assert_int_not_equal(resident_kib(fd), 0);
	elf_cache_trim(&cache);
	assert_int_equal(resident_kib(fd), 0);
	use(&cache, fd, 'a');
	assert_use(&cache, 1, 1, 0);
	elf_cache_release(&cache);
	close(fd);
}

static void the_one_that_was_used_the_longest_time_ago_is_closed_first(void **state)
{
	int a = make_file('a'), b = make_file('b'), c = make_file('c');
	struct elf_cache cache;

	(void)state;
	elf_cache_init(&cache, 5 * INFLATED / 2); /* for two */
	use(&cache, a, 'a');
	elf_cache_trim(&cache);
	use(&cache, b, 'b');
	elf_cache_trim(&cache);
	use(&cache, a, 'a');
	elf_cache_trim(&cache);
	assert_use(&cache, 2, 1, 0);
	use(&cache, c, 'c');
	elf_cache_trim(&cache);
	assert_use(&cache, 3, 1, 1);
	assert_true(cache.use.kept_bytes <= 5 * INFLATED / 2);
	use(&cache, a, 'a');
	use(&cache, c, 'c');
	assert_use(&cache, 3, 3, 1);
	use(&cache, b, 'b');
	assert_use(&cache, 4, 3, 1);
	elf_cache_release(&cache);
	close(a);
	close(b);
	close(c);
}

static void what_is_too_large_alone_does_not_stay_and_costs_no_other_its_place(void **state)
{
	int small, large = make_file('l');
	struct elf_builder builder;
	struct elf_file *file;
	struct elf_cache cache;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	small = elf_builder_fd(&builder);
	elf_cache_init(&cache, INFLATED / 2);
	assert_int_equal(elf_cache_open(&cache, small, &file), 0);
	elf_cache_trim(&cache);
	use(&cache, large, 'l');
	elf_cache_trim(&cache);
	assert_use(&cache, 2, 0, 1);
	assert_in_range(cache.use.kept_bytes, 1, INFLATED / 2);
	assert_int_equal(elf_cache_open(&cache, small, &file), 0);
	assert_use(&cache, 2, 1, 1);
	elf_cache_release(&cache);
	close(small);
	close(large);
}

static void small_ones_have_a_number_that_stays(void **state)
{
	int fds[ELF_CACHE_MAX_FILES + 2];
	struct elf_cache cache;
	struct elf_file *file;

	(void)state;
	elf_cache_init(&cache, SIZE_MAX);
	for (size_t i = 0; i < ELF_CACHE_MAX_FILES + 2; i++) {
		struct elf_builder builder;

		elf_builder_init(&builder, ET_DYN, EM_X86_64);
		fds[i] = elf_builder_fd(&builder);
		assert_int_equal(elf_cache_open(&cache, fds[i], &file), 0);
	}
	/* All are good as long as they are in use. */
	assert_use(&cache, ELF_CACHE_MAX_FILES + 2, 0, 0);
	elf_cache_trim(&cache);
	assert_use(&cache, ELF_CACHE_MAX_FILES + 2, 0, 2);
	assert_int_equal(elf_cache_open(&cache, fds[2], &file), 0);
	assert_int_equal(cache.use.found, 1);
	assert_int_equal(elf_cache_open(&cache, fds[1], &file), 0);
	assert_int_equal(cache.use.found, 1);
	elf_cache_release(&cache);
	for (size_t i = 0; i < ELF_CACHE_MAX_FILES + 2; i++)
		close(fds[i]);
}

/* Overwritten in place: the times tell. */
static void a_file_that_was_written_to_is_another_one(void **state)
{
	int fd = make_file('a'), other = make_file('b');
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 12345 } };
	struct elf_cache cache;
	char bytes[8192];
	ssize_t size;

	(void)state;
	elf_cache_init(&cache, 10 * INFLATED);
	use(&cache, fd, 'a');
	elf_cache_trim(&cache);
	size = pread(other, bytes, sizeof(bytes), 0);
	assert_true(size > 0);
	assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
	assert_int_equal(futimens(fd, times), 0);
	use(&cache, fd, 'b');
	assert_use(&cache, 2, 0, 0);
	elf_cache_release(&cache);
	close(fd);
	close(other);
}

static void what_cannot_be_opened_is_not_kept(void **state)
{
	int fd = elf_builder_fd_of("no program", 10);
	struct elf_cache cache;
	struct elf_file *file = NULL;

	(void)state;
	elf_cache_init(&cache, INFLATED);
	assert_int_equal(elf_cache_open(&cache, fd, &file), -ENOEXEC);
	assert_int_equal(elf_cache_open(&cache, -1, &file), -EBADF);
	assert_null(file);
	elf_cache_trim(&cache);
	assert_use(&cache, 0, 0, 0);
	assert_int_equal(cache.use.kept_bytes, 0);
	elf_cache_release(&cache);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_opened_once),
		cmocka_unit_test(what_stays_keeps_no_pages_of_the_file),
		cmocka_unit_test(the_one_that_was_used_the_longest_time_ago_is_closed_first),
		cmocka_unit_test(
			what_is_too_large_alone_does_not_stay_and_costs_no_other_its_place),
		cmocka_unit_test(small_ones_have_a_number_that_stays),
		cmocka_unit_test(a_file_that_was_written_to_is_another_one),
		cmocka_unit_test(what_cannot_be_opened_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
