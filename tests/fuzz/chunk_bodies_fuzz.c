/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as what a slice of a store says: its head, two chunks of its dictionary, a window, two chunks of names, events, a sum and a series, one behind the other, each with its size ahead of it (four bytes), where the highest bit says that a
 * chunk before it is lost, and the next one that a dictionary is not of version 1. What comes of them is a profile whose numbers hold, and no frame of it is unnamed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/byte_reader.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/slice_dictionary.h"
#include "store/slice_events.h"
#include "store/slice_head.h"
#include "store/slice_sum.h"
#include "store/slice_window.h"

#define LOST      (1u << 31)
#define VERSION_2 (1u << 30)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What stands ahead of a body, and the body. */
struct part {
	uint32_t size;
	struct bytes body;
};

static struct part next_part(struct byte_reader *reader)
{
	uint32_t size = byte_reader_u32(reader);

	return (struct part){ size, byte_reader_take(reader, size & ~(LOST | VERSION_2)) };
}

static void take_dictionary(struct dictionary_reader *dictionary, struct part part)
{
	dictionary->lacks_chunks |= (part.size & LOST) != 0;
	if (part.size & VERSION_2)
		dictionary_reader_take(dictionary, part.body);
	else
		dictionary_reader_take_version_1(dictionary, part.body);
}

static void check(const struct profile *profile)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < profile_node_count(profile); i++) {
		const struct stack_node *node = profile_node(profile, i);

		if (i && (node->parent >= i || node->frame >= profile_frame_count(profile) ||
			  profile_frame(profile, node->frame)->kind >= FRAME_KIND_COUNT))
			abort();
		sum += node->self;
	}
	if (sum != profile_total(profile))
		abort();
}

static int look_at_event(void *context, const struct store_event *event, struct bytes text)
{
	size_t zeros = 0;

	(void)context;
	if (event->time_ns < 1000 || event->time_ns > 2000)
		abort();
	for (size_t i = 0; i < text.size; i++)
		zeros += !text.data[i]; /* all of it lies in the body */
	if (zeros > text.size)
		abort();
	return 0;
}

static void read_sum(struct window_span span, struct bytes body)
{
	struct sum_reader sum;
	struct sum_row row;
	uint64_t rows = 0;

	if (sum_reader_init(&sum, span, body, false))
		return;
	while (sum_reader_next_window(&sum))
		if (sum.window.start_ns < span.start_ns || sum.window.end_ns > span.end_ns)
			abort();
	for (; sum_reader_next_row(&sum, &row); rows++)
		if (rows > body.size)
			abort();
}

/* All of its rows are of its windows. */
static void read_series(struct window_span span, struct bytes body)
{
	struct sum_reader series;
	struct sum_row row;
	uint64_t cells = 0;

	if (sum_reader_init(&series, span, body, true))
		return;
	while (sum_reader_next_window(&series))
		while (sum_reader_next_cell(&series, &row))
			cells++;
	if (cells != series.rows)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct window_span span = { 1000, 2000 }, part = { 1200, 1900 };
	struct profile *profile = profile_new();
	struct dictionary_reader dictionary;
	struct window_report report = { 0 };
	struct byte_reader reader;
	struct part parts[9];

	byte_reader_init(&reader, (struct bytes){ data, size });
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		parts[i] = next_part(&reader);
	if (!profile || profile_keep_samples(profile) ||
	    dictionary_reader_init(&dictionary, profile))
		abort();
	slice_head_take(parts[0].body, profile);
	for (size_t i = 4; i < 6; i++)
		slice_names_take(&dictionary.names, parts[i].body);
	for (size_t i = 1; i < 3; i++)
		take_dictionary(&dictionary, parts[i]);
	dictionary.lacks_chunks |= (parts[3].size & LOST) != 0;
	window_take(span, part, parts[3].body, &dictionary, &report);
	check(profile);
	slice_events_each(span, parts[6].body, look_at_event, NULL);
	read_sum(span, parts[7].body);
	read_series(span, parts[8].body);
	dictionary_reader_release(&dictionary);
	profile_free(profile);
	return 0;
}
