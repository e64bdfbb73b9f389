/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of slices one behind the other in memory, as they were found on disk: what whoever may open files hands to whoever decodes what others may have made. Numbers are in the
 * host's byte order.
 */
#ifndef HEARTH_STORE_CHUNK_STREAM_H
#define HEARTH_STORE_CHUNK_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "store/slice_file.h"
#include "store/slice_window.h"

struct profile;

/* What follows is of another slice. */
void chunk_stream_begin_slice(struct buffer *stream);

/* One without `packed` says that there was one that is lost. */
void chunk_stream_append(struct buffer *stream, const struct slice_chunk *chunk);

/* May a stream have it that becomes slices of another store? Sums are of all windows of a slice, and without them the windows are read; the seal is put where it is written. Of a later hearth: no. */
bool chunk_stream_may_have(enum chunk_kind kind);

/* The next record of a stream: false: the end, or what comes is none (`reader->failed`). */
struct stream_record {
	bool begins_slice, is_lost;
	struct slice_chunk chunk; /* of neither; its id is 0 */
};

bool chunk_stream_next(struct byte_reader *reader, struct stream_record *ret_record);

struct stream_sum {
	uint64_t samples;     /* that were added */
	uint64_t lost_stacks; /* of these, those whose stack's chunk is damaged */
	uint64_t undecoded;   /* chunks that are what they were, and no chunks */
};

/*
 * Adds the samples in a part of the time to an empty profile, which keeps them or not: those whose times lie in it, and of those without times its share of their window (slice_window.h). Where they were taken at
 * several rates, all of which are known, they count nanoseconds of CPU time instead of samples. 0, -ENOMEM, -EBADMSG: it
 * is no stream, -EINVAL: slices that count different things, -E2BIG or -EOVERFLOW as profile_merge.h has it.
 */
int chunk_stream_read(struct bytes stream, struct window_span part, struct profile *into,
		      struct stream_sum *ret_sum);

#endif
