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

#define HELP_COLUMN 28 /* where an option's words start in --help */
#define HELP_WIDTH  100

/* What getopt_long gives for row i: above every letter. */
#define ROW_VALUE 1000

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

static size_t row_count(const struct option_parser *parser)
{
	size_t count = 0;

	for (size_t i = 0; i < parser->table_count; i++)
		count += parser->tables[i].count;
	return count;
}

static const struct option_row *row_at(const struct option_parser *parser, size_t index,
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
	size_t count = row_count(parser), at = 0;

	tables->long_options = calloc(count + 2, sizeof(*tables->long_options));
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
		const struct option_row *row = row_at(parser, i, &context);

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
	return 0;
}

/* The row of what getopt_long gave, count when it is none. */
static size_t find_row(const struct option_parser *parser, int value)
{
	size_t count = row_count(parser);
	void *context;

	if (value >= ROW_VALUE)
		return (size_t)(value - ROW_VALUE);
	for (size_t i = 0; i < count; i++)
		if (value == row_at(parser, i, &context)->letter)
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

static enum option_result set_row(const struct option_parser *parser, size_t index, int argc,
				  char **argv)
{
	void *context;
	const struct option_row *row = row_at(parser, index, &context);
	const char *value = take_value(row, argc, argv), *why = "not understood";
	int error;

	if (row->is_help) {
		print_help(parser);
		return OPTIONS_HELP_SHOWN;
	}
	error = row->set(context, row->name, value, &why);
	if (!error || error == -ECANCELED)
		return error ? OPTIONS_HELP_SHOWN : OPTIONS_PARSED;
	if (value)
		log_error("--%s %s: %s", row->name, *value ? value : "''", why);
	else
		log_error("--%s: %s", row->name, why);
	return OPTIONS_WRONG;
}

/* What getopt_long says of an option that it knows: it was given a value, as in "--verify=3". */
static bool is_known(const struct option_parser *parser, int value)
{
	return value == 'h' || find_row(parser, value) < row_count(parser);
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

static enum option_result parse_all(const struct option_parser *parser,
				    const struct getopt_tables *tables, int argc, char **argv)
{
	optind = 1;
	opterr = 0;
	for (;;) {
		int value = getopt_long(argc, argv, tables->letters, tables->long_options, NULL);
		enum option_result result;

		if (value < 0)
			return OPTIONS_PARSED;
		if (value == 'h') {
			print_help(parser);
			return OPTIONS_HELP_SHOWN;
		}
		if (value == '?' || value == ':')
			return complain(parser, value, argv);
		result = set_row(parser, find_row(parser, value), argc, argv);
		if (result != OPTIONS_PARSED)
			return result;
	}
}

enum option_result options_parse(const struct option_parser *parser, int argc, char **argv,
				 int *ret_operand)
{
	_cleanup_(getopt_tables_release) struct getopt_tables tables = { 0 };
	enum option_result result;

	if (getopt_tables_init(parser, &tables)) {
		log_error("out of memory");
		return OPTIONS_WRONG;
	}
	result = parse_all(parser, &tables, argc, argv);
	*ret_operand = optind;
	return result;
}
