/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/opener_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/reopen.h"
#include "bpf/events.h"
#include "worker/blocking_file_system.h"
#include "worker/descriptors.h"
#include "worker/file_owner.h"
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
static bool reply(uint64_t id, enum opener_word word)
{
	const struct opener_reply message = { .magic = OPENER_MAGIC, .word = word, .id = id };

	return say(&message, sizeof(message), -1);
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

	if (!reply(question->id, OPENER_HAS_MAPPED))
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

static int copy_bytes(uint64_t id, uint64_t size, int from, int to)
{
	static char chunk[CHUNK_BYTES];
	uint64_t said_ns = clock_monotonic_ns();

	for (uint64_t at = 0; at < size;) {
		uint64_t left = size - at, now_ns;
		ssize_t got =
			pread(from, chunk, left < CHUNK_BYTES ? left : CHUNK_BYTES, (off_t)at);
		int error = got < 0 ? -errno : got ? write_all(to, chunk, (size_t)got) : -ESTALE;

		if (error)
			return error;
		at += (uint64_t)got;
		now_ns = clock_monotonic_ns();
		if (now_ns - said_ns >= GOES_ON_NS) {
			said_ns = now_ns;
			if (!reply(id, OPENER_GOES_ON))
				return -EPIPE;
		}
	}
	return 0;
}

/* So many bytes; there must be as many. */
static int copy(uint64_t id, uint64_t size, int from, int *ret_copy)
{
	_cleanup_close_ int to = memfd_create(copy_name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error = to < 0 ? -errno : copy_bytes(id, size, from, to);

	if (error)
		return error;
	if (fcntl(to, F_ADD_SEALS, OPENER_COPY_SEALS))
		return -errno;
	*ret_copy = take_fd(&to);
	return 0;
}

/* --- modules --- */

/* To close a file may hang, too: all of it is over before the answer. */
static int try_way(const struct opener_question *question, const struct file_ways *ways,
		   enum file_way way, int *ret_copy)
{
	_cleanup_close_ int fd = -1;
	int error = file_ways_open(ways, way, &fd);

	if (!error)
		error = prove(question, fd);
	return error ? error : copy(question->id, question->size, fd, ret_copy);
}

static int answer_module(const struct opener_question *question, const char *path, int *ret_copy)
{
	const struct file_place place = { question->pid, question->mapping_start,
					  question->mapping_end, path };
	_cleanup_(file_ways_release) struct file_ways ways;
	int error = -ENOENT;

	file_ways_init(&ways, &place);
	if (question->size > OPENER_MAX_COPY_BYTES)
		return -EFBIG;
	for (enum file_way way = 0; way < FILE_WAY_COUNT && error && error != -EPIPE; way++) {
		int why = try_way(question, &ways, way, ret_copy);

		/* That a way leads nowhere says the least. */
		error = why == -ENOENT ? error : why;
	}
	return error;
}

/* --- other files --- */

/* Only found, and nothing waits for a FIFO's other end. */
static int find(const struct opener_question *question, const char *path, int from)
{
	bool is_below = question->what == OPENER_FILE_BELOW;
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (is_below ? O_NOFOLLOW : 0),
		.resolve = is_below ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
			   : question->what == OPENER_FILE_NO_LINKS ? RESOLVE_NO_SYMLINKS
								    : 0,
	};
	int found = path ? (int)syscall(SYS_openat2, is_below ? from : AT_FDCWD, path, &how,
					sizeof(how))
			 : fcntl(from, F_DUPFD_CLOEXEC, 0);

	return found < 0 ? -errno : found;
}

/* Before it is opened: to open, and to read, may do things. */
static int may_be_opened(const struct opener_question *question, int found)
{
	struct stat status;

	if (!question->is_named)
		return 0;
	if (fstat(found, &status))
		return -errno;
	return file_owner_may_name(question->named_by, &status) ? 0 : -EACCES;
}

/* Itself, or where one that has it may have to wait for it, a copy. */
static int hand_over(uint64_t id, int *file, const struct stat *status, int *ret_fd)
{
	struct statfs system;

	if (fstatfs(*file, &system))
		return -errno;
	if (!file_system_may_block((uint64_t)system.f_type) &&
	    !file_system_has_layers((uint64_t)system.f_type)) {
		*ret_fd = take_fd(file);
		return 0;
	}
	if (status->st_size > (off_t)OPENER_MAX_FILE_BYTES)
		return -EFBIG;
	return copy(id, (uint64_t)status->st_size, *file, ret_fd);
}

static int answer_file(const struct opener_question *question, const char *path, int from,
		       struct opener_reply *reply, int *ret_fd)
{
	_cleanup_close_ int found = find(question, path, from);
	_cleanup_close_ int file = -1;
	struct stat status;
	int error = found < 0 ? found : may_be_opened(question, found);

	if (!error)
		error = reopen_regular(found, &file);
	if (error)
		return error;
	if (fstat(file, &status))
		return -errno;
	reply->owner = status.st_uid;
	reply->written_ns =
		(uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
	return hand_over(question->id, &file, &status, ret_fd);
}

/* --- questions --- */

struct message {
	struct opener_question question;
	char path[PATH_MAX];
};

/* With the descriptor that it came with, or -1. False: there is none, nor any more. */
static bool receive(struct message *message, int *ret_from)
{
	const struct opener_question *question = &message->question;
	ssize_t got;

	do
		got = descriptors_receive(CAGE_SOCKET, message, sizeof(*message), ret_from, 1, 0);
	while (got < 0 && errno == EINTR);
	return got >= (ssize_t)sizeof(*question) && question->magic == OPENER_MAGIC &&
	       (size_t)got == sizeof(*question) + question->path_bytes &&
	       (!question->path_bytes || !message->path[question->path_bytes - 1]);
}

static bool serve_one(void)
{
	struct message message;
	const struct opener_question *question = &message.question;
	_cleanup_close_ int from = -1;
	_cleanup_close_ int fd = -1;
	struct opener_reply done = { .magic = OPENER_MAGIC, .word = OPENER_IS_DONE };
	const char *path;

	if (!receive(&message, &from))
		return false;
	path = question->path_bytes ? message.path : NULL;
	done.id = question->id;
	done.error = question->what == OPENER_MODULE
			     ? answer_module(question, path, &fd)
			     : answer_file(question, path, from, &done, &fd);
	return say(&done, sizeof(done), fd);
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
					    OPENER_MAX_FILE_BYTES };

	return opener_child_run(&limits);
}
