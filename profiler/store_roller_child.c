/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/store_roller_child.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/roll_up.h"
#include "store/store_folder.h"
#include "worker/cage.h"

#define DATA_BYTES  ((uint64_t)1 << 30)
#define CPU_SECONDS 3600
#define DESCRIPTORS 64

/* Of a slow one: so long it works, and so long it rests. */
#define WORK_US 4000
#define REST_NS 1300000000

static bool read_all(void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(STDIN_FILENO, (char *)to + done, size - done);

		if (!n || (n < 0 && errno != EINTR))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int write_all(const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(CAGE_SOCKET, (const char *)bytes + done, size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int hand_over(void *context, const struct slice_chunk *chunk)
{
	const struct roller_record record = {
		.kind = chunk->kind,
		.size = chunk->size,
		.packed_size = chunk->packed.size,
		.span = chunk->span,
	};
	int error = write_all(&record, sizeof(record));

	(void)context;
	return error ? error : write_all(chunk->packed.data, chunk->packed.size);
}

/* --- in no hurry --- */

static void rest(int signal_number)
{
	const struct timespec time = { REST_NS / 1000000000, REST_NS % 1000000000 };
	const int before = errno;

	(void)signal_number;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
	errno = before;
}

/* The timer runs by the CPU time that is used. */
static int be_slow(void)
{
	const struct sigaction action = { .sa_handler = rest, .sa_flags = SA_RESTART };
	const struct itimerval timer = { { 0, WORK_US }, { 0, WORK_US } };

	return sigaction(SIGPROF, &action, NULL) || setitimer(ITIMER_PROF, &timer, NULL) ? -errno
											 : 0;
}

/* --- the order --- */

static int shut_in(const struct roller_order *order, const char **ret_failed)
{
	const struct cage_limits limits = {
		.kind = CAGE_OF_FRONT,
		.data_bytes = DATA_BYTES,
		.cpu_seconds = CPU_SECONDS,
		.root = order->folder,
		.threads = 1,
		.descriptors = DESCRIPTORS,
	};
	int error = order->is_slow ? be_slow() : 0;

	*ret_failed = "a timer of the CPU time";
	setpriority(PRIO_PROCESS, 0, 19);
	return error ? error : cage_enter(STDIN_FILENO, &limits, ret_failed);
}

static struct roller_start start(const struct roller_order *order)
{
	struct roller_start start = { 0 };
	const char *failed = "";

	start.error = shut_in(order, &failed);
	memcpy(start.failed, failed, strnlen(failed, sizeof(start.failed) - 1));
	return start;
}

static bool take_order(struct roller_order *order, struct roll_up_group *group)
{
	if (!read_all(order, sizeof(*order)) || order->count > ROLLER_MAX_SLICES ||
	    order->level <= LEVEL_RECORDED || order->level >= LEVEL_COUNT)
		return false;
	order->folder[sizeof(order->folder) - 1] = '\0';
	group->level = roll_up_level((enum roll_up_number)order->level);
	group->count = order->count;
	group->slices = calloc(order->count + 1, sizeof(*group->slices));
	return group->slices && read_all(group->slices, order->count * sizeof(*group->slices));
}

int store_roller_child_main(void)
{
	static struct roller_order order; /* some kB, of a process that has no other */
	struct roller_record end = { .is_end = true };
	struct roll_up_group group = { 0 };
	struct roller_start started;
	size_t taken = 0;

	prctl(PR_SET_NAME, STORE_ROLLER_NAME, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	if (!take_order(&order, &group))
		return 1;
	started = start(&order);
	if (write_all(&started, sizeof(started)) || started.error)
		return 1;
	end.error = roll_up_make("/", &group, hand_over, NULL, &taken);
	end.taken = taken;
	free(group.slices);
	return write_all(&end, sizeof(end)) ? 1 : 0;
}
