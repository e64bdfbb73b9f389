/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_routes.h"

#include <string.h>

#define REST "{name}"

const struct http_route http_routes[HTTP_ROUTE_COUNT] = {
#define ROUTE(constant, path, way, answer, type, schema, summary) \
	{ HTTP_ROUTE_##constant, path, HTTP_##way, answer_##answer, type, schema, summary },
#include "http/routes.def"
};

const struct http_parameter http_parameter_rows[] = {
#define PARAMETER(constant, name, type, default_, least, most, help) \
	{ HTTP_ROUTE_##constant, name, HTTP_##type, default_, least, most, help },
#include "http/routes.def"
};
const size_t http_parameter_row_count =
	sizeof(http_parameter_rows) / sizeof(http_parameter_rows[0]);

static bool is_of(const struct http_route *route, const char *path, const char **ret_rest)
{
	size_t size = strlen(route->path), begin = size - strlen(REST);

	*ret_rest = "";
	if (size < strlen(REST) || strcmp(route->path + begin, REST))
		return !strcmp(path, route->path);
	*ret_rest = path + begin;
	return !strncmp(path, route->path, begin);
}

const struct http_route *http_route_find(const char *path, const char **ret_rest)
{
	for (size_t i = 0; i < HTTP_ROUTE_COUNT; i++)
		if (is_of(&http_routes[i], path, ret_rest))
			return &http_routes[i];
	return NULL;
}

const struct http_parameter *http_route_parameter(const struct http_route *route, const char *name)
{
	for (size_t i = 0; i < http_parameter_row_count; i++) {
		const struct http_parameter *row = &http_parameter_rows[i];

		if (row->route == route->id && row->name && !strcmp(row->name, name))
			return row;
	}
	return NULL;
}

bool http_route_takes(const struct http_route *route, enum http_parameter_type type)
{
	for (size_t i = 0; i < http_parameter_row_count; i++)
		if (http_parameter_rows[i].route == route->id &&
		    http_parameter_rows[i].type == type)
			return true;
	return false;
}
