/* SPDX-License-Identifier: Apache-2.0 */
/* hearth render: a profile from a file to any output. Needs no privilege. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "model/folded_reader.h"
#include "model/profile.h"
#include "profiler/command.h"
#include "profiler/output.h"

/* More is refused, not read: the profile in memory takes several times as much. */
#define INPUT_MAX ((size_t)4 << 30)

static const char usage[] =
	"Usage: hearth render IN [-o FILE] [OPTIONS]\n"
	"\n"
	"Reads folded stacks (\"a;b;c COUNT\" a line; - is standard input) and draws or writes them.\n"
	"The default output is IN with the ending .svg; of standard input it is standard output.";

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static int read_input(const char *path, struct buffer *ret_bytes)
{
	int error;

	if (!strcmp(path, "-"))
		error = buffer_read_fd(ret_bytes, STDIN_FILENO, INPUT_MAX);
	else
		error = buffer_read_file(ret_bytes, path, INPUT_MAX);
	if (error)
		log_error("cannot read %s: %s", !strcmp(path, "-") ? "standard input" : path,
			  strerror(-error));
	return error;
}

/* Tells of lines that were left out. Nothing kept at all is broken input. */
static int judge(const char *path, const struct folded_report *report)
{
	if (report->bad_lines && !report->stacks) {
		log_error("%s: no folded stacks (\"a;b;c COUNT\" a line); line %llu: %s", path,
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

static int render(const char *path, const struct output *output)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	struct folded_report report;
	int error = profile ? read_input(path, &bytes) : -ENOMEM;

	if (error)
		return error;
	error = folded_read(profile, bytes.data, bytes.size, &report);
	if (error) {
		log_error("%s: %s", path, strerror(-error));
		return error;
	}
	error = judge(path, &report);
	return error ? error : output_write(output, profile);
}

/* "in.folded" becomes "in.svg", standard input standard output. */
static const char *default_output(const char *path, struct buffer *name)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash ? slash + 1 : path, '.');
	size_t size = dot && dot > path ? (size_t)(dot - path) : strlen(path);

	if (!strcmp(path, "-"))
		return "-";
	buffer_append(name, path, size);
	buffer_append_string(name, ".svg");
	return buffer_string(name);
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

int command_render(int argc, char **argv)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };
	struct output output;
	const char *input = NULL, *default_path;
	enum option_result result;
	int status = EXIT_GOOD;

	if (output_init(&output)) {
		log_error("out of memory");
		return EXIT_WRONG;
	}
	result = parse(&output, argc, argv, &input);
	if (result == OPTIONS_WRONG) {
		status = EXIT_WRONG;
	} else if (result == OPTIONS_PARSED) {
		default_path = default_output(input, &name);
		if (!default_path || output_check(&output, default_path) || render(input, &output))
			status = EXIT_WRONG;
	}
	output_release(&output);
	return status;
}
