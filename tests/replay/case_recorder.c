/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records a case for tests/unit/walk_replay_test.c: runs a command under the sampler as `hearth record --verify`
 * would, and writes the first tick whose description matches all patterns. As root.
 *
 *     case_recorder [-F HZ] [-t SECONDS] [-c COMMENT] [-m PATTERN]... [-s] -o FILE -- COMMAND ARGUMENTS
 *
 * A pattern (POSIX extended, by line) is looked for in the frames as they stand in a case, each with its number
 * from the leaf, its name and its rule, and in the end; -s shows what there is instead. tests/replay/record
 * has the recipes of all cases.
 */
#include <errno.h>
#include <poll.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "profiler/aggregator.h"
#include "profiler/file_limit.h"
#include "profiler/modules.h"
#include "profiler/own_worker.h"
#include "profiler/row_source.h"
#include "profiler/sampler.h"
#include "profiler/unwind_loader.h"
#include "profiler/unwind_maps.h"
#include "profiler/unwind_space.h"
#include "profiler/workload.h"
#include "tests/replay/case_builder.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

#define MAX_PATTERNS 8
#define QUEUE_BYTES  (64u << 20)
#define SECOND_NS    1000000000ull

struct case_recorder {
	/* Options. */
	const char *patterns[MAX_PATTERNS], *output, *comment;
	size_t pattern_count;
	bool shows;
	uint64_t rate_hz, seconds;
	char **command;

	struct targets targets;
	struct sampler_options options;
	struct workload workload;
	struct sampler *sampler;
	struct unwind_maps *maps;
	struct worker *worker;
	struct row_source row_source;
	struct unwind_loader *loader;
	struct modules *modules;
	struct aggregator *aggregator;
	struct case_builder *builder;
	struct buffer queue; /* of snapshots, each behind its size in 8 bytes */
	regex_t compiled[MAX_PATTERNS];
	bool is_done;
};

static void take_event(void *context, const void *event, size_t size)
{
	struct case_recorder *recorder = context;
	uint32_t type = size >= sizeof(type) ? *(const uint32_t *)event : 0;
	uint64_t padded = (size + 7) & ~7ull, length = padded;

	if (type == EVENT_MODULE || type == EVENT_MAPPED_MODULE) {
		modules_handle(recorder->modules, event, size);
	} else if (type != EVENT_SNAPSHOT) {
		aggregator_handle(recorder->aggregator, event, size);
	} else if (recorder->queue.size + size < QUEUE_BYTES) {
		buffer_append(&recorder->queue, &length, sizeof(length));
		buffer_append(&recorder->queue, event, size);
		buffer_append(&recorder->queue, "\0\0\0\0\0\0\0", padded - size);
	}
}

static bool matches(const struct case_recorder *recorder, const char *text)
{
	for (size_t i = 0; i < recorder->pattern_count; i++)
		if (regexec(&recorder->compiled[i], text, 0, NULL, 0))
			return false;
	return true;
}

static bool write_case(struct case_recorder *recorder)
{
	FILE *file = fopen(recorder->output, "we");
	struct utsname name;
	bool is_written;

	if (!file) {
		log_error("%s: %s", recorder->output, strerror(errno));
		return false;
	}
	uname(&name);
	fprintf(file, "# SPDX-License-Identifier: Apache-2.0\n# %s\n# Recorded on Linux %s:",
		recorder->comment, name.release);
	for (char **argument = recorder->command; *argument; argument++)
		fprintf(file, " %s", *argument);
	fputs("\n\n", file);
	is_written = case_builder_write(recorder->builder, file);
	if (fclose(file) || !is_written)
		unlink(recorder->output);
	return is_written;
}

static void take_snapshot(struct case_recorder *recorder, const struct snapshot_event *event)
{
	char *text = NULL;
	size_t size;
	FILE *to;

	if (!case_builder_take(recorder->builder, event))
		return;
	to = open_memstream(&text, &size);
	if (!to)
		return;
	case_builder_describe(recorder->builder, to);
	fclose(to);
	if (!matches(recorder, text))
		;
	else if (recorder->shows)
		printf("%s\n", text);
	else
		recorder->is_done = write_case(recorder);
	free(text);
}

static int drain(struct case_recorder *recorder)
{
	int error;

	buffer_clear(&recorder->queue);
	error = sampler_drain(recorder->sampler, take_event, recorder);
	for (size_t at = 0; at < recorder->queue.size && !recorder->is_done;) {
		const char *entry = recorder->queue.data + at;

		take_snapshot(recorder, (const struct snapshot_event *)(entry + sizeof(uint64_t)));
		at += sizeof(uint64_t) + *(const uint64_t *)entry;
	}
	return error;
}

static int identify(void *sampler, const void *address, struct identify_argument *ret_answer)
{
	return sampler_identify(sampler, address, ret_answer);
}

static int set_up(struct case_recorder *recorder)
{
	struct unwind_row_source rows;
	struct unwind_map_fds fds;
	int error;

	recorder->options = (struct sampler_options){
		.event = EVENT_CPU_CLOCK,
		.rate_hz = recorder->rate_hz,
		.targets = &recorder->targets,
		.unwind_bytes = UNWIND_SPACE_DEFAULT_BYTES,
		.verify = true,
	};
	workload_init(&recorder->workload);
	file_limit_raise();
	error = workload_prepare(&recorder->workload, recorder->command);
	if (!error)
		error = sampler_new(&recorder->options, &recorder->sampler);
	if (!error)
		error = sampler_add_process(recorder->sampler, recorder->workload.pid, true, true);
	if (error)
		return error;
	sampler_unwind_maps(recorder->sampler, &fds);
	error = unwind_maps_new(&fds, &recorder->maps);
	if (!error)
		error = own_worker_new(&recorder->worker);
	if (error)
		return error;
	recorder->row_source.worker = recorder->worker;
	rows = row_source_of_worker(&recorder->row_source);
	error = unwind_loader_new(unwind_maps_view(recorder->maps), &rows, &recorder->loader);
	if (error)
		return error;
	unwind_loader_request(recorder->loader, MODULE_VDSO, UNWIND_LOADER_VDSO);
	unwind_loader_settle(recorder->loader);
	recorder->aggregator = aggregator_new();
	recorder->modules = modules_new(identify, recorder->sampler, recorder->loader);
	recorder->builder = recorder->aggregator && recorder->modules
				    ? case_builder_new(recorder->aggregator, recorder->modules)
				    : NULL;
	return recorder->builder ? 0 : -ENOMEM;
}

static int record(struct case_recorder *recorder)
{
	struct pollfd ring = { .fd = sampler_fd(recorder->sampler), .events = POLLIN };
	uint64_t end_ns = clock_monotonic_ns() + recorder->seconds * SECOND_NS;
	int error = sampler_start(recorder->sampler);

	if (!error)
		error = workload_start(&recorder->workload);
	while (!error && !recorder->is_done && clock_monotonic_ns() < end_ns) {
		bool has_ended = workload_reap(&recorder->workload, false);

		poll(&ring, 1, 5);
		error = drain(recorder);
		if (has_ended)
			break;
	}
	sampler_stop(recorder->sampler);
	return error;
}

static void release(struct case_recorder *recorder)
{
	workload_release(&recorder->workload);
	case_builder_free(recorder->builder);
	unwind_loader_free(recorder->loader);
	worker_free(recorder->worker);
	unwind_maps_free(recorder->maps);
	modules_free(recorder->modules);
	aggregator_free(recorder->aggregator);
	sampler_free(recorder->sampler);
	buffer_release(&recorder->queue);
	for (size_t i = 0; i < recorder->pattern_count; i++)
		regfree(&recorder->compiled[i]);
}

static bool add_pattern(struct case_recorder *recorder, const char *pattern)
{
	size_t at = recorder->pattern_count;

	if (at == MAX_PATTERNS ||
	    regcomp(&recorder->compiled[at], pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		return false;
	recorder->patterns[recorder->pattern_count++] = pattern;
	return true;
}

static bool parse(struct case_recorder *recorder, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+F:t:c:m:o:s")) != -1) {
		if (option == 'F')
			recorder->rate_hz = strtoull(optarg, NULL, 10);
		else if (option == 't')
			recorder->seconds = strtoull(optarg, NULL, 10);
		else if (option == 'c')
			recorder->comment = optarg;
		else if (option == 'o')
			recorder->output = optarg;
		else if (option == 's')
			recorder->shows = true;
		else if (option != 'm' || !add_pattern(recorder, optarg))
			return false;
	}
	recorder->command = &argv[optind];
	return recorder->rate_hz && optind < argc && (recorder->output || recorder->shows);
}

int main(int argc, char **argv)
{
	struct case_recorder recorder = {
		.rate_hz = 1999,
		.seconds = 20,
		.comment = "",
		.targets = { .is_command = true },
	};
	int error;

	if (!strcmp(argv[0], WORKER_NAME))
		return worker_child_main();
	if (!parse(&recorder, argc, argv)) {
		fprintf(stderr,
			"usage: case_recorder [-F HZ] [-t SECONDS] [-c COMMENT] [-m PATTERN]... "
			"[-s] -o FILE -- COMMAND ARGUMENTS\n");
		return 2;
	}
	error = set_up(&recorder);
	if (!error)
		error = record(&recorder);
	if (error)
		log_error("cannot record: %s", strerror(-error));
	release(&recorder);
	return error || !(recorder.is_done || recorder.shows);
}
