/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a profile, read at once and in pieces, without its samples and with them: all are the same, and take at
 * most so many times the memory that the input has. What is read can be added up, taken away and scaled. HEARTH_FUZZ_PART is the name of a reader: what another one reads is passed over.
 */
#include <errno.h>
#include <sanitizer/allocator_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "model/profile_reader.h"
#include "model/profile_scale.h"
#include "model/profile_subtract.h"
#include "model/samples.h"

#define MEMORY_TIMES 100
#define MEMORY_BYTES \
	((size_t)768 \
	 << 10) /* besides: what reading takes of an empty input, first of all the room to inflate and the first blocks of names */
#define GZIP_WINDOW 31

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- memory --- */

/* Of all threads. */
static size_t allocated_bytes, peak_bytes;

static void on_malloc(const volatile void *memory, size_t size)
{
	size_t now = __atomic_add_fetch(&allocated_bytes, size, __ATOMIC_RELAXED);
	size_t peak = __atomic_load_n(&peak_bytes, __ATOMIC_RELAXED);

	(void)memory;
	while (now > peak && !__atomic_compare_exchange_n(&peak_bytes, &peak, now, true,
							  __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
	}
}

static void on_free(const volatile void *memory)
{
	if (memory)
		__atomic_sub_fetch(&allocated_bytes, __sanitizer_get_allocated_size(memory),
				   __ATOMIC_RELAXED);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return !__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

/* What the reader sees of it: bytes that gzip compressed are as many as they were. */
static size_t plain_size(const uint8_t *data, size_t size)
{
	z_stream stream = { .next_in = (Bytef *)data, .avail_in = (uInt)size };
	uint8_t room[4096];
	size_t plain = 0;
	int result = Z_OK;

	if (size < 2 || data[0] != 0x1f || data[1] != 0x8b ||
	    inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return size;
	while (stream.avail_in && (result == Z_OK || result == Z_STREAM_END)) {
		if (result == Z_STREAM_END)
			inflateReset(&stream);
		stream.next_out = room;
		stream.avail_out = sizeof(room);
		result = inflate(&stream, Z_NO_FLUSH);
		plain += sizeof(room) - stream.avail_out;
	}
	inflateEnd(&stream);
	return plain > size ? plain : size;
}

static void check_memory(size_t before, size_t plain)
{
	if (peak_bytes - before <= MEMORY_BYTES + MEMORY_TIMES * plain)
		return;
	fprintf(stderr, "%zu bytes of memory for %zu bytes of input\n", peak_bytes - before, plain);
	abort();
}

/* --- reading --- */

static int read_in_pieces(struct profile *profile, const char *bytes, size_t size, size_t piece,
			  struct read_report *ret_report)
{
	size_t before = peak_bytes = allocated_bytes;
	struct profile_reader *reader = profile_reader_new(profile);
	int error = 0;

	for (size_t at = 0; at < size && !error; at += piece)
		error = profile_reader_feed(reader, bytes + at,
					    size - at < piece ? size - at : piece);
	if (!error)
		error = profile_reader_finish(reader, ret_report);
	*ret_report = *profile_reader_report(reader);
	profile_reader_free(reader);
	check_memory(before, plain_size((const uint8_t *)bytes, size));
	return error;
}

static void append_stack(const struct profile *profile, uint32_t node, struct buffer *to)
{
	for (; node != PROFILE_ROOT; node = profile_node(profile, node)->parent) {
		const struct frame *frame =
			profile_frame(profile, profile_node(profile, node)->frame);
		size_t size;
		const char *name = profile_string(profile, frame->name, &size);

		buffer_append(to, name, size);
		buffer_printf(to, "/%d;", frame->kind);
	}
}

/* A node's samples, where there are any, are what it counts. */
static void check_samples(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);
	uint32_t nodes = profile_node_count(profile);
	uint64_t *sums = calloc(nodes, sizeof(*sums));

	for (size_t i = 0; samples && i < samples_count(samples); i++)
		sums[samples_get(samples, i).node] += samples_value(samples, i, 0);
	for (uint32_t i = 0; i < nodes; i++)
		if (profile_keeps_samples(profile) && sums[i] != profile_node(profile, i)->self)
			abort();
	free(sums);
}

/* A third of it, rounded once. */
static void check_scaling(struct profile *profile)
{
	uint64_t total = profile_total(profile);
	int error = profile_scale(profile, 1, 3);

	if (error ? error != -EOVERFLOW : profile_total(profile) != total / 3 + (total % 3 == 2))
		abort();
	if (!error)
		check_samples(profile);
}

/* What was added is taken away, and nothing is missing. */
static void check_subtracting(struct profile *sum, const struct profile *profile)
{
	uint64_t total = profile_total(sum) - profile_total(profile);
	struct subtracted what;
	struct profile *left;

	if (profile_subtract(sum, profile, &left, &what) || profile_total(left) != total ||
	    what.stacks)
		abort();
	check_samples(left);
	check_scaling(left);
	profile_free(left);
}

/* Added to nothing it is what it was, and to itself twice that, unless that is too much; each time nodes and samples agree. */
static void check_merging(const struct profile *profile)
{
	struct profile *sum = profile_new();
	struct merged merged;
	uint32_t nodes;
	int error;

	if (profile_keeps_samples(profile))
		profile_keep_samples(sum);
	if (profile_merge(sum, profile, &merged) || profile_total(sum) != profile_total(profile))
		abort();
	check_samples(sum);
	nodes = profile_node_count(sum);
	error = profile_merge(sum, profile, &merged);
	if (error ? error != -EOVERFLOW || profile_total(profile) <= INT64_MAX / 2
		  : profile_total(sum) != 2 * profile_total(profile) ||
			    profile_node_count(sum) != nodes)
		abort();
	if (!error)
		check_subtracting(sum, profile);
	profile_free(sum);
}

static int read_stacks(const char *bytes, size_t size, size_t piece, bool keeps_samples,
		       struct read_report *ret_report, struct buffer *to)
{
	struct profile *profile = profile_new();
	uint64_t total = 0;
	int error;

	if (keeps_samples)
		profile_keep_samples(profile);
	error = read_in_pieces(profile, bytes, size, piece, ret_report);
	if (keeps_samples)
		check_samples(profile);
	if (!error)
		check_merging(profile);

	for (uint32_t i = 0; i < profile_node_count(profile) && !error; i++) {
		total += profile_node(profile, i)->self;
		append_stack(profile, i, to);
		buffer_append_u64(to, profile_node(profile, i)->self);
	}
	if (!error && (total != profile_total(profile) || buffer_error(to)))
		abort();
	profile_free(profile);
	return error;
}

static bool are_equal(const struct buffer *a, const struct buffer *b)
{
	return a->size == b->size && (!a->size || !memcmp(a->data, b->data, a->size));
}

static bool is_of_another_reader(const struct read_report *report)
{
	const char *part = getenv("HEARTH_FUZZ_PART");

	return part && (!report->format || strcmp(report->format->name, part) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = { 0 }, pieces = { 0 };
	struct read_report report = { 0 }, other = { 0 };
	int error = read_stacks((const char *)data, size, size + 1, false, &report, &whole);

	if (is_of_another_reader(&report)) {
		buffer_release(&whole);
		return -1; /* not kept */
	}
	if (error !=
	    read_stacks((const char *)data, size, size ? data[0] + 1u : 1, true, &other, &pieces))
		abort();
	if (!error && (!are_equal(&whole, &pieces) || report.lines != other.lines ||
		       report.stacks != other.stacks ||
		       /* Labels, too, refer to strings, and are read if samples are kept. */
		       report.faults - report.references != other.faults - other.references))
		abort();
	buffer_release(&whole);
	buffer_release(&pieces);
	return 0;
}
