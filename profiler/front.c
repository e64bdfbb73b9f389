/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/http_address.h"
#include "http/http_guard.h"
#include "profiler/front_child.h"
#include "profiler/front_page.h"
#include "profiler/front_protocol.h"
#include "worker/child_process.h"
#include "worker/descriptors.h"

#define NS_PER_SECOND   1000000000u
#define START_MS        10000 /* the first one has said by then whether it is up */
#define MESSAGES_MAX    16    /* at a time: whoever took it over may say more than that */
#define FIRST_DELAY_S   1 /* before one that died young is started again; twice as long each time */
#define LONGEST_DELAY_S 60
#define END_US          1000
#define OLD_ENOUGH_NS   (10 * (uint64_t)NS_PER_SECOND)
#define DAMAGED_MAX     64 /* slices that are logged: who took the front over can make them up */

struct front {
	struct front_options options;
	struct http_address address;
	char address_text[HTTP_ADDRESS_TEXT_BYTES + 16];
	int listen_fd, page_fd;
	struct front_page *page;

	/* The process. */
	pid_t pid;  /* 0: it does not run */
	int socket; /* -1: likewise */
	bool is_open, is_up;
	uint64_t started_ns, again_ns; /* clock_monotonic_ns() */
	unsigned int delay_s;
	uint64_t ended_cpu_ns; /* of those that ended */
	uint64_t failures;
	uint64_t damaged[DAMAGED_MAX]; /* numbers of the slices of which it was logged */
	size_t damaged_count;
};

/* --- starting --- */

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static void write_order(const struct front *front, struct front_order *order)
{
	const struct front_options *options = &front->options;

	*order = (struct front_order){
		.magic = FRONT_MAGIC,
		.is_open = front->is_open,
		.reach = front->address.reach,
		.port = front->address.port,
		.host_count = (uint32_t)options->host_count,
	};
	for (size_t i = 0; i < options->host_count; i++)
		copy(order->hosts[i], FRONT_HOST_BYTES, options->hosts[i]);
	copy(order->store, sizeof(order->store), options->store);
	if (options->token)
		copy(order->token, sizeof(order->token), options->token);
}

static int send_order(const struct front *front)
{
	const int descriptors[FRONT_ORDER_DESCRIPTORS] = {
		[FRONT_ORDER_LISTENS] = front->listen_fd,
		[FRONT_ORDER_PAGE] = front->page_fd,
	};
	struct front_order *order = malloc(sizeof(*order));
	struct iovec part = { order, sizeof(*order) };
	ssize_t sent;

	if (!order)
		return -ENOMEM;
	write_order(front, order);
	sent = descriptors_send(front->socket, &part, 1, descriptors, FRONT_ORDER_DESCRIPTORS, 0);
	free(order);
	return sent == sizeof(*order) ? 0 : -EPIPE;
}

/* Ends the process, if it has not. */
static uint64_t ns_of(struct timeval time)
{
	return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_usec * 1000;
}

/* As waitpid(); what it used is known from then on. */
static pid_t wait_for_end(struct front *front, int *status, int options)
{
	struct rusage used;
	pid_t ended = wait4(front->pid, status, options, &used);

	if (ended == front->pid)
		front->ended_cpu_ns += ns_of(used.ru_utime) + ns_of(used.ru_stime);
	return ended;
}

static void reap(struct front *front)
{
	front->is_up = false;
	if (front->socket >= 0)
		close(take_fd(&front->socket));
	if (!front->pid)
		return;
	kill(front->pid, SIGKILL);
	while (wait_for_end(front, NULL, 0) < 0 && errno == EINTR) {
	}
	front->pid = 0;
}

static int start(struct front *front)
{
	static char name[] = FRONT_NAME;
	static char *const arguments[] = { name, NULL };
	int error = child_process_start(arguments, SOCK_SEQPACKET, &front->socket, &front->pid);

	front->started_ns = clock_monotonic_ns();
	if (!error)
		error = send_order(front);
	if (error)
		reap(front);
	return error;
}

/* --- what it says --- */

/* false: there is nothing now. -errno in `ret_error`: there will be nothing any more. */
static bool receive(const struct front *front, struct front_message *ret_message, int *ret_error)
{
	ssize_t got;

	do
		got = recv(front->socket, ret_message, sizeof(*ret_message), MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	*ret_error = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)               ? 0
		     : got == sizeof(*ret_message) && ret_message->magic == FRONT_MAGIC ? 0
											: -EPIPE;
	ret_message->failed[sizeof(ret_message->failed) - 1] = '\0';
	return got > 0 && !*ret_error;
}

static void log_end(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		log_warning("what serves the page ended by signal %d (%s); it is started again",
			    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) == FRONT_EXIT_STUCK)
		log_warning(
			"a question to the page took over a minute; what serves it is started again");
	else
		log_warning("what serves the page ended; it is started again");
}

/* One that dies at once is not started at once. */
static void plan_restart(struct front *front)
{
	const uint64_t now_ns = clock_monotonic_ns();

	if (now_ns - front->started_ns > OLD_ENOUGH_NS)
		front->delay_s = 0;
	front->again_ns = now_ns + front->delay_s * (uint64_t)NS_PER_SECOND;
	front->delay_s = front->delay_s ? front->delay_s * 2 : FIRST_DELAY_S;
	if (front->delay_s > LONGEST_DELAY_S)
		front->delay_s = LONGEST_DELAY_S;
}

static void start_again_if_due(struct front *front)
{
	int error;

	if (front->pid || clock_monotonic_ns() < front->again_ns)
		return;
	error = start(front);
	if (!error)
		return;
	log_warning("what serves the page cannot be started: %s", strerror(-error));
	plan_restart(front);
}

/* It is up, or said why not: without a cage it tries once more. */
static void take_news(struct front *front, const struct front_message *message)
{
	if (!message->error) {
		front->is_up = true;
		return;
	}
	if (!front->is_open) {
		log_warning(
			"what serves the page cannot be shut in: %s: %s; it gives up what it can instead",
			message->failed, strerror(-message->error));
		front->is_open = true;
		front->delay_s = 0;
		return;
	}
	log_error("what serves the page does not start: %s: %s", message->failed,
		  strerror(-message->error));
}

static bool is_logged(const struct front *front, uint64_t slice)
{
	for (size_t i = 0; i < front->damaged_count; i++)
		if (front->damaged[i] == slice)
			return true;
	return false;
}

/* Once for each slice, also where another front meets it again. */
static void log_damage(struct front *front, const struct front_message *message)
{
	const unsigned long long slice = message->slice;

	if (front->damaged_count == DAMAGED_MAX || is_logged(front, message->slice))
		return;
	front->damaged[front->damaged_count++] = message->slice;
	if (message->error < 0)
		log_warning("%s: slice %06llu cannot be read, and answers lack it: %s",
			    front->options.store, slice, strerror(-message->error));
	else
		log_warning(
			"%s: slice %06llu: %u of its chunks are damaged or missing, and answers lack them",
			front->options.store, slice, message->chunks);
}

/* It has closed its end, or said nonsense. A moment later it is known how it ended, if it did. */
static void bury(struct front *front)
{
	const bool was_up = front->is_up;
	int status = SIGKILL;

	usleep(END_US);
	if (wait_for_end(front, &status, WNOHANG) == front->pid)
		front->pid = 0;
	reap(front);
	if (was_up) {
		log_end(status);
		front->failures++;
	}
	plan_restart(front);
	start_again_if_due(front);
}

uint64_t front_failures(const struct front *front)
{
	return front->failures;
}

bool front_take(struct front *front)
{
	bool wants_end = false, goes_on = true;
	struct front_message message;
	int error = 0;

	for (unsigned int i = 0; i < MESSAGES_MAX && goes_on && front->socket >= 0; i++) {
		goes_on = receive(front, &message, &error);
		if (goes_on && message.kind == FRONT_WANTS_END)
			wants_end = true;
		else if (goes_on && message.kind == FRONT_MET_DAMAGE)
			log_damage(front, &message);
		else if (goes_on)
			take_news(front, &message);
	}
	if (error)
		bury(front);
	return wants_end;
}

void front_publish(struct front *front, const struct api_status *status)
{
	front_page_write(front->page, status);
	start_again_if_due(front);
}

/* --- its life --- */

static int log_address(const struct front_options *options, const char *why)
{
	log_error("--listen %s: %s", options->listen, why);
	return -EINVAL;
}

static int log_token(const char *why)
{
	log_error("--token-file: %s", why);
	return -EINVAL;
}

static int check_options(const struct front_options *options, struct http_address *address)
{
	const char *why = "";

	if (http_address_parse(options->listen, address, &why))
		return log_address(options, why);
	if (options->token && http_guard_check_token(options->token, &why))
		return log_token(why);
	if (address->reach == HTTP_ON_NETWORK && !options->token)
		return log_address(
			options,
			"other machines can reach this address, which takes a token (--token-file FILE)");
	if (options->host_count > FRONT_HOSTS_MAX)
		return log_address(options, "too many further names (--host)");
	return 0;
}

static void tell_of_reach(const struct front *front)
{
	if (front->address.reach == HTTP_ON_NETWORK)
		log_warning(
			"other machines can reach %s: they need the token, and nothing is encrypted",
			front->address_text);
}

static int open_up(struct front *front)
{
	int error = http_address_listen(&front->address, &front->listen_fd);

	if (error)
		log_error("cannot listen at %s: %s", front->address.text, strerror(-error));
	else
		snprintf(front->address_text, sizeof(front->address_text),
			 front->address.reach == HTTP_ON_SOCKET ? "%s" : "http://%s/",
			 front->address.text);
	if (!error) {
		error = front_page_new(&front->page, &front->page_fd);
		if (error)
			log_error("cannot share memory with what serves the page: %s",
				  strerror(-error));
	}
	return error;
}

/* Whether it can be shut in is to be known before anything is recorded. */
static int await_first(struct front *front)
{
	const uint64_t until_ns = clock_monotonic_ns() + START_MS * (uint64_t)1000000;

	while (!front->is_up) {
		struct pollfd polled = { .fd = front->socket, .events = POLLIN };

		if (clock_monotonic_ns() > until_ns ||
		    (!front->pid && front->delay_s > FIRST_DELAY_S)) {
			log_error("what serves the page does not start");
			return -EIO;
		}
		poll(&polled, front->socket >= 0, 100);
		front_take(front);
		start_again_if_due(front);
	}
	return 0;
}

int front_start(const struct front_options *options, struct front **ret_front)
{
	struct front *front = calloc(1, sizeof(*front));
	int error;

	if (!front) {
		log_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	front->options = *options;
	front->listen_fd = front->page_fd = front->socket = -1;
	front->is_open = geteuid() != 0;
	error = check_options(options, &front->address);
	if (!error)
		error = open_up(front);
	if (!error) {
		error = start(front);
		if (error)
			log_error("what serves the page cannot be started: %s", strerror(-error));
	}
	if (!error)
		error = await_first(front);
	if (error) {
		front_free(front);
		return error;
	}
	tell_of_reach(front);
	*ret_front = front;
	return 0;
}

void front_free(struct front *front)
{
	if (!front)
		return;
	reap(front);
	if (front->listen_fd >= 0) {
		http_address_forget(&front->address);
		close(front->listen_fd);
	}
	if (front->page_fd >= 0)
		close(front->page_fd);
	front_page_free(front->page);
	free(front);
}

const char *front_address(const struct front *front)
{
	return front->address_text;
}

int front_fd(const struct front *front)
{
	return front->socket;
}

pid_t front_pid(const struct front *front)
{
	return front->pid;
}

uint64_t front_cpu_ns(const struct front *front)
{
	return front->ended_cpu_ns + (front->pid ? child_process_cpu_ns(front->pid) : 0);
}
