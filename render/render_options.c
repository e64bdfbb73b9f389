/* SPDX-License-Identifier: Apache-2.0 */
#include "render/render_options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* What a parser needs to know besides the text; `wanted` tells it to the user. */
struct option_bounds {
	double least, most;
	const char *wanted;
};

/* Each parser: 0, -ENOMEM, or -EINVAL with the reason. `field` is what RENDER_FIELD_type says. */
typedef int parse_fn(void *field, const char *value, const struct option_bounds *bounds,
		     const char **ret_why);
typedef void release_fn(void *field);

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static int parse_text(void *field, const char *value, const struct option_bounds *bounds,
		      const char **ret_why)
{
	char **text = field;
	char *copy = strdup(value);

	(void)bounds;
	(void)ret_why;
	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

/* A font family goes into a style sheet as it is, so only harmless characters may be in it. */
static int parse_font(void *field, const char *value, const struct option_bounds *bounds,
		      const char **ret_why)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789 ,-_";

	if (!*value || value[strspn(value, allowed)])
		return refuse(ret_why, "a font family is letters, digits, blanks, - and ,");
	return parse_text(field, value, bounds, ret_why);
}

/* A decimal number and nothing else; `ret_end` is where it stopped. */
static int parse_number(const char *value, double *ret_number, const char **ret_end)
{
	char *end;
	double number;

	if (*value != '.' && (*value < '0' || *value > '9'))
		return -EINVAL;
	number = strtod(value, &end);
	if (!isfinite(number) || value[strspn(value, "0123456789.eE+-%")])
		return -EINVAL;
	*ret_number = number;
	*ret_end = end;
	return 0;
}

static int parse_real(void *field, const char *value, const struct option_bounds *bounds,
		      const char **ret_why)
{
	const char *end;
	double number;

	if (parse_number(value, &number, &end) || *end || number < bounds->least ||
	    number > bounds->most)
		return refuse(ret_why, bounds->wanted);
	*(double *)field = number;
	return 0;
}

static int parse_integer(void *field, const char *value, const struct option_bounds *bounds,
			 const char **ret_why)
{
	unsigned long long number;

	if (!*value || value[strspn(value, "0123456789")])
		return refuse(ret_why, bounds->wanted);
	errno = 0;
	number = strtoull(value, NULL, 10);
	if (errno || (double)number < bounds->least || (double)number > bounds->most)
		return refuse(ret_why, bounds->wanted);
	*(uint64_t *)field = number;
	return 0;
}

static int parse_minimum(void *field, const char *value, const struct option_bounds *bounds,
			 const char **ret_why)
{
	struct render_minimum minimum = { 0 };
	const char *end;

	if (parse_number(value, &minimum.value, &end))
		return refuse(ret_why, bounds->wanted);
	minimum.is_percent = *end == '%';
	if (end[minimum.is_percent] || minimum.value > (minimum.is_percent ? 100 : bounds->most))
		return refuse(ret_why, bounds->wanted);
	*(struct render_minimum *)field = minimum;
	return 0;
}

static int parse_palette(void *field, const char *value, const struct option_bounds *bounds,
			 const char **ret_why)
{
	(void)bounds;
	if (palette_by_name(value, field))
		return refuse(ret_why, "no such palette; try"
#define PALETTE(id, summary) " " #id
#include "render/palette.def"
		);
	return 0;
}

static int parse_colour(void *field, const char *value, const struct option_bounds *bounds,
			const char **ret_why)
{
	unsigned long bits;

	(void)bounds;
	if (value[0] != '#' || strlen(value) != 7 ||
	    value[1 + strspn(value + 1, "0123456789abcdefABCDEF")])
		return refuse(ret_why, "not a colour of the form #rrggbb");
	bits = strtoul(value + 1, NULL, 16);
	*(struct render_colour *)field = (struct render_colour){
		.colour = { bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff },
		.is_set = true,
	};
	return 0;
}

/* flamegraph.pl's four names, flat: hearth draws no gradients. */
static int parse_background(void *field, const char *value, const struct option_bounds *bounds,
			    const char **ret_why)
{
	static const struct {
		const char *name, *colour;
	} names[] = {
		{ "yellow", "#fbf6dc" },
		{ "blue", "#eaf0fb" },
		{ "green", "#e9f6e9" },
		{ "grey", "#f4f4f4" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].name, value))
			return parse_colour(field, names[i].colour, bounds, ret_why);
	if (parse_colour(field, value, bounds, ret_why))
		return refuse(ret_why, "not yellow, blue, green, grey or #rrggbb");
	return 0;
}

static int parse_flag(void *field, const char *value, const struct option_bounds *bounds,
		      const char **ret_why)
{
	(void)value;
	(void)bounds;
	(void)ret_why;
	*(bool *)field = true;
	return 0;
}

static int parse_share(void *field, const char *value, const struct option_bounds *bounds,
		       const char **ret_why)
{
	const char *end;
	double percent;

	if (parse_number(value, &percent, &end) || end[*end == '%'] || percent < bounds->least ||
	    percent > bounds->most)
		return refuse(ret_why, bounds->wanted);
	*(struct render_share *)field =
		(struct render_share){ .value = percent / 100, .is_set = true };
	return 0;
}

static const char *const order_names[] = {
	[RENDER_ORDER_UNSAID] = NULL,
	[RENDER_ORDER_NAME] = "name",
	[RENDER_ORDER_TOTAL] = "total",
	[RENDER_ORDER_TIME] = "time",
};

static int parse_order(void *field, const char *value, const struct option_bounds *bounds,
		       const char **ret_why)
{
	for (enum render_order order = RENDER_ORDER_NAME; order <= RENDER_ORDER_TIME; order++) {
		if (strcmp(order_names[order], value))
			continue;
		*(enum render_order *)field = order;
		return 0;
	}
	return refuse(ret_why, bounds->wanted);
}

static void release_text(void *field)
{
	free(*(char **)field);
}

static void release_nothing(void *field)
{
	(void)field;
}

#define release_font       release_text
#define release_integer    release_nothing
#define release_real       release_nothing
#define release_minimum    release_nothing
#define release_palette    release_nothing
#define release_background release_nothing
#define release_colour     release_nothing
#define release_flag       release_nothing
#define release_share      release_nothing
#define release_order      release_nothing

const struct render_option render_option_table[] = {
#define RENDER_OPTION(type, name, field, default_, least, most, argument, help) \
	{ name, argument, default_, help, false, NULL },
#define RENDER_OPTION_DONE(name, argument)         { name, argument, NULL, NULL, true, NULL },
#define RENDER_OPTION_REFUSED(name, argument, why) { name, argument, NULL, NULL, false, why },
#include "render/render_options.def"
};

const size_t render_option_count = sizeof(render_option_table) / sizeof(*render_option_table);

/* What a user is told who gave something else; parsers of the other types have words of their own. */
#define WANTED_integer(least, most) "a whole number, from " #least " to " #most
#define WANTED_real(least, most)    "a number, from " #least " to " #most
#define WANTED_minimum(least, most) \
	"pixels, from " #least " to " #most ", or a share, from 0% to 100%, such as 0.5%"
#define WANTED_text(least, most)       NULL
#define WANTED_font(least, most)       NULL
#define WANTED_palette(least, most)    NULL
#define WANTED_background(least, most) NULL
#define WANTED_colour(least, most)     NULL
#define WANTED_flag(least, most)       NULL
#define WANTED_share(least, most)      "a share, from " #least "% to " #most "%, such as 0.5%"
#define WANTED_order(least, most)      "name, total or time"

/* What only this file needs of a row; those without a field are at the end of the table and not in here. */
static const struct {
	size_t offset;
	parse_fn *parse;
	release_fn *release;
	struct option_bounds bounds;
} fields[] = {
#define RENDER_OPTION(type, name, field, default_, least, most, argument, help) \
	{ offsetof(struct render_options, field),                               \
	  parse_##type,                                                         \
	  release_##type,                                                       \
	  { least, most, WANTED_##type(least, most) } },
#include "render/render_options.def"
};

int render_options_init(struct render_options *options)
{
	struct render_options made = { 0 };
	const char *why;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const char *value = render_option_table[i].default_value;
		int error = 0;

		if (value)
			error = fields[i].parse((char *)&made + fields[i].offset, value,
						&fields[i].bounds, &why);
		if (error) {
			render_options_release(&made);
			return error;
		}
	}
	*options = made;
	return 0;
}

void render_options_release(struct render_options *options)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		fields[i].release((char *)options + fields[i].offset);
	*options = (struct render_options){ 0 };
}

static int check_encoding(const char *value, const char **ret_why)
{
	if (!strcasecmp(value, "UTF-8") || !strcasecmp(value, "utf8"))
		return 0;
	return refuse(ret_why, "the output is always UTF-8");
}

int render_option_set(struct render_options *options, const char *name, const char *value,
		      const char **ret_why)
{
	for (size_t i = 0; i < render_option_count; i++) {
		const struct render_option *row = &render_option_table[i];

		if (strcmp(row->name, name))
			continue;
		if (row->refused)
			return refuse(ret_why, row->refused);
		if (row->argument && !value)
			return refuse(ret_why, "needs a value");
		if (!row->argument && value)
			return refuse(ret_why, "takes no value");
		if (row->is_done)
			return row->argument ? check_encoding(value, ret_why) : 0;
		return fields[i].parse((char *)options + fields[i].offset, value, &fields[i].bounds,
				       ret_why);
	}
	return refuse(ret_why, "no such option");
}

enum render_order render_order_of(const struct render_options *options)
{
	return options->no_sort ? RENDER_ORDER_TIME : options->sort;
}

const char *render_order_name(enum render_order order)
{
	return order_names[order];
}

uint64_t render_share_ticks(double share, uint64_t whole)
{
	double ticks = ceil(share * (double)whole);

	return ticks >= 1.8e19 ? UINT64_MAX : (uint64_t)ticks;
}
