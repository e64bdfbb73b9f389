/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/opener_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "bpf/events.h"
#include "worker/descriptors.h"
#include "worker/file_ways.h"
#include "worker/opener.h"
#include "worker/opener_protocol.h"

#define DATA_BYTES  (16u << 20)
#define CPU_SECONDS 600
#define CHUNK_BYTES (128u << 10) /* which may take its time where a network is slow */
#define GOES_ON_NS  200000000u   /* so often it says so */

static const char copy_name[] = "hearth-copy";

static bool say(const void *message, size_t size, int fd)
{
	struct iovec part = { (void *)message, size };

	return descriptors_send(CAGE_SOCKET, &part, 1, &fd, fd >= 0, 0) == (ssize_t)size;
}

/* False: hearth has ended. */
static bool reply(uint64_t id, enum opener_word word, int error, int fd)
{
	const struct opener_reply message = {
		.magic = OPENER_MAGIC, .word = word, .id = id, .error = error
	};

	return say(&message, sizeof(message), fd);
}

/* --- proof --- */

static int receive_program(int *ret_program)
{
	int program = -1;
	char byte;

	if (descriptors_receive(CAGE_SOCKET, &byte, 1, &program, 1, 0) != 1 || program < 0)
		return -EPIPE;
	*ret_program = program;
	return 0;
}

/* Is it the module that the kernel side sees at an address of this process? */
static int identify(int program, const void *address, uint64_t module)
{
	struct identify_argument argument = { .address = (uintptr_t)address };
	union bpf_attr attributes = { 0 };

	attributes.test.prog_fd = (uint32_t)program;
	attributes.test.ctx_in = (uintptr_t)&argument;
	attributes.test.ctx_size_in = sizeof(argument);
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attributes, sizeof(attributes)))
		return -errno;
	return argument.module == module ? 0 : -ESTALE;
}

static int prove_mapping(const struct opener_question *question, const void *start)
{
	_cleanup_close_ int program = -1;
	int error;

	if (!reply(question->id, OPENER_HAS_MAPPED, 0, -1))
		return -EPIPE;
	error = receive_program(&program);
	return error ? error : identify(program, start, question->module);
}

/* To map a file may hang as well: on some file systems it asks for what has changed. */
static int prove(const struct opener_question *question, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *start = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	int error;

	if (start == MAP_FAILED)
		return -errno;
	error = prove_mapping(question, start);
	munmap(start, page);
	return error;
}

/* --- copy --- */

static int write_all(int fd, const char *bytes, size_t size)
{
	for (size_t written = 0; written < size;) {
		ssize_t n = write(fd, bytes + written, size - written);

		if (n < 0 && errno != EINTR)
			return -errno;
		written += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int copy_bytes(const struct opener_question *question, int from, int to)
{
	static char chunk[CHUNK_BYTES];
	uint64_t said_ns = clock_monotonic_ns();

	for (uint64_t at = 0; at < question->size;) {
		uint64_t left = question->size - at, now_ns;
		ssize_t got =
			pread(from, chunk, left < CHUNK_BYTES ? left : CHUNK_BYTES, (off_t)at);
		int error = got < 0 ? -errno : got ? write_all(to, chunk, (size_t)got) : -ESTALE;

		if (error)
			return error;
		at += (uint64_t)got;
		now_ns = clock_monotonic_ns();
		if (now_ns - said_ns >= GOES_ON_NS) {
			said_ns = now_ns;
			if (!reply(question->id, OPENER_GOES_ON, 0, -1))
				return -EPIPE;
		}
	}
	return 0;
}

static int copy(const struct opener_question *question, int from, int *ret_copy)
{
	_cleanup_close_ int to = memfd_create(copy_name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error = to < 0 ? -errno : copy_bytes(question, from, to);

	if (error)
		return error;
	if (fcntl(to, F_ADD_SEALS, OPENER_COPY_SEALS))
		return -errno;
	*ret_copy = take_fd(&to);
	return 0;
}

/* --- questions --- */

/* To close a file may hang, too: all of it is over before the answer. */
static int try_way(const struct opener_question *question, const struct file_ways *ways,
		   enum file_way way, int *ret_copy)
{
	_cleanup_close_ int fd = -1;
	int error = file_ways_open(ways, way, &fd);

	if (!error)
		error = prove(question, fd);
	return error ? error : copy(question, fd, ret_copy);
}

static int answer(const struct opener_question *question, const char *path, int *ret_copy)
{
	const struct file_place place = { question->pid, question->mapping_start,
					  question->mapping_end, path };
	_cleanup_(file_ways_release) struct file_ways ways;
	int error = -ENOENT;

	if (question->size > OPENER_MAX_COPY_BYTES)
		return -EFBIG;
	file_ways_init(&ways, &place);
	for (enum file_way way = 0; way < FILE_WAY_COUNT && error && error != -EPIPE; way++) {
		int why = try_way(question, &ways, way, ret_copy);

		/* That a way leads nowhere says the least. */
		error = why == -ENOENT ? error : why;
	}
	return error;
}

static bool serve_one(void)
{
	struct {
		struct opener_question question;
		char path[PATH_MAX];
	} message;
	const struct opener_question *question = &message.question;
	ssize_t got = read(CAGE_SOCKET, &message, sizeof(message));
	_cleanup_close_ int copied = -1;
	int error;

	if (got < 0 && errno == EINTR)
		return true;
	if (got < (ssize_t)sizeof(*question) || question->magic != OPENER_MAGIC ||
	    (size_t)got != sizeof(*question) + question->path_bytes ||
	    (question->path_bytes && message.path[question->path_bytes - 1]))
		return false;
	error = answer(question, question->path_bytes ? message.path : NULL, &copied);
	return reply(question->id, OPENER_IS_DONE, error, copied);
}

int opener_child_run(const struct cage_limits *limits)
{
	struct opener_hello hello = { .magic = OPENER_MAGIC };
	const char *failed = "";

	prctl(PR_SET_NAME, OPENER_NAME, 0, 0, 0);
	hello.error = cage_enter(STDIN_FILENO, limits, &failed);
	memcpy(hello.failed, failed, strnlen(failed, sizeof(hello.failed) - 1));
	if (!say(&hello, sizeof(hello), -1) || hello.error)
		return 1;
	while (serve_one())
		;
	return 0;
}

int opener_child_main(void)
{
	const struct cage_limits limits = { DATA_BYTES, CPU_SECONDS, CAGE_OF_OPENER,
					    OPENER_MAX_COPY_BYTES };

	return opener_child_run(&limits);
}
