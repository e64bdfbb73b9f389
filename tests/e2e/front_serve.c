/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front (profiler/front.h) over a store that is being written into, by a recorder that makes it up: a thread called "worker" of the process 1234 that is always busy.
 *
 *   front_serve ADDRESS STORE [token=TOKEN] [fill=WINDOWS]
 *
 * With fill=WINDOWS so many windows of 10 s of a busy machine stand in the store before, and one more comes each 10 s: 60 processes with 1,200 stacks, 304 samples a second (19 Hz on 16
 * CPUs).
 *
 * A line on standard output says where it listens and the front's process ID, one more each time it is started again: "up ADDRESS PID". A window that is to be ended is
 * written at once: "end". It ends when its standard input does.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/front.h"
#include "profiler/front_child.h"
#include "store/store_writer.h"

#define PUBLISH_MS 100

static unsigned long child_of_ours(void)
{
	char path[64];
	unsigned long pid = 0;
	FILE *children;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	children = fopen(path, "r");
	if (children && fscanf(children, "%lu", &pid) != 1)
		pid = 0;
	if (children)
		fclose(children);
	return pid;
}

/* The line of one that is new. */
static unsigned long tell(const struct front *front, unsigned long before)
{
	unsigned long pid = child_of_ours();

	if (pid && pid != before) {
		printf("up %s %lu\n", front_address(front), pid);
		fflush(stdout);
	}
	return pid;
}

/* --- what is recorded --- */

#define RATE_HZ       19
#define NS_PER_SECOND 1000000000u

static int add_stack(struct profile *profile, uint32_t *ret_node)
{
	static const char *const names[] = { "worker", "main", "busy" };
	uint32_t frame;
	int error = 0;

	*ret_node = PROFILE_ROOT;
	for (size_t i = 0; i < 3 && !error; i++) {
		error = profile_add_named(profile, names[i], i ? "worker.so" : NULL,
					  i ? FRAME_NATIVE : FRAME_PROCESS, &frame);
		if (!error)
			error = profile_add_child(profile, *ret_node, frame, ret_node);
	}
	return error;
}

static int add_samples(struct profile *profile, struct window_span span)
{
	struct label_set set = { { 0 } };
	struct sample sample;
	const uint64_t one = 1;
	int error = add_stack(profile, &sample.node);

	for (size_t i = 0; i < SAMPLE_LABEL_COUNT; i++)
		set.values[i] = PROFILE_NONE;
	set.values[SAMPLE_LABEL_pid] = 1234;
	if (!error)
		error = profile_intern(profile, "worker", 6, &set.values[SAMPLE_LABEL_comm]);
	if (!error)
		error = profile_add_labels(profile, &set, &sample.labels);
	for (sample.time_ns = span.start_ns; !error && sample.time_ns < span.end_ns;
	     sample.time_ns += NS_PER_SECOND / RATE_HZ)
		error = profile_add_sample(profile, &sample, &one);
	return error;
}

static int write_window(struct store_writer *writer, struct window_span span)
{
	const struct window_times times = { .span = span, .unit_ns = 1000000 };
	struct profile *profile = profile_new();
	int error = profile ? profile_keep_samples(profile) : -ENOMEM;

	if (!error)
		error = add_samples(profile, span);
	profile_origin(profile)->rate_hz = RATE_HZ;
	if (!error)
		error = store_writer_add(writer, &times, profile);
	profile_free(profile);
	return error;
}

/* --- a busy machine --- */

#define PROCESSES        60
#define STACKS_EACH      20
#define DEPTH            12
#define WINDOW_NS        (10 * (uint64_t)NS_PER_SECOND)
#define SAMPLES_A_WINDOW (10 * RATE_HZ * 16)

/* Stack `which` of a process: the first frames are shared by all of it, the last one is its own. */
static int add_work(struct profile *profile, unsigned int process, unsigned int which,
		    uint32_t *ret_node)
{
	char name[64];
	uint32_t frame;
	int error;

	*ret_node = PROFILE_ROOT;
	snprintf(name, sizeof(name), "process-%u", process);
	error = profile_add_named(profile, name, NULL, FRAME_PROCESS, &frame);
	for (unsigned int depth = 0; depth < DEPTH && !error; depth++) {
		error = profile_add_child(profile, *ret_node, frame, ret_node);
		snprintf(name, sizeof(name), "process_%u::function_%u_%u", process, depth,
			 which >> (depth < 5 ? 5 - depth : 0));
		if (!error)
			error = profile_add_named(profile, name, "libwork.so", FRAME_NATIVE,
						  &frame);
	}
	return error ? error : profile_add_child(profile, *ret_node, frame, ret_node);
}

static int add_one(struct profile *profile, unsigned int i, uint64_t time_ns)
{
	const unsigned int process = i * 7919 % PROCESSES * (i % 3) / 2; /* some more than others */
	struct sample sample = { .time_ns = time_ns };
	struct label_set set;
	const uint64_t one = 1;
	char comm[32];
	int error = add_work(profile, process, i * 31 % STACKS_EACH, &sample.node);

	for (size_t label = 0; label < SAMPLE_LABEL_COUNT; label++)
		set.values[label] = PROFILE_NONE;
	snprintf(comm, sizeof(comm), "process-%u", process);
	set.values[SAMPLE_LABEL_pid] = 1000 + process;
	set.values[SAMPLE_LABEL_cpu] = i % 16;
	if (!error)
		error = profile_intern(profile, comm, strlen(comm), &set.values[SAMPLE_LABEL_comm]);
	if (!error)
		error = profile_add_labels(profile, &set, &sample.labels);
	return error ? error : profile_add_sample(profile, &sample, &one);
}

static int write_busy_window(struct store_writer *writer, uint64_t start_ns)
{
	const struct window_times times = { .span = { start_ns, start_ns + WINDOW_NS },
					    .unit_ns = 1000000 };
	struct profile *profile = profile_new();
	int error = profile ? profile_keep_samples(profile) : -ENOMEM;

	for (unsigned int i = 0; i < SAMPLES_A_WINDOW && !error; i++)
		error = add_one(profile, i, start_ns + WINDOW_NS / SAMPLES_A_WINDOW * i);
	profile_origin(profile)->rate_hz = RATE_HZ;
	if (!error)
		error = store_writer_add(writer, &times, profile);
	profile_free(profile);
	return error;
}

static void fill(struct store_writer *writer, unsigned long windows, struct api_status *status)
{
	const uint64_t end_ns = clock_unix_ns();

	for (unsigned long i = windows; i; i--)
		if (write_busy_window(writer, end_ns - i * WINDOW_NS))
			exit(3);
	status->recorded_ns = end_ns;
}

static void go_on(struct store_writer *writer, struct api_status *status)
{
	if (clock_unix_ns() < status->recorded_ns + WINDOW_NS)
		return;
	if (write_busy_window(writer, status->recorded_ns))
		exit(3);
	status->recorded_ns += WINDOW_NS;
	status->changes++;
}

/* All up to now. */
static void end_window(struct store_writer *writer, struct api_status *status)
{
	const uint64_t now_ns = clock_unix_ns();
	const struct window_span span = { status->recorded_ns, now_ns };

	if (write_window(writer, span))
		exit(3);
	status->recorded_ns = now_ns;
	status->changes++;
	puts("end");
	fflush(stdout);
}

static void run(struct front *front, struct store_writer *writer, struct api_status *status,
		bool is_busy)
{
	unsigned long pid = 0;
	char byte;

	for (;;) {
		struct pollfd polled[] = { { .fd = STDIN_FILENO, .events = POLLIN },
					   { .fd = front_fd(front), .events = POLLIN } };

		if (is_busy)
			go_on(writer, status);
		front_publish(front, status);
		pid = tell(front, pid);
		poll(polled, 2, PUBLISH_MS);
		if (polled[0].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			return;
		if (polled[1].revents && front_take(front))
			end_window(writer, status);
	}
}

int main(int argc, char **argv)
{
	struct front_options options = { 0 };
	struct api_status status = { .start_ns = clock_unix_ns(),
				     .rate_hz = RATE_HZ,
				     .window_ns = WINDOW_NS };
	struct store_writer *writer;
	struct front *front;
	unsigned long windows = 0;
	size_t set_aside;

	if (argc && !strcmp(argv[0], FRONT_NAME))
		return front_child_main();
	if (argc < 3)
		return 2;
	options.listen = argv[1];
	options.store = argv[2];
	for (int i = 3; i < argc; i++) {
		if (!strncmp(argv[i], "token=", 6))
			options.token = argv[i] + 6;
		if (!strncmp(argv[i], "fill=", 5))
			windows = strtoul(argv[i] + 5, NULL, 10);
	}
	if (store_writer_open(options.store, &writer, &set_aside))
		return 1;
	fill(writer, windows, &status);
	if (front_start(&options, &front))
		return 1;
	run(front, writer, &status, windows);
	front_free(front);
	return store_writer_close(writer) ? 1 : 0;
}
