/* SPDX-License-Identifier: Apache-2.0 */
/* hearth query: what a store has of a span of time, as any output. Needs no privilege but to read its files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/time_point.h"
#include "model/label_filter.h"
#include "model/profile.h"
#include "profiler/command.h"
#include "profiler/output.h"
#include "profiler/shut_in.h"
#include "profiler/store_access.h"
#include "store/chunk_stream.h"

/* What the process that decodes and draws may take: for so many bytes, and as many times what was found. */
#define DATA_BYTES       ((uint64_t)1 << 30)
#define DATA_TIMES       1024
#define CPU_SECONDS      3600
#define MAX_OUTPUT_BYTES ((size_t)4 << 30)

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char usage[] =
	"Usage: hearth query [--store DIR] [--from TIME] [--to TIME] [--where TERMS] [-o FILE] [OPTIONS]\n"
	"\n"
	"What a store has of a span of time, drawn or written as hearth render does (default\n"
	"hearth.html). A TIME is now, -2h (d, h, m, s), @EPOCH, 2026-11-28T14:00:00Z, or\n"
	"\"2026-11-28 14:00\" of this time zone.";

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

struct query_command {
	struct output output;
	char default_path[32];
	const char *folder;
	struct window_span part;
	struct label_filter filter;
	uint64_t now_ns;
};

/* --- in the process that decodes and draws --- */

struct querying {
	const struct query_command *command;
	struct bytes stream;
};

static void log_empty(const struct query_command *command)
{
	char from[TIME_POINT_BYTES], to[TIME_POINT_BYTES];
	const bool has_end = command->part.end_ns != UINT64_MAX;

	log_error("the store %s has no such sample%s%s%s%s", command->folder,
		  command->part.start_ns ? " from " : "",
		  command->part.start_ns ? time_point_format(command->part.start_ns, from) : "",
		  has_end ? " to " : "",
		  has_end ? time_point_format(command->part.end_ns, to) : "");
}

static int decode(const struct querying *querying, struct profile *profile)
{
	struct stream_sum sum;
	int error = chunk_stream_read(querying->stream, querying->command->part, profile, &sum);

	if (error == -EINVAL)
		log_error(
			"the samples of that span count different things, and do not add up: name a shorter one");
	else if (error)
		log_error("cannot add up what the store has: %s", strerror(-error));
	if (sum.undecoded)
		log_warning("%llu chunks are not what they should be, and were left out",
			    (unsigned long long)sum.undecoded);
	if (sum.lost_stacks)
		log_warning("of %llu of %llu samples the stack is damaged: they are [damaged]",
			    (unsigned long long)sum.lost_stacks, (unsigned long long)sum.samples);
	return error;
}

static int filter(const struct query_command *command, struct profile **profile)
{
	struct profile *filtered;
	int error;

	if (!command->filter.count)
		return 0;
	error = label_filter_apply(&command->filter, *profile, &filtered);
	if (error) {
		log_error("--where: %s", strerror(-error));
		return error;
	}
	profile_free(*profile);
	*profile = filtered;
	return 0;
}

static int draw(void *context, const int *inputs, struct buffer *to)
{
	const struct querying *querying = context;
	const struct query_command *command = querying->command;
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	int error = profile ? 0 : -ENOMEM;

	(void)inputs;
	if (!error && (command->filter.count || output_wants_samples(&command->output)))
		error = profile_keep_samples(profile);
	if (error) {
		log_error("%s", strerror(-error));
		return error;
	}
	error = decode(querying, profile);
	if (!error)
		error = filter(command, &profile);
	if (!error && !profile_total(profile)) {
		log_empty(command);
		return -ENODATA;
	}
	if (error)
		return error;
	profile_settle(profile);
	return output_make(&command->output, profile, to);
}

/* --- around it --- */

static int query(const struct query_command *command)
{
	_cleanup_(output_delivery_release) struct output_delivery delivery = { 0 };
	_cleanup_(buffer_release) struct buffer stream = { 0 };
	const struct shut_in_inputs none = { .what = command->folder };
	struct querying querying = { .command = command };
	struct shut_in_limits limits = { .cpu_seconds = CPU_SECONDS,
					 .max_output_bytes = MAX_OUTPUT_BYTES };
	uint64_t damaged;
	int error = store_access_collect(command->folder, command->part, &stream, &damaged);

	if (error)
		return error;
	querying.stream = (struct bytes){ (const uint8_t *)stream.data, stream.size };
	limits.data_bytes = DATA_BYTES + DATA_TIMES * stream.size;
	error = output_delivery_init(&delivery, &command->output);
	if (!error)
		error = shut_in_call(&none, &limits, draw, &querying, &delivery.drain);
	return error ? error : output_delivery_end(&delivery);
}

/* --- options --- */

static int set_store(void *context, const char *name, const char *value, const char **ret_why)
{
	struct query_command *command = context;

	(void)name, (void)ret_why;
	command->folder = value;
	return 0;
}

static int set_time(void *context, const char *name, const char *value, const char **ret_why)
{
	struct query_command *command = context;
	uint64_t *to = !strcmp(name, "from") ? &command->part.start_ns : &command->part.end_ns;

	return time_point_parse(value, command->now_ns, to, ret_why);
}

static int add_terms(void *context, const char *name, const char *value, const char **ret_why)
{
	struct query_command *command = context;

	(void)name;
	return label_filter_add(&command->filter, value, ret_why);
}

static const struct option_row query_rows[] = {
	{ "store", 0, "DIR", "the store's folder (default " STORE_DEFAULT_FOLDER ")", set_store },
	{ "from", 0, "TIME", "from then on (default: all that there is)", set_time },
	{ "to", 0, "TIME", "up to then", set_time },
	{ "where", 0, "TERMS",
	  "samples of which all of this is true: LABEL=VALUE, LABEL!=VALUE, LABEL~REGEXP, LABEL!~REGEXP, with commas between them; labels are those of --by",
	  add_terms },
};

static enum option_result parse(struct query_command *command, int argc, char **argv)
{
	const struct option_table tables[] = {
		{ "Samples:", query_rows, ROWS(query_rows), command },
		{ "Output:", output_rows, output_row_count, &command->output },
		output_shaping_table(&command->output),
		output_drawing_table(&command->output),
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "query",
		.tables = tables,
		.table_count = ROWS(tables),
	};
	int operand;
	enum option_result result = options_parse(&parser, argc, argv, &operand);

	if (result != OPTIONS_PARSED)
		return result;
	if (operand < argc) {
		log_error("hearth query takes no argument such as %s; hearth query --help tells",
			  argv[operand]);
		return OPTIONS_WRONG;
	}
	if (command->part.start_ns < command->part.end_ns)
		return OPTIONS_PARSED;
	log_error("--from is not before --to");
	return OPTIONS_WRONG;
}

static int run(struct query_command *command)
{
	const struct render_format *format = command->output.format;
	int error;

	snprintf(command->default_path, sizeof(command->default_path), "hearth%s",
		 format ? format->ending : ".html");
	error = output_check(&command->output, command->default_path);
	return error ? error : query(command);
}

int command_query(int argc, char **argv)
{
	struct query_command command = {
		.folder = STORE_DEFAULT_FOLDER,
		.part = { .end_ns = UINT64_MAX },
		.now_ns = clock_unix_ns(),
	};
	enum option_result result;
	int error = 0;

	if (output_init(&command.output)) {
		log_error("out of memory");
		return EXIT_WRONG;
	}
	result = parse(&command, argc, argv);
	if (result == OPTIONS_PARSED)
		error = run(&command);
	label_filter_release(&command.filter);
	output_release(&command.output);
	if (error == -EPERM)
		return EXIT_NOT_PERMITTED;
	return result == OPTIONS_WRONG || error ? EXIT_WRONG : EXIT_GOOD;
}
