/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_making.h"

#include "base/cleanup.h"
#include "store/chunk_body.h"
#include "store/chunk_stream.h"
#include "store/slice_dictionary.h"
#include "store/slice_head.h"

/* What is made, one body after the other. */
struct making {
	struct buffer *stream;
	struct buffer body, packed;
};

/* What is in `body`, which is then empty. */
static int put(struct making *making, enum chunk_kind kind, struct window_span span)
{
	struct slice_chunk chunk = { .kind = kind, .span = span, .size = making->body.size };
	int error = buffer_error(&making->body);

	if (!error)
		error = chunk_body_pack(
			(struct bytes){ (const uint8_t *)making->body.data, making->body.size },
			&making->packed);
	if (error)
		return error;
	chunk.packed = (struct bytes){ (const uint8_t *)making->packed.data, making->packed.size };
	chunk_stream_append(making->stream, &chunk);
	buffer_clear(&making->body);
	return buffer_error(making->stream);
}

/* The window is put together first, for it says what the dictionary is to have. */
static int make(struct making *making, const struct window_times *times,
		const struct profile *profile, struct dictionary_writer *dictionary)
{
	_cleanup_(buffer_release) struct buffer window = { 0 };
	int error = slice_head_append(profile, &making->body);

	if (!error)
		error = put(making, CHUNK_HEAD, (struct window_span){ 0 });
	if (!error)
		error = window_append(times, profile, dictionary, NULL, &window);
	if (!error)
		error = dictionary_writer_append(dictionary, &making->body);
	if (!error)
		error = put(making, CHUNK_DICTIONARY, times->span);
	if (error)
		return error;
	buffer_append(&making->body, window.data, window.size);
	return put(making, CHUNK_WINDOW, times->span);
}

int slice_make(const struct window_times *times, const struct profile *profile,
	       struct buffer *stream)
{
	struct making making = { .stream = stream };
	struct dictionary_writer dictionary;
	int error = dictionary_writer_init(&dictionary);

	if (!error) {
		chunk_stream_begin_slice(stream);
		error = make(&making, times, profile, &dictionary);
	}
	dictionary_writer_release(&dictionary);
	buffer_release(&making.body);
	buffer_release(&making.packed);
	return error;
}
