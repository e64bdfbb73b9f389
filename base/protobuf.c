/* SPDX-License-Identifier: Apache-2.0 */
#include "base/protobuf.h"

#include "base/buffer.h"

#define TYPE_BITS  3
#define MAX_NUMBER ((1u << 29) - 1)

static bool read_value(struct byte_reader *reader, struct protobuf_field *field)
{
	switch (field->type) {
	case PROTOBUF_VARINT:
		field->value = byte_reader_uleb128(reader);
		break;
	case PROTOBUF_FIXED64:
		field->value = byte_reader_u64(reader);
		break;
	case PROTOBUF_FIXED32:
		field->value = byte_reader_u32(reader);
		break;
	case PROTOBUF_BYTES: {
		uint64_t size = byte_reader_uleb128(reader);

		field->bytes.data = reader->bytes.data + reader->offset;
		field->bytes.size = size;
		byte_reader_skip(reader, size);
		break;
	}
	default:
		reader->failed = true;
	}
	return !reader->failed;
}

bool protobuf_next(struct byte_reader *reader, struct protobuf_field *ret_field)
{
	struct protobuf_field field = { 0 };
	uint64_t key;

	if (reader->failed || reader->offset >= reader->bytes.size)
		return false;
	key = byte_reader_uleb128(reader);
	field.type = key & ((1u << TYPE_BITS) - 1);
	key >>= TYPE_BITS;
	if (!key || key > MAX_NUMBER)
		reader->failed = true;
	field.number = (uint32_t)key;
	if (reader->failed || !read_value(reader, &field))
		return false;
	*ret_field = field;
	return true;
}

static uint8_t *put_key(uint8_t *to, uint32_t number, enum protobuf_type type)
{
	return protobuf_put(to, (uint64_t)number << TYPE_BITS | type);
}

uint8_t *protobuf_put_head(uint8_t *to, uint32_t number, size_t size)
{
	return protobuf_put(put_key(to, number, PROTOBUF_BYTES), size);
}

void protobuf_append_number(struct buffer *to, uint32_t number, uint64_t value)
{
	uint8_t bytes[2 * PROTOBUF_VARINT_MAX_BYTES];
	uint8_t *end = protobuf_put(put_key(bytes, number, PROTOBUF_VARINT), value);

	if (value)
		buffer_append(to, bytes, (size_t)(end - bytes));
}

void protobuf_append_bytes(struct buffer *to, uint32_t number, const void *bytes, size_t size)
{
	uint8_t head[2 * PROTOBUF_VARINT_MAX_BYTES];

	buffer_append(to, head, (size_t)(protobuf_put_head(head, number, size) - head));
	buffer_append(to, bytes, size);
}
