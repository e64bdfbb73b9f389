/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front (profiler/front.h) over a store that is being written into, by a recorder that makes it up: a thread called "worker" of the process 1234 that is always busy.
 *
 *   front_serve ADDRESS STORE [token=TOKEN]
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

static void run(struct front *front, struct store_writer *writer, struct api_status *status)
{
	unsigned long pid = 0;
	char byte;

	for (;;) {
		struct pollfd polled[] = { { .fd = STDIN_FILENO, .events = POLLIN },
					   { .fd = front_fd(front), .events = POLLIN } };

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
	struct api_status status = { .start_ns = clock_unix_ns(), .rate_hz = RATE_HZ };
	struct store_writer *writer;
	struct front *front;
	size_t set_aside;

	if (argc && !strcmp(argv[0], FRONT_NAME))
		return front_child_main();
	if (argc < 3)
		return 2;
	options.listen = argv[1];
	options.store = argv[2];
	if (argc > 3)
		options.token = argv[3] + strlen("token=");
	status.recorded_ns = status.start_ns;
	if (store_writer_open(options.store, &writer, &set_aside) || front_start(&options, &front))
		return 1;
	run(front, writer, &status);
	front_free(front);
	return store_writer_close(writer) ? 1 : 0;
}
