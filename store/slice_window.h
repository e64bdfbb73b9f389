/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of a window as a chunk. Its stacks and labels are those of the slice's dictionary (slice_dictionary.h), its values those of the slice's head. The body, in this
 * order:
 *
 *   flags        enum window_flag
 *   rate         in Hz; 0: not known
 *   time unit    in ns; not 0 if there are times
 *   samples      count; columns: node, label set, then, by the flags, time (+ 1, in units since the window's start; 0: not known), and one for each value. With WINDOW_HAS_PLANES
 *                the nodes are a number of planes, and each node's lowest byte, then each one's next byte, and so on
 *
 * With WINDOW_HAS_GROUPS (of what is rolled up, window_rows.h) there are, in place of the columns of node and label set: groups: count, and two columns: a label set, samples; then planes of nodes and planes of label sets.
 * A sample's label set is that of its group and its own number - 1, or where that is 0 the one of the sample before; its node that number and the base of the label set (slice_bases.h), modulo 2^32.
 *
 * If times are known of all, samples stand by label set, then time: what is alike is side by side, and takes less. Else they stand in the order in which they were.
 */
#ifndef HEARTH_STORE_SLICE_WINDOW_H
#define HEARTH_STORE_SLICE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"

struct dictionary_reader;
struct dictionary_writer;
struct profile;
struct sample;
struct sum_writer;

enum window_flag {
	WINDOW_HAS_TIMES = 1,
	WINDOW_HAS_VALUES = 2, /* else each sample counts one of the only value */
	WINDOW_HAS_PLANES = 4,
	WINDOW_HAS_GROUPS = 8,
};

/* Nanoseconds since 1970, of the wall clock. */
struct window_span {
	uint64_t start_ns, end_ns;
};

/* What is in both; with its end not after its start, if nothing is. */
/* Ticks of a window that came later are a further one of the very same span. */
static inline bool window_span_is(struct window_span a, struct window_span b)
{
	return a.start_ns == b.start_ns && a.end_ns == b.end_ns;
}

static inline struct window_span window_span_common(struct window_span a, struct window_span b)
{
	return (struct window_span){ a.start_ns > b.start_ns ? a.start_ns : b.start_ns,
				     a.end_ns < b.end_ns ? a.end_ns : b.end_ns };
}

/* When a window was, and by which clock its samples tell. */
struct window_times {
	struct window_span span;
	uint64_t
		ahead_ns; /* to be added to a sample's time to have that of the wall clock (modulo 2^64) */
	uint64_t unit_ns; /* times are kept as multiples of it; not 0 */
};

/*
 * The body of the chunk of a profile, which keeps its samples: their times, if they are known, lie in the span. What its stacks and labels need is added to the dictionary, whose chunk has
 * to stand before this one, and the window to a sum (slice_sum.h), if there is one; it is then of one value. 0 or -ENOMEM.
 */
int window_append(const struct window_times *times, const struct profile *profile,
		  struct dictionary_writer *dictionary, struct sum_writer *sum, struct buffer *to);

/* What was read of windows. */
struct window_report {
	uint64_t samples; /* added */
	uint64_t
		lost; /* of these: their stack is not known any more; they hang from the frame "[damaged]" */
	uint64_t rate_hz; /* of the last one */
	uint64_t unit_ns; /* the same */
	bool weighs; /* set by the caller: window_take() counts a sample as the nanoseconds from one to the next at its window's rate, which is known */
};

/* A sample by the ids of the dictionary's profile; its node is PROFILE_NONE if that is lost. Anything but 0 ends the reading. */
typedef int (*window_sample_fn)(void *context, const struct sample *sample, const uint64_t *values);

/*
 * Calls `take` for those samples of a window that lie in `part`, its start included and its end not: 0, -EBADMSG, or the result of `take`. The report tells its rate from the first one on.
 * Those without a time are spread evenly over the window: of their values, `part` has the share of the window that lies in it, in whole numbers, so that one that counts 1 is in one moment. Parts that follow each
 * other have each sample once, between them.
 */
int window_each(struct window_span span, struct window_span part, struct bytes body,
		const struct dictionary_reader *dictionary, window_sample_fn take, void *context,
		struct window_report *report);

/*
 * Adds samples to the dictionary's profile: those of a window that window_each() tells of. 0, -ENOMEM, -EOVERFLOW: they count more than
 * a profile may, or -EBADMSG, and some may have been added.
 */
int window_take(struct window_span span, struct window_span part, struct bytes body,
		struct dictionary_reader *dictionary, struct window_report *report);

/* The rate of a window, of which these are the first bytes: 0 or -EBADMSG. */
#define WINDOW_HEAD_BYTES 32
int window_rate(struct bytes head, uint64_t *ret_rate_hz);

#endif
