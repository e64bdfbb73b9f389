/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk_body.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdint.h>
#include <zlib.h>

#include "base/cleanup.h"

/* As zlib has them where nothing is said. */
#define WINDOW_BITS  15
#define MEMORY_LEVEL 8

#define PART_BYTES 512 /* the codes of one, and some more */

#define LEVEL 6 /* a window of 10 s takes a millisecond or less */

int chunk_body_pack(struct bytes body, struct buffer *packed)
{
	uLongf size = compressBound(body.size);
	uint8_t *to;

	if (body.size > CHUNK_MAX_BYTES)
		return -EFBIG;
	buffer_clear(packed);
	to = buffer_extend(packed, size);
	if (!to || compress2(to, &size, body.data, body.size, LEVEL) != Z_OK)
		return -ENOMEM;
	packed->size = size;
	return 0;
}

/* Each part has codes of its own. */
static int deflate_parts(z_stream *stream, struct bytes body, const size_t *cuts, size_t count)
{
	size_t done = 0;
	int result = Z_OK;

	stream->next_in = (Bytef *)(uintptr_t)body.data; /* zlib writes nothing there */
	for (size_t i = 0; i <= count && result == Z_OK; i++) {
		size_t end = i < count ? cuts[i] : body.size;

		stream->avail_in = (uInt)(end - done);
		done = end;
		result = deflate(stream, i < count ? Z_BLOCK : Z_FINISH);
	}
	return result == Z_STREAM_END ? 0 : -ENOMEM;
}

static int pack_parts(struct bytes body, const size_t *cuts, size_t count, int level, int strategy,
		      struct buffer *packed)
{
	z_stream stream = { 0 };
	size_t size;
	int error;

	buffer_clear(packed);
	if (deflateInit2(&stream, level, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, strategy) != Z_OK)
		return -ENOMEM;
	size = deflateBound(&stream, body.size) + PART_BYTES * (count + 1);
	stream.next_out = buffer_extend(packed, size);
	stream.avail_out = (uInt)size;
	error = stream.next_out ? deflate_parts(&stream, body, cuts, count) : -ENOMEM;
	packed->size = stream.total_out;
	deflateEnd(&stream);
	return error;
}

/* What has no order is smaller where nothing is looked for that comes again: zlib takes matches that cost more than they save. */
int chunk_body_pack_parts(struct bytes body, const size_t *cuts, size_t count,
			  struct buffer *packed)
{
	_cleanup_(buffer_release) struct buffer other = { 0 };
	int error;

	if (body.size > CHUNK_MAX_BYTES)
		return -EFBIG;
	error = pack_parts(body, cuts, count, count ? LEVEL : Z_BEST_COMPRESSION,
			   Z_DEFAULT_STRATEGY, packed);
	if (!error && count)
		error = pack_parts(body, cuts, count, LEVEL, Z_HUFFMAN_ONLY, &other);
	if (error || !count || other.size >= packed->size)
		return error;
	buffer_clear(packed);
	buffer_append(packed, other.data, other.size);
	return buffer_error(packed);
}

/* By ISA-L, which takes half of zlib's time, and needs no memory but its state: some 90 kB. */
int chunk_body_unpack(struct bytes packed, uint64_t size, struct buffer *body)
{
	struct inflate_state state;
	int result;

	if (size > CHUNK_MAX_BYTES || packed.size > UINT32_MAX)
		return -EBADMSG;
	buffer_clear(body);
	if (!buffer_extend(body, size + 1)) /* a place more, so that what is larger is seen */
		return -ENOMEM;
	body->size = size;
	isal_inflate_init(&state);
	state.crc_flag = ISAL_ZLIB;
	/* It reads what `next_in` points to, and writes nothing there. */
	state.next_in = (uint8_t *)(uintptr_t)packed.data;
	state.avail_in = (uint32_t)packed.size;
	state.next_out = (uint8_t *)body->data;
	state.avail_out = (uint32_t)size + 1;
	result = isal_inflate_stateless(&state);
	return result == ISAL_DECOMP_OK && state.block_state == ISAL_BLOCK_FINISH &&
			       state.total_out == size
		       ? 0
		       : -EBADMSG;
}

int chunk_body_peek(struct bytes packed, uint8_t *to, size_t size, size_t *ret_size)
{
	/* zlib reads what `next_in` points to, and writes nothing there. */
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)packed.data,
			    .avail_in = (uInt)(packed.size < UINT32_MAX ? packed.size : UINT32_MAX),
			    .next_out = to,
			    .avail_out = (uInt)size };
	int result = inflateInit(&stream);

	if (result == Z_OK) {
		result = inflate(&stream, Z_SYNC_FLUSH);
		inflateEnd(&stream);
	}
	if (result == Z_MEM_ERROR)
		return -ENOMEM;
	if (result != Z_OK && result != Z_STREAM_END)
		return -EBADMSG;
	*ret_size = size - stream.avail_out;
	return 0;
}
