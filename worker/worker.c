/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
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

#define CPU_CHECK_MS     50 /* how often a worker that takes its time is looked at */
#define HELLO_MS         10000
#define REAP_MS          1000 /* one that hangs inside the kernel is left to it */
#define REPLY_ROOM_BYTES (16 << 20)
#define MAX_ERRNO        4095

struct worker {
	struct worker_options options;
	int socket; /* -1: there is none */
	int interrupted;
	bool is_greeted;
	uint64_t next_id;
	struct worker_hello hello; /* of the last one */

	pthread_mutex_t lock; /* of all below */
	pid_t pid;            /* 0: there is none */
	struct worker_usage ended;
};

/* When to give up; in the clocks of this machine and of the worker. */
struct limit {
	uint64_t end_ns, cpu_end_ns, idle_ns;
	uint64_t cpu_ns, moved_ns; /* its CPU time, and since when it is that */
};

/* --- what it uses --- */

static uint64_t cpu_of(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static uint64_t rss_peak_of(pid_t pid)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *line;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (buffer_read_file(&text, path, 64 * 1024) || !buffer_string(&text))
		return 0;
	line = strstr(text.data, "VmHWM:");
	return line ? strtoull(line + strlen("VmHWM:"), NULL, 10) * 1024 : 0;
}

static void note_peak(struct worker_usage *usage, uint64_t peak)
{
	if (peak > usage->rss_peak_bytes)
		usage->rss_peak_bytes = peak;
}

void worker_read_usage(struct worker *worker, struct worker_usage *ret_usage)
{
	pthread_mutex_lock(&worker->lock);
	*ret_usage = worker->ended;
	if (worker->pid) {
		ret_usage->cpu_ns += cpu_of(worker->pid);
		note_peak(ret_usage, rss_peak_of(worker->pid));
	}
	pthread_mutex_unlock(&worker->lock);
}

/* --- begin and end --- */

/* The loader's path, without which hearth might not run at all, and nothing else. */
static void make_environment(char *to, size_t size, char **environment)
{
	const char *path = getenv("LD_LIBRARY_PATH");

	snprintf(to, size, "LD_LIBRARY_PATH=%s", path ? path : "");
	environment[0] = path ? to : NULL;
	environment[1] = NULL;
}

/* A session of its own: the terminal's Ctrl-C is hearth's, which says when the worker ends. */
static int spawn(char *const *arguments, int socket, pid_t *ret_pid)
{
	char path[4096], *environment[2];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	make_environment(path, sizeof(path), environment);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	error = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
	if (!error)
		error = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments,
				    environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -error;
}

/* Room for most replies, so that on a busy machine the two need not take turns; without the privilege, as much as there is. */
static void widen(int socket)
{
	const int bytes = REPLY_ROOM_BYTES;

	if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int start(struct worker *worker)
{
	_cleanup_close_ int inside = -1;
	_cleanup_close_ int outside = -1;
	int sockets[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	outside = sockets[0];
	inside = sockets[1];
	widen(inside);
	error = spawn(worker->options.arguments, inside, &pid);
	if (error)
		return error;
	worker->socket = take_fd(&outside);
	worker->is_greeted = false;
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
	uint64_t cpu_ns;
	pid_t pid;

	if (worker->socket < 0)
		return;
	close(worker->socket);
	worker->socket = -1;
	pthread_mutex_lock(&worker->lock);
	pid = worker->pid;
	cpu_ns = cpu_of(pid);
	note_peak(&worker->ended, rss_peak_of(pid));
	worker->ended.cpu_ns += cpu_ns;
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

int worker_new(const struct worker_options *options, struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int error;

	if (!worker)
		return -ENOMEM;
	worker->options = *options;
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
}

/* --- bytes --- */

static struct limit limit_from_now(const struct worker *worker, const struct worker_deadline *from)
{
	uint64_t now = clock_monotonic_ns(), cpu_ns = cpu_of(worker->pid);

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
	uint64_t now = clock_monotonic_ns(), cpu_ns = cpu_of(worker->pid);

	if (cpu_ns != limit->cpu_ns) {
		limit->cpu_ns = cpu_ns;
		limit->moved_ns = now;
	}
	return now >= limit->end_ns || cpu_ns >= limit->cpu_end_ns ||
	       now - limit->moved_ns >= limit->idle_ns;
}

/* Until the socket is ready: 0, -ETIMEDOUT, -ECANCELED or another error. */
static int wait_for(const struct worker *worker, short events, struct limit *limit)
{
	struct pollfd polled[] = { { .fd = worker->socket, .events = events },
				   { .fd = worker->interrupted, .events = POLLIN } };

	while (!is_over(worker, limit)) {
		if (poll(polled, 2, CPU_CHECK_MS) < 0 && errno != EINTR)
			return -errno;
		if (polled[1].revents)
			return -ECANCELED;
		if (polled[0].revents)
			return 0;
	}
	return -ETIMEDOUT;
}

static int error_of_socket(void)
{
	return errno == ECONNRESET || errno == EPIPE ? -EPIPE : -errno;
}

static int receive_all(const struct worker *worker, void *to, size_t size, struct limit *limit)
{
	for (size_t got = 0; got < size;) {
		int error = wait_for(worker, POLLIN, limit);
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

static int send_all(const struct worker *worker, struct bytes bytes, struct limit *limit)
{
	for (size_t sent = 0; sent < bytes.size;) {
		int error = wait_for(worker, POLLOUT, limit);
		ssize_t n = error ? 0
				  : send(worker->socket, bytes.data + sent, bytes.size - sent,
					 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (error)
			return error;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return error_of_socket();
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/*
 * The header, for which the empty socket has room, the descriptors with it, and as much of the payload as there is room
 * for: so the worker is woken once. How much of the payload: `ret_sent`.
 */
static int send_begin(const struct worker *worker, const struct worker_request *request,
		      size_t *ret_sent)
{
	struct worker_request_header header = {
		.magic = WORKER_MAGIC,
		.service = request->service,
		.id = worker->next_id,
		.payload_bytes = request->payload.size,
	};
	union {
		char bytes[CMSG_SPACE(WORKER_MAX_DESCRIPTORS * sizeof(int))];
		struct cmsghdr aligned;
	} control = { 0 };
	const size_t size = request->descriptor_count * sizeof(int);
	struct iovec parts[] = { { &header, sizeof(header) },
				 { (void *)request->payload.data, request->payload.size } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent;

	if (size) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(size);
		control.aligned.cmsg_level = SOL_SOCKET;
		control.aligned.cmsg_type = SCM_RIGHTS;
		control.aligned.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), request->descriptors, size);
	}
	do
		sent = sendmsg(worker->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return error_of_socket();
	if (sent < (ssize_t)sizeof(header))
		return -EIO;
	*ret_sent = (size_t)sent - sizeof(header);
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

static bool is_used_up(const struct worker *worker)
{
	return cpu_of(worker->pid) >= WORKER_CPU_SECONDS / 2 * 1000000000ull;
}

/* A worker that can be asked; one that died while nobody asked is nobody's fault. */
static int make_ready(struct worker *worker)
{
	const char *failed;
	int error;

	if (worker->socket >= 0 && (!is_well(worker) || is_used_up(worker)))
		stop(worker, !is_well(worker));
	error = worker->socket < 0 ? start(worker) : 0;
	if (!error)
		error = worker_await(worker, &failed);
	return error && error != -ECANCELED ? -EAGAIN : error;
}

static bool is_reply(const struct worker_reply_header *header, uint64_t id,
		     const struct worker_request *request)
{
	return header->magic == WORKER_MAGIC && header->id == id && header->error <= 0 &&
	       header->error >= -MAX_ERRNO && header->payload_bytes <= request->max_reply_bytes &&
	       (!header->error || !header->payload_bytes);
}

static int receive_reply(struct worker *worker, const struct worker_request *request,
			 struct limit *limit, struct worker_answer *ret_answer)
{
	_cleanup_(buffer_release) struct buffer payload = { 0 };
	struct worker_reply_header header;
	int error = receive_all(worker, &header, sizeof(header), limit);

	if (error)
		return error;
	if (!is_reply(&header, worker->next_id, request))
		return -EBADMSG;
	buffer_reserve(&payload, header.payload_bytes);
	if (header.payload_bytes && !buffer_extend(&payload, header.payload_bytes))
		return -ENOMEM;
	error = receive_all(worker, payload.data, payload.size, limit);
	if (error)
		return error;
	*ret_answer = (struct worker_answer){ .error = header.error, .payload = payload };
	payload = (struct buffer){ 0 };
	return 0;
}

int worker_ask(struct worker *worker, const struct worker_request *request,
	       struct worker_answer *ret_answer)
{
	struct limit limit;
	size_t sent = 0;
	int error;

	if (request->descriptor_count > WORKER_MAX_DESCRIPTORS ||
	    request->payload.size > WORKER_MAX_REQUEST_BYTES)
		return -E2BIG;
	error = make_ready(worker);
	if (error)
		return error;
	limit = limit_from_now(worker, &worker->options.deadline);
	worker->next_id++;
	error = send_begin(worker, request, &sent);
	if (!error)
		error = send_all(worker,
				 (struct bytes){ request->payload.data + sent,
						 request->payload.size - sent },
				 &limit);
	if (!error)
		error = receive_reply(worker, request, &limit, ret_answer);
	if (error)
		stop(worker, error != -ECANCELED && error != -ENOMEM);
	return error;
}
