/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/opener.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "worker/descriptors.h"
#include "worker/opener_protocol.h"

#define HELLO_MS  10000
#define REAP_MS   100 /* at the end; what hangs inside the kernel is left to it */
#define MAX_ERRNO 4095
#define MAX_STEPS 64 /* at a time, whatever it says */

struct waiting {
	struct waiting *next;
	struct opener_request request; /* its path is the one below */
	char path[];
};

enum state {
	OPENER_NONE, /* no process */
	OPENER_STARTED,
	OPENER_READY,
	OPENER_ASKED, /* the first that waits */
};

struct silent {
	uint64_t device, user;
};

struct opener {
	struct opener_options options;
	struct waiting *first, **last;
	size_t count;
	int epoll, timer, socket;
	enum state state;
	pid_t starter;                         /* the thread that the process ends with */
	uint64_t silence_end_ns, total_end_ns; /* CLOCK_MONOTONIC */
	struct opener_hello hello;             /* of one that could not be shut in */
	struct silent silent[OPENER_MAX_SILENT_ALL];
	size_t silent_count;
	pid_t ended[2 * OPENER_MAX_SILENT_ALL]; /* killed, and not reaped yet */
	size_t ended_count;
	int interrupted;  /* an eventfd */
	bool is_given_up; /* options.wait did */

	pthread_mutex_t lock; /* of all below */
	pid_t pid;            /* 0: there is none */
	struct child_usage usage;
};

/* --- begin and end --- */

static int watch(const struct opener *opener, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(opener->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int set_up(struct opener *opener)
{
	int error;

	opener->epoll = epoll_create1(EPOLL_CLOEXEC);
	opener->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	opener->interrupted = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (opener->epoll < 0 || opener->timer < 0 || opener->interrupted < 0)
		return -errno;
	error = watch(opener, opener->timer);
	return error ? error : watch(opener, opener->interrupted);
}

int opener_new(const struct opener_options *options, struct opener **ret_opener)
{
	struct opener *opener = calloc(1, sizeof(*opener));
	int error;

	if (!opener)
		return -ENOMEM;
	opener->options = *options;
	opener->last = &opener->first;
	opener->socket = opener->interrupted = -1;
	pthread_mutex_init(&opener->lock, NULL);
	error = set_up(opener);
	if (error) {
		opener_free(opener);
		return error;
	}
	*ret_opener = opener;
	return 0;
}

static void reap(struct opener *opener)
{
	for (size_t i = 0; i < opener->ended_count;)
		if (waitpid(opener->ended[i], NULL, WNOHANG))
			opener->ended[i] = opener->ended[--opener->ended_count];
		else
			i++;
}

/* It may hang inside the kernel: nobody waits for it. */
static void stop(struct opener *opener, bool has_failed)
{
	pid_t pid = opener->pid;

	if (opener->state == OPENER_NONE)
		return;
	opener->state = OPENER_NONE;
	cleanup_close(&opener->socket);
	opener->socket = -1;
	pthread_mutex_lock(&opener->lock);
	child_usage_add(&opener->usage, pid);
	opener->usage.failed += has_failed;
	opener->pid = 0;
	pthread_mutex_unlock(&opener->lock);
	kill(pid, SIGKILL);
	opener->ended[opener->ended_count++] = pid;
	reap(opener);
}

void opener_free(struct opener *opener)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	if (!opener)
		return;
	stop(opener, false);
	for (int i = 0; i < REAP_MS && opener->ended_count; i++) {
		nanosleep(&pause, NULL);
		reap(opener);
	}
	for (struct waiting *waiting = opener->first, *next; waiting; waiting = next) {
		next = waiting->next;
		free(waiting);
	}
	cleanup_close(&opener->timer);
	cleanup_close(&opener->interrupted);
	cleanup_close(&opener->epoll);
	pthread_mutex_destroy(&opener->lock);
	free(opener);
}

void opener_interrupt(struct opener *opener)
{
	eventfd_write(opener->interrupted, 1);
}

void opener_take_over(struct opener *opener)
{
	eventfd_t times;

	eventfd_read(opener->interrupted, &times);
	if (opener->starter != gettid())
		stop(opener, false);
}

int opener_fd(const struct opener *opener)
{
	return opener->epoll;
}

bool opener_is_idle(const struct opener *opener)
{
	return !opener->first;
}

const char *opener_failed(const struct opener *opener, int *ret_error)
{
	*ret_error = opener->hello.error;
	return opener->hello.failed;
}

void opener_read_usage(struct opener *opener, struct child_usage *ret_usage)
{
	pthread_mutex_lock(&opener->lock);
	*ret_usage = opener->usage;
	if (opener->pid)
		child_usage_add(ret_usage, opener->pid);
	pthread_mutex_unlock(&opener->lock);
}

/* --- how long --- */

static void set_timer(const struct opener *opener, uint64_t end_ns)
{
	const struct itimerspec once = { .it_value.tv_sec = (time_t)(end_ns / 1000000000u),
					 .it_value.tv_nsec = (long)(end_ns % 1000000000u) };

	timerfd_settime(opener->timer, TFD_TIMER_ABSTIME, &once, NULL);
}

/* Something was heard of it. */
static void move_limit(struct opener *opener, uint64_t silence_ms)
{
	opener->silence_end_ns = clock_monotonic_ns() + silence_ms * 1000000u;
	if (opener->silence_end_ns > opener->total_end_ns)
		opener->silence_end_ns = opener->total_end_ns;
	set_timer(opener, opener->silence_end_ns);
}

static void set_limits(struct opener *opener, uint64_t silence_ms, uint64_t total_ms)
{
	opener->total_end_ns = clock_monotonic_ns() + total_ms * 1000000u;
	move_limit(opener, silence_ms);
}

/* --- asking --- */

static bool is_refused(const struct opener *opener, const struct opener_request *request)
{
	size_t of_user = 0;

	if (opener->hello.error || opener->silent_count == OPENER_MAX_SILENT_ALL ||
	    opener->ended_count == 2 * OPENER_MAX_SILENT_ALL)
		return true;
	for (size_t i = 0; i < opener->silent_count; i++) {
		if (opener->silent[i].device == request->device)
			return true;
		of_user += opener->silent[i].user == request->user;
	}
	return of_user >= OPENER_MAX_SILENT;
}

int opener_ask(struct opener *opener, const struct opener_request *request)
{
	const char *path = request->place.path;
	size_t path_bytes = path ? strlen(path) + 1 : 0;
	struct waiting *waiting;

	if (request->what == OPENER_MODULE && request->size > OPENER_MAX_COPY_BYTES)
		return -EFBIG;
	if (is_refused(opener, request))
		return -EWOULDBLOCK;
	if (opener->count == OPENER_MAX_WAITING)
		return -EWOULDBLOCK;
	if (path_bytes > PATH_MAX)
		return -ENAMETOOLONG;
	waiting = malloc(sizeof(*waiting) + path_bytes);
	if (!waiting)
		return -ENOMEM;
	waiting->next = NULL;
	waiting->request = *request;
	if (path) {
		memcpy(waiting->path, path, path_bytes);
		waiting->request.place.path = waiting->path;
	}
	*opener->last = waiting;
	opener->last = &waiting->next;
	opener->count++;
	return 0;
}

static void finish(struct opener *opener, const struct opener_answer *answer,
		   struct opener_answer *ret_answer)
{
	struct waiting *done = opener->first;

	*ret_answer = *answer;
	ret_answer->id = done->request.id;
	opener->first = done->next;
	if (!opener->first)
		opener->last = &opener->first;
	opener->count--;
	if (!opener->first)
		set_timer(opener, 0);
	free(done);
}

static int start(struct opener *opener)
{
	pid_t pid;
	int error = child_process_start(opener->options.arguments, SOCK_SEQPACKET, &opener->socket,
					&pid);

	if (error)
		return error;
	opener->state = OPENER_STARTED;
	opener->starter = gettid();
	pthread_mutex_lock(&opener->lock);
	opener->pid = pid;
	opener->usage.started++;
	pthread_mutex_unlock(&opener->lock);
	set_limits(opener, HELLO_MS, HELLO_MS);
	return watch(opener, opener->socket);
}

static int send_question(struct opener *opener)
{
	const struct opener_request *request = &opener->first->request;
	const struct file_place *place = &request->place;
	size_t path_bytes = place->path ? strlen(place->path) + 1 : 0;
	struct opener_question question = {
		.magic = OPENER_MAGIC,
		.pid = place->pid,
		.id = request->id,
		.mapping_start = place->mapping_start,
		.mapping_end = place->mapping_end,
		.module = request->module,
		.size = request->size,
		.path_bytes = (uint32_t)path_bytes,
		.what = request->what,
		.is_named = request->is_named,
		.named_by = request->named_by,
	};
	bool has_descriptor =
		request->what == OPENER_FILE_BELOW || request->what == OPENER_FILE_ITSELF;
	struct iovec parts[] = { { &question, sizeof(question) },
				 { (void *)place->path, path_bytes } };

	if (descriptors_send(opener->socket, parts, 2, &request->from, has_descriptor,
			     MSG_DONTWAIT) < 0)
		return -EPIPE;
	opener->state = OPENER_ASKED;
	set_limits(opener, opener->options.silence_ms, opener->options.total_ms);
	return 0;
}

/* Nobody asked it anything: what is there to be read is the end, or garbage. */
static bool is_well(const struct opener *opener)
{
	struct pollfd polled = { .fd = opener->socket, .events = POLLIN };

	return poll(&polled, 1, 0) == 0;
}

/* --- what it says --- */

static int hear_hello(struct opener *opener)
{
	struct opener_hello hello;
	ssize_t got = recv(opener->socket, &hello, sizeof(hello), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (got <= 0)
		return -EPIPE;
	if (got != sizeof(hello) || hello.magic != OPENER_MAGIC || hello.error > 0 ||
	    hello.error < -MAX_ERRNO)
		return -EBADMSG;
	hello.failed[sizeof(hello.failed) - 1] = '\0';
	opener->hello = hello;
	opener->state = OPENER_READY;
	return hello.error;
}

static int send_program(const struct opener *opener)
{
	char byte = 0;
	struct iovec part = { &byte, 1 };

	return descriptors_send(opener->socket, &part, 1, &opener->options.program, 1,
				MSG_DONTWAIT) == 1
		       ? 0
		       : -EPIPE;
}

/* A copy in memory, which no call can hang over. */
static bool is_copy(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & OPENER_COPY_SEALS) == OPENER_COPY_SEALS;
}

static bool is_copy_of_module(const struct opener_request *request, int fd)
{
	struct stat status;

	return is_copy(fd) && !fstat(fd, &status) && (uint64_t)status.st_size == request->size;
}

static bool is_what_was_asked_for(const struct opener_request *request, int fd)
{
	return request->what != OPENER_MODULE || is_copy_of_module(request, fd);
}

static bool is_reply(const struct opener *opener, const struct opener_reply *reply)
{
	return reply->magic == OPENER_MAGIC && reply->id == opener->first->request.id &&
	       reply->error <= 0 && reply->error >= -MAX_ERRNO;
}

static void take_done(struct opener *opener, const struct opener_reply *reply, int fd,
		      struct opener_answer *ret_answer)
{
	const struct opener_answer answer = {
		.error = reply->error,
		.fd = fd,
		.is_copy = fd >= 0 && is_copy(fd),
		.owner = reply->owner,
		.written_ns = reply->written_ns,
	};

	finish(opener, &answer, ret_answer);
}

/* The answer: 0. What comes on the way, or does not come: -EAGAIN. */
static int hear_reply(struct opener *opener, struct opener_answer *ret_answer)
{
	struct opener_reply reply;
	_cleanup_close_ int fd = -1;
	ssize_t got =
		descriptors_receive(opener->socket, &reply, sizeof(reply), &fd, 1, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return -EPIPE;
	if (got != sizeof(reply) || !is_reply(opener, &reply))
		return -EBADMSG;
	move_limit(opener, opener->options.silence_ms);
	switch (reply.word) {
	case OPENER_GOES_ON:
		return -EAGAIN;
	case OPENER_HAS_MAPPED:
		return send_program(opener) ? -EPIPE : -EAGAIN;
	case OPENER_IS_DONE:
		if ((fd < 0) != (reply.error < 0) ||
		    (fd >= 0 && !is_what_was_asked_for(&opener->first->request, fd)))
			return -EBADMSG;
		opener->state = OPENER_READY;
		take_done(opener, &reply, take_fd(&fd), ret_answer);
		return 0;
	default:
		return -EBADMSG;
	}
}

/* A step towards the first one's answer: 0: it is there; -EAGAIN: more is to come; or why it does not. */
static int step(struct opener *opener, struct opener_answer *ret_answer)
{
	int error;

	switch (opener->state) {
	case OPENER_NONE:
		error = start(opener);
		return error ? error : -EAGAIN;
	case OPENER_STARTED:
		error = hear_hello(opener);
		return error ? error : -EAGAIN;
	case OPENER_READY:
		if (!is_well(opener)) {
			stop(opener, true);
			return -EAGAIN;
		}
		error = send_question(opener);
		return error ? error : -EAGAIN;
	case OPENER_ASKED:
		return hear_reply(opener, ret_answer);
	}
	return -EBADMSG;
}

/* Is there something to be done at once? */
static bool goes_on(const struct opener *opener, enum state before)
{
	struct pollfd polled = { .fd = opener->socket, .events = POLLIN };

	return opener->state != before || poll(&polled, 1, 0) > 0;
}

static void finish_without(struct opener *opener, int error, struct opener_answer *ret_answer)
{
	finish(opener, &(struct opener_answer){ .error = error, .fd = -1 }, ret_answer);
}

static void fail(struct opener *opener, int error, struct opener_answer *ret_answer)
{
	/* Who is too slow to start is no file's fault. */
	if (error == -ETIMEDOUT && opener->state == OPENER_ASKED)
		opener->silent[opener->silent_count++] =
			(struct silent){ opener->first->request.device,
					 opener->first->request.user };
	stop(opener, true);
	finish_without(opener, opener->hello.error ? -EWOULDBLOCK : error, ret_answer);
}

/* As far as it gets without waiting: as step(), or -ETIMEDOUT. */
static int advance(struct opener *opener, struct opener_answer *ret_answer)
{
	int error = -EAGAIN;

	for (int i = 0; i < MAX_STEPS && error == -EAGAIN; i++) {
		enum state before = opener->state;

		error = step(opener, ret_answer);
		if (error == -EAGAIN && !goes_on(opener, before))
			break;
	}
	return error == -EAGAIN && clock_monotonic_ns() >= opener->silence_end_ns ? -ETIMEDOUT
										  : error;
}

bool opener_take(struct opener *opener, struct opener_answer *ret_answer)
{
	int error;

	reap(opener);
	if (!opener->first) {
		if (opener->state == OPENER_READY && !is_well(opener))
			stop(opener, true);
		return false;
	}
	if (opener->state != OPENER_ASKED && is_refused(opener, &opener->first->request)) {
		finish_without(opener, -EWOULDBLOCK, ret_answer);
		return true;
	}
	error = advance(opener, ret_answer);
	if (error == -EAGAIN)
		return false;
	if (error)
		fail(opener, error, ret_answer);
	return true;
}

static bool is_interrupted(const struct opener *opener)
{
	struct pollfd polled = { .fd = opener->interrupted, .events = POLLIN };

	return poll(&polled, 1, 0) > 0;
}

/* Until there is something to be taken; false: there need not be. */
static bool go_on_waiting(struct opener *opener)
{
	struct pollfd answered = { .fd = opener->epoll, .events = POLLIN };

	if (opener->options.wait)
		opener->is_given_up = opener->options.wait(opener->epoll) != 0;
	else
		poll(&answered, 1, -1);
	return !opener->is_given_up && !is_interrupted(opener);
}

int opener_open(struct opener *opener, const struct opener_request *request,
		struct opener_answer *ret_answer)
{
	struct opener_answer answer;
	int error = opener->is_given_up || is_interrupted(opener) ? -ECANCELED
								  : opener_ask(opener, request);

	if (error)
		return error;
	while (!opener_take(opener, &answer)) {
		if (go_on_waiting(opener))
			continue;
		stop(opener, false);
		finish_without(opener, -ECANCELED, &answer);
		break;
	}
	if (!answer.error)
		*ret_answer = answer;
	return answer.error;
}
