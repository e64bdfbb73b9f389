/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as what a slice of a store says: its head, two chunks of its dictionary and a window, one behind the other, each with its size ahead of it (four bytes), where the highest bit says that a
 * chunk before it is lost. What comes of them is a profile whose numbers hold.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/byte_reader.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/slice_dictionary.h"
#include "store/slice_head.h"
#include "store/slice_window.h"

#define LOST (1u << 31)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes next_body(struct byte_reader *reader, bool *lacks_chunks)
{
	uint32_t size = byte_reader_u32(reader);

	*lacks_chunks |= (size & LOST) != 0;
	return byte_reader_take(reader, size & ~LOST);
}

static void check(const struct profile *profile)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < profile_node_count(profile); i++) {
		const struct stack_node *node = profile_node(profile, i);

		if (i && (node->parent >= i || node->frame >= profile_frame_count(profile)))
			abort();
		sum += node->self;
	}
	if (sum != profile_total(profile))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct window_span span = { 1000, 2000 }, part = { 1200, 1900 };
	struct profile *profile = profile_new();
	struct dictionary_reader dictionary;
	struct window_report report = { 0 };
	struct byte_reader reader;
	bool ignored = false;

	byte_reader_init(&reader, (struct bytes){ data, size });
	if (!profile || profile_keep_samples(profile) ||
	    dictionary_reader_init(&dictionary, profile))
		abort();
	slice_head_take(next_body(&reader, &ignored), profile);
	for (size_t i = 0; i < 2; i++)
		dictionary_reader_take(&dictionary, next_body(&reader, &dictionary.lacks_chunks));
	window_take(span, part, next_body(&reader, &dictionary.lacks_chunks), &dictionary, &report);
	check(profile);
	dictionary_reader_release(&dictionary);
	profile_free(profile);
	return 0;
}
