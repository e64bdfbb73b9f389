/* SPDX-License-Identifier: Apache-2.0 */
/* hearth render: a profile from a file to any output. Needs no privilege. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/output_file.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "profiler/command.h"
#include "profiler/output.h"
#include "profiler/perf_data.h"
#include "profiler/shut_in.h"

#define CHUNK_BYTES (256u << 10) /* that is read at a time */

/*
 * What the process that parses and draws may take at most: for so many bytes, and as many times its input; of an input whose size is not known a part
 * of the machine's memory.
 */
#define DATA_BYTES       ((uint64_t)1 << 30)
#define DATA_TIMES       96
#define DATA_OF_MACHINE  2 /* half of it */
#define CPU_SECONDS      3600
#define MAX_OUTPUT_BYTES ((size_t)4 << 30)

static const char usage[] =
	"Usage: hearth render IN [-o FILE] [OPTIONS]\n"
	"\n"
	"Reads folded stacks (\"a;b;c COUNT\" a line), what perf script prints, a perf.data (where perf is\n"
	"installed), maps with stacks as bpftrace prints them, a pprof profile, a file of speedscope's, a\n"
	".cpuprofile of Chrome's or a profile of profiler.firefox.com's, compressed by gzip or not (- is\n"
	"standard input), and draws or writes it.\n"
	"The default output is IN with the ending of the format; of standard input it is standard output.";

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool is_standard_input(const char *path)
{
	return !strcmp(path, "-") || !strcmp(path, "/dev/stdin");
}

static const char *name_of(const char *path)
{
	return is_standard_input(path) ? "standard input" : path;
}

static const char *unit_of(const struct read_report *report)
{
	return report->format->counts_bytes ? "samples" : "lines";
}

/* "app.pb.gz: byte 12: left out: ..." or "app.folded:12: left out: ..." */
static void warn_of_fault(const char *name, const struct read_report *report,
			  const struct read_fault *fault)
{
	log_warning(report->format->counts_bytes ? "%s: byte %llu: left out: %s"
						 : "%s:%llu: left out: %s",
		    name, (unsigned long long)fault->line, fault->why);
}

/* Tells of what was left out. Where most was, the input is something else, and a picture of the rest would look like one of it. */
static int judge(const char *name, const struct read_report *report)
{
	uint64_t left_out = report->faults - report->references;

	if (left_out > report->stacks) {
		log_error("%s: no %s but in %llu of %llu %s; %s %llu: %s", name,
			  report->format->summary, (unsigned long long)report->stacks,
			  (unsigned long long)report->lines, unit_of(report),
			  report->format->counts_bytes ? "byte" : "line",
			  (unsigned long long)report->first[0].line, report->first[0].why);
		return -EINVAL;
	}
	if (report->others)
		log_warning("%s: %llu %s left out", name, (unsigned long long)report->others,
			    report->format->others);
	if (report->lost)
		log_warning("%s: perf lost %llu events when it recorded: they are missing here",
			    name, (unsigned long long)report->lost);
	for (uint64_t i = 0; i < report->faults && i < READ_FAULTS_NAMED; i++)
		warn_of_fault(name, report, &report->first[i]);
	if (report->references)
		log_warning(
			"%s: %llu references to what is not there; the samples are kept without",
			name, (unsigned long long)report->references);
	if (left_out)
		log_warning("%s: %llu of %llu %s left out, %llu stacks kept", name,
			    (unsigned long long)left_out, (unsigned long long)report->lines,
			    unit_of(report), (unsigned long long)report->stacks);
	return 0;
}

/* Where the content ends to be what it was, the report's last fault tells. */
static void log_damage(const char *name, const struct read_report *report)
{
	log_error("%s: no %s: byte %llu: %s; %llu samples were read before", name,
		  report->format->summary, (unsigned long long)report->last.line, report->last.why,
		  (unsigned long long)report->stacks);
}

static int fail(const char *name, int error, const struct read_report *report)
{
	const unsigned long long stacks = report->stacks;

	if (error == -EBADMSG)
		log_error(
			"%s: byte %llu: damaged: gzip does not inflate it; %llu stacks were read before",
			name, (unsigned long long)report->gzip_byte, stacks);
	else if (error == -ENODATA)
		log_error(
			"%s: byte %llu: it is cut off: gzip's end is missing; %llu stacks were read before",
			name, (unsigned long long)report->gzip_byte, stacks);
	else if (error == -E2BIG)
		log_error(
			"%s:%llu: a line of more than 64 MiB: no text; %llu stacks were read before",
			name, (unsigned long long)report->lines + 1, stacks);
	else if (error == -ENOMEM)
		log_error("%s: it takes too much memory; %llu stacks were read before", name,
			  stacks);
	else
		log_error("%s: %s", name,
			  error == -ENOEXEC ? "no profile of a kind that is known"
					    : strerror(-error));
	return error;
}

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)
DEFINE_CLEANUP(cleanup_reader, struct profile_reader *, profile_reader_free)

/* What is done with the input: parsing and drawing, of bytes that somebody else may have made. */
struct rendering {
	const char *name;
	const struct output *output;
	struct perf_data perf; /* what it was looked into with */
};

static int read_all(struct profile_reader *reader, const struct perf_data *perf, int fd)
{
	_cleanup_free_ char *chunk = malloc(CHUNK_BYTES);
	ssize_t got = 1;
	int error = chunk ? 0 : -ENOMEM;

	if (!error && perf->ahead_size)
		error = profile_reader_feed(reader, perf->ahead, perf->ahead_size);
	while (!error && got) {
		got = read(fd, chunk, CHUNK_BYTES);
		if (got < 0 && errno != EINTR)
			error = -errno;
		else if (got > 0)
			error = profile_reader_feed(reader, chunk, (size_t)got);
	}
	return error;
}

static int read_profile(const struct rendering *rendering, int fd, struct profile *profile)
{
	const char *name = rendering->name;
	_cleanup_(cleanup_reader) struct profile_reader *reader = profile_reader_new(profile);
	struct read_report report = { 0 };
	int error = reader ? 0 : -ENOMEM;

	if (!error) {
		profile_reader_want(reader, rendering->output->shaping.value);
		error = read_all(reader, &rendering->perf, fd);
	}
	if (!error)
		error = profile_reader_finish(reader, &report);
	if (!error)
		return judge(name, &report);
	if (reader)
		report = *profile_reader_report(reader);
	if (error != -EPROTO)
		return fail(name, error, &report);
	log_damage(name, &report);
	return error;
}

static int draw(void *context, int input, struct buffer *output)
{
	const struct rendering *rendering = context;
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	int error = 0;

	if (!profile)
		return fail(rendering->name, -ENOMEM, &(struct read_report){ 0 });
	if (output_wants_samples(rendering->output))
		error = profile_keep_samples(profile);
	if (!error)
		error = read_profile(rendering, input, profile);
	return error ? error : output_make(rendering->output, profile, output);
}

/* A folder is told from a file that cannot be read before anything is begun. */
static int open_input(const char *path, int *ret_fd)
{
	int fd = is_standard_input(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					 : open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 || (read(fd, NULL, 0) < 0 && errno == EISDIR) ? -errno : 0;

	if (error) {
		log_error("cannot read %s: %s", name_of(path), strerror(-error));
		cleanup_close(&fd);
		return error;
	}
	*ret_fd = fd;
	return 0;
}

static uint64_t data_bytes(int fd)
{
	struct stat status;

	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		return DATA_BYTES + DATA_TIMES * (uint64_t)status.st_size;
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) /
	       DATA_OF_MACHINE;
}

static int render(const char *path, const struct output *output)
{
	_cleanup_(output_delivery_release) struct output_delivery delivery = { 0 };
	_cleanup_close_ int fd = -1;
	struct rendering rendering = { .name = name_of(path), .output = output };
	struct shut_in_limits limits = { .cpu_seconds = CPU_SECONDS,
					 .max_output_bytes = MAX_OUTPUT_BYTES };
	int error = open_input(path, &fd);

	if (error)
		return error;
	error = perf_data_open(rendering.name, &fd, &rendering.perf);
	limits.data_bytes = data_bytes(fd);
	if (!error)
		error = output_delivery_init(&delivery, output);
	if (!error)
		error = shut_in_call(path, fd, &limits, draw, &rendering, &delivery.drain);
	close(take_fd(&fd)); /* perf, if it has more to say, ends by it */
	error = perf_data_end(rendering.name, &rendering.perf, error);
	return error ? error : output_delivery_end(&delivery);
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
		output_shaping_table(output),
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
	if (!*input) {
		log_error("the input's name is empty");
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
