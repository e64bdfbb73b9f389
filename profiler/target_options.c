/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/target_options.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "profiler/targets.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static int set_pids(void *targets, const char *name, const char *value, const char **ret_why)
{
	(void)name;
	return targets_set_pids(targets, value, ret_why);
}

static int set_tids(void *targets, const char *name, const char *value, const char **ret_why)
{
	(void)name;
	return targets_set_tids(targets, value, ret_why);
}

static int set_comm(void *targets, const char *name, const char *value, const char **ret_why)
{
	(void)name;
	return targets_set_comm(targets, value, ret_why);
}

/* Text that is only kept, and flags: which field, by the option's name. */
static int keep(void *context, const char *name, const char *value, const char **ret_why)
{
	struct targets *targets = context;

	(void)ret_why;
	if (!strcmp(name, "all"))
		targets->whole_machine = true;
	else if (!strcmp(name, "no-inherit"))
		targets->no_inherit = true;
	else if (!strcmp(name, "cgroup"))
		targets->cgroup = value;
	else if (!strcmp(name, "container"))
		targets->container = value;
	else if (!strcmp(name, "user"))
		targets->user = value;
	else
		return -EINVAL;
	return 0;
}

const struct option_row target_rows[] = {
	{ "all", 'a', NULL, "the whole machine (the default); with a command: while it runs",
	  keep },
	{ "pid", 'p', "PID,...", "these processes and the children that they start meanwhile",
	  set_pids },
	{ "no-inherit", 0, NULL, "not the children", keep },
	{ "tid", 0, "TID,...", "these threads", set_tids },
	{ "comm", 0, "NAME", "processes of this name (/proc/PID/comm)", set_comm },
	{ "cgroup", 0, "PATH", "processes in this cgroup's folder and below", keep },
	{ "container", 0, "NAME",
	  "processes in this container that runs, by its name, or its ID or how that begins",
	  keep },
	{ "user", 0, "USER", "processes of this user, by name or UID", keep },
};

const size_t target_row_count = ROWS(target_rows);

/* "hearth record ./program -o x.svg": -o is the program's then, which seldom is what was meant. */
static void warn_of_swallowed_options(char **words)
{
	static const char *const options[] = { "-o", "-d",       "-F",        "-p",
					       "-e", "--output", "--duration" };

	for (char **word = words + 1; *word; word++)
		for (size_t i = 0; i < ROWS(options); i++)
			if (!strcmp(*word, options[i]))
				log_warning(
					"%s is passed to %s; hearth's own options stand ahead of the command",
					*word, words[0]);
}

int target_options_take_command(struct targets *targets, const char *name, int argc, char **argv,
				int operand, char ***ret_command)
{
	bool has_dashes = !strcmp(argv[operand - 1], "--");

	if (operand == argc && !has_dashes)
		return 0;
	if (operand == argc) {
		log_error("there is no command behind --");
		return -EINVAL;
	}
	if (targets->pid_count || targets->tid_count) {
		log_error("a command and -p or --tid exclude each other; hearth %s --help tells",
			  name);
		return -EINVAL;
	}
	if (!has_dashes)
		warn_of_swallowed_options(argv + operand);
	*ret_command = argv + operand;
	/* With -a the command only says how long. */
	targets->is_command = !targets->whole_machine;
	return 0;
}

int target_options_check(const struct targets *targets)
{
	if (targets->whole_machine && (targets->pid_count || targets->tid_count)) {
		log_error("-a and -p or --tid exclude each other");
		return -EINVAL;
	}
	if (targets->cgroup && targets->container) {
		log_error("--cgroup and --container exclude each other");
		return -EINVAL;
	}
	return 0;
}
