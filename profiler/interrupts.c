/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/interrupts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 50

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP };

#define END_SIGNAL_COUNT (sizeof(end_signals) / sizeof(end_signals[0]))

/* A handler has no context: whether a signal came before is all that it must know. */
static volatile sig_atomic_t was_interrupted_before;

/* And whether one came that only ends the fetching, and how much is fetched, so that it may. */
static volatile sig_atomic_t was_ended;
static atomic_int fetching;

static bool is_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

static void list_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	for (size_t i = 0; i < END_SIGNAL_COUNT; i++)
		if (!is_ignored(end_signals[i]))
			sigaddset(ret_signals, end_signals[i]);
}

int interrupts_open(void)
{
	sigset_t signals;
	int fd;

	list_signals(&signals);
	if (sigprocmask(SIG_BLOCK, &signals, NULL))
		return -errno;
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Not by reading the descriptor: a signal whose reading failed would be left, and nothing end hearth. */
int interrupts_take(bool *ret_was_sent)
{
	const struct timespec at_once = { 0 };
	siginfo_t info;
	sigset_t signals;
	int number;

	list_signals(&signals);
	number = sigtimedwait(&signals, &info, &at_once);
	if (number < 0)
		return 0;
	*ret_was_sent = info.si_code <= 0; /* SI_USER and its like; the kernel's own are above */
	return number;
}

static void say(const char *line, size_t size)
{
	ssize_t written = write(STDERR_FILENO, line, size);

	(void)written; /* without a standard error there is nobody to tell */
}

static void take_signal(int number)
{
	static const char first[] = "\ninterrupted; writing what there is\n";
	static const char again[] =
		"\nhearth: interrupted again: ended at once; an output file is whole or as it was\n";
	static const char fetched[] =
		"\ninterrupted: no more debug files are fetched, nor is any file waited for; writing what there is\n";
	int error = errno;

	if (fetching && !was_ended) {
		was_ended = was_interrupted_before = 1;
		say(fetched, sizeof(fetched) - 1);
	} else if (!was_interrupted_before) {
		was_interrupted_before = 1;
		say(first, sizeof(first) - 1);
	} else {
		say(again, sizeof(again) - 1);
		signal(number, SIG_DFL);
		raise(number); /* takes effect when this returns */
	}
	errno = error;
}

/* Those that are ignored stay so. */
static void handle_signals(const struct sigaction *action)
{
	sigset_t signals;

	list_signals(&signals);
	for (size_t i = 0; i < END_SIGNAL_COUNT; i++)
		if (sigismember(&signals, end_signals[i]))
			sigaction(end_signals[i], action, NULL);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

void interrupts_while_writing(bool was_interrupted)
{
	/* Without SA_RESTART: whoever waits for a FIFO's reader would wait for ever. */
	const struct sigaction action = { .sa_handler = take_signal };

	was_interrupted_before = was_interrupted;
	handle_signals(&action);
}

void interrupts_while_fetching(bool begins)
{
	fetching += begins ? 1 : -1;
}

bool interrupts_end_fetching(void)
{
	return was_ended;
}

/* A signal that comes just ahead of poll() is seen after a while. */
int interrupts_wait(struct pollfd *polled, size_t count, int timeout_ms)
{
	int ready = 0;

	interrupts_while_fetching(true);
	while (ready <= 0 && timeout_ms && !was_ended) {
		int step = timeout_ms < 0 || timeout_ms > LOOK_MS ? LOOK_MS : timeout_ms;

		ready = poll(polled, count, step);
		timeout_ms -= timeout_ms < 0 ? 0 : step;
	}
	interrupts_while_fetching(false);
	return was_ended ? -ECANCELED : 0;
}

void interrupts_restore(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	handle_signals(&action);
}

void interrupts_restore_in_child(void)
{
	interrupts_restore();
	signal(SIGPIPE, SIG_DFL); /* main ignores these two */
	signal(SIGXFSZ, SIG_DFL);
}
