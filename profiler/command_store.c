/* SPDX-License-Identifier: Apache-2.0 */
/* hearth store: what a store has, whether it is what it was, and profiles from files into it. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/byte_size.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/time_point.h"
#include "model/profile.h"
#include "profiler/command.h"
#include "profiler/options.h"
#include "profiler/shut_in.h"
#include "profiler/store_access.h"
#include "profiler/store_events.h"
#include "profiler/store_export.h"
#include "profiler/store_import.h"
#include "profiler/store_roller.h"
#include "store/chunk_stream.h"
#include "store/store_folder.h"
#include "store/store_writer.h"

/* As hearth query has it. */
#define DATA_BYTES  ((uint64_t)1 << 30)
#define DATA_TIMES  1024
#define CPU_SECONDS 3600

#define NS_PER_MS 1000000u

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char usage[] =
	"Usage: hearth store list|verify [--store DIR] [--json]\n"
	"       hearth store events [--from TIME] [--to TIME] [--store DIR] [--json]\n"
	"       hearth store import FILE... [--store DIR] [--at TIME]\n"
	"       hearth store export FOLDER [--from TIME] [--to TIME] [--store DIR]\n"
	"       hearth store export -o FILE [--format NAME] [--from TIME] [--to TIME] [--store DIR]\n"
	"       hearth store shrink [--keep SPAN] [--keep-size SIZE] [--keep-ticks SPAN]\n"
	"                           [--keep-minutes SPAN] [--store DIR]\n"
	"\n"
	"list tells what slices a store has; verify reads all of them, and its exit status is 1 if\n"
	"anything is damaged; import adds profiles of any kind that hearth render reads, so that hearth\n"
	"query finds them by their time; export makes a store of a span, to be carried elsewhere, or a\n"
	"file in any format that hearth query has; shrink rolls up what is old, and takes the oldest\n"
	"slices away; events tells what happened: processes that began and ended, changes of\n"
	"the rate, windows that were lost.";

struct store_command {
	const char *folder;
	uint64_t at_ns;                /* 0: not said */
	struct window_span part;       /* of events, and of what is exported */
	uint64_t oldest_ns, max_bytes; /* of what is kept */
	uint64_t ticks_ns, minutes_ns; /* how long these are kept; UINT64_MAX: not said */
	bool is_limited;
	uint64_t now_ns;
	bool is_json;
	const char *from, *to, *output, *format; /* as they were said; NULL: they were not */
};

/* --- list --- */

static const char *const state_names[] = {
	[SLICE_SEALED] = "sealed",
	[SLICE_IS_OPEN] = "open",
	[SLICE_SET_ASIDE] = "damaged",
};

static void print_row(const struct slice_entry *entry)
{
	char from[TIME_POINT_BYTES] = "-", to[TIME_POINT_BYTES] = "-";

	if (entry->state == SLICE_SEALED) {
		time_point_format(entry->span.start_ns, from);
		time_point_format(entry->span.end_ns, to);
	} else if (entry->last_write_ns) {
		time_point_format(entry->last_write_ns, to);
	}
	printf("%6" PRIu64 "  %-19s  %-19s  %12" PRIu64 "  %-8s  %s\n", entry->number, from, to,
	       entry->bytes, roll_up_level_name(entry->level), state_names[entry->state]);
}

/* Times in milliseconds since 1970. */
static void print_json(const struct slice_entry *entry, bool is_last)
{
	printf("  {\"slice\": %" PRIu64 ", \"state\": \"%s\", \"bytes\": %" PRIu64, entry->number,
	       state_names[entry->state], entry->bytes);
	if (entry->state == SLICE_SEALED)
		printf(", \"start_ms\": %" PRIu64 ", \"end_ms\": %" PRIu64 ", \"level\": \"%s\"",
		       entry->span.start_ns / NS_PER_MS, entry->span.end_ns / NS_PER_MS,
		       roll_up_level_name(entry->level));
	else
		printf(", \"written_ms\": %" PRIu64, entry->last_write_ns / NS_PER_MS);
	printf("}%s\n", is_last ? "" : ",");
}

static enum exit_status list(const struct store_command *command)
{
	struct slice_list list;
	int error = store_access_find(command->folder);

	if (error)
		return EXIT_WRONG;
	error = store_folder_list(command->folder, &list);
	if (error) {
		slice_list_release(&list);
		log_error("cannot open the store %s: %s", command->folder, strerror(-error));
		return EXIT_WRONG;
	}
	if (command->is_json)
		printf("[\n");
	else
		printf("%6s  %-19s  %-19s  %12s  %-8s  %s\n", "SLICE", "FROM", "TO", "BYTES",
		       "LEVEL", "STATE");
	for (size_t i = 0; i < list.count; i++)
		if (command->is_json)
			print_json(&list.entries[i], i + 1 == list.count);
		else
			print_row(&list.entries[i]);
	if (command->is_json)
		printf("]\n");
	slice_list_release(&list);
	return EXIT_GOOD;
}

/* --- verify --- */

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* How much of a stream is the slice that it begins with. */
static size_t size_of_slice(struct bytes stream)
{
	struct stream_record record;
	struct byte_reader reader;
	size_t size = stream.size;

	byte_reader_init(&reader, stream);
	for (bool is_first = true; chunk_stream_next(&reader, &record); is_first = false) {
		if (record.begins_slice && !is_first)
			return size;
		size = reader.offset;
	}
	return stream.size;
}

static int decode_slice(struct bytes stream, struct stream_sum *sum)
{
	static const struct window_span always = { 0, UINT64_MAX };
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	struct stream_sum slice;
	int error = profile ? chunk_stream_read(stream, always, profile, &slice) : -ENOMEM;

	if (error)
		return error;
	sum->samples += slice.samples;
	sum->lost_stacks += slice.lost_stacks;
	sum->undecoded += slice.undecoded;
	return 0;
}

/* In the process that decodes: each slice by itself, for another one may count something else. Says the sum. */
static int decode(void *context, const int *inputs, struct buffer *to)
{
	const struct buffer *stream = context;
	struct bytes left = { (const uint8_t *)stream->data, stream->size };
	struct stream_sum sum = { 0 };

	(void)inputs;
	while (left.size) {
		size_t size = size_of_slice(left);
		int error = decode_slice(bytes_slice(left, 0, size), &sum);

		if (error) {
			log_error("cannot add up what the store has: %s", strerror(-error));
			return error;
		}
		left = bytes_slice(left, size, left.size - size);
	}
	buffer_append(to, &sum, sizeof(sum));
	return 0;
}

static int keep(void *context, const void *bytes, size_t size)
{
	struct buffer *to = context;

	buffer_append(to, bytes, size);
	if (buffer_error(to))
		log_error("out of memory");
	return buffer_error(to);
}

static int verify_stream(const struct store_command *command, struct buffer *stream,
			 struct stream_sum *ret_sum)
{
	const struct shut_in_inputs none = { .what = command->folder };
	const struct shut_in_limits limits = {
		.data_bytes = DATA_BYTES + DATA_TIMES * stream->size,
		.cpu_seconds = CPU_SECONDS,
		.max_output_bytes = sizeof(*ret_sum),
	};
	_cleanup_(buffer_release) struct buffer answer = { 0 };
	struct buffer_drain drain = { .take = keep, .context = &answer };
	int error = shut_in_call(&none, &limits, decode, stream, &drain);

	if (error)
		return error;
	if (answer.size != sizeof(*ret_sum))
		return -EPROTO;
	memcpy(ret_sum, answer.data, sizeof(*ret_sum));
	return 0;
}

static enum exit_status verify(const struct store_command *command)
{
	static const struct window_span always = { 0, UINT64_MAX };
	_cleanup_(buffer_release) struct buffer stream = { 0 };
	struct stream_sum sum;
	uint64_t damaged, damaged_slices;
	int error = store_access_collect(command->folder, always, &stream, &damaged);

	if (!error)
		error = verify_stream(command, &stream, &sum);
	if (error)
		return error == -EPERM ? EXIT_NOT_PERMITTED : EXIT_WRONG;
	damaged_slices = damaged;
	damaged += sum.undecoded != 0;
	if (command->is_json)
		printf("{\"samples\": %" PRIu64 ", \"damaged_slices\": %" PRIu64
		       ", \"damaged_chunks\": %" PRIu64 ", \"lost_stacks\": %" PRIu64 "}\n",
		       sum.samples, damaged_slices, sum.undecoded, sum.lost_stacks);
	else
		printf("%s: %" PRIu64 " samples%s\n", command->folder, sum.samples,
		       damaged ? "" : ": all of it is what it was");
	if (sum.undecoded)
		log_warning("%" PRIu64 " chunks are not what they should be", sum.undecoded);
	return damaged ? EXIT_CHECK_FAILED : EXIT_GOOD;
}

/* --- import --- */

static enum exit_status import(const struct store_command *command, int count, char **paths)
{
	struct store_writer *writer;
	int error = 0, closed;

	if (!count) {
		log_error("what is to be imported? hearth store import FILE...");
		return EXIT_WRONG;
	}
	error = store_access_write(command->folder, &writer);
	if (error)
		return error == -EPERM ? EXIT_NOT_PERMITTED : EXIT_WRONG;
	for (int i = 0; i < count && !error; i++)
		error = store_import(writer, paths[i], command->at_ns);
	closed = store_writer_close(writer);
	if (closed)
		log_error("%s: %s", command->folder, strerror(-closed));
	return error || closed ? EXIT_WRONG : EXIT_GOOD;
}

/* --- shrink --- */

static void tell_shrunk(const struct store_command *command, const struct shrunk *shrunk)
{
	printf(command->is_json ? "{\"removed\": %" PRIu64 ", \"removed_bytes\": %" PRIu64
				  ", \"left\": %" PRIu64 ", \"left_bytes\": %" PRIu64 "}\n"
				: "%" PRIu64 " slices with %" PRIu64
				  " bytes were taken away, %" PRIu64 " with %" PRIu64
				  " bytes are left\n",
	       shrunk->removed, shrunk->removed_bytes, shrunk->left, shrunk->left_bytes);
}

static int roll_up(const struct store_command *command, struct store_writer *writer)
{
	const struct roll_up_ages ages = roll_up_ages(command->ticks_ns, command->minutes_ns);
	struct store_rolled rolled;
	int error = store_roller_roll_all(writer, &ages, command->now_ns, &rolled);

	if (error == -EAGAIN)
		log_error(
			"hearth names --rescan makes names in this store better; come again when it has ended");
	/* Here nobody waits for what was replaced: whoever reads meanwhile looks again. */
	if (!error)
		error = store_writer_remove_replaced(writer);
	if (rolled.made && !command->is_json)
		printf("%" PRIu64 " slices were rolled up to %" PRIu64 "\n", rolled.replaced,
		       rolled.made);
	return error;
}

static int shrink_more(const struct store_command *command, struct store_writer *writer,
		       struct shrunk *shrunk)
{
	const struct shrunk before = *shrunk;
	int error = store_writer_shrink(writer, command->oldest_ns, command->max_bytes, shrunk);

	shrunk->removed += before.removed;
	shrunk->removed_bytes += before.removed_bytes;
	return error;
}

static enum exit_status shrink(const struct store_command *command)
{
	struct store_writer *writer;
	struct shrunk shrunk = { 0 };
	int error, closed;

	if (!command->is_limited) {
		log_error(
			"what is to be kept? --keep SPAN, --keep-size SIZE, --keep-ticks SPAN or --keep-minutes SPAN");
		return EXIT_WRONG;
	}
	error = store_access_check(command->folder);
	if (!error)
		error = store_access_find(command->folder); /* it is not made here */
	if (!error)
		error = store_access_write(command->folder, &writer);
	if (error)
		return error == -EPERM ? EXIT_NOT_PERMITTED : EXIT_WRONG;
	/* First what need not be rolled up any more, and then whether what is left is still too much. */
	error = store_writer_shrink(writer, command->oldest_ns, UINT64_MAX, &shrunk);
	if (!error && (command->ticks_ns != UINT64_MAX || command->minutes_ns != UINT64_MAX))
		error = roll_up(command, writer);
	if (!error)
		error = shrink_more(command, writer, &shrunk);
	closed = store_writer_close(writer);
	if (error || closed) {
		log_error("%s: %s", command->folder, strerror(error ? -error : -closed));
		return error == -EPERM ? EXIT_NOT_PERMITTED : EXIT_WRONG;
	}
	tell_shrunk(command, &shrunk);
	return EXIT_GOOD;
}

/* --- events --- */

static enum exit_status events(const struct store_command *command)
{
	int error;

	if (command->part.start_ns >= command->part.end_ns) {
		log_error("--from is not before --to");
		return EXIT_WRONG;
	}
	error = store_events_print(command->folder, command->part, command->is_json);
	if (error == -EPERM)
		return EXIT_NOT_PERMITTED;
	return error ? EXIT_WRONG : EXIT_GOOD;
}

/* --- export --- */

/* As hearth query does it, which has all formats. */
static enum exit_status export_file(const struct store_command *command, const char *name)
{
	const char *words[16] = { name };
	int count = 1;
	const struct {
		const char *option, *value;
	} given[] = {
		{ "--store", command->folder },  { "--from", command->from },
		{ "--to", command->to },         { "--output", command->output },
		{ "--format", command->format },
	};

	for (size_t i = 0; i < ROWS(given); i++)
		if (given[i].value) {
			words[count++] = given[i].option;
			words[count++] = given[i].value;
		}
	return (enum exit_status)command_query(count, (char **)words);
}

static enum exit_status export_folder(const struct store_command *command, const char *to)
{
	struct exported exported;
	int error;

	if (command->part.start_ns >= command->part.end_ns) {
		log_error("--from is not before --to");
		return EXIT_WRONG;
	}
	error = store_export(command->folder, command->part, to, &exported);
	if (error)
		return error == -EPERM ? EXIT_NOT_PERMITTED : EXIT_WRONG;
	if (command->is_json)
		printf("{\"slices\": %" PRIu64 ", \"left_out\": %" PRIu64 "}\n", exported.slices,
		       exported.left_out);
	else
		printf("%s: %" PRIu64 " slices\n", to, exported.slices);
	return exported.left_out ? EXIT_CHECK_FAILED : EXIT_GOOD;
}

static enum exit_status export_span(const struct store_command *command, int count, char **words)
{
	const bool is_file = command->output || command->format;

	if (is_file && count == 1)
		return export_file(command, words[0]);
	if (!is_file && count == 2)
		return export_folder(command, words[1]);
	log_error(
		"where to? hearth store export FOLDER, which is made, or hearth store export -o FILE");
	return EXIT_WRONG;
}

/* --- all of it --- */

static int set_store(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;

	(void)name, (void)ret_why;
	command->folder = value;
	return 0;
}

static int set_json(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;

	(void)name, (void)value, (void)ret_why;
	command->is_json = true;
	return 0;
}

static int set_at(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;

	(void)name;
	return time_point_parse(value, command->now_ns, &command->at_ns, ret_why);
}

static int set_time(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;
	const bool is_start = !strcmp(name, "from");
	uint64_t *to = is_start ? &command->part.start_ns : &command->part.end_ns;

	*(is_start ? &command->from : &command->to) = value;
	return time_point_parse(value, command->now_ns, to, ret_why);
}

static int set_output(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;

	(void)ret_why;
	*(!strcmp(name, "format") ? &command->format : &command->output) = value;
	return 0;
}

static int set_keep(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;
	uint64_t span;

	(void)name;
	if (time_span_parse(value, &span, ret_why))
		return -EINVAL;
	command->oldest_ns = span < command->now_ns ? command->now_ns - span : 0;
	command->is_limited = true;
	return 0;
}

static int set_keep_size(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;

	(void)name;
	if (byte_size_parse(value, &command->max_bytes, ret_why))
		return -EINVAL;
	command->is_limited = true;
	return 0;
}

static int set_span(const char *value, uint64_t *span_ns, struct store_command *command,
		    const char **ret_why)
{
	if (time_span_parse(value, span_ns, ret_why))
		return -EINVAL;
	command->is_limited = true;
	return 0;
}

static int set_keep_ticks(void *context, const char *name, const char *value, const char **ret_why)
{
	struct store_command *command = context;

	(void)name;
	return set_span(value, &command->ticks_ns, command, ret_why);
}

static int set_keep_minutes(void *context, const char *name, const char *value,
			    const char **ret_why)
{
	struct store_command *command = context;

	(void)name;
	return set_span(value, &command->minutes_ns, command, ret_why);
}

static const struct option_row store_rows[] = {
	{ "store", 0, "DIR", "the store's folder (default " STORE_DEFAULT_FOLDER ")", set_store },
	{ "at", 0, "TIME",
	  "import: when the profile began (default: as it says itself, else it ended when the file was last written)",
	  set_at },
	{ "keep", 0, "SPAN", "shrink: what ended longer ago is taken away (7d, 12h)", set_keep },
	{ "keep-size", 0, "SIZE",
	  "shrink: the oldest is taken away until no more is left (500M, 2G)", set_keep_size },
	{ "keep-ticks", 0, "SPAN",
	  "shrink: of days that ended longer ago five minutes are a window, without times, CPUs and threads",
	  set_keep_ticks },
	{ "keep-minutes", 0, "SPAN", "shrink: of months that ended longer ago an hour is a window",
	  set_keep_minutes },
	{ "from", 0, "TIME", "events, export: from then on (default: all)", set_time },
	{ "to", 0, "TIME", "events, export: up to then", set_time },
	{ "output", 'o', "FILE", "export: a file; its name tells the format", set_output },
	{ "format", 0, "NAME", "export: its format, as hearth query has them", set_output },
	{ "json", 0, NULL, "for programs", set_json },
};

/* What is done, and to what. */
static enum exit_status act(const struct store_command *command, int count, char **words)
{
	if (!count)
		log_error(
			"list, verify, events, import, export or shrink? hearth store --help tells");
	else if (!strcmp(words[0], "import"))
		return import(command, count - 1, words + 1);
	else if (!strcmp(words[0], "export"))
		return export_span(command, count, words);
	else if (count > 1)
		log_error("hearth store %s takes no argument such as %s", words[0], words[1]);
	else if (!strcmp(words[0], "list"))
		return list(command);
	else if (!strcmp(words[0], "verify"))
		return verify(command);
	else if (!strcmp(words[0], "events"))
		return events(command);
	else if (!strcmp(words[0], "shrink"))
		return shrink(command);
	else
		log_error(
			"hearth store %s: list, verify, events, import, export or shrink; hearth store --help tells",
			words[0]);
	return EXIT_WRONG;
}

int command_store(int argc, char **argv)
{
	struct store_command command = { .folder = STORE_DEFAULT_FOLDER,
					 .part = { .end_ns = UINT64_MAX },
					 .max_bytes = UINT64_MAX,
					 .ticks_ns = UINT64_MAX,
					 .minutes_ns = UINT64_MAX,
					 .now_ns = clock_unix_ns() };
	const struct option_table tables[] = {
		{ "Options:", store_rows, ROWS(store_rows), &command },
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "store",
		.tables = tables,
		.table_count = ROWS(tables),
		.mixes_operands = true,
		.operands = "list verify events import export shrink :files",
	};
	int operand;

	switch (options_parse(&parser, argc, argv, &operand)) {
	case OPTIONS_HELP_SHOWN:
		return EXIT_GOOD;
	case OPTIONS_WRONG:
		return EXIT_WRONG;
	case OPTIONS_PARSED:
		break;
	}
	return act(&command, argc - operand, argv + operand);
}
