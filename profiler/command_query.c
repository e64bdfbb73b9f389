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
#include "model/cpu_time.h"
#include "model/label_filter.h"
#include "model/profile.h"
#include "profiler/command.h"
#include "profiler/output.h"
#include "profiler/profile_sides.h"
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
	"hearth.html); with --diff-from, what changed since another span. A TIME is now, -2h (d, h, m,\n"
	"s), @EPOCH, 2026-11-28T14:00:00Z, or \"2026-11-28 14:00\" of this time zone.";

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* What is drawn, and what it is compared with. */
enum query_span { SPAN_DRAWN, SPAN_BEFORE, SPAN_COUNT };

struct query_command {
	struct output output;
	char default_path[32];
	const char *folder;
	struct window_span spans[SPAN_COUNT];
	bool compares, is_normalized, has_end; /* has_end: of what is compared with */
	struct label_filter filter;
	uint64_t now_ns;
};

/* --- in the process that decodes and draws --- */

struct querying {
	const struct query_command *command;
	struct bytes streams[SPAN_COUNT]; /* of the second one only if it compares */
};

static void log_empty(const struct query_command *command, struct window_span part)
{
	char from[TIME_POINT_BYTES], to[TIME_POINT_BYTES];
	const bool has_end = part.end_ns != UINT64_MAX;

	log_error("the store %s has no such sample%s%s%s%s", command->folder,
		  part.start_ns ? " from " : "",
		  part.start_ns ? time_point_format(part.start_ns, from) : "",
		  has_end ? " to " : "", has_end ? time_point_format(part.end_ns, to) : "");
}

static int decode(struct bytes stream, struct window_span part, struct profile *profile)
{
	struct stream_sum sum;
	int error = chunk_stream_read(stream, part, profile, &sum);

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

static int read_span(const struct querying *querying, enum query_span span,
		     struct profile **ret_profile)
{
	const struct query_command *command = querying->command;
	const struct window_span part = command->spans[span];
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	int error = profile ? 0 : -ENOMEM;

	if (!error && (command->filter.count || output_wants_samples(&command->output)))
		error = profile_keep_samples(profile);
	if (error) {
		log_error("%s", strerror(-error));
		return error;
	}
	error = decode(querying->streams[span], part, profile);
	if (!error)
		error = filter(command, &profile);
	if (!error && !profile_total(profile)) {
		log_empty(command, part);
		return -ENODATA;
	}
	if (!error)
		*ret_profile = take_ptr(profile);
	return error;
}

static int compare(const struct querying *querying, struct profile_sides *sides)
{
	struct profile **before = &sides->sums[SIDE_BEFORE].profile;
	int error = read_span(querying, SPAN_BEFORE, before);

	if (error)
		return error;
	error = cpu_time_settle(sides->sums[SIDE_RENDERED].profile, *before);
	if (error)
		log_error("cannot count CPU time: %s", strerror(-error));
	return error ? error : profile_sides_join(sides);
}

static int draw(void *context, const int *inputs, struct buffer *to)
{
	const struct querying *querying = context;
	const struct query_command *command = querying->command;
	_cleanup_(profile_sides_release) struct profile_sides sides;
	struct profile **drawn = &sides.sums[SIDE_RENDERED].profile;
	int error;

	(void)inputs;
	profile_sides_init(&sides, &command->output, command->is_normalized);
	sides.names[SIDE_BEFORE] = "--diff-from";
	error = read_span(querying, SPAN_DRAWN, drawn);
	if (!error && command->compares)
		error = compare(querying, &sides);
	if (error)
		return error;
	profile_settle(*drawn);
	return output_make(&command->output, *drawn, to);
}

/* --- around it --- */

static int collect(const struct query_command *command, struct buffer streams[SPAN_COUNT],
		   struct querying *querying)
{
	const size_t spans = command->compares ? SPAN_COUNT : SPAN_BEFORE;
	uint64_t damaged;
	int error = 0;

	for (size_t i = 0; i < spans && !error; i++) {
		error = store_access_collect(command->folder, command->spans[i], &streams[i],
					     &damaged);
		querying->streams[i] =
			(struct bytes){ (const uint8_t *)streams[i].data, streams[i].size };
	}
	return error;
}

static int query(const struct query_command *command)
{
	_cleanup_(output_delivery_release) struct output_delivery delivery = { 0 };
	const struct shut_in_inputs none = { .what = command->folder };
	struct querying querying = { .command = command };
	struct buffer streams[SPAN_COUNT] = { 0 };
	struct shut_in_limits limits = { .cpu_seconds = CPU_SECONDS,
					 .max_output_bytes = MAX_OUTPUT_BYTES };
	int error = collect(command, streams, &querying);

	limits.data_bytes =
		DATA_BYTES + DATA_TIMES * (streams[SPAN_DRAWN].size + streams[SPAN_BEFORE].size);
	if (!error)
		error = output_delivery_init(&delivery, &command->output);
	if (!error)
		error = shut_in_call(&none, &limits, draw, &querying, &delivery.drain);
	if (!error)
		error = output_delivery_end(&delivery);
	for (size_t i = 0; i < SPAN_COUNT; i++)
		buffer_release(&streams[i]);
	return error;
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
	struct window_span *part = &command->spans[SPAN_DRAWN];

	return time_point_parse(value, command->now_ns,
				!strcmp(name, "from") ? &part->start_ns : &part->end_ns, ret_why);
}

static int set_diff_time(void *context, const char *name, const char *value, const char **ret_why)
{
	struct query_command *command = context;
	struct window_span *part = &command->spans[SPAN_BEFORE];
	const bool is_start = !strcmp(name, "diff-from");

	command->compares |= is_start;
	command->has_end |= !is_start;
	return time_point_parse(value, command->now_ns, is_start ? &part->start_ns : &part->end_ns,
				ret_why);
}

static int set_normalized(void *context, const char *name, const char *value, const char **ret_why)
{
	struct query_command *command = context;

	(void)name, (void)value, (void)ret_why;
	command->is_normalized = true;
	return 0;
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
	{ "diff-from", 0, "TIME",
	  "a differential profile: what was before is what there is from then on", set_diff_time },
	{ "diff-to", 0, "TIME", "up to then (default: for as long as from --from to --to)",
	  set_diff_time },
	{ "normalize", 0, NULL, "the counts before are scaled to add up to those after",
	  set_normalized },
};

/* What it is compared with is as long as what is drawn, unless it is said. */
static int settle_spans(struct query_command *command)
{
	const struct window_span *drawn = &command->spans[SPAN_DRAWN];
	struct window_span *before = &command->spans[SPAN_BEFORE];
	const uint64_t end_ns = drawn->end_ns == UINT64_MAX ? command->now_ns : drawn->end_ns;

	if (command->compares && !command->has_end && drawn->start_ns && end_ns > drawn->start_ns) {
		before->end_ns = before->start_ns + (end_ns - drawn->start_ns);
		command->has_end = true;
	}
	if (drawn->start_ns >= drawn->end_ns)
		log_error("--from is not before --to");
	else if (!command->compares && (command->has_end || command->is_normalized))
		log_error("%s is of what --diff-from TIME names",
			  command->has_end ? "--diff-to" : "--normalize");
	else if (command->compares && !command->has_end)
		log_error(
			"up to when does it compare? --diff-to TIME, or --from TIME, which tells for how long");
	else if (command->compares && before->start_ns >= before->end_ns)
		log_error("--diff-from is not before --diff-to");
	else
		return 0;
	return -EINVAL;
}

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
	return settle_spans(command) ? OPTIONS_WRONG : OPTIONS_PARSED;
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
		.spans = { { .end_ns = UINT64_MAX }, { .end_ns = UINT64_MAX } },
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
	if (error == -EPERM || error == -EACCES)
		return EXIT_NOT_PERMITTED;
	return result == OPTIONS_WRONG || error ? EXIT_WRONG : EXIT_GOOD;
}
