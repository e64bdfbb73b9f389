/* SPDX-License-Identifier: Apache-2.0 */
#include "render/gzip_writer.h"

#include <errno.h>

#define PENDING_BYTES (256u << 10)
#define OUTPUT_BYTES  (64u << 10)
#define LEVEL \
	1 /* profiles are sorted, and so compress well: higher levels take several times as long */
#define GZIP_WINDOW  (15 + 16) /* zlib.h, deflateInit2(): of gzip, the largest */
#define MEMORY_LEVEL 8

int gzip_writer_init(struct gzip_writer *writer, struct buffer *to)
{
	*writer = (struct gzip_writer){ .to = to };
	if (deflateInit2(&writer->stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	return 0;
}

void gzip_writer_release(struct gzip_writer *writer)
{
	deflateEnd(&writer->stream);
	buffer_release(&writer->pending);
}

static void compress_pending(struct gzip_writer *writer, int flush)
{
	z_stream *stream = &writer->stream;

	stream->next_in = (Bytef *)writer->pending.data;
	stream->avail_in = (uInt)writer->pending.size;
	do {
		stream->next_out = buffer_extend(writer->to, OUTPUT_BYTES);
		if (!stream->next_out) {
			writer->error = -ENOMEM;
			return;
		}
		stream->avail_out = OUTPUT_BYTES;
		deflate(stream, flush);
		writer->to->size -= stream->avail_out;
	} while (!stream->avail_out);
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
		if (!writer->error && writer->pending.size == PENDING_BYTES)
			compress_pending(writer, Z_NO_FLUSH);
	}
}

int gzip_writer_finish(struct gzip_writer *writer)
{
	if (!writer->error)
		compress_pending(writer, Z_FINISH);
	return writer->error;
}
