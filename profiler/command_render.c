/* SPDX-License-Identifier: Apache-2.0 */
/* hearth render: a profile from a file to any output. Needs no privilege. */
#include <errno.h>
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
#include "model/value_choice.h"
#include "profiler/command.h"
#include "profiler/output.h"
#include "profiler/profile_input.h"
#include "profiler/profile_sides.h"
#include "profiler/shut_in.h"
#include "profiler/value_names.h"
#include "worker/cage.h"

/*
 * What the process that parses and draws may take at most: for so many bytes, and as many times its inputs; where the size of one is not known a part
 * of the machine's memory; never more than all of that.
 */
#define DATA_BYTES       ((uint64_t)1 << 30)
#define DATA_TIMES       96
#define DATA_OF_MACHINE  2 /* half of it */
#define CPU_SECONDS      3600
#define MAX_OUTPUT_BYTES ((size_t)4 << 30)

#define INPUTS_MAX    CAGE_MAX_INPUTS
#define PERF_DATA_MAX 16 /* each has a perf of its own, whose memory has no limit */

static const char usage[] =
	"Usage: hearth render IN... [-o FILE] [OPTIONS]\n"
	"\n"
	"Reads folded stacks (\"a;b;c COUNT\" a line), what perf script prints, a perf.data (where perf is\n"
	"installed), maps with stacks as bpftrace prints them, a pprof profile, a file of speedscope's, a\n"
	".cpuprofile of Chrome's or a profile of profiler.firefox.com's, compressed by gzip or not (- is\n"
	"standard input), and draws or writes it. Several ones, of any kinds, are added up: -o says where to.\n"
	"The default output is IN with the ending of the format; of standard input it is standard output.";

/* As they are named, in that order. */
struct operands {
	const char *paths[INPUTS_MAX];
	enum profile_side sides[INPUTS_MAX];
	size_t count;
	size_t counts[SIDE_COUNT]; /* of each side */
	bool has_standard;         /* input */
	bool is_normalized;
};

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* What is done with the inputs: parsing and drawing, of bytes that somebody else may have made. */
struct rendering {
	const struct output *output;
	const struct operands *operands;
	struct profile_input inputs[INPUTS_MAX];
	size_t count; /* of those that are open, or were tried to be */
	struct buffer drawn;
	const char *name; /* of what is drawn, in it; NULL: none */
};

/* --- in the process that reads and draws --- */

/* Of several inputs each is counted by what is asked for before they are added, for it may stand elsewhere in each. */
static int choose_value(const char *name, const char *value, struct profile **profile)
{
	_cleanup_(buffer_release) struct buffer ahead = { 0 };
	struct profile *chosen;
	uint32_t index, count;
	int error = value_find(*profile, value, &index);

	profile_values(*profile, &count);
	if (!error && count < 2)
		return 0;
	if (!error)
		error = value_choose(*profile, index, &chosen);
	if (!error) {
		profile_free(*profile);
		*profile = chosen;
		return 0;
	}
	buffer_printf(&ahead, "%s: ", name);
	if (error == -ENOENT)
		value_names_log_unknown(buffer_string(&ahead), value, *profile);
	else
		log_error("%s: --value %s: %s", name, value, strerror(-error));
	return error;
}

static int read_profile(const struct rendering *rendering, size_t index, int fd,
			struct profile_sum *sum)
{
	const struct profile_input *input = &rendering->inputs[index];
	const char *value = rendering->output->shaping.value;
	const struct profile_format *format = NULL;
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	int error = profile ? 0 : -ENOMEM;

	if (!error && output_wants_samples(rendering->output))
		error = profile_keep_samples(profile);
	if (error)
		log_error("%s: %s", input->name, strerror(-error));
	else
		error = profile_input_read(input, fd, value, profile, &format);
	if (!error && value && rendering->count > 1)
		error = choose_value(input->name, value, &profile);
	return error ? error : profile_sum_add(sum, take_ptr(profile), input->name, format);
}

static int draw(void *context, const int *inputs, struct buffer *to)
{
	const struct rendering *rendering = context;
	const struct operands *operands = rendering->operands;
	_cleanup_(profile_sides_release) struct profile_sides sides;
	struct output output = *rendering->output;
	int error = 0;

	output.drawing.input = rendering->name;

	profile_sides_init(&sides, rendering->output, operands->is_normalized);
	for (size_t i = 0; i < rendering->count && !error; i++)
		error = read_profile(rendering, i, inputs[i], &sides.sums[operands->sides[i]]);
	if (!error)
		error = profile_sides_join(&sides);
	if (error)
		return error;
	if (rendering->count > 1) {
		profile_settle(sides.sums[SIDE_RENDERED].profile);
		output.shaping.value = NULL; /* it was chosen */
	}
	return output_make(&output, sides.sums[SIDE_RENDERED].profile, to);
}

/* --- around it --- */

static int open_inputs(struct rendering *rendering, const struct operands *operands)
{
	size_t perfs = 0;
	int error = 0;

	for (size_t i = 0; i < operands->count && !error; i++) {
		struct profile_input *input = &rendering->inputs[rendering->count++];

		error = profile_input_open(input, operands->paths[i]);
		perfs += input->perf.perf != 0;
		if (error || perfs <= PERF_DATA_MAX)
			continue;
		log_error(
			"%s: more than %d perf.data at a time: add some of them first, with -o FILE.pb.gz",
			input->name, PERF_DATA_MAX);
		error = -E2BIG;
	}
	return error;
}

static int close_inputs(struct rendering *rendering, int error)
{
	for (size_t i = 0; i < rendering->count; i++)
		error = profile_input_close(&rendering->inputs[i], error);
	return error;
}

static uint64_t data_bytes(const struct rendering *rendering)
{
	const uint64_t machine =
		(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t sum = 0, size;
	bool are_files = true;

	for (size_t i = 0; i < rendering->count; i++) {
		are_files &= profile_input_size(&rendering->inputs[i], &size);
		sum += size;
	}
	sum = (are_files ? DATA_BYTES : machine / DATA_OF_MACHINE) + DATA_TIMES * sum;
	return sum < machine ? sum : machine;
}

/* "a.folded", "a.folded and 3 others" */
static void append_names(struct buffer *to, const char *first, size_t count)
{
	buffer_append_string(to, first);
	if (count > 1)
		buffer_printf(to, " and %zu other%s", count - 1, count > 2 ? "s" : "");
}

/* The names of files that are drawn, without their folders. What comes by standard input has none. */
static int name_drawing(struct rendering *rendering)
{
	const struct operands *operands = rendering->operands;
	const char *first = NULL, *slash;

	for (size_t i = 0; i < operands->count && !first; i++)
		if (operands->sides[i] == SIDE_RENDERED)
			first = operands->paths[i];
	if (!first || profile_input_is_standard(first))
		return 0;
	slash = strrchr(first, '/');
	append_names(&rendering->drawn, slash ? slash + 1 : first, operands->counts[SIDE_RENDERED]);
	rendering->name = buffer_string(&rendering->drawn);
	return rendering->name ? 0 : -ENOMEM;
}

static int call(struct rendering *rendering, struct output_delivery *delivery)
{
	_cleanup_(buffer_release) struct buffer names = { 0 };
	const struct shut_in_limits limits = { .data_bytes = data_bytes(rendering),
					       .cpu_seconds = CPU_SECONDS,
					       .max_output_bytes = MAX_OUTPUT_BYTES };
	int fds[INPUTS_MAX];
	struct shut_in_inputs inputs = { .fds = fds, .count = rendering->count };

	append_names(&names, rendering->inputs[0].name, rendering->count);
	inputs.what = buffer_string(&names) ? names.data : "the inputs";
	for (size_t i = 0; i < rendering->count; i++)
		fds[i] = rendering->inputs[i].fd;
	return shut_in_call(&inputs, &limits, draw, rendering, &delivery->drain);
}

static int render(const struct operands *operands, const struct output *output)
{
	_cleanup_(output_delivery_release) struct output_delivery delivery = { 0 };
	_cleanup_free_ struct rendering *rendering = calloc(1, sizeof(*rendering));
	int error;

	if (!rendering) {
		log_error("out of memory");
		return -ENOMEM;
	}
	rendering->output = output;
	rendering->operands = operands;
	error = name_drawing(rendering);
	if (error)
		log_error("out of memory");
	else
		error = open_inputs(rendering, operands);
	if (!error)
		error = output_delivery_init(&delivery, output);
	if (!error)
		error = call(rendering, &delivery);
	error = close_inputs(rendering, error);
	buffer_release(&rendering->drawn);
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

/* Of several inputs there is none. 0, or -errno after logging. */
static int default_output(const struct operands *operands, const struct output *output,
			  struct buffer *name, const char **ret_path)
{
	const struct render_format *format = output->format ? output->format : &render_formats[0];
	const char *path = operands->paths[0];

	if (operands->count > 1) {
		log_error("several inputs: say with -o where to write");
		return -EINVAL;
	}
	if (profile_input_is_standard(path)) {
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

#define STRING(number)  #number
#define IN_WORDS(macro) STRING(macro)

/* NULL, or why not. */
static const char *add_operand(struct operands *operands, const char *path, enum profile_side side)
{
	const bool is_standard = profile_input_is_standard(path);

	if (!*path)
		return "the input's name is empty";
	if (operands->count == INPUTS_MAX)
		return "more than " IN_WORDS(
			CAGE_MAX_INPUTS) " inputs: add some of them first, with -o FILE.pb.gz";
	if (is_standard && operands->has_standard)
		return "standard input can be read once";
	operands->has_standard |= is_standard;
	operands->sides[operands->count] = side;
	operands->counts[side]++;
	operands->paths[operands->count++] = path;
	return NULL;
}

static int set_side(void *context, const char *name, const char *value, const char **ret_why)
{
	const enum profile_side side = !strcmp(name, "before") ? SIDE_BEFORE : SIDE_SUBTRACTED;
	const char *why = add_operand(context, value, side);

	if (!why)
		return 0;
	*ret_why = why;
	return -EINVAL;
}

static int set_normalized(void *context, const char *name, const char *value, const char **ret_why)
{
	struct operands *operands = context;

	(void)name, (void)value, (void)ret_why;
	operands->is_normalized = true;
	return 0;
}

static const struct option_row side_rows[] = {
	{ "before", 0, "FILE",
	  "a differential profile: the counts of FILE are those before, of IN those after; given again, added up",
	  set_side },
	{ "normalize", 0, NULL, "the counts before are scaled to add up to those after",
	  set_normalized },
	{ "subtract", 0, "FILE",
	  "take the counts of FILE away from those of IN, stack by stack; given again, added up",
	  set_side },
};

static int check(const struct operands *operands)
{
	if (!operands->counts[SIDE_RENDERED])
		log_error(
			"what is to be rendered? hearth render IN -o OUT.svg, with - for standard input; hearth render --help tells");
	else if (operands->counts[SIDE_BEFORE] && operands->counts[SIDE_SUBTRACTED])
		log_error(
			"--before and --subtract: one at a time; write what --subtract leaves with -o FILE.pb.gz, and compare that");
	else if (operands->is_normalized && !operands->counts[SIDE_BEFORE])
		log_error("--normalize is of what --before FILE names");
	else
		return 0;
	return -EINVAL;
}

/* Options may stand before and behind the inputs' names. */
static enum option_result parse(struct output *output, int argc, char **argv,
				struct operands *operands)
{
	const struct option_table tables[] = {
		{ "Output:", output_rows, output_row_count, output },
		{ "Other inputs:", side_rows, ROWS(side_rows), operands },
		output_shaping_table(output),
		output_drawing_table(output),
	};
	const struct option_parser parser = {
		.usage = usage,
		.command = "render",
		.tables = tables,
		.table_count = ROWS(tables),
		.mixes_operands = true,
		.operands = ":files",
	};
	int operand;
	enum option_result result = options_parse(&parser, argc, argv, &operand);

	for (; result == OPTIONS_PARSED && operand < argc; operand++) {
		const char *why = add_operand(operands, argv[operand], SIDE_RENDERED);

		if (!why)
			continue;
		log_error("%s", why);
		return OPTIONS_WRONG;
	}
	return result == OPTIONS_PARSED && check(operands) ? OPTIONS_WRONG : result;
}

static int run(const struct operands *operands, struct output *output)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };
	const char *default_path = NULL;
	int error = output->path ? 0 : default_output(operands, output, &name, &default_path);

	if (!error)
		error = output_check(output, default_path);
	return error ? error : render(operands, output);
}

int command_render(int argc, char **argv)
{
	struct output output;
	struct operands operands = { 0 };
	enum option_result result;
	bool is_good;

	if (output_init(&output)) {
		log_error("out of memory");
		return EXIT_WRONG;
	}
	result = parse(&output, argc, argv, &operands);
	is_good = result == OPTIONS_HELP_SHOWN ||
		  (result == OPTIONS_PARSED && !run(&operands, &output));
	output_release(&output);
	return is_good ? EXIT_GOOD : EXIT_WRONG;
}
