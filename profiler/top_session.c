/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/top_session.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quiet_thread.h"
#include "profiler/held_messages.h"
#include "profiler/live_keeper.h"
#include "terminal/canvas.h"
#include "terminal/terminal_screen.h"
#include "terminal/view.h"
#include "terminal/view_keys.h"
#include "terminal/view_screen.h"

struct top_session {
	struct top_session_options options;
	struct terminal_screen *screen;
	struct view view;
	int signals; /* signalfd of SIGWINCH, and of SIGQUIT, which would leave the screen as it is */
	int stopped; /* eventfd: it is over */
	bool ends;
	pthread_t thread;
};

/* --- drawing --- */

static int draw(struct top_session *session)
{
	_cleanup_(canvas_release) struct canvas canvas = { 0 };
	int error = view_refresh(&session->view);

	if (!error)
		error = terminal_screen_new_canvas(session->screen, &canvas);
	if (!error)
		error = view_screen_draw(&session->view, &canvas);
	if (!error)
		terminal_screen_show(session->screen, &canvas);
	return error;
}

/* --- what may happen --- */

static void take_picture(struct top_session *session)
{
	struct picture *picture = live_keeper_take(session->options.keeper);

	if (!picture)
		return;
	if (session->view.is_paused && session->view.picture)
		picture_release(picture);
	else
		view_take_picture(&session->view, picture);
}

static void propose_file(struct view *view)
{
	time_t now = time(NULL);
	struct tm local;

	if (!localtime_r(&now, &local) || !strftime(view->proposed, sizeof(view->proposed),
						    "hearth-top-%Y%m%d-%H%M%S.html", &local))
		snprintf(view->proposed, sizeof(view->proposed), "hearth-top.html");
}

static void write_file(struct top_session *session)
{
	struct view *view = &session->view;

	if (!view->picture)
		snprintf(view->message, sizeof(view->message), "there is nothing to write yet");
	else
		live_keeper_write(session->options.keeper, view->picture, &view->chosen,
				  view->wishes.write);
}

static void grant_wishes(struct top_session *session)
{
	struct view *view = &session->view;

	if (view->wishes.quit)
		session->ends = true;
	if (view->wishes.reset)
		live_keeper_reset(session->options.keeper);
	if (view->wishes.span)
		live_keeper_set_span(session->options.keeper, view->span);
	if (*view->wishes.write)
		write_file(session);
	view->wishes = (struct view_wishes){ 0 };
}

/* A terminal that is gone gives nothing, again and again. */
static int take_keys(struct top_session *session, short events)
{
	uint32_t key;
	bool any = false;
	int error = 0;

	while (!error && !session->ends && terminal_screen_read_key(session->screen, &key)) {
		any = true;
		propose_file(&session->view);
		error = view_take_key(&session->view, key);
		grant_wishes(session);
		if (!error)
			error = view_refresh(&session->view);
	}
	if (!any && (events & (POLLHUP | POLLERR)))
		session->ends = true;
	return error;
}

static void take_signals(struct top_session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signals, &info, sizeof(info)) > 0)
		session->ends |= info.ssi_signo == SIGQUIT;
	terminal_screen_resize(session->screen);
}

static void take_message(struct top_session *session)
{
	held_messages_take(session->options.messages, session->view.message,
			   sizeof(session->view.message));
}

static int turn(struct top_session *session)
{
	const struct top_session_options *options = &session->options;
	struct pollfd polled[] = {
		{ .fd = session->stopped, .events = POLLIN },
		{ .fd = options->input, .events = POLLIN },
		{ .fd = session->signals, .events = POLLIN },
		{ .fd = live_keeper_fd(options->keeper), .events = POLLIN },
		{ .fd = options->messages->fd, .events = POLLIN },
	};
	int error = 0;

	/* A signal that stopped the process leaves a screen to be drawn. */
	if (poll(polled, sizeof(polled) / sizeof(polled[0]), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[0].revents)
		session->ends = true;
	if (polled[2].revents)
		take_signals(session);
	/* Keys are of what is seen: ahead of a picture, which leaves no tables until it is drawn. */
	if (polled[1].revents)
		error = take_keys(session, polled[1].revents);
	if (polled[4].revents)
		take_message(session);
	if (polled[3].revents)
		take_picture(session);
	return error;
}

static void *run(void *context)
{
	struct top_session *session = context;
	sigset_t stops;
	int error;

	sigemptyset(&stops);
	sigaddset(&stops, SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stops, NULL);
	do {
		error = draw(session);
		if (!error)
			error = turn(session);
	} while (!error && !session->ends);
	if (error)
		fprintf(stderr, "hearth: the screen cannot be drawn: %s\n", strerror(-error));
	terminal_screen_close(session->screen);
	eventfd_write(session->options.end_fd, 1);
	return NULL;
}

/* --- life cycle --- */

static void release(struct top_session *session)
{
	view_release(&session->view);
	cleanup_close(&session->signals);
	cleanup_close(&session->stopped);
	free(session);
}

static int open_descriptors(struct top_session *session)
{
	sigset_t taken, own;

	sigemptyset(&taken);
	sigaddset(&taken, SIGWINCH);
	sigaddset(&taken, SIGQUIT);
	own = taken;
	sigaddset(&own, SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &own, NULL);
	session->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	session->stopped = eventfd(0, EFD_CLOEXEC);
	return session->signals < 0 || session->stopped < 0 ? -errno : 0;
}

int top_session_start(const struct top_session_options *options, struct top_session **ret_session)
{
	struct top_session *session = calloc(1, sizeof(*session));
	int error;

	if (!session)
		return -ENOMEM;
	session->options = *options;
	session->signals = session->stopped = -1;
	view_init(&session->view);
	session->view.target = options->target;
	session->view.interval_ns = options->interval_ns;
	session->view.span = options->span;
	error = open_descriptors(session);
	if (!error)
		error = terminal_screen_open(options->input, options->output, &session->screen);
	if (!error) {
		error = quiet_thread_start(&session->thread, run, session);
		if (error)
			terminal_screen_close(session->screen);
	}
	if (error)
		release(session);
	else
		*ret_session = session;
	return error;
}

void top_session_stop(struct top_session *session)
{
	if (!session)
		return;
	eventfd_write(session->stopped, 1);
	pthread_join(session->thread, NULL);
	release(session);
}
