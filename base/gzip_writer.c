/* SPDX-License-Identifier: Apache-2.0 */
#include "base/gzip_writer.h"

#include <errno.h>
#include <stdlib.h>

#define PENDING_BYTES (256u << 10)
#define OUTPUT_BYTES  (64u << 10)
#define LEVEL \
	1 /* of those up to 3: the second takes as long for 2 % less, the third twice as long for 6 % */

static void compress_full(void *context)
{
	struct gzip_writer *writer = context;
	struct isal_zstream *stream = &writer->stream;

	stream->next_in = (uint8_t *)writer->full.data;
	stream->avail_in = (uint32_t)writer->full.size;
	do {
		stream->next_out = buffer_extend(&writer->made, OUTPUT_BYTES);
		if (!stream->next_out)
			return;
		stream->avail_out = OUTPUT_BYTES;
		if (isal_deflate(stream) != COMP_OK)
			abort(); /* it refuses wrong use alone: igzip_lib.h */
		writer->made.size -= stream->avail_out;
	} while (!stream->avail_out);
}

int gzip_writer_init(struct gzip_writer *writer, struct buffer *to)
{
	*writer = (struct gzip_writer){ .to = to, .level = malloc(ISAL_DEF_LVL1_DEFAULT) };
	if (!writer->level)
		return -ENOMEM;
	isal_deflate_init(&writer->stream);
	writer->stream.gzip_flag = IGZIP_GZIP;
	writer->stream.level = LEVEL;
	writer->stream.level_buf = writer->level;
	writer->stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	beside_init(&writer->beside, compress_full, writer);
	return 0;
}

void gzip_writer_release(struct gzip_writer *writer)
{
	beside_release(&writer->beside);
	free(writer->level);
	buffer_release(&writer->pending);
	buffer_release(&writer->full);
	buffer_release(&writer->made);
}

/* Waits for what is being compressed, and takes what came of it. */
static void take_made(struct gzip_writer *writer)
{
	beside_wait(&writer->beside);
	buffer_append(writer->to, writer->made.data, writer->made.size);
	if (!writer->error)
		writer->error = buffer_error(&writer->made);
	if (!writer->error)
		writer->error = buffer_error(writer->to);
	buffer_clear(&writer->made);
}

/* What is pending is what is compressed next. */
static void turn(struct gzip_writer *writer)
{
	struct buffer full = writer->full;

	take_made(writer);
	writer->full = writer->pending;
	writer->pending = full;
	buffer_clear(&writer->pending);
}

void gzip_writer_append(struct gzip_writer *writer, const void *bytes, size_t size)
{
	const char *from = bytes;

	while (size && !writer->error) {
		size_t room = PENDING_BYTES - writer->pending.size;
		size_t part = size < room ? size : room;

		buffer_append(&writer->pending, from, part);
		writer->error = buffer_error(&writer->pending);
		from += part;
		size -= part;
		if (writer->error || writer->pending.size < PENDING_BYTES)
			continue;
		turn(writer);
		beside_start(&writer->beside);
	}
}

int gzip_writer_finish(struct gzip_writer *writer)
{
	turn(writer);
	writer->stream.end_of_stream = 1;
	if (!writer->error)
		compress_full(writer);
	take_made(writer);
	return writer->error;
}
