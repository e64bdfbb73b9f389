/* SPDX-License-Identifier: Apache-2.0 */
#include "render/gzip_writer.h"

#include <errno.h>

#define PENDING_BYTES (256u << 10)
#define OUTPUT_BYTES  (64u << 10)
#define LEVEL \
	1 /* profiles are sorted, and so compress well: higher levels take several times as long */
#define GZIP_WINDOW  (15 + 16) /* zlib.h, deflateInit2(): of gzip, the largest */
#define MEMORY_LEVEL 8

static void compress_full(void *context)
{
	struct gzip_writer *writer = context;
	z_stream *stream = &writer->stream;

	stream->next_in = (Bytef *)writer->full.data;
	stream->avail_in = (uInt)writer->full.size;
	do {
		stream->next_out = buffer_extend(&writer->made, OUTPUT_BYTES);
		if (!stream->next_out)
			return;
		stream->avail_out = OUTPUT_BYTES;
		deflate(stream, writer->flush);
		writer->made.size -= stream->avail_out;
	} while (!stream->avail_out);
}

int gzip_writer_init(struct gzip_writer *writer, struct buffer *to)
{
	*writer = (struct gzip_writer){ .to = to, .flush = Z_NO_FLUSH };
	if (deflateInit2(&writer->stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	beside_init(&writer->beside, compress_full, writer);
	return 0;
}

void gzip_writer_release(struct gzip_writer *writer)
{
	beside_release(&writer->beside);
	deflateEnd(&writer->stream);
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
	writer->flush = Z_FINISH;
	if (!writer->error)
		compress_full(writer);
	take_made(writer);
	return writer->error;
}
