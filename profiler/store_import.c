/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/store_import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/time_point.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/profile_input.h"
#include "profiler/shut_in.h"
#include "store/slice_making.h"
#include "store/store_writer.h"

/* As hearth render has it. */
#define DATA_BYTES      ((uint64_t)1 << 30)
#define DATA_TIMES      192
#define CPU_SECONDS     3600
#define MAX_SLICE_BYTES ((size_t)1 << 30)

#define TIME_UNIT_NS  1000u
#define NS_PER_SECOND 1000000000u
#define LATEST_NS \
	((uint64_t)INT64_MAX / 2) /* in the year 2116; what says that it is later says nothing */
#define LONGEST_NS ((uint64_t)INT64_MAX / 4)

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* What is imported. */
struct importing {
	struct profile_input input;
	uint64_t start_ns;   /* 0: as it says itself */
	uint64_t written_ns; /* when the file was, wall clock */
};

/* --- in the process that reads --- */

/* From the first sample with a time to the last one; 0 and 0: there is none. */
static struct window_span span_of_samples(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);
	struct window_span span = { UINT64_MAX, 0 };

	for (size_t i = 0; samples && i < samples_count(samples); i++) {
		uint64_t time = samples_get(samples, i).time_ns;

		if (time == SAMPLE_NO_TIME)
			continue;
		if (time < span.start_ns)
			span.start_ns = time;
		if (time > span.end_ns)
			span.end_ns = time;
	}
	return span.start_ns > span.end_ns ? (struct window_span){ 0 } : span;
}

/* A second is better than none, where nothing says how long it was. */
static struct window_times times_of(const struct importing *importing,
				    const struct profile *profile)
{
	const struct profile_origin *origin = profile_origin_of(profile);
	struct window_span samples = span_of_samples(profile);
	uint64_t duration = samples.end_ns - samples.start_ns + 1, start = importing->start_ns;

	if (duration < origin->duration_ns)
		duration = origin->duration_ns;
	if (duration == 1)
		duration = NS_PER_SECOND;
	if (!start && origin->time_unix_ns < LATEST_NS)
		start = origin->time_unix_ns;
	if (!start)
		start = importing->written_ns > duration ? importing->written_ns - duration : 1;
	return (struct window_times){
		.span = { start, start + (duration < LONGEST_NS ? duration : LONGEST_NS) },
		.ahead_ns = start - samples.start_ns,
		.unit_ns = TIME_UNIT_NS,
	};
}

static void tell(const struct importing *importing, const struct profile *profile,
		 struct window_span span)
{
	char from[TIME_POINT_BYTES], to[TIME_POINT_BYTES];

	log_info("%s: %llu samples, from %s to %s", importing->input.name,
		 (unsigned long long)profile_total(profile), time_point_format(span.start_ns, from),
		 time_point_format(span.end_ns, to));
}

static int make_slice(void *context, const int *inputs, struct buffer *to)
{
	const struct importing *importing = context;
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	const struct profile_format *format;
	struct window_times times;
	int error = profile ? profile_keep_samples(profile) : -ENOMEM;

	if (!error)
		error = profile_input_read(&importing->input, inputs[0], NULL, profile, &format);
	else
		log_error("%s: %s", importing->input.name, strerror(-error));
	if (error)
		return error;
	if (!profile_total(profile)) {
		log_error("%s: there is no sample in it", importing->input.name);
		return -ENODATA;
	}
	times = times_of(importing, profile);
	error = slice_make(&times, profile, to);
	if (error)
		log_error("%s: cannot be kept: %s", importing->input.name, strerror(-error));
	if (!error)
		tell(importing, profile, times.span);
	return error;
}

/* --- around it --- */

static int keep(void *context, const void *bytes, size_t size)
{
	struct buffer *stream = context;

	buffer_append(stream, bytes, size);
	if (buffer_error(stream))
		log_error("out of memory");
	return buffer_error(stream);
}

static int call(struct importing *importing, struct buffer *stream)
{
	const struct shut_in_inputs inputs = { .what = importing->input.name,
					       .fds = &importing->input.fd,
					       .count = 1 };
	struct shut_in_limits limits = { .data_bytes = DATA_BYTES,
					 .cpu_seconds = CPU_SECONDS,
					 .max_output_bytes = MAX_SLICE_BYTES };
	struct buffer_drain drain = { .take = keep, .context = stream };
	uint64_t size;

	if (!profile_input_size(&importing->input, &size))
		size = DATA_BYTES / DATA_TIMES;
	limits.data_bytes += DATA_TIMES * size;
	return shut_in_call(&inputs, &limits, make_slice, importing, &drain);
}

static uint64_t written(const struct importing *importing)
{
	struct stat status;

	if (fstat(importing->input.fd, &status) || !S_ISREG(status.st_mode))
		return clock_unix_ns();
	return (uint64_t)status.st_mtim.tv_sec * NS_PER_SECOND + (uint64_t)status.st_mtim.tv_nsec;
}

int store_import(struct store_writer *writer, const char *path, uint64_t start_ns)
{
	_cleanup_(buffer_release) struct buffer stream = { 0 };
	struct importing importing = { .start_ns = start_ns };
	int error = profile_input_open(&importing.input, path);

	if (!error) {
		importing.written_ns = written(&importing);
		error = call(&importing, &stream);
	}
	error = profile_input_close(&importing.input, error);
	if (error)
		return error;
	error = store_writer_add_slices(
		writer, (struct bytes){ (const uint8_t *)stream.data, stream.size });
	if (error)
		log_error("%s: cannot be kept: %s", path, strerror(-error));
	return error;
}
