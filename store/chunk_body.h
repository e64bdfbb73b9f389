/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a chunk as it is kept: compressed by zlib. */
#ifndef HEARTH_STORE_CHUNK_BODY_H
#define HEARTH_STORE_CHUNK_BODY_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"

#define CHUNK_MAX_BYTES ((uint64_t)256 << 20) /* a larger one is none */

/* Replaces what `packed` holds: 0, -ENOMEM or -EFBIG. */
int chunk_body_pack(struct bytes body, struct buffer *packed);

/* The same, smaller and slower: the parts of the body, which end at `cuts` (ascending), are unlike each other. */
int chunk_body_pack_parts(struct bytes body, const size_t *cuts, size_t count,
			  struct buffer *packed);

/* The same with what a body of `size` bytes was packed to: 0, -ENOMEM, or -EBADMSG: it was not. */
int chunk_body_unpack(struct bytes packed, uint64_t size, struct buffer *body);

/* The first bytes of a body, fewer if it has no more: 0, -ENOMEM or -EBADMSG. What follows is not looked at. */
int chunk_body_peek(struct bytes packed, uint8_t *to, size_t size, size_t *ret_size);

#endif
