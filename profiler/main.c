/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the command and calls it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "profiler/command.h"
#include "profiler/front_child.h"
#include "profiler/conf_file.h"
#include "profiler/option_completion.h"
#include "profiler/service_manager.h"
#include "profiler/shell_completion.h"
#include "profiler/store_roller_child.h"
#include "worker/opener_child.h"
#include "worker/worker_child.h"

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
#define COMMAND(name, summary) { #name, summary, command_##name },
#include "profiler/commands.def"
#undef COMMAND
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int print_usage(FILE *to)
{
	fprintf(to,
		"Usage: hearth COMMAND [OPTIONS]\n"
		"\n"
		"A continuous profiler for Linux: flame graphs of any process, without restarting it.\n"
		"\n"
		"Commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(to,
		"\n"
		"hearth COMMAND --help tells the options of each, hearth --version which hearth this is;\n"
		"hearth completion bash (zsh, fish) prints what that shell needs to complete them.\n"
		"Exit status: 0 good, 1 the asked-for check failed, 2 wrong use or broken input,\n"
		"3 not permitted or not supported here, 4 inconclusive.\n");
	return to == stdout ? EXIT_GOOD : EXIT_WRONG;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* "hearth help record" is "hearth record --help". */
static int run_help(int argc, char **argv)
{
	char option[] = "--help";
	char *words[] = { argc > 0 ? argv[0] : NULL, option, NULL };

	const struct command *command = argc > 0 ? find_command(argv[0]) : NULL;

	return command ? command->run(2, words) : print_usage(stdout);
}

static int print_version(void)
{
	printf("hearth %s\n", HEARTH_VERSION);
	return EXIT_GOOD;
}

static void offer_commands(const char *begun)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		option_completion_offer(begun, commands[i].name, commands[i].summary);
}

/* What can follow "hearth WORDS...", the last of which is being typed. */
static int run_completion(int count, char **words)
{
	const struct command *command = count > 1 ? find_command(words[0]) : NULL;
	char ask[] = COMPLETION_WORD;

	if (command) {
		/* As its first word: what is typed so far follows. */
		words[-1] = words[0];
		words[0] = ask;
		return command->run(count + 1, words - 1);
	}
	if (count == 1 || (count == 2 && !strcmp(words[0], "help")))
		offer_commands(words[count - 1]);
	if (count == 1)
		option_completion_offer(words[0], "completion", "the script of a shell for it");
	if (count == 2 && !strcmp(words[0], "completion"))
		shell_completion_offer_shells(words[1]);
	return EXIT_GOOD;
}

/* With the options that a file has for it. "hearth record --version" is "hearth --version". */
static int run_command(const struct command *command, int argc, char **argv)
{
	struct conf_words words;
	int status = EXIT_WRONG;

	if (argc == 2 && !strcmp(argv[1], "--version"))
		return print_version();
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return command->run(argc, argv);
	if (!conf_words_init(&words, command->name, argc, argv))
		status = command->run(words.count, words.words);
	conf_words_release(&words);
	return status;
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *command;

	if (!name)
		return print_usage(stderr);
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return run_help(argc - 2, argv + 2);
	if (!strcmp(name, "--version") || !strcmp(name, "version"))
		return print_version();
	if (!strcmp(name, COMPLETION_WORD))
		return run_completion(argc - 2, argv + 2);
	if (!strcmp(name, "completion"))
		return shell_completion_print_script(argc - 2, argv + 2);
	command = find_command(name);
	if (command)
		return run_command(command, argc - 1, argv + 1);
	if (*name == '-')
		log_error("options stand behind a command, as in: hearth record %s ...", name);
	else
		log_error("there is no command '%s'; hearth --help lists them", name);
	return EXIT_WRONG;
}

/* A standard stream that is closed would give its number to the next file. One that cannot be used takes it. */
static void fill_closed_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_WRONG);
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 0 && !strcmp(argv[0], WORKER_NAME))
		return worker_child_main();
	if (argc > 0 && !strcmp(argv[0], OPENER_NAME))
		return opener_child_main();
	if (argc > 0 && !strcmp(argv[0], FRONT_NAME))
		return front_child_main();
	if (argc > 0 && !strcmp(argv[0], STORE_ROLLER_NAME))
		return store_roller_child_main();
	fill_closed_streams();
	/* A write to a closed pipe or over a size limit fails, and is reported like any other. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Whoever ignored it would have children reap themselves, and how they ended would not be known. */
	signal(SIGCHLD, SIG_DFL);
	if (service_manager_has_journal())
		log_with_levels();
	status = run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("cannot write standard output: %s", strerror(errno));
		return EXIT_WRONG;
	}
	return status;
}
