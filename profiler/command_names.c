/* SPDX-License-Identifier: Apache-2.0 */
/* hearth names: names of what a store has already, from debug files that came later. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/time_point.h"
#include "profiler/command.h"
#include "profiler/debug_folders.h"
#include "profiler/debug_server.h"
#include "profiler/names_rescan.h"
#include "profiler/options.h"
#include "profiler/store_access.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char usage[] =
	"Usage: hearth names --rescan [--store DIR] [--from TIME] [--to TIME] [--symbols DIR] [--debuginfod]\n"
	"\n"
	"Looks for debug files of all that a store has, by build-id, and keeps the names that are better than\n"
	"those of then: functions, inlined calls, files and lines. The programs themselves may be gone.";

struct names_command {
	const char *folder;
	struct window_span part;
	struct debug_folders folders;
	bool wants_rescan, asks_servers, is_json;
	uint64_t now_ns;
};

static int set_store(void *context, const char *name, const char *value, const char **ret_why)
{
	struct names_command *command = context;

	(void)name, (void)ret_why;
	command->folder = value;
	return 0;
}

static int set_time(void *context, const char *name, const char *value, const char **ret_why)
{
	struct names_command *command = context;
	uint64_t *to = !strcmp(name, "from") ? &command->part.start_ns : &command->part.end_ns;

	return time_point_parse(value, command->now_ns, to, ret_why);
}

static int add_folder(void *context, const char *name, const char *value, const char **ret_why)
{
	struct names_command *command = context;

	(void)name;
	return debug_folders_add(&command->folders, value, ret_why);
}

static int set_flag(void *context, const char *name, const char *value, const char **ret_why)
{
	struct names_command *command = context;

	(void)value, (void)ret_why;
	if (!strcmp(name, "rescan"))
		command->wants_rescan = true;
	else if (!strcmp(name, "debuginfod"))
		command->asks_servers = true;
	else
		command->is_json = true;
	return 0;
}

static const struct option_row names_rows[] = {
	{ "rescan", 0, NULL, "look for better names", set_flag },
	{ "store", 0, "DIR", "the store's folder (default " STORE_DEFAULT_FOLDER ")", set_store },
	{ "from", 0, "TIME", "of what was recorded from then on (default: all)", set_time },
	{ "to", 0, "TIME", "up to then", set_time },
	{ "symbols", 0, "DIR",
	  "look for debug files in DIR as in /usr/lib/debug, and first (may be repeated)",
	  add_folder },
	{ "debuginfod", 0, NULL,
	  "fetch debug files that are not here from the servers of DEBUGINFOD_URLS", set_flag },
	{ "json", 0, NULL, "say what came of it for programs", set_flag },
};

static enum option_result parse(struct names_command *command, int argc, char **argv)
{
	const struct option_table tables[] = {
		{ "Options:", names_rows, ROWS(names_rows), command },
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "names",
		.tables = tables,
		.table_count = ROWS(tables),
	};
	int operand;
	enum option_result result = options_parse(&parser, argc, argv, &operand);

	if (result != OPTIONS_PARSED)
		return result;
	if (operand < argc)
		log_error("hearth names takes no argument such as %s; hearth names --help tells",
			  argv[operand]);
	else if (!command->wants_rescan)
		log_error("what is to be done? hearth names --rescan looks for better names");
	else if (command->part.start_ns >= command->part.end_ns)
		log_error("--from is not before --to");
	else
		return OPTIONS_PARSED;
	return OPTIONS_WRONG;
}

static void print_sum(const struct names_command *command, const struct names_rescan_sum *sum)
{
	printf(command->is_json
		       ? "{\"slices\": %" PRIu64 ", \"rewritten\": %" PRIu64
			 ", \"places\": %" PRIu64 ", \"better\": %" PRIu64 ", \"files\": %" PRIu64
			 ", \"debug_files\": %" PRIu64 ", \"left_out\": %" PRIu64 "}\n"
		       : "%" PRIu64 " slices, %" PRIu64
			 " of them with better names now: of %" PRIu64 " places in code %" PRIu64
			 " have one; of %" PRIu64 " files %" PRIu64
			 " have a debug file here; %" PRIu64 " slices were left out\n",
	       sum->slices, sum->rewritten, sum->places, sum->better, sum->files, sum->debug_files,
	       sum->left_out);
}

static int rescan(const struct names_command *command)
{
	struct names_rescan_options options = {
		.folder = command->folder,
		.part = command->part,
		.folders = command->folders.list,
	};
	struct names_rescan_sum sum;
	int error = command->asks_servers ? debug_server_new(&options.server) : 0;

	if (error)
		return error;
	error = names_rescan(&options, &sum);
	debug_server_free(options.server);
	if (error)
		return error;
	print_sum(command, &sum);
	return sum.left_out ? -EIO : 0;
}

int command_names(int argc, char **argv)
{
	struct names_command command = {
		.folder = STORE_DEFAULT_FOLDER,
		.part = { .end_ns = UINT64_MAX },
		.now_ns = clock_unix_ns(),
	};
	enum option_result result;
	int error = 0;

	debug_folders_init(&command.folders);
	result = parse(&command, argc, argv);
	if (result == OPTIONS_PARSED)
		error = rescan(&command);
	debug_folders_release(&command.folders);
	if (result != OPTIONS_PARSED)
		return result == OPTIONS_HELP_SHOWN ? EXIT_GOOD : EXIT_WRONG;
	if (error == -EPERM || error == -EACCES || error == -EROFS)
		return EXIT_NOT_PERMITTED;
	return error ? EXIT_WRONG : EXIT_GOOD;
}
