/* SPDX-License-Identifier: Apache-2.0 */
/* hearth serve: records the whole machine without end, and keeps it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/byte_size.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/time_point.h"
#include "http/http_address.h"
#include "profiler/budget.h"
#include "profiler/budget_options.h"
#include "profiler/budget_watch.h"
#include "profiler/command.h"
#include "profiler/conf_file.h"
#include "profiler/front.h"
#include "profiler/front_protocol.h"
#include "profiler/options.h"
#include "profiler/rate_option.h"
#include "profiler/recorder.h"
#include "profiler/sampler.h"
#include "profiler/serve_status.h"
#include "profiler/service_manager.h"
#include "profiler/store_access.h"
#include "profiler/targets.h"
#include "profiler/unwind_space.h"
#include "profiler/window_keeper.h"
#include "worker/worker.h"
#include "store/store_writer.h"

#define DEFAULT_RATE_HZ    19
#define DEFAULT_KEEP_NS    (7 * 86400 * (uint64_t)1000000000)
#define DEFAULT_TICKS_NS   (3 * 86400 * (uint64_t)1000000000)
#define DEFAULT_MINUTES_NS (30 * 86400 * (uint64_t)1000000000)
#define DEFAULT_KEEP_BYTES ((uint64_t)2 << 30)
#define DEFAULT_WINDOW_NS  10000000000u
#define MIN_WINDOW_NS      1000000000u
#define MAX_WINDOW_NS      60000000000u

#define HOUR_NS          3600000000000u
#define HOST_CHARACTERS  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"
#define PUBLISH_EVERY_NS 1000000000u
#define TOKEN_FILE_BYTES 4096

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char usage[] =
	"Usage: hearth serve [OPTIONS]\n"
	"\n"
	"Profiles the whole machine, always, keeps it, and serves a page that shows any span of it; hearth\n"
	"query draws it from the command line. Ctrl-C ends it. Needs root.";

struct serve_command {
	struct recorder_options recorder;
	struct recorder_windows windows;
	struct targets targets;
	struct budget_limits limits;
	const char *folder;
	struct window_keeper_limits kept;
	int argc;
	char **argv;                     /* read again with the file of options */
	const char *listen, *token_path; /* token NULL: none */
	const char *hosts[FRONT_HOSTS_MAX];
	size_t host_count;
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

static int set_listen(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;
	struct http_address address;

	(void)name;
	command->listen = value;
	return http_address_parse(value, &address, ret_why);
}

static int set_token_file(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name, (void)ret_why;
	command->token_path = value;
	return 0;
}

static int add_host(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	if (command->host_count == FRONT_HOSTS_MAX) {
		*ret_why = "there are too many of them";
		return -EINVAL;
	}
	if (!*value || value[strspn(value, HOST_CHARACTERS)]) {
		*ret_why = "it is no name of a host, as profiles.example.org";
		return -EINVAL;
	}
	command->hosts[command->host_count++] = value;
	return 0;
}

static int set_keep(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	if (time_span_parse(value, &command->kept.keep_ns, ret_why))
		return -EINVAL;
	*ret_why = "that would keep nothing";
	return command->kept.keep_ns ? 0 : -EINVAL;
}

static int set_keep_size(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	if (byte_size_parse(value, &command->kept.max_bytes, ret_why))
		return -EINVAL;
	*ret_why = "that would keep nothing";
	return command->kept.max_bytes ? 0 : -EINVAL;
}

static int set_keep_ticks(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	return time_span_parse(value, &command->kept.keep_ticks_ns, ret_why);
}

static int set_keep_minutes(void *context, const char *name, const char *value,
			    const char **ret_why)
{
	struct serve_command *command = context;

	(void)name;
	return time_span_parse(value, &command->kept.keep_minutes_ns, ret_why);
}

static int set_window(void *context, const char *name, const char *value, const char **ret_why)
{
	struct serve_command *command = context;
	uint64_t span;

	(void)name;
	if (time_span_parse(value, &span, ret_why) || span < MIN_WINDOW_NS ||
	    span > MAX_WINDOW_NS) {
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
	{ "listen", 0, "ADDRESS",
	  "where the page and the API are served: ADDRESS:PORT, localhost:PORT or unix:PATH; from other machines a token is needed",
	  set_listen, .default_value = FRONT_DEFAULT_ADDRESS },
	{ "token-file", 0, "FILE", "the token that whoever asks has to have stands in it",
	  set_token_file },
	{ "host", 0, "NAME", "a further name by which the page is reached (may be repeated)",
	  add_host },
	{ "rate", 'F', "HZ", "ticks a second on each CPU", set_rate, .default_value = "19" },
	{ "keep", 0, "SPAN", "what is older is taken away, in slices of an hour", set_keep,
	  .default_value = "7d" },
	{ "keep-size", 0, "SIZE", "the oldest is taken away until no more is left", set_keep_size,
	  .default_value = "2G" },
	{ "keep-ticks", 0, "SPAN",
	  "of days that ended longer ago five minutes are a window, without times, CPUs and threads",
	  set_keep_ticks, .default_value = "3d" },
	{ "keep-minutes", 0, "SPAN", "of months that ended longer ago an hour is a window",
	  set_keep_minutes, .default_value = "30d" },
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

/* --- while it records --- */

struct serving {
	struct serve_command *command;
	struct window_keeper *keeper;
	struct front *front;
	struct service_manager manager;
	struct serve_status status;
	bool is_ready;
	uint64_t started_rate_hz;                 /* for which the kernel side has room */
	uint64_t front_failures, worker_failures; /* that are told */
	uint64_t publish_ns, alive_ns;            /* CLOCK_MONOTONIC, when it is due next */
};

static void keep_window(void *context, struct recording *recording,
			const struct recorded_window *window)
{
	const struct serving *serving = context;

	window_keeper_put(serving->keeper, recording, window);
}

static void note_budget(void *context, bool is_of_rate, const char *words)
{
	const struct serving *serving = context;

	window_keeper_note(serving->keeper, is_of_rate ? EVENT_RATE_CHANGED : EVENT_BUDGET, words);
}

/* As it was read last, within this second. */
static void read_cost(const struct recording *recording, struct serve_reading *ret_reading)
{
	const struct budget_reading_parts *parts = &recording->budget->parts;

	*ret_reading = (struct serve_reading){
		.time_ns = clock_monotonic_ns(),
		.cpu_ns = parts->own.cpu_ns,
		.bpf_ns = parts->bpf_ns,
		.memory_bytes = parts->own.resident_bytes + parts->map_bytes,
		.files = parts->own.open_files,
	};
}

static uint64_t answering_cpu_ns(void *context)
{
	const struct serving *serving = context;

	return front_cpu_ns(serving->front);
}

static pid_t answering_process(void *context)
{
	const struct serving *serving = context;

	return front_pid(serving->front);
}

/* What it means for the page is logged where it is started again. */
static void note_front_failures(struct serving *serving)
{
	uint64_t failures = front_failures(serving->front);

	if (failures > serving->front_failures)
		window_keeper_note(serving->keeper, EVENT_PART_ENDED,
				   "the process that serves the page ended before its time");
	serving->front_failures = failures;
}

static void note_failures(struct serving *serving, const struct recording *recording)
{
	note_front_failures(serving);
	window_keeper_note_failures(serving->keeper, "the process that reads files for unwinding",
				    worker_failures(recording->worker), &serving->worker_failures);
}

static void publish(struct serving *serving, const struct recording *recording)
{
	const struct serve_command *command = serving->command;
	struct window_keeper_state kept;
	struct serve_reading reading;

	window_keeper_read_state(serving->keeper, &kept);
	read_cost(recording, &reading);
	serve_status_take(&serving->status, &reading, &kept, (double)recording->rate_hz,
			  (double)command->recorder.sampler.rate_hz);
	front_publish(serving->front, &serving->status.status);
}

static void tell_ready(struct serving *serving)
{
	const struct serve_command *command = serving->command;

	log_info("recording the whole machine at %llu Hz into %s: %s shows it",
		 (unsigned long long)command->recorder.sampler.rate_hz, command->folder,
		 front_address(serving->front));
	service_manager_ready(&serving->manager, front_address(serving->front));
}

/* Ticks come from the first turn on. */
static void tell_manager(struct serving *serving, uint64_t now)
{
	uint64_t every_ns = service_manager_alive_ns(&serving->manager);

	if (!serving->is_ready)
		tell_ready(serving);
	serving->is_ready = true;
	if (!every_ns || now < serving->alive_ns)
		return;
	service_manager_alive(&serving->manager);
	serving->alive_ns = now + every_ns;
}

static bool tend(void *context, struct recording *recording)
{
	struct serving *serving = context;
	uint64_t now = clock_monotonic_ns();

	tell_manager(serving, now);
	if (now >= serving->publish_ns) {
		publish(serving, recording);
		note_failures(serving, recording);
		serving->publish_ns = now + PUBLISH_EVERY_NS;
	}
	return front_take(serving->front);
}

/* --- options that change --- */

static void command_init(struct serve_command *command, int argc, char **argv)
{
	*command = (struct serve_command){
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
		.listen = FRONT_DEFAULT_ADDRESS,
		.kept = { DEFAULT_KEEP_NS, DEFAULT_KEEP_BYTES, DEFAULT_TICKS_NS,
			  DEFAULT_MINUTES_NS },
		.limits = { .cpu_ppm = BUDGET_DEFAULT_CPU_PPM,
			    .memory_bytes = BUDGET_DEFAULT_MEMORY_BYTES },
		.argc = argc,
		.argv = argv,
	};
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool has_same_hosts(const struct serve_command *a, const struct serve_command *b)
{
	bool same = a->host_count == b->host_count;

	for (size_t i = 0; i < a->host_count && same; i++)
		same = is_same(a->hosts[i], b->hosts[i]);
	return same;
}

static void note_options(const struct serving *serving, const struct serve_command *command)
{
	char text[128];

	snprintf(text, sizeof(text),
		 "%llu Hz, at most %.3g %% of a CPU and %llu MiB, kept are %llu h and %llu MiB",
		 (unsigned long long)command->recorder.sampler.rate_hz,
		 (double)command->limits.cpu_ppm / 1e4,
		 (unsigned long long)(command->limits.memory_bytes >> 20),
		 (unsigned long long)(command->kept.keep_ns / HOUR_NS),
		 (unsigned long long)(command->kept.max_bytes >> 20));
	window_keeper_note(serving->keeper, EVENT_RELOADED, text);
}

/* What is taken at once, and a word where the rest is not. */
static void take_options(struct serving *serving, const struct serve_command *fresh)
{
	struct serve_command *command = serving->command;
	uint64_t rate_hz = fresh->recorder.sampler.rate_hz;

	command->kept = fresh->kept;
	window_keeper_set_limits(serving->keeper, &command->kept);
	if (rate_hz > serving->started_rate_hz) {
		log_warning("a rate beyond %llu Hz is taken when hearth serve is started anew",
			    (unsigned long long)serving->started_rate_hz);
		rate_hz = serving->started_rate_hz;
	}
	command->recorder.sampler.rate_hz = rate_hz;
	command->limits = fresh->limits;
	command->limits.rate_hz = rate_hz;
	serve_status_set_budget(&serving->status, &command->limits);
	if (!is_same(command->folder, fresh->folder) || !is_same(command->listen, fresh->listen) ||
	    !is_same(command->token_path, fresh->token_path) || !has_same_hosts(command, fresh) ||
	    command->windows.length_ns != fresh->windows.length_ns)
		log_warning(
			"--store, --listen, --token-file, --host and --window are taken when hearth serve is started anew");
	log_info("options were read again: %llu Hz", (unsigned long long)rate_hz);
	note_options(serving, command);
}

static int read_options(struct serving *serving)
{
	const struct serve_command *command = serving->command;
	struct serve_command fresh;
	struct conf_words words;
	int error = conf_words_init(&words, "serve", command->argc, command->argv);

	command_init(&fresh, words.count, words.words);
	if (!error && parse(&fresh, words.count, words.words) != OPTIONS_PARSED)
		error = -EINVAL;
	if (!error)
		error = rate_option_check(fresh.recorder.sampler.rate_hz);
	if (!error)
		take_options(serving, &fresh);
	conf_words_release(&words);
	return error;
}

static void reload(void *context)
{
	struct serving *serving = context;

	service_manager_reloading(&serving->manager);
	if (read_options(serving)) {
		log_error("options stay what they were");
		window_keeper_note(serving->keeper, EVENT_RELOADED,
				   "they are wrong, and stay what they were");
	}
	service_manager_ready(&serving->manager, front_address(serving->front));
}

/* --- before and after --- */

static int open_keeper(const struct serve_command *command, struct window_keeper **ret_keeper)
{
	struct window_keeper_options options = {
		.folder = command->folder,
		.command = "the whole machine",
		.event = sampler_event_name(command->recorder.sampler.event),
		.limits = command->kept,
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

static int close_keeper(const struct serve_command *command, struct window_keeper *keeper)
{
	int error = window_keeper_free(keeper);

	if (error)
		log_error(
			"the store %s cannot be closed as it should be, and is when the next one writes into it: %s",
			command->folder, strerror(-error));
	return error;
}

/* The first line of a file that root alone, or whoever runs this, may change. */
static int read_token(const char *path, struct buffer *token)
{
	int error = path ? buffer_read_file(token, path, TOKEN_FILE_BYTES) : 0;
	const char *end;

	if (error) {
		log_error("--token-file %s: %s", path, strerror(-error));
		return error;
	}
	end = token->size ? memchr(token->data, '\n', token->size) : NULL;
	if (end)
		token->size = (size_t)(end - token->data);
	if (!path || token->size)
		return 0;
	log_error("--token-file %s: its first line is empty", path);
	return -EINVAL;
}

static int open_front(const struct serve_command *command, struct buffer *token,
		      struct front **ret_front)
{
	struct front_options options = {
		.listen = command->listen,
		.hosts = command->hosts,
		.host_count = command->host_count,
		.store = command->folder,
	};
	int error = read_token(command->token_path, token);

	if (error)
		return error;
	options.token = command->token_path ? buffer_string(token) : NULL;
	if (command->token_path && !options.token)
		return -ENOMEM;
	return front_start(&options, ret_front);
}

static int record(struct serve_command *command, struct serving *serving)
{
	_cleanup_(recording_release) struct recording recording = { 0 };
	int error;

	command->windows.take = keep_window;
	command->windows.tend = tend;
	command->windows.reload = reload;
	command->windows.other_cpu_ns = answering_cpu_ns;
	command->windows.other_process = answering_process;
	command->windows.note_budget = note_budget;
	command->windows.context = serving;
	command->limits.rate_hz = command->recorder.sampler.rate_hz;
	command->windows.limits = &command->limits;
	error = recorder_run(&command->recorder, &recording);
	if (recording.worker)
		note_failures(serving, &recording);
	service_manager_stopping(&serving->manager, "writing what was recorded last");
	return error ? error : recording.error;
}

static int serve(struct serve_command *command)
{
	_cleanup_(buffer_release) struct buffer token = { 0 };
	struct serving serving = {
		.command = command,
		.started_rate_hz = command->recorder.sampler.rate_hz,
	};
	int error = open_keeper(command, &serving.keeper), closed;

	if (error)
		return error;
	serve_status_init(&serving.status, command->folder, command->windows.length_ns);
	serve_status_set_budget(&serving.status, &command->limits);
	window_keeper_note(serving.keeper, EVENT_SERVE_START, HEARTH_VERSION);
	error = service_manager_init(&serving.manager);
	if (error)
		log_warning("the service manager is not told how this is: %s", strerror(-error));
	error = open_front(command, &token, &serving.front);
	if (!error)
		error = record(command, &serving);
	window_keeper_note(serving.keeper, EVENT_SERVE_STOP,
			   error ? strerror(-error) : "a signal ended it");
	closed = close_keeper(command, serving.keeper);
	front_free(serving.front);
	service_manager_release(&serving.manager);
	return error ? error : closed;
}

static int run(struct serve_command *command)
{
	int error = rate_option_check(command->recorder.sampler.rate_hz);

	umask(022); /* others read the store: the front, and who asks */
	if (!error)
		error = serve(command);
	if (!error)
		return EXIT_GOOD;
	return error == -EPERM || error == -EACCES || error == -EOPNOTSUPP ? EXIT_NOT_PERMITTED
									   : EXIT_WRONG;
}

int command_serve(int argc, char **argv)
{
	struct serve_command command;

	command_init(&command, argc, argv);
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
