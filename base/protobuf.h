/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding): a message is a run of fields, each a number, a type and a
 * value. Reading is in place and bounds-checked; what a field means is the caller's.
 */
#ifndef HEARTH_BASE_PROTOBUF_H
#define HEARTH_BASE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

struct buffer;

enum protobuf_type {
	PROTOBUF_VARINT = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_BYTES = 2, /* strings, messages, packed numbers */
	PROTOBUF_FIXED32 = 5,
};

struct protobuf_field {
	uint32_t number;
	enum protobuf_type type;
	uint64_t value;     /* of a number */
	struct bytes bytes; /* of PROTOBUF_BYTES, in place; never NULL */
};

/* The next field; false: the end, or what comes is none (`reader->failed`; its offset is then somewhere in the field). */
bool protobuf_next(struct byte_reader *reader, struct protobuf_field *ret_field);

/* The next number of a field of numbers, packed or not, of which `packed` is what is left. False: the end, or as above. */
static inline bool protobuf_next_packed(struct byte_reader *packed, uint64_t *ret_number)
{
	if (packed->failed || packed->offset >= packed->bytes.size)
		return false;
	*ret_number = byte_reader_uleb128(packed);
	return !packed->failed;
}

#define PROTOBUF_VARINT_MAX_BYTES 10

/* Writes to a place with room for PROTOBUF_VARINT_MAX_BYTES; the place behind it. */
static inline uint8_t *protobuf_put(uint8_t *to, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*to++ = (uint8_t)(number | 0x80);
	*to++ = (uint8_t)number;
	return to;
}

/* The head of a field of PROTOBUF_BYTES, of at most twice that. */
uint8_t *protobuf_put_head(uint8_t *to, uint32_t number, size_t size);

/* Append fields; one of 0 is left out, as it is the default. */
void protobuf_append_number(struct buffer *to, uint32_t number, uint64_t value);
void protobuf_append_bytes(struct buffer *to, uint32_t number, const void *bytes, size_t size);

#endif
