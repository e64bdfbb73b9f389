/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names random code addresses of a file by its symbol tables, and prints what that costs: `symbol_bench [-n TIMES] FILE COUNT`.
 * Two numbers, the best of TIMES: seconds for one address, which is what loading takes, and for COUNT of them at once.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "elf/elf_file.h"
#include "symbolize/answer.h"
#include "symbolize/file_names.h"

#define DEFAULT_TIMES 5
#define SEED          1

DEFINE_CLEANUP(cleanup_file, struct elf_file *, elf_file_free)

static uint64_t *random_addresses(const struct elf_section *code, size_t count)
{
	uint64_t *addresses = calloc(count, sizeof(*addresses));

	srand48(SEED);
	for (size_t i = 0; addresses && i < count; i++)
		addresses[i] = code->address + (uint64_t)(drand48() * code->size);
	return addresses;
}

/* From the open file to all names, which nobody has asked for before. */
static int name_once(int fd, const uint64_t *addresses, size_t count, uint64_t *ret_ns)
{
	static const char *const no_folders[] = { NULL };
	_cleanup_(cleanup_file) struct elf_file *file = NULL;
	_cleanup_(answer_release) struct answer answer = { 0 };
	const struct file_question question = {
		.debug_folders = no_folders,
		.are_addresses = true,
		.offsets = addresses,
		.count = count,
	};
	uint64_t start = clock_monotonic_ns();
	int err = elf_file_open(fd, &file);

	if (!err)
		err = answer_init(&answer, count);
	if (!err)
		err = file_names_answer(file, &question, &answer);
	*ret_ns = clock_monotonic_ns() - start;
	return err;
}

static int measure(int fd, const uint64_t *addresses, size_t count, int times)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < times; i++) {
		uint64_t took;
		int err = name_once(fd, addresses, count, &took);

		if (err) {
			fprintf(stderr, "symbol_bench: %s\n", strerror(-err));
			return 1;
		}
		best = took < best ? took : best;
	}
	printf("%.6f\n", best / 1e9);
	return 0;
}

static int run(const char *path, size_t count, int times)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(cleanup_file) struct elf_file *file = NULL;
	_cleanup_free_ uint64_t *addresses = NULL;
	const struct elf_section *code;

	if (fd < 0 || elf_file_open(fd, &file) || !(code = elf_file_section_named(file, ".text"))) {
		fprintf(stderr, "symbol_bench: %s: no ELF file with code\n", path);
		return 1;
	}
	addresses = random_addresses(code, count);
	if (!addresses)
		return 1;
	return measure(fd, addresses, 1, times) || measure(fd, addresses, count, times);
}

int main(int argc, char **argv)
{
	int times = DEFAULT_TIMES, option;
	long count;

	while ((option = getopt(argc, argv, "n:")) == 'n')
		times = strtol(optarg, NULL, 10);
	count = optind + 2 == argc ? strtol(argv[optind + 1], NULL, 10) : 0;
	if (option != -1 || times < 1 || count < 1) {
		fprintf(stderr, "usage: symbol_bench [-n TIMES] FILE COUNT\n");
		return 2;
	}
	return run(argv[optind], count, times);
}
