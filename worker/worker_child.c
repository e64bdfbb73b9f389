/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker_child.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "elf/elf_cache.h"
#include "worker/container_service.h"
#include "worker/descriptors.h"
#include "worker/name_service.h"
#include "worker/row_service.h"
#include "worker/worker.h"

#define TRIM_LEAST_NS 20000000u /* what took so long may have taken much memory */

static const worker_answer_fn services[] = {
#define SERVICE(constant, answer) [WORKER_##constant] = answer,
#include "worker/worker_services.def"
#undef SERVICE
};

/* All at once where the socket has room, so that whoever waits is woken once. Where hearth has ended, the signal ends this. */
static bool send_parts(struct iovec *parts, int count)
{
	while (count) {
		ssize_t n = writev(CAGE_SOCKET, parts, count);

		if (n < 0 && errno != EINTR)
			return false;
		for (; count && n >= (ssize_t)parts->iov_len; parts++, count--)
			n -= (ssize_t)parts->iov_len;
		if (count && n > 0)
			*parts = (struct iovec){ (char *)parts->iov_base + n,
						 parts->iov_len - (size_t)n };
	}
	return true;
}

static bool receive_all(void *to, size_t size)
{
	for (size_t got = 0; got < size;) {
		ssize_t n = read(CAGE_SOCKET, (char *)to + got, size - got);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		got += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* The header and the descriptors that come with its first byte; false: there is no further request. */
static bool receive_header(struct worker_request_header *ret_header, int *descriptors)
{
	_Static_assert(WORKER_MAX_DESCRIPTORS <= DESCRIPTORS_MAX, "one message has them all");
	ssize_t got = descriptors_receive(CAGE_SOCKET, ret_header, sizeof(*ret_header), descriptors,
					  WORKER_MAX_DESCRIPTORS, 0);

	return got > 0 && receive_all((char *)ret_header + got, sizeof(*ret_header) - (size_t)got);
}

static bool send_reply(uint64_t id, int error, const struct buffer *answer, uint64_t cpu_ns)
{
	struct worker_reply_header header = {
		.magic = WORKER_MAGIC,
		.error = error,
		.id = id,
		.cpu_ns = cpu_ns,
		.payload_bytes = error ? 0 : answer->size,
	};
	struct iovec parts[] = { { &header, sizeof(header) },
				 { answer->data, (size_t)header.payload_bytes } };

	return send_parts(parts, 2);
}

/* `ret_taken_ns`: CPU time, where it goes on. */
static bool serve_one(worker_answer_fn answer, struct elf_cache *files, uint64_t *ret_taken_ns)
{
	struct worker_question question;
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	_cleanup_(buffer_release) struct buffer reply = { 0 };
	struct worker_request_header header;
	uint64_t begun_ns;
	bool goes_on;
	void *to;
	int error;

	_Static_assert(WORKER_MAX_DESCRIPTORS <= CAGE_MAX_DESCRIPTORS / 2, "others are its own");
	for (size_t i = 0; i < WORKER_MAX_DESCRIPTORS; i++)
		question.descriptors[i] = -1;
	if (!receive_header(&header, question.descriptors) || header.magic != WORKER_MAGIC ||
	    header.payload_bytes > WORKER_MAX_REQUEST_BYTES)
		return false;
	to = buffer_extend(&payload, header.payload_bytes);
	if (header.payload_bytes && (!to || !receive_all(to, header.payload_bytes)))
		return false;
	question.service = header.service;
	question.files = files;
	question.payload = (struct bytes){ (const uint8_t *)payload.data, payload.size };
	begun_ns = clock_thread_cpu_ns();
	error = answer(&question, &reply);
	*ret_taken_ns = clock_thread_cpu_ns() - begun_ns;
	goes_on =
		send_reply(header.id, error ? error : buffer_error(&reply), &reply, *ret_taken_ns);
	for (size_t i = 0; i < WORKER_MAX_DESCRIPTORS; i++)
		cleanup_close(&question.descriptors[i]);
	return goes_on;
}

int worker_child_answer(const struct worker_question *question, struct buffer *ret_answer)
{
	if (question->service >= WORKER_SERVICE_COUNT)
		return -ENOSYS;
	return services[question->service](question, ret_answer);
}

int worker_child_run(const struct cage_limits *limits, worker_answer_fn answer)
{
	struct worker_hello hello = { .magic = WORKER_MAGIC };
	struct iovec greeting = { &hello, sizeof(hello) };
	struct elf_cache files;
	const char *failed = "";
	uint64_t taken_ns = 0;

	prctl(PR_SET_NAME, WORKER_NAME, 0, 0, 0);
	hello.error = cage_enter(STDIN_FILENO, limits, &failed);
	memcpy(hello.failed, failed, strnlen(failed, sizeof(hello.failed) - 1));
	if (!send_parts(&greeting, 1) || hello.error)
		return 1;
	elf_cache_init(&files, WORKER_KEPT_BYTES);
	while (serve_one(answer, &files, &taken_ns))
		if (taken_ns > TRIM_LEAST_NS)
			malloc_trim(0);
	elf_cache_release(&files);
	return 0;
}

int worker_child_main(void)
{
	const struct cage_limits limits = { WORKER_DATA_BYTES, WORKER_CPU_SECONDS };

	return worker_child_run(&limits, worker_child_answer);
}
