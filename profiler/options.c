/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/conf_file.h"
#include "profiler/option_completion.h"

#define HELP_COLUMN 28 /* where an option's words start in --help */
#define HELP_WIDTH  100

/* What getopt_long gives for row i, above every letter, and for what each command has besides. */
#define ROW_VALUE    1000
#define CONFIG_VALUE 998
#define CHECK_VALUE  999

int parse_u64(const char *text, uint64_t low, uint64_t high, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < low || value > high)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

size_t option_parser_rows(const struct option_parser *parser)
{
	size_t count = 0;

	for (size_t i = 0; i < parser->table_count; i++)
		count += parser->tables[i].count;
	return count;
}

const struct option_row *option_parser_row(const struct option_parser *parser, size_t index,
					   void **ret_context)
{
	const struct option_table *table = parser->tables;

	while (index >= table->count)
		index -= table++->count;
	*ret_context = table->context;
	return &table->rows[index];
}

/* Where the line that starts at `text` ends: at the last blank that fits, or with its first word. */
static size_t line_size(const char *text, size_t most)
{
	size_t size = strlen(text);

	if (size <= most)
		return size;
	size = most;
	while (size && text[size] != ' ')
		size--;
	return size ? size : strcspn(text, " ");
}

/* The cursor stands at HELP_COLUMN. */
static void print_wrapped(const char *text)
{
	size_t size = line_size(text, HELP_WIDTH - HELP_COLUMN);

	printf("%.*s\n", (int)size, text);
	while (text[size]) {
		text += size + 1;
		size = line_size(text, HELP_WIDTH - HELP_COLUMN);
		printf("%*s%.*s\n", HELP_COLUMN, "", (int)size, text);
	}
}

static void print_row(const struct option_row *row)
{
	_cleanup_(buffer_release) struct buffer help = { 0 };
	char letter[8] = "    ";
	int width;

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	width = printf("  %s--%s", letter, row->name);
	if (row->argument)
		width += printf(row->is_value ? "[=%s]" : " %s", row->argument);
	if (width > HELP_COLUMN - 2) {
		printf("\n");
		width = 0;
	}
	printf("%*s", HELP_COLUMN - width, "");
	buffer_append_string(&help, row->help);
	if (row->default_value)
		buffer_printf(&help, " (default %s)", row->default_value);
	print_wrapped(buffer_string(&help) ? help.data : row->help);
}

static void print_help(const struct option_parser *parser)
{
	printf("%s\n", parser->usage);
	for (size_t i = 0; i < parser->table_count; i++) {
		const struct option_table *table = &parser->tables[i];

		printf("\n%s\n", table->title ? table->title : "Options:");
		for (size_t row = 0; row < table->count; row++)
			if (!table->rows[row].is_hidden)
				print_row(&table->rows[row]);
	}
	printf("\nOptions may also stand in " CONF_FILE_DEFAULT ", or the file of --config FILE;\n"
	       "--check-config only tells whether they are understood: hearth.conf(5).\n");
}

/* getopt's own tables, made from the rows. */
struct getopt_tables {
	struct option *long_options;
	char *letters;
};

static void getopt_tables_release(struct getopt_tables *tables)
{
	free(tables->long_options);
	free(tables->letters);
}

static int argument_kind(const struct option_row *row)
{
	return !row->argument ? no_argument : row->is_value ? optional_argument : required_argument;
}

static int getopt_tables_init(const struct option_parser *parser, struct getopt_tables *tables)
{
	size_t count = option_parser_rows(parser), at = 0;

	tables->long_options = calloc(count + 4, sizeof(*tables->long_options));
	tables->letters = calloc(count + 3, 2);
	if (!tables->long_options || !tables->letters)
		return -ENOMEM;
	/* '+': options end at the first operand; ':': a missing argument is told apart. */
	if (!parser->mixes_operands)
		tables->letters[at++] = '+';
	tables->letters[at++] = ':';
	tables->letters[at++] = 'h';
	for (size_t i = 0; i < count; i++) {
		void *context;
		const struct option_row *row = option_parser_row(parser, i, &context);

		tables->long_options[i] = (struct option){
			.name = row->name,
			.has_arg = argument_kind(row),
			.val = ROW_VALUE + (int)i,
		};
		if (!row->letter)
			continue;
		tables->letters[at++] = row->letter;
		if (argument_kind(row) == required_argument)
			tables->letters[at++] = ':';
	}
	tables->long_options[count] = (struct option){ .name = "help", .val = 'h' };
	tables->long_options[count + 1] = (struct option){ .name = CONF_OPTION + 2,
							   .has_arg = required_argument,
							   .val = CONFIG_VALUE };
	tables->long_options[count + 2] =
		(struct option){ .name = "check-config", .val = CHECK_VALUE };
	return 0;
}

/* The row of what getopt_long gave, count when it is none. */
static size_t find_row(const struct option_parser *parser, int value)
{
	size_t count = option_parser_rows(parser);
	void *context;

	if (value >= ROW_VALUE)
		return (size_t)(value - ROW_VALUE);
	for (size_t i = 0; i < count; i++)
		if (value == option_parser_row(parser, i, &context)->letter)
			return i;
	return count;
}

/* The next word, where that is a value that need not be there. */
static const char *take_value(const struct option_row *row, int argc, char **argv)
{
	if (!optarg && row->is_value && optind < argc && row->is_value(argv[optind]))
		optarg = argv[optind++];
	return optarg;
}

/* `place`: ahead of the option's name in what is said of it. */
static enum option_result set_row(const struct option_parser *parser, size_t index,
				  const char *place, const char *value)
{
	void *context;
	const struct option_row *row = option_parser_row(parser, index, &context);
	const char *why = "not understood";
	int error;

	if (row->is_help) {
		print_help(parser);
		return OPTIONS_HELP_SHOWN;
	}
	error = row->set(context, row->name, value, &why);
	if (!error || error == -ECANCELED)
		return error ? OPTIONS_HELP_SHOWN : OPTIONS_PARSED;
	if (error == -ENOMEM)
		why = "out of memory";
	if (value)
		log_error("%s%s %s: %s", place, row->name, *value ? value : "''", why);
	else
		log_error("%s%s: %s", place, row->name, why);
	return OPTIONS_WRONG;
}

/* What getopt_long says of an option that it knows: it was given a value, as in "--verify=3". */
static bool is_known(const struct option_parser *parser, int value)
{
	return value == 'h' || value == CHECK_VALUE ||
	       find_row(parser, value) < option_parser_rows(parser);
}

static enum option_result complain(const struct option_parser *parser, int value, char **argv)
{
	const char *word = argv[optind - 1];

	if (value == ':')
		log_error("%s needs an argument; hearth %s --help tells", word, parser->command);
	else if (optopt && is_known(parser, optopt))
		log_error("%.*s takes no value; hearth %s --help tells", (int)strcspn(word, "="),
			  word, parser->command);
	else if (optopt)
		log_error("there is no option -%c; hearth %s --help lists them", optopt,
			  parser->command);
	else
		log_error("there is no option %s; hearth %s --help lists them", word,
			  parser->command);
	return OPTIONS_WRONG;
}

/* The words of a command line, behind those of the file. */
struct typed_words {
	const struct option_parser *parser;
	struct getopt_tables tables;
	int argc;
	char **argv;
	bool *is_given; /* each row */
	bool asks_help;
	bool is_check; /* of the file, and nothing else is to be done */
	int files;     /* so many were named ahead of all other options, and read */
};

static void typed_words_release(struct typed_words *typed)
{
	getopt_tables_release(&typed->tables);
	free(typed->is_given);
}

static int typed_words_init(struct typed_words *typed, const struct option_parser *parser, int argc,
			    char **argv)
{
	*typed = (struct typed_words){ .parser = parser, .argc = argc, .argv = argv };
	typed->files = conf_file_named(argc, argv) ? 1 : 0;
	typed->is_given = calloc(option_parser_rows(parser) + 1, sizeof(*typed->is_given));
	return typed->is_given ? getopt_tables_init(parser, &typed->tables) : -ENOMEM;
}

/* 0: from their beginning, whatever getopt was about to do. */
static void start(void)
{
	optind = 0;
	opterr = 0;
}

/* What getopt_long gives next, and the value of a row. */
static int next(const struct typed_words *typed, const char **ret_value)
{
	int got = getopt_long(typed->argc, typed->argv, typed->tables.letters,
			      typed->tables.long_options, NULL);
	const size_t index = find_row(typed->parser, got);
	void *context;

	*ret_value = optarg;
	if (index < option_parser_rows(typed->parser))
		*ret_value = take_value(option_parser_row(typed->parser, index, &context),
					typed->argc, typed->argv);
	return got;
}

/* Only looks at what is there: what is wrong with it is said when it is set. */
static void look(struct typed_words *typed)
{
	const char *value;
	int got;

	start();
	while ((got = next(typed, &value)) >= 0 && got != '?' && got != ':') {
		const size_t index = find_row(typed->parser, got);
		void *context;

		typed->is_check |= got == CHECK_VALUE;
		typed->asks_help |= got == 'h';
		if (index >= option_parser_rows(typed->parser))
			continue;
		typed->is_given[index] = true;
		typed->asks_help |= option_parser_row(typed->parser, index, &context)->is_help;
	}
}

/* What every command has, but for the help: done when the words were looked at, or before. */
static enum option_result set_common(struct typed_words *typed, int got)
{
	if (got == CHECK_VALUE || typed->files-- > 0)
		return OPTIONS_PARSED;
	log_error(CONF_OPTION " FILE stands once, ahead of all other options");
	return OPTIONS_WRONG;
}

static enum option_result set_typed(struct typed_words *typed)
{
	enum option_result result = OPTIONS_PARSED;
	const char *value;

	start();
	while (result == OPTIONS_PARSED) {
		int got = next(typed, &value);

		if (got < 0)
			return typed->is_check ? OPTIONS_HELP_SHOWN : OPTIONS_PARSED;
		if (got == '?' || got == ':')
			return complain(typed->parser, got, typed->argv);
		if (got == 'h') {
			print_help(typed->parser);
			return OPTIONS_HELP_SHOWN;
		}
		if (got == CONFIG_VALUE || got == CHECK_VALUE)
			result = set_common(typed, got);
		else
			result = set_row(typed->parser, find_row(typed->parser, got), "--", value);
	}
	return result;
}

/* By its whole name: what is written down once need not be short. */
static size_t find_name(const struct option_parser *parser, const char *name, size_t size)
{
	size_t index = 0;
	void *context;

	for (; index < option_parser_rows(parser); index++) {
		const char *other = option_parser_row(parser, index, &context)->name;

		if (strlen(other) == size && !memcmp(other, name, size))
			break;
	}
	return index;
}

/* What a flag's value says: 1, 0, or -1 for something else. Without one it is set. */
static int flag_value(const char *value)
{
	static const char *const words[][2] = {
		{ "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" }
	};

	for (size_t i = 0; value && i < sizeof(words) / sizeof(words[0]); i++)
		for (int set = 0; set < 2; set++)
			if (!strcmp(value, words[i][set]))
				return set;
	return value ? -1 : 1;
}

/* One line of the file: where it stands, and NAME or NAME=VALUE. What was typed goes before it. */
static enum option_result set_line(const struct typed_words *typed, const char *place,
				   const char *line)
{
	const size_t size = strcspn(line, "="), index = find_name(typed->parser, line, size);
	const char *value = line[size] ? line + size + 1 : NULL;
	_cleanup_(buffer_release) struct buffer before = { 0 };
	const struct option_row *row;
	void *context;

	if (index == option_parser_rows(typed->parser)) {
		log_error("%s: there is no option %.*s; hearth %s --help lists them", place,
			  (int)size, line, typed->parser->command);
		return OPTIONS_WRONG;
	}
	row = option_parser_row(typed->parser, index, &context);
	if ((!row->argument && flag_value(value) < 0) ||
	    (row->argument && !row->is_value && !value)) {
		log_error("%s: %s %s", place, row->name,
			  row->argument ? "needs a value" : "is yes or no");
		return OPTIONS_WRONG;
	}
	if ((typed->is_given[index] && !typed->is_check) || (!row->argument && !flag_value(value)))
		return OPTIONS_PARSED;
	buffer_printf(&before, "%s: ", place);
	return set_row(typed->parser, index, buffer_string(&before) ? before.data : "",
		       row->argument ? value : NULL);
}

static enum option_result set_file(const struct typed_words *typed, int count, char **words)
{
	enum option_result result = OPTIONS_PARSED;

	for (int i = 0; i < count && result == OPTIONS_PARSED; i += 2)
		result = set_line(typed, words[i] + strlen(CONF_PLACE_WORD), words[i + 1]);
	return result;
}

enum option_result options_parse(const struct option_parser *parser, int argc, char **argv,
				 int *ret_operand)
{
	const int count = conf_words_of_file(argc, argv);
	_cleanup_(typed_words_release) struct typed_words typed = { 0 };
	enum option_result result = OPTIONS_PARSED;

	if (argc > 1 && !strcmp(argv[1], COMPLETION_WORD)) {
		option_completion_print(parser, argc - 2, argv + 2);
		return OPTIONS_HELP_SHOWN;
	}
	if (typed_words_init(&typed, parser, argc - count, argv + count)) {
		log_error("out of memory");
		return OPTIONS_WRONG;
	}
	look(&typed);
	if (!typed.asks_help)
		result = set_file(&typed, count, argv + 1);
	if (result == OPTIONS_PARSED)
		result = set_typed(&typed);
	*ret_operand = count + optind;
	return result;
}
