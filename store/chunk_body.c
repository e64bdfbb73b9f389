/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk_body.h"

#include <errno.h>
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
