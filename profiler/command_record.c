/* SPDX-License-Identifier: Apache-2.0 */
/* hearth record: profile now, write one file. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/output_file.h"
#include "model/profile.h"
#include "profiler/command.h"
#include "profiler/container_names.h"
#include "profiler/control_groups.h"
#include "profiler/debug_folders.h"
#include "profiler/debug_server.h"
#include "profiler/demangle_option.h"
#include "profiler/frame_names.h"
#include "profiler/interrupts.h"
#include "profiler/kernel_words.h"
#include "profiler/live_code.h"
#include "profiler/machine_name.h"
#include "profiler/namer.h"
#include "profiler/naming_costs.h"
#include "profiler/output.h"
#include "profiler/package_owner.h"
#include "profiler/process_facts.h"
#include "profiler/rate_option.h"
#include "profiler/recorder.h"
#include "profiler/stats.h"
#include "profiler/target_options.h"
#include "profiler/unnamed_frames.h"
#include "profiler/unwind_space.h"

#define DEFAULT_RATE_HZ 99
#define SECONDS_MAX     (10.0 * 365 * 86400)

#define MEBIBYTE (1ull << 20)

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

struct record_command {
	struct recorder_options recorder;
	struct targets targets;
	struct output output;
	char default_path[32];
	const char *stats_path; /* NULL: not asked for */
	bool without_inlined, asks_server;
	enum demangle_mode demangle;
	struct debug_folders debug_folders;
	struct debug_server *debug_server; /* NULL: none is asked */
	bool pass_status;
};

static int set_rate(void *context, const char *name, const char *value, const char **ret_why)
{
	struct record_command *command = context;

	(void)name;
	return rate_option_parse(value, &command->recorder.sampler.rate_hz, ret_why);
}

static int set_duration(void *context, const char *name, const char *value, const char **ret_why)
{
	struct record_command *command = context;
	char *end;
	double seconds = strtod(value, &end);

	(void)name;
	if (end == value || *end || !isfinite(seconds) || seconds <= 0 || seconds > SECONDS_MAX) {
		*ret_why = "a duration is a number of seconds above 0, such as 10 or 0.5";
		return -EINVAL;
	}
	command->recorder.duration_ns = (uint64_t)ceil(seconds * 1e9);
	return 0;
}

static int set_event(void *context, const char *name, const char *value, const char **ret_why)
{
	struct record_command *command = context;

	(void)name;
	if (!sampler_event_by_name(value, &command->recorder.sampler.event))
		return 0;
	*ret_why = "no such event; one of cpu-clock, cycles";
	return -EINVAL;
}

static int set_unwind_memory(void *context, const char *name, const char *value,
			     const char **ret_why)
{
	struct record_command *command = context;
	uint64_t mebibytes;

	(void)name;
	if (parse_u64(value, UNWIND_SPACE_MIN_BYTES / MEBIBYTE, UNWIND_SPACE_MAX_BYTES / MEBIBYTE,
		      &mebibytes)) {
		*ret_why = "a whole number of MiB, from 4 to 2048";
		return -EINVAL;
	}
	command->recorder.sampler.unwind_bytes = mebibytes * MEBIBYTE;
	return 0;
}

/* Text that is only kept, and flags: which field, by the option's name. */
static int keep(void *context, const char *name, const char *value, const char **ret_why)
{
	struct record_command *command = context;

	(void)ret_why;
	if (!strcmp(name, "stats"))
		command->stats_path = value;
	else if (!strcmp(name, "pass-status"))
		command->pass_status = true;
	else if (!strcmp(name, "verify"))
		command->recorder.sampler.verify = true;
	else if (!strcmp(name, "debuginfod"))
		command->asks_server = true;
	else if (!strcmp(name, "no-inline"))
		command->without_inlined = true;
	else if (!strcmp(name, "verbose"))
		command->recorder.sampler.verbose = true;
	else if (!strcmp(name, "call-graph"))
		return 0; /* perf's -g: stacks are always recorded */
	else
		return -EINVAL;
	return 0;
}

static int add_folder(void *context, const char *name, const char *value, const char **ret_why)
{
	struct record_command *command = context;

	(void)name;
	return debug_folders_add(&command->debug_folders, value, ret_why);
}

static int set_demangle(void *context, const char *name, const char *value, const char **ret_why)
{
	struct record_command *command = context;

	(void)name;
	return demangle_option_set(value, &command->demangle, ret_why);
}

static const struct option_row record_rows[] = {
	{ "rate", 'F', "HZ", "ticks a second on each CPU (default 99)", set_rate },
	{ "duration", 'd', "SECONDS", "how long (default: until Ctrl-C or the target's end)",
	  set_duration },
	{ "event", 'e', "NAME", "what ticks: cpu-clock (default) or cycles", set_event },
	{ "unwind-memory", 0, "MIB",
	  "ceiling of the unwind tables; what was not sampled for long leaves first (default 64)",
	  set_unwind_memory },
	{ "symbols", 0, "DIR",
	  "look for debug files in DIR as in /usr/lib/debug, and first (may be repeated)",
	  add_folder },
	{ "debuginfod", 0, NULL,
	  "fetch debug files that are not here from the servers of DEBUGINFOD_URLS, afterwards",
	  keep },
	{ "demangle", 0, DEMANGLE_OPTION_ARGUMENT, DEMANGLE_OPTION_HELP, set_demangle },
	{ "no-inline", 0, NULL, "without the calls that compilers inlined", keep },
	{ "verify", 0, NULL, "compare each user stack with libunwind's", keep },
	{ "stats", 0, "FILE", "write what was recorded and what it cost, as JSON", keep },
	{ "pass-status", 0, NULL, "end with the command's exit status", keep },
	{ "verbose", 'v', NULL, "show what libbpf and the kernel's verifier say", keep },
	{ "call-graph", 'g', NULL, "nothing: stacks are always recorded", keep, .is_hidden = true },
};

static const char usage[] =
	"Usage: hearth record [OPTIONS]\n"
	"       hearth record [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"\n"
	"Profiles now, without restarting anything, and writes one flame graph (default hearth.html).\n"
	"Kinds of target may be combined; all are to be met. Needs root.";

/* The operands: nothing, or a command behind "--" or behind the options. */
static int take_operands(struct record_command *command, int argc, char **argv, int operand)
{
	return target_options_take_command(&command->targets, "record", argc, argv, operand,
					   &command->recorder.command);
}

static enum option_result parse(struct record_command *command, int argc, char **argv)
{
	const struct option_table tables[] = {
		{ "What:", target_rows, target_row_count, &command->targets },
		{ "How:", record_rows, ROWS(record_rows), command },
		{ "Output:", output_rows, output_row_count, &command->output },
		output_shaping_table(&command->output),
		output_drawing_table(&command->output),
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "record",
		.tables = tables,
		.table_count = ROWS(tables),
		.operands = ":programs",
	};
	int operand;
	enum option_result result = options_parse(&parser, argc, argv, &operand);

	if (result == OPTIONS_PARSED && take_operands(command, argc, argv, operand))
		return OPTIONS_WRONG;
	return result;
}

/* Before ticks are taken that it would have no place for. */
static int check_value(const char *value)
{
	if (!value || !strcmp(value, "samples"))
		return 0;
	log_error("--value %s: there is no such value of a recording, but samples", value);
	return -EINVAL;
}

static int check(struct record_command *command)
{
	int error = rate_option_check(command->recorder.sampler.rate_hz);

	if (!error)
		error = target_options_check(&command->targets);
	if (error)
		return error;
	snprintf(command->default_path, sizeof(command->default_path), "hearth%s",
		 command->output.format ? command->output.format->ending : ".html");
	if (!error)
		error = check_value(command->output.shaping.value);
	if (!error)
		error = output_check(&command->output, command->default_path);
	if (!error)
		command->recorder.labels = output_labels(&command->output);
	command->recorder.sampler.groups = command->recorder.labels.cgroup;
	if (!error && command->stats_path &&
	    output_file_is_same(command->stats_path, command->output.path)) {
		log_error("--stats and -o name the same file");
		return -EINVAL;
	}
	if (!error && command->stats_path) {
		error = output_file_check(command->stats_path);
		if (error)
			log_error("cannot write %s: %s", command->stats_path, strerror(-error));
	}
	return error;
}

/* Of a command its name alone: its arguments may be nobody else's business, and pictures are sent around. */
static void describe(const struct record_command *command, char *text, size_t size)
{
	if (command->targets.is_command)
		snprintf(text, size, "%s", command->recorder.command[0]);
	else
		targets_describe(&command->targets, text, size);
}

static int set_origin(const struct record_command *command, const struct recording *recording,
		      struct profile *profile)
{
	struct profile_origin *origin = profile_origin(profile);
	char text[1024], machine[MACHINE_NAME_SIZE];

	describe(command, text, sizeof(text));
	origin->command = strdup(text);
	machine_name_read(machine);
	origin->machine = strdup(machine);
	origin->event = strdup(recording->event);
	origin->time_unix_ns = recording->start_unix_ns;
	origin->duration_ns = recording->duration_ns;
	origin->rate_hz = recording->rate_hz;
	origin->fates_are_known = true;
	return origin->command && origin->machine && origin->event ? 0 : -ENOMEM;
}

static int write_stats(const char *path, const struct stats *stats)
{
	_cleanup_(buffer_release) struct buffer json = { 0 };

	if (!path)
		return 0;
	stats_write_json(stats, &json);
	return buffer_error(&json) ? -ENOMEM : output_write_bytes(path, json.data, json.size);
}

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)
DEFINE_CLEANUP(cleanup_facts, struct process_facts *, process_facts_free)
DEFINE_CLEANUP(cleanup_names, struct container_names *, container_names_free)

/* What processes and their containers are called, as of now if their engines still know. */
static int learn_facts(const struct recording *recording, struct process_facts **ret_facts)
{
	_cleanup_(cleanup_names) struct container_names *names = container_names_new();
	struct control_groups *groups = recording->control_groups;
	int error;

	if (!groups)
		return 0;
	if (!names)
		return -ENOMEM;
	control_groups_refresh(groups, SIZE_MAX);
	error = control_groups_copy(groups, recording->ticks.present, ret_facts);
	if (error)
		return error;
	error = container_names_learn(names, *ret_facts, recording->worker);
	if (error && error != -ENOMEM)
		log_warning(
			"some containers are told by their IDs: reading what they are called failed: %s",
			strerror(-error));
	return error == -ENOMEM ? error : 0;
}

DEFINE_CLEANUP(cleanup_words, struct kernel_words_source *, kernel_words_source_free)

static int name_ticks(const struct record_command *command, struct recording *recording,
		      struct profile *profile, struct unnamed_frames *unnamed, struct stats *stats)
{
	_cleanup_(cleanup_words) struct kernel_words_source *words = kernel_words_source_new();
	struct frame_names_sources sources = {
		.aggregator = recording->ticks.present,
		.worker = recording->worker,
		.kernel_words = words,
		.debug_files = { { command->debug_folders.list, recording->file_opener,
				   recording->local_files },
				 command->debug_server },
		.without_inlined = command->without_inlined,
		.without_lines = !output_wants_lines(&command->output),
		.demangle = command->demangle,
		.costs = stats->naming,
	};
	_cleanup_(cleanup_facts) struct process_facts *facts = NULL;
	int error;

	live_code_sources(recording, &sources.code);
	if (command->debug_server)
		interrupts_while_fetching(true);
	error = words ? learn_facts(recording, &facts) : -ENOMEM;
	if (!error)
		error = namer_build(&sources, facts, profile, &stats->fates, unnamed);
	if (command->debug_server)
		interrupts_while_fetching(false);
	stats->naming_ns = clock_monotonic_ns() - recording->stopped_ns;
	return error;
}

/* Names, writes, accounts: 0 or -errno after logging. */
static int write_result(const struct record_command *command, struct recording *recording)
{
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	_cleanup_(unnamed_frames_release) struct unnamed_frames unnamed;
	_cleanup_(naming_costs_release) struct naming_costs naming = { 0 };
	struct stats stats;
	int error = profile ? set_origin(command, recording, profile) : -ENOMEM;

	unnamed_frames_init(&unnamed);
	stats_gather(recording, &stats);
	stats.naming = &naming;
	recording_close_session(recording);
	if (!error && output_wants_samples(&command->output))
		error = profile_keep_samples(profile);
	if (!error)
		error = name_ticks(command, recording, profile, &unnamed, &stats);
	if (error) {
		log_error("cannot name the profile: %s", strerror(-error));
		return error;
	}
	recording_forget_ticks(recording);
	error = output_write(&command->output, profile);
	if (unnamed_frames_explain(&unnamed, recording->modules, PACKAGE_OWNER_DATABASE) && !error)
		error = -ENOMEM;
	stats_conclude(recording, &stats);
	stats.unnamed = &unnamed;
	if (!stats_add_up(&stats) && !error)
		error = -EIO;
	if (write_stats(command->stats_path, &stats) && !error)
		error = -EIO;
	stats_log(&stats, recording);
	if (!stats.due)
		targets_warn_of_children(&command->targets);
	return error;
}

static const char *end_in_words(enum recording_end end)
{
	switch (end) {
	case RECORDING_TARGETS_ENDED:
		return "the target ended";
	case RECORDING_INTERRUPTED:
		return "interrupted; writing what there is";
	case RECORDING_TIME_OVER:
	case RECORDING_COMMAND_ENDED:
		break;
	}
	return NULL;
}

/* Waits for the command, whose status is the last line. */
static int finish_command(const struct record_command *command, struct recording *recording)
{
	const char *name = command->recorder.command ? command->recorder.command[0] : NULL;
	int status, number;

	if (!name)
		return EXIT_GOOD;
	if (!workload_reap(&recording->workload, false)) {
		log_info("waiting for %s to end; Ctrl-C ends both", name);
		workload_reap(&recording->workload, true);
	}
	status = workload_exit_status(&recording->workload);
	number = workload_signal(&recording->workload);
	if (number)
		log_info("%s was killed by a signal (%s) and ended with status %d", name,
			 strsignal(number), status);
	else
		log_info("%s ended with status %d", name, status);
	return command->pass_status ? status : EXIT_GOOD;
}

static int exit_status_of(int error)
{
	return error == -EPERM || error == -EOPNOTSUPP ? EXIT_NOT_PERMITTED : EXIT_WRONG;
}

static int run(struct record_command *command)
{
	_cleanup_(recording_release) struct recording recording;
	const char *words;
	int error, status;

	error = recorder_run(&command->recorder, &recording);
	if (error)
		return exit_status_of(error);
	words = end_in_words(recording.end);
	if (words)
		log_info("%s", words);
	error = write_result(command, &recording);
	interrupts_restore();
	status = finish_command(command, &recording);
	return error || recording.error ? EXIT_WRONG : status;
}

static int run_with_server(struct record_command *command)
{
	int error = command->asks_server ? debug_server_new(&command->debug_server) : 0;
	int status;

	if (!error)
		error = targets_find_container(&command->targets);
	status = error ? exit_status_of(error) : run(command);
	debug_server_free(command->debug_server);
	return status;
}

int command_record(int argc, char **argv)
{
	struct record_command command = {
		.recorder.sampler.rate_hz = DEFAULT_RATE_HZ,
		.recorder.sampler.unwind_bytes = UNWIND_SPACE_DEFAULT_BYTES,
	};
	enum option_result result;
	int status = EXIT_GOOD;

	if (output_init(&command.output)) {
		log_error("out of memory");
		return EXIT_WRONG;
	}
	command.output.is_of_recording = true;
	debug_folders_init(&command.debug_folders);
	command.recorder.sampler.targets = &command.targets;
	command.recorder.show_progress = isatty(STDERR_FILENO);
	result = parse(&command, argc, argv);
	if (result == OPTIONS_WRONG)
		status = EXIT_WRONG;
	else if (result == OPTIONS_PARSED)
		status = check(&command) ? EXIT_WRONG : run_with_server(&command);
	debug_folders_release(&command.debug_folders);
	targets_release(&command.targets);
	output_release(&command.output);
	return status;
}
