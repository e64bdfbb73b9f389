/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk_body.h"

#include <errno.h>
#include <stdint.h>
#include <zlib.h>

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

int chunk_body_unpack(struct bytes packed, uint64_t size, struct buffer *body)
{
	uLongf unpacked = size;
	int result;

	if (size > CHUNK_MAX_BYTES)
		return -EBADMSG;
	buffer_clear(body);
	if (!buffer_extend(body, size + 1)) /* of no bytes, too, zlib wants a place */
		return -ENOMEM;
	body->size = size;
	result = uncompress((Bytef *)body->data, &unpacked, packed.data, packed.size);
	if (result == Z_MEM_ERROR)
		return -ENOMEM;
	return result == Z_OK && unpacked == size ? 0 : -EBADMSG;
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
