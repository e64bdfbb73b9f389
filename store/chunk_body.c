/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk_body.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
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
