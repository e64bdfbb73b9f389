/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles the rows of files and prints, a line a file, what they cost: `row_bench [-n TIMES] FILE...`. Each
 * file is compiled in a process of its own; the time is the best of TIMES. Peak is what the heap held at
 * most, the table that comes out among it. Columns are separated by tabs, the first line names them.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "unwind/cfi_reason.h"
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"

#define DEFAULT_TIMES 5

/* --- peak of the heap: every allocation of the process, libelf's too, goes through these --- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void __libc_free(void *pointer);

static size_t heap_bytes, heap_peak;

static void *count_new(void *pointer)
{
	heap_bytes += malloc_usable_size(pointer);
	if (heap_bytes > heap_peak)
		heap_peak = heap_bytes;
	return pointer;
}

void *malloc(size_t size)
{
	return count_new(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return count_new(__libc_calloc(count, size));
}

void *realloc(void *pointer, size_t size)
{
	heap_bytes -= malloc_usable_size(pointer);
	return count_new(__libc_realloc(pointer, size));
}

void free(void *pointer)
{
	heap_bytes -= malloc_usable_size(pointer);
	__libc_free(pointer);
}

/* --- measuring --- */

/* Of the sections that are read, as they are in the file. */
static uint64_t section_bytes(int fd)
{
	static const char *const names[] = { ".eh_frame", ".debug_frame" };
	struct elf_file *file;
	uint64_t bytes = 0;

	if (elf_file_open(fd, &file))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct elf_section *section = elf_file_section_named(file, names[i]);

		bytes += section ? section->size : 0;
	}
	elf_file_free(file);
	return bytes;
}

static void print_reasons(const struct row_table_header *header)
{
	for (unsigned int i = 0; i < ROW_TABLE_MAX_REASONS; i++) {
		if (header->reasons[i])
			printf(" %s=%u", cfi_reason_name(i), header->reasons[i]);
	}
}

static void print_table(const char *path, int fd, const struct row_table_header *header,
			uint64_t best_ns, uint64_t peak)
{
	uint64_t section = section_bytes(fd);

	printf("%s\t%u\t%u\t%u\t%u\t%.3f\t%.2f\t%.2f\t%llu\t%llu\t", path, header->row_count,
	       header->rule_count, header->page_count, header->size,
	       (double)header->size / header->row_count, best_ns / 1e6,
	       header->row_count / (best_ns / 1e9) / 1e6, (unsigned long long)section,
	       (unsigned long long)peak);
	print_reasons(header);
	printf("\n");
}

static int measure(const char *path, int times)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t peak, best = UINT64_MAX;
	struct row_table view;

	if (fd < 0)
		return 1;
	for (int i = 0; i < times; i++) {
		struct buffer table;
		uint64_t start, took;
		int err;

		peak = heap_bytes;
		heap_peak = heap_bytes;
		start = clock_monotonic_ns();
		err = row_compiler_compile(fd, -1, &table);
		took = clock_monotonic_ns() - start;
		if (err ||
		    row_table_open((struct bytes){ (uint8_t *)table.data, table.size }, &view)) {
			fprintf(stderr, "row_bench: %s: %s\n", path, strerror(-err));
			return 1;
		}
		peak = heap_peak - peak;
		best = took < best ? took : best;
		if (i == times - 1)
			print_table(path, fd, view.header, best, peak);
		buffer_release(&table);
	}
	return 0;
}

static int measure_apart(const char *path, int times)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		status = measure(path, times);
		fflush(stdout);
		_exit(status);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status ? 1 : 0;
}

int main(int argc, char **argv)
{
	int times = DEFAULT_TIMES, failed = 0, option;

	while ((option = getopt(argc, argv, "n:")) == 'n')
		times = strtol(optarg, NULL, 10);
	if (option != -1 || times < 1 || optind == argc) {
		fprintf(stderr, "usage: row_bench [-n TIMES] FILE...\n");
		return 2;
	}
	printf("file\trows\trules\tpages\tbytes\tbytes_a_row\tms\tmillion_rows_a_second\t"
	       "section_bytes\tpeak_bytes\tnot_expressible\n");
	for (int i = optind; i < argc; i++)
		failed |= measure_apart(argv[i], times);
	return failed;
}
