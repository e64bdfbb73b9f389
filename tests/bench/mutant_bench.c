/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged files through the real worker: of each file named, a copy in memory has bytes of it changed at random, is asked for
 * rows and for names, and gets its bytes back.
 *
 * usage: mutant_bench [-n MUTANTS] [-s SEED] FILE...
 * Prints a line of tab-separated columns under their names: what came of the questions, what became of the workers, the
 * worker's CPU time for the slowest mutant, and wall time of all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "profiler/own_worker.h"
#include "worker/name_service.h"
#include "worker/row_service.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

#define MAX_CHANGES 16 /* of one mutant */
#define ADDRESSES   64
#define MAX_BYTES   (64u << 20)

struct change {
	off_t at;
	uint8_t was;
};

struct tally {
	uint64_t mutants, answered, refused;
	uint64_t slowest_ns;
};

static int copy_file(const char *path)
{
	struct buffer bytes = { 0 };
	int fd = memfd_create("mutant", MFD_CLOEXEC);

	if (fd < 0 || buffer_read_file(&bytes, path, MAX_BYTES) ||
	    write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size)
		return -1;
	buffer_release(&bytes);
	return fd;
}

/* Half of them in the headers, at either end of the file; bytes that sizes and offsets are made of. */
static off_t choose_place(off_t size)
{
	switch (random() % 4) {
	case 0:
		return random() % (size < 512 ? size : 512);
	case 1:
		return size - 1 - random() % (size < 2048 ? size : 2048);
	default:
		return random() % size;
	}
}

static bool damage(int fd, off_t size, struct change *changes, int count)
{
	static const uint8_t bytes[] = { 0, 1, 0x7f, 0x80, 0xff };

	for (int i = 0; i < count; i++) {
		uint8_t now = random() % 2 ? bytes[random() % 5] : (uint8_t)random();

		changes[i].at = choose_place(size);
		if (pread(fd, &changes[i].was, 1, changes[i].at) != 1 ||
		    pwrite(fd, &now, 1, changes[i].at) != 1)
			return false;
	}
	return true;
}

static bool mend(int fd, const struct change *changes, int count)
{
	while (count--)
		if (pwrite(fd, &changes[count].was, 1, changes[count].at) != 1)
			return false;
	return true;
}

/* An answer, or a refusal that is the worker's word and not its end. */
static bool was_heard(int error)
{
	return error != -EPIPE && error != -ETIMEDOUT && error != -EBADMSG;
}

static void ask(struct worker *worker, int fd, off_t size, struct tally *tally)
{
	static const struct debug_candidate none = { .fd = -1 };
	uint64_t addresses[ADDRESSES];
	struct symbol_request request = {
		.space = SYMBOL_FILE, .fd = fd, .addresses = addresses, .count = ADDRESSES
	};
	struct debug_identity wanted;
	struct buffer table;
	struct answer answer;
	uint64_t cpu_ns;
	int error = row_service_ask(worker, fd, &none, &table, &wanted);

	tally->answered += was_heard(error);
	tally->refused += error != 0;
	if (!error)
		buffer_release(&table);
	for (int i = 0; i < ADDRESSES; i++)
		addresses[i] = (uint64_t)size * (uint64_t)i / ADDRESSES;
	error = name_service_submit(worker, &request, &none);
	if (!error)
		error = name_service_take(worker, ADDRESSES, &answer, &wanted, &cpu_ns);
	tally->answered += was_heard(error);
	tally->refused += error != 0;
	if (!error)
		answer_release(&answer);
}

static uint64_t cpu_ns_of(struct worker *worker)
{
	struct child_usage usage;

	worker_read_usage(worker, &usage);
	return usage.cpu_ns;
}

static bool run(struct worker *worker, int fd, uint64_t mutants, struct tally *tally)
{
	off_t size = lseek(fd, 0, SEEK_END);

	for (uint64_t i = 0; i < mutants; i++) {
		struct change changes[MAX_CHANGES];
		int count = 1 + (int)(random() % MAX_CHANGES);
		uint64_t before_ns = cpu_ns_of(worker), took_ns;

		if (!damage(fd, size, changes, count))
			return false;
		ask(worker, fd, size, tally);
		if (!mend(fd, changes, count))
			return false;
		took_ns = cpu_ns_of(worker) - before_ns;
		if (took_ns > tally->slowest_ns)
			tally->slowest_ns = took_ns;
		tally->mutants++;
	}
	return true;
}

static int measure(uint64_t mutants, int count, char **paths)
{
	uint64_t start_ns = clock_monotonic_ns();
	struct child_usage usage;
	struct tally tally = { 0 };
	struct worker *worker;

	if (own_worker_new(&worker))
		return 1;
	for (int i = 0; i < count; i++) {
		int fd = copy_file(paths[i]);

		if (fd < 0 || !run(worker, fd, mutants / (uint64_t)count, &tally)) {
			fprintf(stderr, "mutant_bench: %s: %s\n", paths[i], strerror(errno));
			return 1;
		}
		close(fd);
	}
	worker_read_usage(worker, &usage);
	worker_free(worker);
	printf("mutants\tanswered\trefused\tstarted\tfailed\trss_peak_bytes\tslowest_ms\tseconds\n");
	printf("%llu\t%llu\t%llu\t%llu\t%llu\t%llu\t%.3f\t%.2f\n",
	       (unsigned long long)tally.mutants, (unsigned long long)tally.answered,
	       (unsigned long long)tally.refused, (unsigned long long)usage.started,
	       (unsigned long long)usage.failed, (unsigned long long)usage.rss_peak_bytes,
	       (double)tally.slowest_ns / 1e6, (double)(clock_monotonic_ns() - start_ns) / 1e9);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t mutants = 10000;
	int option;

	if (!strcmp(argv[0], WORKER_NAME))
		return worker_child_main();
	while ((option = getopt(argc, argv, "n:s:")) != -1) {
		if (option == 'n')
			mutants = strtoull(optarg, NULL, 10);
		else if (option == 's')
			srandom((unsigned int)strtoul(optarg, NULL, 10));
		else
			return 2;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: mutant_bench [-n MUTANTS] [-s SEED] FILE...\n");
		return 2;
	}
	return measure(mutants, argc - optind, argv + optind);
}
