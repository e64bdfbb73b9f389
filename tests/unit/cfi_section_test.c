/* SPDX-License-Identifier: Apache-2.0 */
/* cfi_section.c: sections that are larger than what they are stored in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/unit/cfi_builder.h"
#include "unwind/cfi_section.h"

/* Adds the section compressed, which says of itself that it has `claimed` bytes. */
static void add_compressed(struct cfi_file *file, struct cfi_builder *cfi, uint64_t claimed)
{
	struct cfi_builder packed = { .is_debug = true };
	uLongf size = compressBound(cfi->bytes.size);
	Bytef *deflated = malloc(size);
	Elf64_Shdr *section;

	assert_non_null(deflated);
	assert_int_equal(compress(deflated, &size, (const Bytef *)cfi->bytes.data, cfi->bytes.size),
			 Z_OK);
	buffer_append(
		&packed.bytes,
		&(Elf64_Chdr){ .ch_type = ELFCOMPRESS_ZLIB, .ch_size = claimed, .ch_addralign = 8 },
		sizeof(Elf64_Chdr));
	buffer_append(&packed.bytes, deflated, size);
	free(deflated);
	buffer_release(&cfi->bytes);
	section = cfi_file_section(file, ".debug_frame", &packed);
	section->sh_flags = SHF_COMPRESSED;
	section->sh_addralign = 8;
}

static void debug_frame_compressed(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	one_function(&cfi, true);
	cfi_file_init(&file, NULL, 0);
	add_compressed(&file, &cfi, cfi.bytes.size);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_one_function(&file);
	assert_int_equal(file.table.header->refused_sections, 0);
	cfi_file_release(&file);
}

/* One function, then `zeros` bytes and `noise` that nothing makes smaller: entries of other code. */
static void make_padded(struct cfi_file *file, size_t zeros, size_t noise)
{
	struct cfi_builder cfi;
	uint8_t *bytes;
	uint32_t number = 1;

	one_function(&cfi, true);
	cfi_begin_fde(&cfi, TEXT_BYTES, 1); /* outside the text */
	bytes = buffer_extend(&cfi.bytes, zeros + noise);
	assert_non_null(bytes);
	memset(bytes, 0, zeros);
	for (size_t i = 0; i < noise; i++) {
		number = number * 1103515245 + 12345;
		bytes[zeros + i] = number >> 24;
	}
	cfi_end(&cfi);
	cfi_file_init(file, NULL, 0);
	add_compressed(file, &cfi, cfi.bytes.size);
	assert_int_equal(cfi_file_compile(file, -1), 0);
}

/* Zeros to a thousandth, up to a size that does no harm and beyond it. */
static void debug_frame_that_unfolds_out_of_proportion(void **state)
{
	struct cfi_file file;

	(void)state;
	make_padded(&file, CFI_SECTION_ANY_RATIO / 2, 0);
	assert_one_function(&file);
	cfi_file_release(&file);
	make_padded(&file, CFI_SECTION_ANY_RATIO, 0);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->sources, 0);
	assert_int_equal(file.table.header->refused_sections, 1);
	cfi_file_release(&file);
}

/* Of many bytes, in proportion to what they are in the file. */
static void debug_frame_that_unfolds_to_too_much(void **state)
{
	const size_t noise = 2 * CFI_SECTION_MAX_INFLATED / CFI_SECTION_MAX_RATIO;
	struct cfi_file file;

	(void)state;
	make_padded(&file, CFI_SECTION_MAX_INFLATED - noise - 4096, noise);
	assert_one_function(&file);
	assert_int_equal(file.table.header->refused_sections, 0);
	cfi_file_release(&file);
	make_padded(&file, CFI_SECTION_MAX_INFLATED - noise, noise);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->refused_sections, 1);
	cfi_file_release(&file);
}

/* One function, in a section of so many bytes of which the rest is a hole at the file's end. */
static void make_sparse(struct cfi_file *file, uint64_t section_bytes)
{
	const uint64_t offset = 1 << 20;
	struct cfi_builder cfi, none = { .is_debug = true };
	Elf64_Shdr *section;
	ssize_t size;

	one_function(&cfi, true);
	cfi_file_init(file, NULL, 0);
	section = cfi_file_section(file, ".debug_frame", &none);
	section->sh_offset = offset;
	section->sh_size = section_bytes;
	file->fd = elf_builder_fd(&file->elf);
	size = (ssize_t)cfi.bytes.size;
	assert_int_equal(pwrite(file->fd, cfi.bytes.data, cfi.bytes.size, (off_t)offset), size);
	assert_int_equal(ftruncate(file->fd, (off_t)(offset + section_bytes)), 0);
	buffer_release(&cfi.bytes);
	assert_int_equal(row_compiler_compile(file->fd, -1, &file->bytes), 0);
	assert_int_equal(
		row_table_open((struct bytes){ (uint8_t *)file->bytes.data, file->bytes.size },
			       &file->table),
		0);
}

/* A file that takes next to nothing on a disk, and would be read and executed for seconds. */
static void debug_frame_of_holes(void **state)
{
	struct cfi_file file;

	(void)state;
	make_sparse(&file, 4 << 20);
	assert_one_function(&file);
	assert_int_equal(file.table.header->refused_sections, 0);
	cfi_file_release(&file);
	make_sparse(&file, 256 << 20);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->sources, 0);
	assert_int_equal(file.table.header->refused_sections, 1);
	cfi_file_release(&file);
}

static long peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* As large as a section may be in a file, compressed to half a MiB: no memory is taken for it. */
static void half_a_gib_of_zeros(void **state)
{
	const uint64_t bytes = CFI_SECTION_MAX_BYTES - 4096;
	struct cfi_builder packed = { .is_debug = true };
	z_stream stream = { 0 };
	static Bytef zeros[1 << 16], deflated[1 << 16];
	struct cfi_file file;
	Elf64_Shdr *section;
	long before;

	(void)state;
	buffer_append(
		&packed.bytes,
		&(Elf64_Chdr){ .ch_type = ELFCOMPRESS_ZLIB, .ch_size = bytes, .ch_addralign = 8 },
		sizeof(Elf64_Chdr));
	assert_int_equal(deflateInit(&stream, Z_BEST_SPEED), Z_OK);
	for (uint64_t left = bytes; left || stream.avail_in || !stream.avail_out;) {
		if (!stream.avail_in) {
			stream.next_in = zeros;
			stream.avail_in = left < sizeof(zeros) ? left : sizeof(zeros);
			left -= stream.avail_in;
		}
		stream.next_out = deflated;
		stream.avail_out = sizeof(deflated);
		deflate(&stream, left ? Z_NO_FLUSH : Z_FINISH);
		buffer_append(&packed.bytes, deflated, sizeof(deflated) - stream.avail_out);
	}
	deflateEnd(&stream);
	cfi_file_init(&file, NULL, 0);
	section = cfi_file_section(&file, ".debug_frame", &packed);
	section->sh_flags = SHF_COMPRESSED;
	section->sh_addralign = 8;
	before = peak_kib();
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_true(peak_kib() - before < 64 << 10);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->refused_sections, 1);
	cfi_file_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debug_frame_compressed),
		cmocka_unit_test(debug_frame_that_unfolds_out_of_proportion),
		cmocka_unit_test(debug_frame_that_unfolds_to_too_much),
		cmocka_unit_test(debug_frame_of_holes),
		cmocka_unit_test(half_a_gib_of_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
