/* SPDX-License-Identifier: Apache-2.0 */
/* hearth top: profile now, and look at it while it goes on. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/time_point.h"
#include "profiler/budget.h"
#include "profiler/command.h"
#include "profiler/held_messages.h"
#include "profiler/interrupts.h"
#include "profiler/live_keeper.h"
#include "profiler/options.h"
#include "profiler/rate_option.h"
#include "profiler/recorder.h"
#include "profiler/target_options.h"
#include "profiler/targets.h"
#include "profiler/top_batch.h"
#include "profiler/top_session.h"
#include "profiler/unwind_space.h"
#include "terminal/canvas.h"
#include "terminal/terminal_screen.h"

#define DEFAULT_RATE_HZ     99
#define DEFAULT_INTERVAL_NS 2000000000u
#define MIN_INTERVAL_NS     1000000000u
#define MAX_INTERVAL_NS     60000000000u

#define PAGE_COLUMNS     132 /* where neither a terminal nor $COLUMNS says another number */
#define PAGE_COLUMNS_MIN 40
#define PAGE_PROCESSES   20
#define PAGE_FUNCTIONS   20

/* What it costs is shown, and keeps it from nothing: as much as budget.h takes for a limit. */
#define NO_CPU_PPM      1000000000u
#define NO_MEMORY_BYTES (UINT64_MAX >> 1)

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char usage[] =
	"Usage: hearth top [OPTIONS]\n"
	"       hearth top [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"\n"
	"Profiles now, and shows it in the terminal while it goes on: processes by CPU time, functions,\n"
	"and a flame graph; ? tells the keys. Kinds of target may be combined; all are to be met. Needs root.";

struct top_command {
	struct recorder_options recorder;
	struct recorder_windows windows;
	struct targets targets;
	struct budget_limits limits;
	bool is_batch;
	uint64_t pages;
	enum view_span span;
};

/* --- options --- */

static int set_rate(void *context, const char *name, const char *value, const char **ret_why)
{
	struct top_command *command = context;

	(void)name;
	return rate_option_parse(value, &command->recorder.sampler.rate_hz, ret_why);
}

/* A number alone is of seconds, as in top. */
static int set_interval(void *context, const char *name, const char *value, const char **ret_why)
{
	struct top_command *command = context;
	char *end;
	double seconds = strtod(value, &end);
	uint64_t span = 0;

	(void)name;
	if (end != value && !*end && seconds >= 0 && seconds < 1e6)
		span = (uint64_t)llround(seconds * 1e9);
	else if (time_span_parse(value, &span, ret_why))
		return -EINVAL;
	if (span < MIN_INTERVAL_NS || span > MAX_INTERVAL_NS) {
		*ret_why = "an interval is from 1s to 60s long";
		return -EINVAL;
	}
	command->windows.length_ns = span;
	return 0;
}

static int set_batch(void *context, const char *name, const char *value, const char **ret_why)
{
	struct top_command *command = context;

	(void)name, (void)value, (void)ret_why;
	command->is_batch = true;
	return 0;
}

static int set_pages(void *context, const char *name, const char *value, const char **ret_why)
{
	struct top_command *command = context;

	(void)name;
	command->is_batch = true;
	if (!parse_u64(value, 1, UINT32_MAX, &command->pages))
		return 0;
	*ret_why = "a number of pages from 1 on";
	return -EINVAL;
}

static const char *const span_names[] = {
	[SPAN_LAST] = "last", [SPAN_MINUTE] = "minute", [SPAN_START] = "start"
};

static const char *span_name_at(size_t index)
{
	return index < VIEW_SPANS ? span_names[index] : NULL;
}

static int set_span(void *context, const char *name, const char *value, const char **ret_why)
{
	struct top_command *command = context;

	(void)name;
	for (enum view_span span = 0; span < VIEW_SPANS; span++)
		if (!strcmp(value, span_names[span])) {
			command->span = span;
			return 0;
		}
	*ret_why = "one of last, minute, start";
	return -EINVAL;
}

static int set_verbose(void *context, const char *name, const char *value, const char **ret_why)
{
	struct top_command *command = context;

	(void)name, (void)value, (void)ret_why;
	command->recorder.sampler.verbose = true;
	return 0;
}

static const struct option_row top_rows[] = {
	{ "rate", 'F', "HZ", "ticks a second on each CPU", set_rate, .default_value = "99" },
	{ "interval", 'i', "SECONDS", "how often what is shown is made anew, from 1 to 60",
	  set_interval, .default_value = "2" },
	{ "span", 0, "SPAN",
	  "what is shown at first: last (the last interval), minute (the last one), start (all since then)",
	  set_span, .default_value = "last", .value_at = span_name_at },
	{ "batch", 'b', NULL, "print pages of text, without a terminal", set_batch },
	{ "iterations", 'n', "COUNT", "print so many of them, and end (implies --batch)",
	  set_pages },
	{ "verbose", 'v', NULL, "show what libbpf and the kernel's verifier say", set_verbose },
};

static enum option_result parse(struct top_command *command, int argc, char **argv)
{
	const struct option_table tables[] = {
		{ "What:", target_rows, target_row_count, &command->targets },
		{ "How:", top_rows, ROWS(top_rows), command },
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "top",
		.tables = tables,
		.table_count = ROWS(tables),
		.operands = ":programs",
	};
	int operand;
	enum option_result result = options_parse(&parser, argc, argv, &operand);

	if (result == OPTIONS_PARSED &&
	    target_options_take_command(&command->targets, "top", argc, argv, operand,
					&command->recorder.command))
		return OPTIONS_WRONG;
	return result;
}

/* --- the terminal --- */

/* What is drawn on. Our own standard streams lead elsewhere meanwhile, for a command has them, too. */
struct top_terminal {
	int input, output;
	struct held_messages messages;
};

static void terminal_release(struct top_terminal *terminal)
{
	held_messages_close(&terminal->messages);
	cleanup_close(&terminal->input);
	cleanup_close(&terminal->output);
}

static int explain(int error)
{
	const char *term = getenv("TERM");

	if (error == -ENODEV)
		log_error(
			"nothing is known of a terminal \"%s\" (TERM), which hearth top draws on; --batch prints text",
			term ? term : "");
	else
		log_error(
			"hearth top draws on a terminal, which standard output is not; --batch prints text");
	return error;
}

/* Keys come from the terminal, whatever standard input is. */
static int open_terminal(struct top_terminal *terminal)
{
	int error;

	if (!isatty(STDOUT_FILENO))
		return explain(-ENOTTY);
	terminal->output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	terminal->input = isatty(STDIN_FILENO) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					       : open("/dev/tty", O_RDWR | O_CLOEXEC);
	error = terminal_screen_check(terminal->input, terminal->output);
	return error ? explain(error) : 0;
}

/* A command that writes to the terminal would do so in the middle of the drawing. */
static int lead_streams_away(struct top_terminal *terminal)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	return held_messages_open(&terminal->messages);
}

/* --- while it records --- */

struct watching {
	struct top_command *command;
	struct live_keeper *keeper;
	struct top_terminal terminal;
	struct top_session *session; /* NULL until the recording runs, and with --batch */
	bool was_tried;
	int end_fd;
	int error;
	char target[1024];
};

static void keep_window(void *context, struct recording *recording,
			const struct recorded_window *window)
{
	const struct watching *watching = context;

	live_keeper_put(watching->keeper, recording, window);
}

/* The screen is drawn once nothing can fail any more that has a line to say. */
static bool tend(void *context, struct recording *recording)
{
	struct watching *watching = context;
	const struct top_session_options options = {
		.keeper = watching->keeper,
		.messages = &watching->terminal.messages,
		.target = watching->target,
		.interval_ns = watching->command->windows.length_ns,
		.span = watching->command->span,
		.input = watching->terminal.input,
		.output = watching->terminal.output,
		.end_fd = watching->end_fd,
	};

	(void)recording;
	if (watching->command->is_batch || watching->was_tried)
		return false;
	watching->was_tried = true;
	watching->error = top_session_start(&options, &watching->session);
	if (watching->error)
		eventfd_write(watching->end_fd, 1);
	return false;
}

/* The terminal is as it was before anything can end hearth at once. */
static void stop(void *context)
{
	struct watching *watching = context;

	top_session_stop(take_ptr(watching->session));
}

static uint64_t page_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t wanted;

	if (columns && !parse_u64(columns, PAGE_COLUMNS_MIN, CANVAS_MAX_COLUMNS, &wanted))
		return wanted;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= PAGE_COLUMNS_MIN)
		return size.ws_col;
	return PAGE_COLUMNS;
}

static int start_batch(struct watching *watching, struct top_batch **ret_batch)
{
	const struct top_command *command = watching->command;
	const struct top_batch_options options = {
		.keeper = watching->keeper,
		.target = watching->target,
		.span = command->span,
		.page = { .columns = (int)page_columns(),
			  .processes = PAGE_PROCESSES,
			  .functions = PAGE_FUNCTIONS,
			  .is_unicode = terminal_speaks_utf8() },
		.pages = command->pages,
		.end_fd = watching->end_fd,
	};

	return command->is_batch ? top_batch_start(&options, ret_batch) : 0;
}

/* --- before and after --- */

static void describe(struct watching *watching)
{
	const struct top_command *command = watching->command;

	if (command->targets.is_command)
		snprintf(watching->target, sizeof(watching->target), "%s",
			 command->recorder.command[0]);
	else
		targets_describe(&command->targets, watching->target, sizeof(watching->target));
}

static int open_watching(struct watching *watching)
{
	const struct top_command *command = watching->command;
	const struct live_keeper_options options = {
		.command = watching->target,
		.event = sampler_event_name(command->recorder.sampler.event),
		.span = command->span,
		.wants_all = command->is_batch,
	};
	int error;

	describe(watching);
	watching->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = watching->end_fd < 0 ? -errno : live_keeper_new(&options, &watching->keeper);
	if (!error && !command->is_batch)
		error = lead_streams_away(&watching->terminal);
	if (error)
		log_error("cannot show what is recorded: %s", strerror(-error));
	return error;
}

static void watching_release(struct watching *watching)
{
	top_session_stop(watching->session);
	live_keeper_free(watching->keeper);
	cleanup_close(&watching->end_fd);
	terminal_release(&watching->terminal);
}

/* Of a command that was ended with the screen there is nothing to say. */
static void tell_of_command(const struct top_command *command, struct recording *recording)
{
	if (command->recorder.command && workload_reap(&recording->workload, false))
		log_info("%s ended with status %d", command->recorder.command[0],
			 workload_exit_status(&recording->workload));
}

static int record(struct watching *watching)
{
	_cleanup_(recording_release) struct recording recording = { 0 };
	struct top_command *command = watching->command;
	struct top_batch *batch = NULL;
	int error = start_batch(watching, &batch), printed;

	if (error) {
		log_error("cannot print pages: %s", strerror(-error));
		return error;
	}
	command->windows.take = keep_window;
	command->windows.tend = tend;
	command->windows.stop = stop;
	command->windows.context = watching;
	command->windows.limits = &command->limits;
	command->windows.end_fd = watching->end_fd;
	error = recorder_run(&command->recorder, &recording);
	live_keeper_end(watching->keeper, command->is_batch);
	printed = top_batch_stop(batch);
	interrupts_restore();
	if (!error)
		tell_of_command(command, &recording);
	if (!error)
		error = recording.error ? recording.error : watching->error;
	/* Whoever reads no more pages, as head does, has enough. */
	if (!error && printed && printed != -EPIPE) {
		log_error("cannot write standard output: %s", strerror(-printed));
		error = printed;
	}
	return error;
}

static int run(struct top_command *command)
{
	_cleanup_(watching_release) struct watching watching = {
		.command = command,
		.terminal = { .input = -1, .output = -1, .messages = { .fd = -1, .saved = -1 } },
		.end_fd = -1,
	};
	int error = rate_option_check(command->recorder.sampler.rate_hz);

	if (!error)
		error = target_options_check(&command->targets);
	if (!error && !command->is_batch)
		error = open_terminal(&watching.terminal);
	if (error)
		return EXIT_WRONG;
	error = targets_find_container(&command->targets);
	if (!error)
		error = open_watching(&watching);
	if (!error)
		error = record(&watching);
	if (!error)
		return EXIT_GOOD;
	return error == -EPERM || error == -EOPNOTSUPP ? EXIT_NOT_PERMITTED : EXIT_WRONG;
}

int command_top(int argc, char **argv)
{
	struct top_command command = {
		.recorder.sampler.rate_hz = DEFAULT_RATE_HZ,
		.recorder.sampler.unwind_bytes = UNWIND_SPACE_DEFAULT_BYTES,
		.recorder.sampler.groups = true,
		.recorder.labels = { .tid = true, .user = true, .cgroup = true },
		.windows.length_ns = DEFAULT_INTERVAL_NS,
		.limits = { .cpu_ppm = NO_CPU_PPM, .memory_bytes = NO_MEMORY_BYTES },
	};
	int status = EXIT_GOOD;

	command.recorder.sampler.targets = &command.targets;
	command.recorder.windows = &command.windows;
	switch (parse(&command, argc, argv)) {
	case OPTIONS_HELP_SHOWN:
		break;
	case OPTIONS_WRONG:
		status = EXIT_WRONG;
		break;
	case OPTIONS_PARSED:
		command.limits.rate_hz = command.recorder.sampler.rate_hz;
		status = run(&command);
		break;
	}
	targets_release(&command.targets);
	return status;
}
