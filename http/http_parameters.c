/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_parameters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/time_point.h"
#include "model/samples.h"
#include "render/render.h"

#define SHOWN_BYTES 80 /* of what is refused */

struct parsing {
	const struct http_parameters_input *input;
	struct arena *memory;
	struct http_parameters *to;
	char *why;
	char bounds[96]; /* of a count that is refused, in words */
};

static int refuse(struct parsing *parsing, const char *name, const char *why)
{
	snprintf(parsing->why, HTTP_WHY_BYTES, "%.*s: %s", SHOWN_BYTES, name, why);
	return -EINVAL;
}

/* --- values by type: each 0, or -EINVAL with the reason --- */

typedef int parse_fn(struct parsing *parsing, struct http_parameter_value *value,
		     const char **ret_why);

static int parse_time(struct parsing *parsing, struct http_parameter_value *value,
		      const char **ret_why)
{
	return time_point_parse(value->text, parsing->input->now_ns, &value->number, ret_why);
}

static int parse_label(struct parsing *parsing, struct http_parameter_value *value,
		       const char **ret_why)
{
	enum sample_label label;

	(void)parsing;
	*ret_why = "no such label; one of"
#define SAMPLE_LABEL(name, type, meaning) " " #name
#include "model/sample_labels.def"
#undef SAMPLE_LABEL
		;
	if (sample_label_by_name(value->text, strlen(value->text), &label))
		return -EINVAL;
	value->number = label;
	return 0;
}

static int parse_count(struct parsing *parsing, struct http_parameter_value *value,
		       const char **ret_why)
{
	snprintf(parsing->bounds, sizeof(parsing->bounds), "a whole number, from %llu to %llu",
		 (unsigned long long)value->row->least, (unsigned long long)value->row->most);
	*ret_why = parsing->bounds;
	if (!*value->text || value->text[strspn(value->text, "0123456789")] ||
	    strlen(value->text) > 18)
		return -EINVAL;
	value->number = strtoull(value->text, NULL, 10);
	return value->number < value->row->least || value->number > value->row->most ? -EINVAL : 0;
}

static int parse_format(struct parsing *parsing, struct http_parameter_value *value,
			const char **ret_why)
{
	const struct render_format *format = render_format_by_name(value->text);

	(void)parsing;
	*ret_why = "no such format; one of"
#define RENDER_FORMAT(name, ending, summary, write, tells) " " name
#include "render/formats.def"
#undef RENDER_FORMAT
		;
	if (!format)
		return -EINVAL;
	value->number = (uint64_t)(format - render_formats);
	return 0;
}

static int parse_flag(struct parsing *parsing, struct http_parameter_value *value,
		      const char **ret_why)
{
	(void)parsing;
	*ret_why = "1 or 0";
	value->number = !strcmp(value->text, "1");
	return value->number || !strcmp(value->text, "0") ? 0 : -EINVAL;
}

static int parse_text(struct parsing *parsing, struct http_parameter_value *value,
		      const char **ret_why)
{
	(void)parsing;
	*ret_why = "it is empty";
	return *value->text ? 0 : -EINVAL;
}

static parse_fn *const parsers[] = {
	[HTTP_TIME] = parse_time,     [HTTP_LABEL] = parse_label, [HTTP_COUNT] = parse_count,
	[HTTP_FORMAT] = parse_format, [HTTP_FLAG] = parse_flag,   [HTTP_TEXT] = parse_text,
};

static int parse_value(struct parsing *parsing, struct http_parameter_value *value)
{
	const char *why = "";
	int error = parsers[value->row->type](parsing, value, &why);

	return error ? refuse(parsing, value->row->name, why) : 0;
}

/* --- pairs --- */

static int add_word(struct parsing *parsing, struct http_word *words, size_t *count,
		    const struct http_pair *pair)
{
	struct http_word word = {
		arena_string(parsing->memory, pair->name, pair->name_size),
		arena_string(parsing->memory, pair->value ? pair->value : "", pair->value_size),
	};

	if (!word.name || !word.value)
		return -ENOMEM;
	words[(*count)++] = word;
	return 0;
}

static struct http_parameter_value *value_of(struct http_parameters *parameters,
					     const struct http_parameter *row)
{
	for (size_t i = 0; i < parameters->count; i++)
		if (parameters->values[i].row == row)
			return &parameters->values[i];
	return NULL;
}

/* One that the route has by no name of its own. */
static int take_other(struct parsing *parsing, const struct http_pair *pair)
{
	struct http_parameters *to = parsing->to;

	if (http_route_takes(to->route, HTTP_ANY) || http_route_takes(to->route, HTTP_WORDS))
		return add_word(parsing, to->words, &to->word_count, pair);
	return refuse(parsing, pair->name, "there is no such parameter here");
}

static int take_pair(struct parsing *parsing, const struct http_pair *pair)
{
	const struct http_parameter *row;
	struct http_parameter_value *value;

	if (memchr(pair->name, '\0', pair->name_size) ||
	    (pair->value && memchr(pair->value, '\0', pair->value_size)))
		return refuse(parsing, pair->name, "it holds a zero byte");
	row = http_route_parameter(parsing->to->route, pair->name);
	if (!row)
		return take_other(parsing, pair);
	if (row->type == HTTP_TERMS)
		return add_word(parsing, parsing->to->terms, &parsing->to->term_count, pair);
	value = value_of(parsing->to, row);
	if (value->text)
		return refuse(parsing, pair->name, "it is given twice");
	value->text =
		arena_string(parsing->memory, pair->value ? pair->value : "", pair->value_size);
	return value->text ? parse_value(parsing, value) : -ENOMEM;
}

static void begin_values(struct http_parameters *to)
{
	for (size_t i = 0; i < http_parameter_row_count; i++) {
		const struct http_parameter *row = &http_parameter_rows[i];

		if (row->route == to->route->id && row->name && row->type != HTTP_TERMS)
			to->values[to->count++].row = row;
	}
}

static int fill_defaults(struct parsing *parsing)
{
	int error = 0;

	for (size_t i = 0; i < parsing->to->count && !error; i++) {
		struct http_parameter_value *value = &parsing->to->values[i];

		if (value->text || !value->row->default_value)
			continue;
		value->text = value->row->default_value;
		error = parse_value(parsing, value);
	}
	return error;
}

static int check_span(struct parsing *parsing, const char *from, const char *to)
{
	const struct http_parameter_value *start = http_parameters_get(parsing->to, from);
	const struct http_parameter_value *end = http_parameters_get(parsing->to, to);

	if (!start)
		return 0;
	if (!start->text)
		return refuse(parsing, from, "it is missing");
	if (!end->text)
		return refuse(parsing, to, "it is missing");
	return start->number < end->number ? 0 : refuse(parsing, from, "it is not before the end");
}

int http_parameters_parse(const struct http_route *route, const struct http_parameters_input *input,
			  struct arena *memory, struct http_parameters *ret_parameters,
			  char ret_why[HTTP_WHY_BYTES])
{
	struct parsing parsing = { input, memory, ret_parameters, ret_why };
	int error = 0;

	*ret_parameters = (struct http_parameters){ .route = route };
	ret_parameters->rest = arena_string(memory, input->rest, strlen(input->rest));
	if (!ret_parameters->rest)
		return -ENOMEM;
	if (input->count > HTTP_PAIRS_MAX)
		return refuse(&parsing, "the request", "it has too many parameters");
	begin_values(ret_parameters);
	for (size_t i = 0; i < input->count && !error; i++)
		error = take_pair(&parsing, &input->pairs[i]);
	if (!error)
		error = fill_defaults(&parsing);
	if (!error)
		error = check_span(&parsing, "from", "to");
	return error ? error : check_span(&parsing, "before-from", "before-to");
}

/* --- reading them --- */

const struct http_parameter_value *http_parameters_get(const struct http_parameters *parameters,
						       const char *name)
{
	for (size_t i = 0; i < parameters->count; i++)
		if (!strcmp(parameters->values[i].row->name, name))
			return &parameters->values[i];
	return NULL;
}

uint64_t http_parameters_number(const struct http_parameters *parameters, const char *name)
{
	const struct http_parameter_value *value = http_parameters_get(parameters, name);

	return value ? value->number : 0;
}

bool http_parameters_has(const struct http_parameters *parameters, const char *name)
{
	const struct http_parameter_value *value = http_parameters_get(parameters, name);

	return value && value->text;
}

/* Sizes keep apart what separators do not. */
static void append_text(struct buffer *to, const char *text)
{
	buffer_append_u64(to, strlen(text));
	buffer_append_char(to, ':');
	buffer_append_string(to, text);
}

static void append_words(struct buffer *to, const struct http_word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		append_text(to, words[i].name);
		append_text(to, words[i].value);
	}
	buffer_append_char(to, ';');
}

void http_parameters_append_key(struct buffer *to, const struct http_parameters *parameters)
{
	append_text(to, parameters->route->path);
	append_text(to, parameters->rest);
	for (size_t i = 0; i < parameters->count; i++) {
		const struct http_parameter_value *value = &parameters->values[i];

		buffer_append_char(to, ';');
		if (value->text && value->row->type != HTTP_TEXT)
			buffer_append_u64(to, value->number);
		else if (value->text)
			append_text(to, value->text);
	}
	append_words(to, parameters->terms, parameters->term_count);
	append_words(to, parameters->words, parameters->word_count);
}
