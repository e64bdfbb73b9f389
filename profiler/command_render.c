/* SPDX-License-Identifier: Apache-2.0 */
/* hearth render: a profile from a file to any output. Needs no privilege. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/output_file.h"
#include "model/folded_reader.h"
#include "model/profile.h"
#include "profiler/command.h"
#include "profiler/output.h"
#include "profiler/shut_in.h"

/* More is refused, not read: the profile in memory takes several times as much. */
#define INPUT_MAX ((size_t)4 << 30)

/* What the process that parses and draws may take at most: for so many bytes, and as many times its input. */
#define DATA_BYTES  ((uint64_t)1 << 30)
#define DATA_TIMES  96
#define CPU_SECONDS 3600

static const char usage[] =
	"Usage: hearth render IN [-o FILE] [OPTIONS]\n"
	"\n"
	"Reads folded stacks (\"a;b;c COUNT\" a line; - is standard input) and draws or writes them.\n"
	"The default output is IN with the ending of the format; of standard input it is standard output.";

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool is_standard_input(const char *path)
{
	return !strcmp(path, "-") || !strcmp(path, "/dev/stdin");
}

static int read_input(const char *path, struct buffer *ret_bytes)
{
	int error;

	if (is_standard_input(path))
		error = buffer_read_fd(ret_bytes, STDIN_FILENO, INPUT_MAX);
	else
		error = buffer_read_file(ret_bytes, path, INPUT_MAX);
	if (error)
		log_error("cannot read %s: %s", is_standard_input(path) ? "standard input" : path,
			  strerror(-error));
	return error;
}

/* RFC 1952, 2.3.1: no text begins so. */
static int check_not_compressed(const char *path, const struct buffer *bytes)
{
	if (bytes->size < 2 || memcmp(bytes->data, "\x1f\x8b", 2))
		return 0;
	log_error("%s: compressed by gzip; zcat it first: zcat %s | hearth render - -o OUT.svg",
		  path, is_standard_input(path) ? "IN" : path);
	return -EINVAL;
}

/* Tells of lines that were left out. Where most were, the input is something else, and a picture of the rest would look like one of it. */
static int judge(const char *path, const struct folded_report *report)
{
	if (report->bad_lines > report->stacks) {
		log_error(
			"%s: no folded stacks (\"a;b;c COUNT\" a line) but in %llu of %llu lines; line %llu: %s",
			path, (unsigned long long)report->stacks, (unsigned long long)report->lines,
			(unsigned long long)report->bad[0].line, report->bad[0].why);
		return -EINVAL;
	}
	for (uint64_t i = 0; i < report->bad_lines && i < FOLDED_BAD_LINES_NAMED; i++)
		log_warning("%s:%llu: left out: %s", path, (unsigned long long)report->bad[i].line,
			    report->bad[i].why);
	if (report->bad_lines)
		log_warning("%s: %llu of %llu lines left out, %llu stacks kept", path,
			    (unsigned long long)report->bad_lines,
			    (unsigned long long)report->lines, (unsigned long long)report->stacks);
	return 0;
}

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* What is done with the input once it is read: parsing and drawing, of bytes that somebody else may have made. */
struct rendering {
	const char *path;
	const struct buffer *bytes;
	const struct output *output;
};

static int draw(void *context, struct buffer *ret_output)
{
	const struct rendering *rendering = context;
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	struct folded_report report;
	int error = profile ? folded_read(profile, rendering->bytes->data, rendering->bytes->size,
					  &report)
			    : -ENOMEM;

	if (error) {
		log_error("%s: %s", rendering->path, strerror(-error));
		return error;
	}
	error = judge(rendering->path, &report);
	return error ? error : output_make(rendering->output, profile, ret_output);
}

static int render(const char *path, const struct output *output)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	_cleanup_(buffer_release) struct buffer drawn = { 0 };
	struct rendering rendering = { path, &bytes, output };
	struct shut_in_limits limits = { .cpu_seconds = CPU_SECONDS,
					 .max_output_bytes = INPUT_MAX };
	int error = read_input(path, &bytes);

	if (!error)
		error = check_not_compressed(path, &bytes);
	if (error)
		return error;
	limits.data_bytes = DATA_BYTES + DATA_TIMES * bytes.size;
	error = shut_in_call(path, &limits, draw, &rendering, &drawn);
	return error ? error : output_deliver(output, &drawn);
}

/* Beside a device or a pipe, or over the input, nothing is written that was not asked for by name. */
static int check_default_output(const char *path, const char *output)
{
	struct stat status;

	if (stat(path, &status) || S_ISDIR(status.st_mode))
		return 0; /* reading it will tell */
	if (!S_ISREG(status.st_mode))
		log_error("%s is no regular file: say with -o where to write", path);
	else if (output_file_is_same(path, output))
		log_error("the output would replace its input, %s: say with -o where to write",
			  path);
	else
		return 0;
	return -EINVAL;
}

/* "in.folded" becomes "in.svg". */
static void append_default_output(struct buffer *to, const char *path, const char *ending)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	buffer_append(to, path, dot && dot > base ? (size_t)(dot - path) : strlen(path));
	buffer_append_string(to, ending);
}

/* 0, or -errno after logging. */
static int default_output(const char *path, const struct output *output, struct buffer *name,
			  const char **ret_path)
{
	const struct render_format *format = output->format ? output->format : &render_formats[0];

	if (is_standard_input(path)) {
		*ret_path = "-";
		return 0;
	}
	append_default_output(name, path, format->ending);
	*ret_path = buffer_string(name);
	if (*ret_path)
		return check_default_output(path, *ret_path);
	log_error("out of memory");
	return -ENOMEM;
}

/* Options may stand before and behind the input's name. */
static enum option_result parse(struct output *output, int argc, char **argv,
				const char **ret_input)
{
	const struct option_table tables[] = {
		{ "Output:", output_rows, output_row_count, output },
		output_drawing_table(output),
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "render",
		.tables = tables,
		.table_count = ROWS(tables),
	};
	const char *input = NULL;

	while (argc > 1) {
		int operand;
		enum option_result result = options_parse(&parser, argc, argv, &operand);

		if (result != OPTIONS_PARSED)
			return result;
		if (operand == argc)
			break;
		if (input) {
			log_error("one input at a time: %s and %s; hearth render --help tells",
				  input, argv[operand]);
			return OPTIONS_WRONG;
		}
		input = argv[operand];
		argc -= operand;
		argv += operand;
	}
	if (!input) {
		log_error(
			"what is to be rendered? hearth render IN -o OUT.svg; hearth render --help tells");
		return OPTIONS_WRONG;
	}
	*ret_input = input;
	return OPTIONS_PARSED;
}

static int run(const char *input, struct output *output)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };
	const char *default_path = NULL;
	int error = output->path ? 0 : default_output(input, output, &name, &default_path);

	if (!error)
		error = output_check(output, default_path);
	return error ? error : render(input, output);
}

int command_render(int argc, char **argv)
{
	struct output output;
	const char *input = NULL;
	enum option_result result;
	bool is_good;

	if (output_init(&output)) {
		log_error("out of memory");
		return EXIT_WRONG;
	}
	result = parse(&output, argc, argv, &input);
	is_good =
		result == OPTIONS_HELP_SHOWN || (result == OPTIONS_PARSED && !run(input, &output));
	output_release(&output);
	return is_good ? EXIT_GOOD : EXIT_WRONG;
}
