/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/option_completion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "profiler/conf_file.h"
#include "profiler/options.h"

/* Arguments whose values a shell knows, by what --help calls them. */
static const struct {
	const char *argument;
	const char *answer;
} known_arguments[] = {
	{ "FILE", ":files" },
	{ "DIR", ":folders" },
	{ "USER", ":users" },
};

/* What the words ahead of the last one leave open. */
struct position {
	const struct option_row *row; /* whose value comes next; NULL: none */
	int operands;                 /* so many were ahead of it */
	bool is_behind_options;       /* nothing more is one */
};

void option_completion_offer(const char *begun, const char *word, const char *meaning)
{
	if (!strncmp(word, begun, strlen(begun)))
		printf("%s\t%s\n", word, meaning);
}

static const struct option_row *row_of_name(const struct option_parser *parser, const char *name,
					    size_t size)
{
	void *context;

	for (size_t i = 0; i < option_parser_rows(parser); i++) {
		const struct option_row *row = option_parser_row(parser, i, &context);

		if (strlen(row->name) == size && !memcmp(row->name, name, size))
			return row;
	}
	return NULL;
}

static const struct option_row *row_of_letter(const struct option_parser *parser, char letter)
{
	void *context;

	for (size_t i = 0; i < option_parser_rows(parser); i++) {
		const struct option_row *row = option_parser_row(parser, i, &context);

		if (row->letter == letter)
			return row;
	}
	return NULL;
}

static bool wants_value(const struct option_row *row)
{
	return row && row->argument && !row->is_value;
}

/* The row whose value the next word is, after this one; of letters the first with a value takes the others for it. */
static const struct option_row *row_left_open(const struct option_parser *parser, const char *word)
{
	const struct option_row *row = NULL;

	if (word[1] == '-')
		row = row_of_name(parser, word + 2, strlen(word + 2));
	for (const char *letter = word + 1; word[1] != '-' && *letter; letter++) {
		row = row_of_letter(parser, *letter);
		if (wants_value(row))
			return letter[1] ? NULL : row;
	}
	return wants_value(row) ? row : NULL;
}

static struct position find_position(const struct option_parser *parser, int count, char **words)
{
	struct position position = { 0 };

	for (int i = 0; i < count; i++) {
		if (position.row) {
			position.row = NULL;
		} else if (position.is_behind_options || *words[i] != '-' || !words[i][1]) {
			position.operands++;
			position.is_behind_options |= !parser->mixes_operands;
		} else if (!strcmp(words[i], "--")) {
			position.is_behind_options = true;
		} else {
			position.row = row_left_open(parser, words[i]);
		}
	}
	return position;
}

/* `before`: what of the word is no part of the value, "--format=". */
static void offer_values(const struct option_row *row, const char *before, size_t before_size,
			 const char *begun)
{
	for (size_t i = 0; row->value_at && row->value_at(i); i++)
		if (!strncmp(row->value_at(i), begun, strlen(begun)))
			printf("%.*s%s\t\n", (int)before_size, before, row->value_at(i));
	for (size_t i = 0; i < sizeof(known_arguments) / sizeof(known_arguments[0]); i++)
		if (!row->value_at && !strcmp(row->argument, known_arguments[i].argument))
			printf("%s\n", known_arguments[i].answer);
}

static void offer_option(const char *begun, const char *name, const char *meaning)
{
	char word[64];

	snprintf(word, sizeof(word), "--%s", name);
	option_completion_offer(begun, word, meaning);
}

static void offer_options(const struct option_parser *parser, const char *begun, bool is_first)
{
	void *context;

	for (size_t i = 0; i < option_parser_rows(parser); i++) {
		const struct option_row *row = option_parser_row(parser, i, &context);

		if (!row->is_hidden)
			offer_option(begun, row->name, row->help);
	}
	offer_option(begun, "help", "what the options are");
	offer_option(begun, "check-config",
		     "only tells whether its options in the file are understood");
	if (is_first)
		option_completion_offer(begun, CONF_OPTION, "a file that has options");
}

/* Those of the first word may be names; ":programs" is followed by whatever that program takes. */
static void offer_operands(const struct option_parser *parser, const struct position *position,
			   const char *begun)
{
	const char *at = parser->operands;
	const bool is_program = at && !strcmp(at, ":programs");

	if (is_program && position->operands) {
		printf(":files\n");
		return;
	}
	while (at && *at) {
		const size_t size = strcspn(at, " ");
		char word[32];

		snprintf(word, sizeof(word), "%.*s", (int)size, at);
		if (*word == ':')
			printf("%s\n", word);
		else if (!position->operands)
			option_completion_offer(begun, word, "");
		at += size + (at[size] == ' ');
	}
}

void option_completion_print(const struct option_parser *parser, int count, char **words)
{
	const char *last = count ? words[count - 1] : "", *equals = strchr(last, '=');
	const struct position position = find_position(parser, count - 1, words);

	if (position.row) {
		offer_values(position.row, "", 0, last);
	} else if (!position.is_behind_options && !strncmp(last, "--", 2) && equals) {
		const struct option_row *row =
			row_of_name(parser, last + 2, (size_t)(equals - last - 2));

		if (row && row->argument)
			offer_values(row, last, (size_t)(equals + 1 - last), equals + 1);
	} else if (!position.is_behind_options && *last == '-') {
		offer_options(parser, last, count == 1);
	} else if (count == 2 && !strcmp(words[0], CONF_OPTION)) {
		printf(":files\n");
	} else {
		offer_operands(parser, &position, last);
	}
}
