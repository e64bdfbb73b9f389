/* SPDX-License-Identifier: Apache-2.0 */
/* hearth serve: records the whole machine without end, and keeps it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/byte_size.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/time_point.h"
#include "profiler/budget.h"
#include "profiler/budget_options.h"
#include "profiler/command.h"
#include "profiler/interrupts.h"
#include "profiler/options.h"
#include "profiler/rate_option.h"
#include "profiler/recorder.h"
#include "profiler/store_access.h"
#include "profiler/targets.h"
#include "profiler/unwind_space.h"
#include "profiler/window_keeper.h"
#include "store/store_writer.h"

#define DEFAULT_RATE_HZ    19
#define DEFAULT_KEEP_NS    (7 * 86400 * (uint64_t)1000000000)
#define DEFAULT_KEEP_BYTES ((uint64_t)2 << 30)
#define DEFAULT_WINDOW_NS  10000000000u
#define MIN_WINDOW_NS      1000000000u
#define MAX_WINDOW_NS      60000000000u

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char usage[] =
	"Usage: hearth serve [OPTIONS]\n"
	"\n"
	"Profiles the whole machine, always, and keeps it: hearth query draws any span of it, also while\n"
	"this runs. Ctrl-C ends it. Needs root.";

struct serve_command {
	struct recorder_options recorder;
	struct recorder_windows windows;
	struct targets targets;
	struct budget_limits limits;
	const char *folder;
	uint64_t keep_ns, keep_bytes;
};

/* --- options --- */

static int set_store(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name, (void)ret_why;
	command->folder = value;
	return 0;
}

static int set_rate(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	return rate_option_parse(value, &command->recorder.sampler.rate_hz, ret_why);
}

static int set_keep(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	return time_span_parse(value, &command->keep_ns, ret_why);
}

static int set_keep_size(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	return byte_size_parse(value, &command->keep_bytes, ret_why);
}

static int set_window(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;
	uint64_t span;

	(void)name;
	if (time_span_parse(value, &span, ret_why))
		return -EINVAL;
	if (span < MIN_WINDOW_NS || span > MAX_WINDOW_NS) {
		*ret_why = "a window is from 1s to 60s long";
		return -EINVAL;
	}
	command->windows.length_ns = span;
	return 0;
}

static int set_verbose(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name, (void)value, (void)ret_why;
	command->recorder.sampler.verbose = true;
	return 0;
}

static const struct option_row serve_rows[] = {
	{ "store", 0, "DIR", "the store's folder (default " STORE_DEFAULT_FOLDER ")", set_store },
	{ "rate", 'F', "HZ", "ticks a second on each CPU", set_rate, .default_value = "19" },
	{ "keep", 0, "SPAN", "what is older is taken away, in slices of an hour", set_keep,
	  .default_value = "7d" },
	{ "keep-size", 0, "SIZE", "the oldest is taken away until no more is left", set_keep_size,
	  .default_value = "2G" },
	{ "window", 0, "SPAN",
	  "so often what was recorded is written; a crash costs that much at most", set_window,
	  .default_value = "10s" },
	{ "verbose", 'v', NULL, "show what libbpf and the kernel's verifier say", set_verbose },
};

static enum option_result parse(struct serve_command *command, int argc, char **argv)
{
	const struct option_table tables[] = {
		{ NULL, serve_rows, ROWS(serve_rows), command },
		{ "Budget:", budget_rows, budget_row_count, &command->limits },
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "serve",
		.tables = tables,
		.table_count = ROWS(tables),
	};
	int operand;
	enum option_result result = options_parse(&parser, argc, argv, &operand);

	if (result != OPTIONS_PARSED || operand == argc)
		return result;
	log_error("hearth serve takes no argument such as %s; hearth serve --help tells",
		  argv[operand]);
	return OPTIONS_WRONG;
}

/* --- recording --- */

static int open_keeper(const struct serve_command *command, struct window_keeper **ret_keeper)
{
	struct window_keeper_options options = {
		.folder = command->folder,
		.command = "the whole machine",
		.event = sampler_event_name(command->recorder.sampler.event),
		.keep_ns = command->keep_ns,
		.max_bytes = command->keep_bytes,
	};
	int error = store_access_write(command->folder, &options.store);

	if (error)
		return error;
	error = window_keeper_new(&options, ret_keeper);
	if (!error)
		return 0;
	log_error("cannot keep what is recorded: %s", strerror(-error));
	store_writer_close(options.store);
	return error;
}

static void keep_window(void *context, struct recording *recording,
			const struct recorded_window *window)
{
	window_keeper_put(context, recording, window);
}

static void note_budget(void *context, bool is_of_rate, const char *words)
{
	window_keeper_note(context, is_of_rate ? EVENT_RATE_CHANGED : EVENT_BUDGET, words);
}

static int close_keeper(const struct serve_command *command, struct window_keeper *keeper)
{
	int error = window_keeper_free(keeper);

	if (error)
		log_error("the store %s cannot be closed as it should be, and is when the next one "
			  "writes into it: %s",
			  command->folder, strerror(-error));
	return error;
}

static int serve(struct serve_command *command)
{
	_cleanup_(recording_release) struct recording recording = { 0 };
	struct window_keeper *keeper;
	int error = open_keeper(command, &keeper), closed;

	if (error)
		return error;
	command->windows.take = keep_window;
	command->windows.note_budget = note_budget;
	command->windows.context = keeper;
	command->limits.rate_hz = command->recorder.sampler.rate_hz;
	command->windows.limits = &command->limits;
	log_info("recording the whole machine at %llu Hz into %s",
		 (unsigned long long)command->recorder.sampler.rate_hz, command->folder);
	error = recorder_run(&command->recorder, &recording);
	closed = close_keeper(command, keeper);
	if (!error)
		error = recording.error;
	return error ? error : closed;
}

static int run(struct serve_command *command)
{
	int error = rate_option_check(command->recorder.sampler.rate_hz);

	if (!error)
		error = serve(command);
	if (!error)
		return EXIT_GOOD;
	return error == -EPERM || error == -EACCES || error == -EOPNOTSUPP ? EXIT_NOT_PERMITTED
									   : EXIT_WRONG;
}

int command_serve(int argc, char **argv)
{
	struct serve_command command = {
		.recorder.sampler.rate_hz = DEFAULT_RATE_HZ,
		.recorder.sampler.unwind_bytes = UNWIND_SPACE_DEFAULT_BYTES,
		.recorder.sampler.groups = true,
		.recorder.labels = { .tid = true,
				     .cpu = true,
				     .time = true,
				     .user = true,
				     .cgroup = true,
				     .exe = true,
				     .machine = true },
		.targets.whole_machine = true,
		.windows.length_ns = DEFAULT_WINDOW_NS,
		.folder = STORE_DEFAULT_FOLDER,
		.keep_ns = DEFAULT_KEEP_NS,
		.keep_bytes = DEFAULT_KEEP_BYTES,
		.limits = { .cpu_ppm = BUDGET_DEFAULT_CPU_PPM,
			    .memory_bytes = BUDGET_DEFAULT_MEMORY_BYTES },
	};

	command.recorder.sampler.targets = &command.targets;
	command.recorder.windows = &command.windows;
	switch (parse(&command, argc, argv)) {
	case OPTIONS_HELP_SHOWN:
		return EXIT_GOOD;
	case OPTIONS_WRONG:
		return EXIT_WRONG;
	case OPTIONS_PARSED:
		break;
	}
	return run(&command);
}
