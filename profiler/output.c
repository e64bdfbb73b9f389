/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/output.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/output_file.h"
#include "render/stack_edit.h"

/* Texts with the names of all formats, or their endings. */
#define RENDER_FORMAT(name, ending, summary, write) " " name
#define RENDER_FORMAT_OF_SAMPLES                    RENDER_FORMAT
static const char format_help[] = "whatever the file's ending:"
#include "render/formats.def"
	;
static const char no_such_format[] = "no such format; one of"
#include "render/formats.def"
	;
#undef RENDER_FORMAT

#define RENDER_FORMAT(name, ending, summary, write) " " ending
static const char output_help[] = "write here (- is standard output); the ending picks the format:"
#include "render/formats.def"
	;
static const char endings[] = ""
#include "render/formats.def"
	;
#undef RENDER_FORMAT
#undef RENDER_FORMAT_OF_SAMPLES

static int set_path(void *context, const char *name, const char *value, const char **ret_why)
{
	struct output *output = context;

	(void)name;
	if (!*value) {
		*ret_why = "an empty file name";
		return -EINVAL;
	}
	output->path = value;
	return 0;
}

static int set_format(void *context, const char *name, const char *value, const char **ret_why)
{
	struct output *output = context;

	(void)name;
	output->format = render_format_by_name(value);
	if (output->format)
		return 0;
	*ret_why = no_such_format;
	return -EINVAL;
}

const struct option_row output_rows[] = {
	{ "output", 'o', "FILE", output_help, set_path },
	{ "format", 0, "NAME", format_help, set_format },
};
const size_t output_row_count = sizeof(output_rows) / sizeof(output_rows[0]);

static int set_drawing(void *context, const char *name, const char *value, const char **ret_why)
{
	struct output *output = context;

	return render_option_set(&output->drawing, name, value, ret_why);
}

int output_init(struct output *output)
{
	*output = (struct output){ 0 };
	output->drawing_rows = calloc(render_option_count, sizeof(*output->drawing_rows));
	if (!output->drawing_rows || render_options_init(&output->drawing)) {
		free(output->drawing_rows);
		return -ENOMEM;
	}
	for (size_t i = 0; i < render_option_count; i++)
		output->drawing_rows[i] = (struct option_row){
			.name = render_option_table[i].name,
			.argument = render_option_table[i].argument,
			.help = render_option_table[i].help,
			.is_hidden = render_option_table[i].refused != NULL,
			.default_value = render_option_table[i].default_value,
			.set = set_drawing,
		};
	output->drawing_row_count = render_option_count;
	return 0;
}

void output_release(struct output *output)
{
	render_options_release(&output->drawing);
	free(output->drawing_rows);
}

struct option_table output_drawing_table(struct output *output)
{
	return (struct option_table){
		.title = "Drawing (names as in flamegraph.pl):",
		.rows = output->drawing_rows,
		.count = output->drawing_row_count,
		.context = output,
	};
}

static int log_unwritable(const char *path, int error)
{
	log_error("cannot write %s: %s", !strcmp(path, "-") ? "standard output" : path,
		  strerror(-error));
	return error;
}

int output_check(struct output *output, const char *default_path)
{
	int error;

	if (!output->path)
		output->path = default_path;
	if (!output->format)
		output->format = render_format_by_path(output->path);
	if (!output->format && !strcmp(output->path, "-"))
		output->format = &render_formats[0];
	error = output_file_check(output->path);
	if (error)
		return log_unwritable(output->path, error);
	if (!output->format) {
		log_error("%s: the ending tells no format; end it in one of%s, or give --format",
			  output->path, endings);
		return -EINVAL;
	}
	return 0;
}

int output_write_bytes(const char *path, const void *bytes, size_t size)
{
	int error = output_file_write(path, bytes, size);

	return error ? log_unwritable(path, error) : 0;
}

/* A misspelt name would give the whole graph without a word. */
static void warn_of_missing_bases(const struct render_list *base, const struct profile *profile)
{
	for (size_t i = 0; i < base->count; i++)
		if (!stack_edit_finds_base(profile, base->items[i]))
			log_warning("--base %s: no stack holds a function of this name",
				    base->items[i]);
}

int output_make(const struct output *output, const struct profile *profile,
		struct buffer *ret_bytes)
{
	int error;

	warn_of_missing_bases(&output->drawing.base, profile);
	error = output->format->write(profile, &output->drawing, ret_bytes);
	if (!error)
		error = buffer_error(ret_bytes);
	if (error)
		log_error("cannot make the %s output: %s", output->format->name, strerror(-error));
	return error;
}

int output_deliver(const struct output *output, const struct buffer *bytes)
{
	int error = output_write_bytes(output->path, bytes->data, bytes->size);

	if (!error && strcmp(output->path, "-"))
		log_info("wrote %s", output->path);
	return error;
}

int output_write(const struct output *output, const struct profile *profile)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	int error = output_make(output, profile, &bytes);

	return error ? error : output_deliver(output, &bytes);
}
