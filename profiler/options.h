/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options from tables, of a command line and of a file (conf_file.h): the parser and the text of --help both come from the rows. A
 * command may put several tables together (its own, the drawing options of render/).
 */
#ifndef HEARTH_PROFILER_OPTIONS_H
#define HEARTH_PROFILER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_table;

struct option_row {
	const char *name;     /* long name, without dashes */
	char letter;          /* short name, 0: none */
	const char *argument; /* what --help calls its argument, NULL: a flag */
	const char *help;
	/*
	 * Takes the value (NULL for a flag): 0; -EINVAL with a reason that fits behind "NAME: "; -ECANCELED: all that was wanted is
	 * said, as --version does.
	 */
	int (*set)(void *context, const char *name, const char *value, const char **ret_why);
	/*
	 * The argument may be missing (set() gets NULL): it follows as "--NAME=VALUE", and as the next word only if this word is one.
	 * NULL: it may not.
	 */
	bool (*is_value)(const char *word);
	bool is_hidden; /* not in --help: set() only says why there is no such thing, or that it is done anyway */
	bool is_help;              /* one more name of --help */
	const char *default_value; /* for --help; NULL: none, or the help text says it */
	/* What its value can be, by index, up to NULL; for completion. NULL: there is no list of it. */
	const char *(*value_at)(size_t index);
};

struct option_table {
	const char *title; /* above its rows in --help, NULL: "Options:" */
	const struct option_row *rows;
	size_t count;
	void *context; /* handed to the rows' set() */
};

struct option_parser {
	const char *usage;   /* "hearth record [OPTIONS] [-- COMMAND ARGS]" and what it does */
	const char *command; /* for messages: "record" */
	const struct option_table *tables;
	size_t table_count;
	bool mixes_operands; /* options may follow operands, which are put behind them */
	/* For completion: words that the first operand may be, with blanks between them, and ":files" or ":programs" for any of them. */
	const char *operands;
};

enum option_result { OPTIONS_PARSED, OPTIONS_HELP_SHOWN, OPTIONS_WRONG };

/*
 * Reads the options of argv, up to "--" or the first argument that is none; its index is
 * *ret_operand. -h and --help print the help, and so that nothing else is to be done it is OPTIONS_HELP_SHOWN, as after set()
 * has said all; something wrong is logged in one line. Options of a file, which conf_words_init() has put in front, are set first, and
 * not at all where the same one was typed: what may be given again adds nothing to what a file says of it. Texts that set() is given
 * are in the words.
 */
enum option_result options_parse(const struct option_parser *parser, int argc, char **argv,
				 int *ret_operand);

/* All rows of its tables, one after the other. */
size_t option_parser_rows(const struct option_parser *parser);
const struct option_row *option_parser_row(const struct option_parser *parser, size_t index,
					   void **ret_context);

/* A whole number from `low` to `high`: 0 or -EINVAL. */
int parse_u64(const char *text, uint64_t low, uint64_t high, uint64_t *ret_value);

#endif
