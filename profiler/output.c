/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/output.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/output_file.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/samples.h"
#include "model/shape.h"
#include "profiler/value_names.h"
#include "render/count_words.h"
#include "render/html_writer.h"
#include "render/svg_writer.h"

/* Texts with the names of all formats, or their endings. */
#define RENDER_FORMAT(name, ending, summary, write, tells) " " name
static const char format_help[] = "whatever the file's ending:"
#include "render/formats.def"
	;
static const char no_such_format[] = "no such format; one of"
#include "render/formats.def"
	;
#undef RENDER_FORMAT

#define RENDER_FORMAT(name, ending, summary, write, tells) " " ending
static const char output_help[] = "write here (- is standard output); the ending picks the format:"
#include "render/formats.def"
	;
static const char endings[] = ""
#include "render/formats.def"
	;
#undef RENDER_FORMAT

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

static const char *format_at(size_t index)
{
	return index < render_format_count ? render_formats[index].name : NULL;
}

const struct option_row output_rows[] = {
	{ "output", 'o', "FILE", output_help, set_path },
	{ "format", 0, "NAME", format_help, set_format, .value_at = format_at },
};
const size_t output_row_count = sizeof(output_rows) / sizeof(output_rows[0]);

static int set_drawing(void *context, const char *name, const char *value, const char **ret_why)
{
	struct output *output = context;

	return render_option_set(&output->drawing, name, value, ret_why);
}

static int set_shaping(void *context, const char *name, const char *value, const char **ret_why)
{
	struct output *output = context;

	return shaping_set(&output->shaping, name, value, ret_why);
}

static void fill_rows(struct output *output)
{
	for (size_t i = 0; i < render_option_count; i++)
		output->drawing_rows[i] = (struct option_row){
			.name = render_option_table[i].name,
			.argument = render_option_table[i].argument,
			.help = render_option_table[i].help,
			.is_hidden =
				render_option_table[i].refused || render_option_table[i].is_done,
			.default_value = render_option_table[i].default_value,
			.set = set_drawing,
		};
	for (size_t i = 0; i < shaping_word_count; i++)
		output->shaping_rows[i] = (struct option_row){
			.name = shaping_words[i].name,
			.argument = shaping_words[i].argument,
			.help = shaping_words[i].help,
			.set = set_shaping,
		};
}

int output_init(struct output *output)
{
	*output = (struct output){ 0 };
	output->drawing_rows = calloc(render_option_count, sizeof(*output->drawing_rows));
	output->shaping_rows = calloc(shaping_word_count, sizeof(*output->shaping_rows));
	if (!output->drawing_rows || !output->shaping_rows ||
	    render_options_init(&output->drawing)) {
		free(output->drawing_rows);
		free(output->shaping_rows);
		return -ENOMEM;
	}
	fill_rows(output);
	return 0;
}

void output_release(struct output *output)
{
	render_options_release(&output->drawing);
	shaping_release(&output->shaping);
	free(output->drawing_rows);
	free(output->shaping_rows);
}

struct option_table output_shaping_table(struct output *output)
{
	return (struct option_table){
		.title = "Shaping (which stacks, and which frames of them, in any format):",
		.rows = output->shaping_rows,
		.count = shaping_word_count,
		.context = output,
	};
}

struct option_table output_drawing_table(struct output *output)
{
	return (struct option_table){
		.title = "Drawing (names as in flamegraph.pl):",
		.rows = output->drawing_rows,
		.count = render_option_count,
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
	if (output->drawing.flamechart && output->format->write != svg_write &&
	    output->format->write != html_write) {
		log_error(
			"--flamechart is of an SVG or a page (-o FILE.svg, FILE.html), of no %s; speedscope's format has the order of time, too",
			output->format->name);
		return -EINVAL;
	}
	return 0;
}

int output_write_bytes(const char *path, const void *bytes, size_t size)
{
	int error = output_file_write(path, bytes, size);

	return error ? log_unwritable(path, error) : 0;
}

/* A misspelt name would give the whole graph, or an empty one, without a word. */
static void warn_of_unused(const struct shaping *shaping, const struct shaped *shaped)
{
	for (size_t i = 0; i < shaping->pattern_count; i++) {
		const struct shaping_pattern *pattern = &shaping->patterns[i];
		const uint64_t bit = UINT64_C(1) << i;

		if (shaped->found & bit)
			continue;
		log_warning(
			"--%s %s: no stack holds a function of this name%s", pattern->word,
			pattern->text,
			shaped->passed_over & bit
				? ", but a process, which it passes over (the first frame of folded stacks is one)"
				: "");
	}
}

/* What is shown is a part, and its fates are not those of all. */
static void tell_of_before(const struct profile *profile, const struct render_options *drawing)
{
	const struct count_words counts = count_words_of(profile, drawing);
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (!profile_origin_of(profile)->before.due)
		return;
	count_words_left(&text, &counts, profile);
	log_info("shaped: %s", buffer_string(&text) ? text.data : "ticks were taken out");
}

static void warn_of_total(uint64_t asked, uint64_t counted)
{
	if (asked && asked < counted)
		log_warning("--total %llu: the counts add up to %llu, which are the 100 %%",
			    (unsigned long long)asked, (unsigned long long)counted);
}

/* An SVG then has the order of the input; a page has none. */
static void warn_of_no_times(const struct output *output, const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);

	if (output->drawing.flamechart && output->format->write == html_write &&
	    !(samples && samples_have_times(samples)))
		log_warning("--flamechart: the input tells no times: the page has no chart");
}

static int make(const struct output *output, const struct profile *profile, struct buffer *to)
{
	int error = output->format->write(profile, &output->drawing, to);

	warn_of_total(output->drawing.total, profile_total(profile));
	warn_of_no_times(output, profile);
	return error ? error : buffer_error(to);
}

static int make_shaped(const struct output *output, const struct shaping *shaping,
		       const struct profile *profile, struct buffer *to)
{
	_cleanup_(shaped_release) struct shaped shaped = { 0 };
	int error = shape_profile(profile, shaping, &shaped);

	if (error)
		return error;
	warn_of_unused(shaping, &shaped);
	tell_of_before(shaped.profile, &output->drawing);
	return make(output, shaped.profile, to);
}

bool output_wants_samples(const struct output *output)
{
	return output->format->tells & RENDER_SAMPLES || output->drawing.flamechart ||
	       shaping_wants_samples(&output->shaping);
}

bool output_wants_times(const struct output *output)
{
	return output->format->tells & RENDER_TIMES || output->drawing.flamechart;
}

bool output_wants_values(const struct output *output)
{
	return output->format->tells & RENDER_VALUES;
}

static bool comes_with_group(const char *label)
{
	static const char *const labels[] = { "cgroup", "container", "image", "pod", "namespace" };

	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		if (!strcmp(label, labels[i]))
			return true;
	return false;
}

struct tick_labels output_labels(const struct output *output)
{
	const char *by = output->shaping.by ? output->shaping.by : "";
	unsigned int tells = output->format->tells;

	return (struct tick_labels){
		.tid = tells & RENDER_THREADS || !strcmp(by, "tid"),
		.cpu = tells & RENDER_LABELS || !strcmp(by, "cpu"),
		.user = tells & RENDER_LABELS || !strcmp(by, "user"),
		.cgroup = tells & RENDER_LABELS || comes_with_group(by),
		.exe = tells & RENDER_LABELS || !strcmp(by, "exe"),
		.machine = tells & RENDER_LABELS || !strcmp(by, "host") || !strcmp(by, "kernel"),
		.time = output_wants_times(output),
	};
}

bool output_wants_lines(const struct output *output)
{
	return output->format->tells & (RENDER_FILES | RENDER_LINES) || output->shaping.lines;
}

/* A drain told of its own. */
static void log_failure(const struct output *output, const struct profile *profile,
			const struct buffer *to, int error)
{
	if (to->drain && to->drain->error)
		return;
	if (error == -ENOENT && output->shaping.value) {
		value_names_log_unknown("", output->shaping.value, profile);
		return;
	}
	if (error == -ENODATA && output->shaping.by)
		log_error("--by %s: no sample tells its %s", output->shaping.by,
			  output->shaping.by);
	else if (error == -EOVERFLOW && output->shaping.value)
		log_error("--value %s: its values add up to more than 2^63 - 1",
			  output->shaping.value);
	else if (error == -EOVERFLOW)
		log_error(
			"cannot make the %s output: a value adds up to more than 2^63 - 1; --value NAME takes one alone",
			output->format->name);
	else
		log_error("cannot make the %s output: %s", output->format->name, strerror(-error));
}

static int make_in_shape(const struct output *output, const struct shaping *shaping,
			 const struct profile *profile, struct buffer *to)
{
	return shape_is_needed(profile, shaping) ? make_shaped(output, shaping, profile, to)
						 : make(output, profile, to);
}

/* What is asked for, as the format has a place for it. */
static struct shaping shaping_for(const struct output *output)
{
	struct shaping shaping = output->shaping;
	unsigned int tells = output->format->tells;

	shaping.keeps_lines = tells & RENDER_LINES;
	if (shaping.lines && tells & RENDER_LINES_BESIDE) {
		shaping.keeps_lines = true;
		shaping.lines = false;
	}
	return shaping;
}

int output_make(const struct output *output, const struct profile *profile, struct buffer *to)
{
	struct shaping shaping = shaping_for(output);
	int error = make_in_shape(output, &shaping, profile, to);
	if (error == -ENODATA && shaping.by && output->is_of_recording) {
		log_warning("--by %s: no tick tells its %s; written without it", shaping.by,
			    shaping.by);
		shaping.by = NULL;
		error = make_in_shape(output, &shaping, profile, to);
	}
	if (error)
		log_failure(output, profile, to, error);
	return error;
}

static int deliver(void *context, const void *bytes, size_t size)
{
	const struct output_delivery *delivery = context;
	int error = output_file_append(delivery->file, bytes, size);

	return error ? log_unwritable(delivery->output->path, error) : 0;
}

int output_delivery_init(struct output_delivery *delivery, const struct output *output)
{
	*delivery = (struct output_delivery){
		.output = output,
		.file = output_file_new(output->path),
		.drain = { .take = deliver, .context = delivery },
	};
	return delivery->file ? 0 : log_unwritable(output->path, -ENOMEM);
}

void output_delivery_release(struct output_delivery *delivery)
{
	output_file_free(delivery->file);
}

int output_delivery_end(struct output_delivery *delivery)
{
	const char *path = delivery->output->path;
	int error = output_file_end(delivery->file);

	if (error)
		return log_unwritable(path, error);
	if (strcmp(path, "-"))
		log_info("wrote %s", path);
	return 0;
}

int output_write(const struct output *output, const struct profile *profile)
{
	_cleanup_(output_delivery_release) struct output_delivery delivery = { 0 };
	_cleanup_(buffer_release) struct buffer bytes = { .drain = &delivery.drain };
	int error = output_delivery_init(&delivery, output);

	if (!error)
		error = output_make(output, profile, &bytes);
	if (!error)
		error = buffer_flush(&bytes);
	return error ? error : output_delivery_end(&delivery);
}
