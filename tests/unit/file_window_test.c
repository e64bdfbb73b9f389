/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "elf/file_window.h"
#include "tests/unit/elf_builder.h"

#define PART_BYTES (6u << 20)

struct fixture {
	int fd;
	struct elf_file *file;
	uint8_t *content; /* of the part */
	uint64_t file_offset;
	struct file_window window;
};

static void begin(struct fixture *fixture)
{
	const struct elf_section *section;
	struct elf_builder builder;

	fixture->content = malloc(PART_BYTES);
	for (uint32_t i = 0; i < PART_BYTES; i++)
		fixture->content[i] = (uint8_t)hash_u64(i);
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_section(&builder, ".part", SHT_PROGBITS, fixture->content, PART_BYTES);
	fixture->fd = elf_builder_fd(&builder);
	assert_int_equal(elf_file_open(fixture->fd, &fixture->file), 0);
	section = elf_file_section_named(fixture->file, ".part");
	fixture->file_offset = section->offset;
	file_window_init(&fixture->window, fixture->file, section->offset, section->size);
}

static void end(struct fixture *fixture)
{
	file_window_release(&fixture->window);
	elf_file_free(fixture->file);
	close(fixture->fd);
	free(fixture->content);
}

/* Reads so many bytes, of which `expected` are there. */
static void assert_reads(struct fixture *fixture, uint64_t offset, size_t size, size_t expected)
{
	struct bytes bytes;

	assert_int_equal(file_window_read(&fixture->window, offset, size, &bytes), 0);
	assert_int_equal(bytes.size, expected);
	assert_memory_equal(bytes.data, fixture->content + offset, expected);
}

static void any_offset_and_size(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t offset = hash_u64(i) % PART_BYTES, left = PART_BYTES - offset;
		size_t size = hash_u64(i + 1) % (i % 16 ? 100 : 100000);

		assert_reads(&fixture, offset, size, size < left ? size : left);
	}
	end(&fixture);
}

static void at_the_end_there_is_less(void **state)
{
	struct fixture fixture;
	struct bytes bytes;

	(void)state;
	begin(&fixture);
	assert_reads(&fixture, PART_BYTES - 10, 20, 10);
	assert_reads(&fixture, PART_BYTES, 20, 0);
	assert_int_equal(file_window_read(&fixture.window, UINT64_MAX, 20, &bytes), 0);
	assert_int_equal(bytes.size, 0);
	assert_reads(&fixture, 0, SIZE_MAX, FILE_WINDOW_MAX_READ);
	end(&fixture);
}

/* Shorter than when it was opened. */
static void what_a_file_has_lost_is_not_there(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(ftruncate(fixture.fd, (off_t)fixture.file_offset + 100000), 0);
	assert_reads(&fixture, 99990, 20, 10);
	assert_reads(&fixture, 99990, 20, 10);
	assert_reads(&fixture, 200000, 20, 0);
	end(&fixture);
}

static size_t memory_of(const struct file_window *window)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < FILE_WINDOW_PLACES; i++)
		bytes += window->places[i].capacity;
	return bytes;
}

/* In turn, each in its order: windows are filled about as often as they have room for what is read. */
static void at_several_places_in_order(void **state)
{
	const uint64_t distance = 100000;
	struct fixture fixture;
	uint32_t fills = 0;

	(void)state;
	begin(&fixture);
	for (uint64_t i = 0; i < 2000; i++) {
		for (uint64_t place = 0; place < FILE_WINDOW_PLACES; place++) {
			struct file_window before = fixture.window;

			assert_reads(&fixture, place * distance + i * 40, 40, 40);
			for (uint32_t j = 0; j < FILE_WINDOW_PLACES; j++)
				fills += fixture.window.places[j].offset != before.places[j].offset;
		}
	}
	assert_in_range(fills, FILE_WINDOW_PLACES - 1, FILE_WINDOW_PLACES * 8);
	assert_true(memory_of(&fixture.window) <= FILE_WINDOW_PLACES * (16u << 10));
	end(&fixture);
}

/* Each a little further than the last one. How often windows are filled. */
static uint32_t fills_with_gaps(struct fixture *fixture)
{
	uint32_t fills = 0;

	for (uint64_t offset = 0; offset + 40 < PART_BYTES; offset += 300) {
		struct file_window before = fixture->window;

		assert_reads(fixture, offset, 40, 40);
		for (uint32_t i = 0; i < FILE_WINDOW_PLACES; i++)
			fills += fixture->window.places[i].filled &&
				 fixture->window.places[i].offset != before.places[i].offset;
	}
	return fills;
}

/* As often as where nothing is left out. */
static void in_order_with_gaps(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_in_range(fills_with_gaps(&fixture), 1, PART_BYTES / (16u << 10) + 10);
	end(&fixture);
}

/* Far ahead, too, there is but one window. */
static void ahead(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	file_window_init_ahead(&fixture.window, fixture.file, fixture.file_offset, PART_BYTES);
	assert_in_range(fills_with_gaps(&fixture), 1, PART_BYTES / (16u << 10) + 10);
	for (uint64_t offset = 0; offset < PART_BYTES; offset += 100000)
		assert_reads(&fixture, offset, 40, 40);
	assert_in_range(memory_of(&fixture.window), 1, 16u << 10);
	end(&fixture);
}

/* All over it: what is read into stays small beside it. */
static void a_small_part(void **state)
{
	const uint32_t size = 100000;
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	file_window_init(&fixture.window, fixture.file, fixture.file_offset, size);
	for (uint64_t i = 0; i < 1000; i++)
		assert_reads(&fixture, hash_u64(i) % (size - 40), 40, 40);
	assert_in_range(memory_of(&fixture.window), 1, size / 8);
	end(&fixture);
}

/* The largest reads, wherever they are, take the memory of one. */
static void large_reads_take_memory_once(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	for (uint64_t i = 0; i < 20; i++)
		assert_reads(&fixture, i * 100000, FILE_WINDOW_MAX_READ, FILE_WINDOW_MAX_READ);
	assert_true(memory_of(&fixture.window) <= FILE_WINDOW_MAX_READ + (128u << 10));
	end(&fixture);
}

/* How often something was filled while it was read all over, up to `size`. */
static uint32_t fills_all_over(struct fixture *fixture, uint64_t size)
{
	uint32_t fills = 0;

	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t moves = 0;

		for (uint32_t j = 0; j < FILE_WINDOW_PLACES; j++)
			moves += fixture->window.places[j].offset;
		assert_reads(fixture, hash_u64(i) % (size - 40), 40, 40);
		for (uint32_t j = 0; j < FILE_WINDOW_PLACES; j++)
			moves -= fixture->window.places[j].offset;
		fills += moves != 0;
	}
	return fills;
}

static void what_is_held_is_read_once(void **state)
{
	const uint64_t size = PART_BYTES - 100000;
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_in_range(fills_all_over(&fixture, size), 1000, 5000);
	file_window_release(&fixture.window);
	file_window_init(&fixture.window, fixture.file, fixture.file_offset, PART_BYTES);
	file_window_hold(&fixture.window, size);
	assert_int_equal(memory_of(&fixture.window), size);
	assert_int_equal(fills_all_over(&fixture, size), 0);
	/* What lies behind it, too, is there, and then what it was. */
	assert_reads(&fixture, size - 20, 40, 40);
	assert_reads(&fixture, PART_BYTES - 10, 20, 10);
	fills_all_over(&fixture, PART_BYTES);
	end(&fixture);
}

static void only_so_much_is_held(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	file_window_hold(&fixture.window, UINT64_MAX);
	assert_int_equal(memory_of(&fixture.window), PART_BYTES);
	file_window_release(&fixture.window);
	file_window_init(&fixture.window, fixture.file, fixture.file_offset, UINT64_MAX / 2);
	file_window_hold(&fixture.window, FILE_WINDOW_MAX_HELD + 1ull);
	assert_int_equal(memory_of(&fixture.window), 0);
	assert_reads(&fixture, 1000, 40, 40);
	end(&fixture);
}

/* A file that became shorter. */
static void what_cannot_be_held_is_read_as_ever(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(ftruncate(fixture.fd, (off_t)fixture.file_offset + 100000), 0);
	file_window_hold(&fixture.window, PART_BYTES);
	assert_reads(&fixture, 1000, 40, 40);
	assert_reads(&fixture, 99990, 20, 10);
	assert_reads(&fixture, 200000, 20, 0);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_offset_and_size),
		cmocka_unit_test(at_the_end_there_is_less),
		cmocka_unit_test(what_a_file_has_lost_is_not_there),
		cmocka_unit_test(at_several_places_in_order),
		cmocka_unit_test(in_order_with_gaps),
		cmocka_unit_test(ahead),
		cmocka_unit_test(a_small_part),
		cmocka_unit_test(large_reads_take_memory_once),
		cmocka_unit_test(what_is_held_is_read_once),
		cmocka_unit_test(only_so_much_is_held),
		cmocka_unit_test(what_cannot_be_held_is_read_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
