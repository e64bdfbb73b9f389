/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/window_roller.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/quiet_thread.h"
#include "profiler/store_roller.h"

struct window_roller {
	struct slice_rolling rolling;
	pthread_t thread;
	bool runs, may_not; /* it cannot be shut in, as was said once */
	_Atomic bool is_done, stops;
};

struct window_roller *window_roller_new(void)
{
	return calloc(1, sizeof(struct window_roller));
}

static void *run(void *context)
{
	struct window_roller *roller = context;

	slice_rolling_run(&roller->rolling, store_roller_make_slowly);
	roller->is_done = true;
	return NULL;
}

static void begin(struct window_roller *roller, struct store_writer *store,
		  const struct roll_up_ages *ages, uint64_t now_ns)
{
	int error = store_writer_begin_rolling(store, ages, now_ns, &roller->rolling);

	if (error && error != -EAGAIN)
		log_warning("what is old cannot be rolled up: %s", strerror(-error));
	if (error || !roller->rolling.group.count)
		return;
	roller->rolling.group.stops = &roller->stops;
	roller->is_done = false;
	error = quiet_thread_start(&roller->thread, run, roller);
	roller->runs = !error;
	if (!error)
		return;
	roller->rolling.error = error;
	store_writer_end_rolling(store, now_ns, &roller->rolling);
}

static void tell(const struct slice_rolling *rolling, char *text, size_t size)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < rolling->taken; i++)
		bytes += rolling->group.slices[i].bytes;
	snprintf(text, size, "%zu slices of %" PRIu64 " bytes are one of level %s", rolling->taken,
		 bytes, rolling->group.level->name);
}

/* False: it was not to be. */
static bool end(struct window_roller *roller, struct store_writer *store, uint64_t now_ns,
		char *text, size_t size)
{
	int error;

	pthread_join(roller->thread, NULL);
	roller->runs = false;
	if (!roller->rolling.error)
		tell(&roller->rolling, text, size);
	roller->may_not = roller->rolling.error == -EPERM;
	error = store_writer_end_rolling(store, now_ns, &roller->rolling);
	/* What counts several values is no harm, nor that names were made better meanwhile. */
	if (error && error != -EINVAL && error != -ESTALE && error != -EAGAIN && !roller->may_not &&
	    !roller->stops)
		log_warning("a slice of the store cannot be rolled up, and stays as it is: %s",
			    strerror(-error));
	return !error;
}

bool window_roller_step(struct window_roller *roller, struct store_writer *store,
			const struct roll_up_ages *ages, uint64_t now_ns, char *text, size_t size)
{
	if (roller->runs)
		return roller->is_done && end(roller, store, now_ns, text, size);
	if (!roller->may_not)
		begin(roller, store, ages, now_ns);
	return false;
}

void window_roller_free(struct window_roller *roller, struct store_writer *store)
{
	char text[128];

	if (!roller)
		return;
	roller->stops = true;
	if (roller->runs)
		end(roller, store, 0, text,
		    sizeof(text)); /* what is passed over is forgotten at once */
	free(roller);
}
