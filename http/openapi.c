/* SPDX-License-Identifier: Apache-2.0 */
/* The description of the API (https://spec.openapis.org/oas/v3.1.0), from the tables that the server itself works by. */
#include <stdio.h>
#include <string.h>

#include "http/answers.h"
#include "http/http_reply.h"
#include "http/http_routes.h"
#include "http/json_answer.h"
#include "model/samples.h"
#include "model/shaping.h"
#include "render/render.h"
#include "render/render_options.h"

#define SCHEMAS "#/components/schemas/"

static void append_reference(struct json_answer *json, const char *schema)
{
	char reference[80];

	snprintf(reference, sizeof(reference), SCHEMAS "%s", schema);
	json_open(json, '{');
	json_pair_text(json, "$ref", reference);
	json_close(json, '}');
}

/* --- parameters --- */

static void append_labels(struct json_answer *json)
{
	json_key(json, "enum");
	json_open(json, '[');
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
		json_text(json, sample_label_name(label));
	json_close(json, ']');
}

static void append_formats(struct json_answer *json)
{
	json_key(json, "enum");
	json_open(json, '[');
	for (size_t i = 0; i < render_format_count; i++)
		json_text(json, render_formats[i].name);
	json_close(json, ']');
}

static void append_default(struct json_answer *json, const struct http_parameter *row)
{
	if (!row->default_value)
		return;
	json_key(json, "default");
	if (row->type == HTTP_COUNT)
		json_raw(json, row->default_value);
	else
		json_text(json, row->default_value);
}

static void append_parameter_schema(struct json_answer *json, const struct http_parameter *row)
{
	json_key(json, "schema");
	json_open(json, '{');
	json_pair_text(json, "type", row->type == HTTP_COUNT ? "integer" : "string");
	if (row->type == HTTP_COUNT) {
		json_pair_number(json, "minimum", row->least);
		json_pair_number(json, "maximum", row->most);
	}
	if (row->type == HTTP_FLAG)
		json_pair_text(json, "pattern", "^[01]$");
	if (row->type == HTTP_LABEL)
		append_labels(json);
	if (row->type == HTTP_FORMAT)
		append_formats(json);
	append_default(json, row);
	json_close(json, '}');
}

static void append_parameter(struct json_answer *json, const struct http_parameter *row)
{
	json_open(json, '{');
	json_pair_text(json, "name", row->name);
	json_pair_text(json, "in", "query");
	json_pair_text(json, "description", row->help);
	append_parameter_schema(json, row);
	json_close(json, '}');
}

/* An option of hearth render: text, or 1 for one that takes no value. */
static void append_word(struct json_answer *json, const char *name, bool has_value,
			const char *help)
{
	json_open(json, '{');
	json_pair_text(json, "name", name);
	json_pair_text(json, "in", "query");
	json_pair_text(json, "description", help);
	json_key(json, "schema");
	json_open(json, '{');
	json_pair_text(json, "type", "string");
	if (!has_value)
		json_pair_text(json, "pattern", "^[01]$");
	json_close(json, '}');
	json_close(json, '}');
}

static void append_words(struct json_answer *json)
{
	for (size_t i = 0; i < shaping_word_count; i++)
		append_word(json, shaping_words[i].name, shaping_words[i].argument,
			    shaping_words[i].help);
	for (size_t i = 0; i < render_option_count; i++)
		if (!render_option_table[i].refused && !render_option_table[i].is_done)
			append_word(json, render_option_table[i].name,
				    render_option_table[i].argument, render_option_table[i].help);
}

static void append_rest(struct json_answer *json)
{
	json_open(json, '{');
	json_pair_text(json, "name", "name");
	json_pair_text(json, "in", "path");
	json_key(json, "required");
	json_raw(json, "true");
	json_key(json, "schema");
	json_raw(json, "{\"type\":\"string\"}");
	json_close(json, '}');
}

static void append_parameters(struct json_answer *json, const struct http_route *route)
{
	json_key(json, "parameters");
	json_open(json, '[');
	if (strstr(route->path, "{name}"))
		append_rest(json);
	for (size_t i = 0; i < http_parameter_row_count; i++)
		if (http_parameter_rows[i].route == route->id && http_parameter_rows[i].name)
			append_parameter(json, &http_parameter_rows[i]);
	if (http_route_takes(route, HTTP_WORDS))
		append_words(json);
	json_close(json, ']');
}

/* --- answers --- */

static void append_response(struct json_answer *json, const char *status, const char *meaning,
			    const char *type, const char *schema)
{
	json_key(json, status);
	json_open(json, '{');
	json_pair_text(json, "description", meaning);
	if (*type) {
		json_key(json, "content");
		json_open(json, '{');
		json_key(json, type);
		json_open(json, '{');
		if (*schema) {
			json_key(json, "schema");
			append_reference(json, schema);
		}
		json_close(json, '}');
		json_close(json, '}');
	}
	json_close(json, '}');
}

static void append_responses(struct json_answer *json, const struct http_route *route)
{
	json_key(json, "responses");
	json_open(json, '{');
	append_response(json, "200", route->summary, *route->type ? route->type : "*/*",
			route->schema);
	append_response(json, "default", "what was wrong", "application/json", "Error");
	json_close(json, '}');
}

static void append_route(struct json_answer *json, const struct http_route *route)
{
	json_key(json, route->path);
	json_open(json, '{');
	json_key(json, "get");
	json_open(json, '{');
	json_pair_text(json, "summary", route->summary);
	append_parameters(json, route);
	append_responses(json, route);
	json_close(json, '}');
	json_close(json, '}');
}

static void append_components(struct json_answer *json)
{
	static const struct {
		const char *name, *text;
	} schemas[] = {
#define SCHEMA(name, ...) { #name, #__VA_ARGS__ },
#include "http/schemas.def"
#undef SCHEMA
	};

	json_key(json, "components");
	json_open(json, '{');
	json_key(json, "schemas");
	json_open(json, '{');
	for (size_t i = 0; i < sizeof(schemas) / sizeof(*schemas); i++) {
		json_key(json, schemas[i].name);
		json_raw(json, schemas[i].text);
	}
	json_close(json, '}');
	json_close(json, '}');
}

int answer_openapi(const struct http_question *question, struct http_reply *reply)
{
	struct json_answer json = json_answer_begin(&reply->body.buffer);

	(void)question;
	json_open(&json, '{');
	json_pair_text(&json, "openapi", "3.1.0");
	json_key(&json, "info");
	json_open(&json, '{');
	json_pair_text(&json, "title", "hearth");
	json_pair_text(&json, "version", HEARTH_VERSION);
	json_pair_text(
		&json, "description",
		"What hearth serve has recorded. All is GET (or HEAD), and changes nothing.");
	json_close(&json, '}');
	json_key(&json, "paths");
	json_open(&json, '{');
	for (size_t i = 0; i < HTTP_ROUTE_COUNT; i++)
		append_route(&json, &http_routes[i]);
	json_close(&json, '}');
	append_components(&json);
	json_close(&json, '}');
	return 0;
}
