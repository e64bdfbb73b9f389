/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "worker/descriptors.h"
#include "worker/file_owner.h"

#define CPU_CHECK_MS 50 /* how often a worker that takes its time is looked at */
#define HELLO_MS     10000
#define REAP_MS      1000 /* one that hangs inside the kernel is left to it */
#define MAX_ERRNO    4095

struct question {
	struct question *next;
	uint64_t id;
	uint64_t max_reply_bytes;
	int descriptors[WORKER_MAX_DESCRIPTORS];
	size_t descriptor_count;
	uint32_t owner;    /* of what it reads (file_owner.h) */
	size_t size, sent; /* of the bytes */
	uint8_t bytes[];   /* struct worker_request_header, payload */
};

/* The first questions were sent, at least in part: they are under way. */
struct worker {
	struct worker_options options;
	struct question *first, **last;
	struct question *unsent; /* the first one that was not, as a whole; NULL: all were */
	int socket;              /* -1: there is none */
	int interrupted;
	bool is_greeted;
	pid_t starter;  /* the thread that it ends with */
	uint32_t owner; /* whose files it has read, besides root's; FILE_OWNER_ROOT: nobody's */
	uint64_t next_id;
	struct worker_hello hello; /* of the last one */

	pthread_mutex_t lock; /* of all below */
	pid_t pid;            /* 0: there is none */
	struct child_usage ended;
};

/* When to give up; in the clocks of this machine and of the worker. */
struct limit {
	uint64_t end_ns, cpu_end_ns, idle_ns;
	uint64_t cpu_ns, moved_ns; /* its CPU time, and since when it is that */
};

/* --- what it uses --- */

uint64_t worker_failures(struct worker *worker)
{
	uint64_t failed;

	pthread_mutex_lock(&worker->lock);
	failed = worker->ended.failed;
	pthread_mutex_unlock(&worker->lock);
	return failed;
}

void worker_read_usage(struct worker *worker, struct child_usage *ret_usage)
{
	pthread_mutex_lock(&worker->lock);
	*ret_usage = worker->ended;
	if (worker->pid)
		child_usage_add(ret_usage, worker->pid);
	pthread_mutex_unlock(&worker->lock);
}

uint64_t worker_cpu_ns(struct worker *worker)
{
	uint64_t cpu_ns;

	pthread_mutex_lock(&worker->lock);
	cpu_ns = worker->ended.cpu_ns + (worker->pid ? child_process_cpu_ns(worker->pid) : 0);
	pthread_mutex_unlock(&worker->lock);
	return cpu_ns;
}

/* --- begin and end --- */

/* What was under way is so no more. */
static void unsend(struct worker *worker)
{
	for (struct question *question = worker->first; question; question = question->next)
		question->sent = 0;
	worker->unsent = worker->first;
}

static int start(struct worker *worker)
{
	pid_t pid;
	int error =
		child_process_start(worker->options.arguments, SOCK_STREAM, &worker->socket, &pid);

	if (error)
		return error;
	worker->is_greeted = false;
	worker->owner = FILE_OWNER_ROOT;
	worker->starter = gettid();
	pthread_mutex_lock(&worker->lock);
	worker->pid = pid;
	worker->ended.started++;
	pthread_mutex_unlock(&worker->lock);
	return 0;
}

/* False: it hangs inside the kernel. */
static bool reap(pid_t pid, struct rusage *ret_used)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	pid_t reaped = 0;

	for (int i = 0; i < REAP_MS && reaped == 0; i++) {
		reaped = wait4(pid, NULL, WNOHANG, ret_used);
		if (!reaped)
			nanosleep(&pause, NULL);
	}
	return reaped == pid;
}

static uint64_t nanoseconds_of(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

/* Of one that is dead already, what it had at its most is not known. */
static void stop(struct worker *worker, bool has_failed)
{
	struct rusage used = { 0 };
	uint64_t before_ns, cpu_ns;
	pid_t pid;

	if (worker->socket < 0)
		return;
	unsend(worker);
	close(worker->socket);
	worker->socket = -1;
	pthread_mutex_lock(&worker->lock);
	pid = worker->pid;
	before_ns = worker->ended.cpu_ns;
	child_usage_add(&worker->ended, pid);
	cpu_ns = worker->ended.cpu_ns - before_ns;
	worker->ended.failed += has_failed;
	worker->pid = 0;
	pthread_mutex_unlock(&worker->lock);
	kill(pid, SIGKILL);
	if (!reap(pid, &used))
		return;
	pthread_mutex_lock(&worker->lock);
	worker->ended.cpu_ns +=
		nanoseconds_of(used.ru_utime) + nanoseconds_of(used.ru_stime) - cpu_ns;
	pthread_mutex_unlock(&worker->lock);
}

static void drop_first(struct worker *worker)
{
	struct question *question = worker->first;

	worker->first = question->next;
	if (!worker->first)
		worker->last = &worker->first;
	if (worker->unsent == question)
		worker->unsent = question->next;
	free(question);
}

int worker_new(const struct worker_options *options, struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int error;

	if (!worker)
		return -ENOMEM;
	worker->options = *options;
	worker->last = &worker->first;
	worker->socket = -1;
	pthread_mutex_init(&worker->lock, NULL);
	worker->interrupted = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = worker->interrupted < 0 ? -errno : start(worker);
	if (error) {
		worker_free(worker);
		return error;
	}
	*ret_worker = worker;
	return 0;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	stop(worker, false);
	while (worker->first)
		drop_first(worker);
	cleanup_close(&worker->interrupted);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

void worker_interrupt(struct worker *worker)
{
	eventfd_write(worker->interrupted, 1);
}

void worker_resume(struct worker *worker)
{
	eventfd_t times;

	eventfd_read(worker->interrupted, &times);
	if (worker->starter != gettid())
		stop(worker, false);
}

/* --- bytes --- */

static struct limit limit_from_now(const struct worker *worker, const struct worker_deadline *from)
{
	uint64_t now = clock_monotonic_ns(), cpu_ns = child_process_cpu_ns(worker->pid);

	return (struct limit){
		.end_ns = now + from->wall_ms * 1000000ull,
		.cpu_end_ns = cpu_ns + from->cpu_ms * 1000000ull,
		.idle_ns = from->idle_ms * 1000000ull,
		.cpu_ns = cpu_ns,
		.moved_ns = now,
	};
}

static bool is_over(const struct worker *worker, struct limit *limit)
{
	uint64_t now = clock_monotonic_ns(), cpu_ns = child_process_cpu_ns(worker->pid);

	if (cpu_ns != limit->cpu_ns) {
		limit->cpu_ns = cpu_ns;
		limit->moved_ns = now;
	}
	return now >= limit->end_ns || cpu_ns >= limit->cpu_end_ns ||
	       now - limit->moved_ns >= limit->idle_ns;
}

static int error_of_socket(void)
{
	return errno == ECONNRESET || errno == EPIPE ? -EPIPE : -errno;
}

/* As much of a question as there is room for; its descriptors go with its first byte. 0: all of it was sent; -EAGAIN, or the socket's error. */
static int send_some(const struct worker *worker, struct question *question)
{
	struct iovec part = { question->bytes + question->sent, question->size - question->sent };
	ssize_t sent =
		descriptors_send(worker->socket, &part, 1, question->descriptors,
				 question->sent ? 0 : question->descriptor_count, MSG_DONTWAIT);

	if (sent < 0)
		return errno == EAGAIN ? -EAGAIN : error_of_socket();
	question->sent += (size_t)sent;
	return question->sent == question->size ? 0 : -EAGAIN;
}

static bool is_used_up(const struct worker *worker)
{
	return child_process_cpu_ns(worker->pid) >= WORKER_CPU_SECONDS / 2 * 1000000000ull;
}

/* Whoever's files it has read may have made it say what he likes, of his own files alone. */
static bool may_read(const struct worker *worker, uint32_t owner)
{
	return worker->owner == FILE_OWNER_ROOT ||
	       (worker->owner == owner && owner != FILE_OWNER_ANYBODY);
}

/* May the worker have it, as it is? Else when all that is under way is answered, another one. */
static bool may_be_sent(const struct worker *worker, const struct question *question)
{
	return question->sent || (may_read(worker, question->owner) && !is_used_up(worker));
}

/* Sends what it may have and has room for: 0, or the socket's error. */
static int send_questions(struct worker *worker)
{
	while (worker->unsent && may_be_sent(worker, worker->unsent)) {
		struct question *question = worker->unsent;
		int error;

		worker->owner = question->owner;
		error = send_some(worker, question);
		if (error)
			return error == -EAGAIN ? 0 : error;
		worker->unsent = question->next;
	}
	return 0;
}

/*
 * Until there is something to receive, sending meanwhile what can be sent: 0, -ETIMEDOUT, -ECANCELED or another error. That the worker has ended
 * is seen where its last reply was received.
 */
static int wait_for_bytes(struct worker *worker, struct limit *limit)
{
	struct pollfd polled[] = { { .fd = worker->socket },
				   { .fd = worker->interrupted, .events = POLLIN } };

	while (!is_over(worker, limit)) {
		int error = worker->is_greeted ? send_questions(worker) : 0;
		bool lacks_room = !error && worker->is_greeted && worker->unsent &&
				  may_be_sent(worker, worker->unsent);

		if (error && error != -EPIPE)
			return error;
		polled[0].events = POLLIN | (lacks_room ? POLLOUT : 0);
		if (poll(polled, 2, CPU_CHECK_MS) < 0 && errno != EINTR)
			return -errno;
		if (polled[1].revents)
			return -ECANCELED;
		if (polled[0].revents & ~POLLOUT)
			return 0;
	}
	return -ETIMEDOUT;
}

static int receive_all(struct worker *worker, void *to, size_t size, struct limit *limit)
{
	for (size_t got = 0; got < size;) {
		int error = wait_for_bytes(worker, limit);
		ssize_t n =
			error ? 0
			      : recv(worker->socket, (char *)to + got, size - got, MSG_DONTWAIT);

		if (error)
			return error;
		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return error_of_socket();
		got += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* --- questions --- */

static int greet(struct worker *worker)
{
	const struct worker_deadline deadline = { HELLO_MS, HELLO_MS, HELLO_MS };
	struct limit limit = limit_from_now(worker, &deadline);
	struct worker_hello *hello = &worker->hello;
	int error = receive_all(worker, hello, sizeof(*hello), &limit);

	if (error) {
		*hello = (struct worker_hello){ 0 };
		return error;
	}
	hello->failed[sizeof(hello->failed) - 1] = '\0';
	if (hello->magic != WORKER_MAGIC || hello->error > 0 || hello->error < -MAX_ERRNO)
		return -EBADMSG;
	worker->is_greeted = !hello->error;
	return hello->error;
}

int worker_await(struct worker *worker, const char **ret_failed)
{
	int error = worker->is_greeted ? 0 : greet(worker);

	if (error) {
		stop(worker, error != -ECANCELED);
		*ret_failed = worker->hello.failed;
	}
	return error;
}

/* Nobody asked it anything: what is there to be read is the end, or garbage. */
static bool is_well(const struct worker *worker)
{
	struct pollfd polled = { .fd = worker->socket, .events = POLLIN };

	return worker->socket >= 0 && (!worker->is_greeted || poll(&polled, 1, 0) == 0);
}

/* A worker that can be asked, where nothing is under way; one that died while nobody asked is nobody's fault. */
static int make_ready(struct worker *worker, uint32_t owner)
{
	const char *failed;
	int error;

	if (worker->socket >= 0 &&
	    (!is_well(worker) || is_used_up(worker) || !may_read(worker, owner)))
		stop(worker, !is_well(worker));
	error = worker->socket < 0 ? start(worker) : 0;
	if (!error)
		error = worker_await(worker, &failed);
	return !error || error == -ECANCELED ? error : -EAGAIN;
}

static struct question *new_question(struct worker *worker, const struct worker_request *request)
{
	const struct worker_request_header header = {
		.magic = WORKER_MAGIC,
		.service = request->service,
		.id = ++worker->next_id,
		.payload_bytes = request->payload.size,
	};
	const size_t size = sizeof(header) + request->payload.size;
	struct question *question = malloc(sizeof(*question) + size);

	if (!question)
		return NULL;
	*question = (struct question){
		.id = header.id,
		.max_reply_bytes = request->max_reply_bytes,
		.descriptor_count = request->descriptor_count,
		.owner = request->is_anybodys
				 ? FILE_OWNER_ANYBODY
				 : file_owner_of(request->descriptors, request->descriptor_count),
		.size = size,
	};
	for (size_t i = 0; i < request->descriptor_count; i++)
		question->descriptors[i] = request->descriptors[i];
	memcpy(question->bytes, &header, sizeof(header));
	if (request->payload.size)
		memcpy(question->bytes + sizeof(header), request->payload.data,
		       request->payload.size);
	return question;
}

int worker_submit(struct worker *worker, const struct worker_request *request)
{
	struct question *question;

	if (request->descriptor_count > WORKER_MAX_DESCRIPTORS ||
	    request->payload.size > WORKER_MAX_REQUEST_BYTES)
		return -E2BIG;
	question = new_question(worker, request);
	if (!question)
		return -ENOMEM;
	*worker->last = question;
	worker->last = &question->next;
	if (!worker->unsent)
		worker->unsent = question;
	/* What fails here fails once more where its answer is taken. */
	if (worker->first->sent || (worker->is_greeted && is_well(worker)))
		send_questions(worker);
	return 0;
}

static bool is_reply(const struct worker_reply_header *header, const struct question *question)
{
	return header->magic == WORKER_MAGIC && header->id == question->id && header->error <= 0 &&
	       header->error >= -MAX_ERRNO && header->payload_bytes <= question->max_reply_bytes &&
	       (!header->error || !header->payload_bytes);
}

static int receive_reply(struct worker *worker, struct worker_answer *ret_answer)
{
	struct limit limit = limit_from_now(worker, &worker->options.deadline);
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	struct worker_reply_header header;
	int error = receive_all(worker, &header, sizeof(header), &limit);

	if (error)
		return error;
	if (!is_reply(&header, worker->first))
		return -EBADMSG;
	buffer_reserve(&payload, header.payload_bytes);
	if (header.payload_bytes && !buffer_extend(&payload, header.payload_bytes))
		return -ENOMEM;
	error = receive_all(worker, payload.data, payload.size, &limit);
	if (error)
		return error;
	*ret_answer = (struct worker_answer){ header.error, payload, header.cpu_ns };
	payload = (struct buffer){ 0 };
	return 0;
}

int worker_take(struct worker *worker, struct worker_answer *ret_answer)
{
	int error = worker->first->sent ? 0 : make_ready(worker, worker->first->owner);

	if (!error) {
		error = receive_reply(worker, ret_answer);
		if (error)
			stop(worker, error != -ECANCELED && error != -ENOMEM);
	}
	drop_first(worker);
	return error;
}

void worker_drop(struct worker *worker)
{
	if (worker->first->sent)
		stop(worker, false);
	drop_first(worker);
}

int worker_ask(struct worker *worker, const struct worker_request *request,
	       struct worker_answer *ret_answer)
{
	int error = worker_submit(worker, request);

	return error ? error : worker_take(worker, ret_answer);
}
