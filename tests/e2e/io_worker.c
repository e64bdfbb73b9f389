/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets io_uring's workers read /dev/zero: threads with the process's memory that never were in user mode.
 * Argument: how many reads of 1 MiB.
 */
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <unistd.h>

#define READ_BYTES (1 << 20)

static void *map_ring(int ring, size_t size, off_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, offset);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

int main(int argc, char **argv)
{
	struct io_uring_params parameters = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);
	int zero = open("/dev/zero", O_RDONLY),
	    reads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1;
	char *submission, *completion, *buffer = malloc(READ_BYTES);
	struct io_uring_sqe *entry;

	if (ring < 0 || zero < 0 || !buffer) {
		perror("io_uring_setup");
		return 1;
	}
	submission = map_ring(ring, parameters.sq_off.array + 4, IORING_OFF_SQ_RING);
	completion = map_ring(ring, parameters.cq_off.cqes + 2 * sizeof(struct io_uring_cqe),
			      IORING_OFF_CQ_RING);
	entry = map_ring(ring, sizeof(*entry), IORING_OFF_SQES);
	for (int i = 0; i < reads; i++) {
		memset(entry, 0, sizeof(*entry));
		entry->opcode = IORING_OP_READ;
		entry->flags = IOSQE_ASYNC;
		entry->fd = zero;
		entry->addr = (uintptr_t)buffer;
		entry->len = READ_BYTES;
		*(uint32_t *)(submission + parameters.sq_off.array) = 0;
		__atomic_add_fetch((uint32_t *)(submission + parameters.sq_off.tail), 1,
				   __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1) {
			perror("io_uring_enter");
			return 1;
		}
		__atomic_add_fetch((uint32_t *)(completion + parameters.cq_off.head), 1,
				   __ATOMIC_RELEASE);
	}
	return 0;
}
