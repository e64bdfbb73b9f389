/* SPDX-License-Identifier: Apache-2.0 */
#include "base/byte_reader.h"

#include <string.h>

struct bytes byte_reader_take(struct byte_reader *reader, size_t size)
{
	struct bytes taken = { 0 };

	if (reader->failed || size > reader->bytes.size - reader->offset) {
		reader->failed = true;
		return taken;
	}
	taken = (struct bytes){ .data = reader->bytes.data + reader->offset, .size = size };
	reader->offset += size;
	return taken;
}

bool byte_reader_copy(struct byte_reader *reader, void *to, size_t size)
{
	struct bytes from = byte_reader_take(reader, size);

	if (reader->failed)
		memset(to, 0, size);
	else if (size)
		memcpy(to, from.data, size);
	return !reader->failed;
}

uint16_t byte_reader_u16(struct byte_reader *reader)
{
	uint16_t value;

	byte_reader_copy(reader, &value, sizeof(value));
	return value;
}

uint64_t byte_reader_u64(struct byte_reader *reader)
{
	uint64_t value;

	byte_reader_copy(reader, &value, sizeof(value));
	return value;
}

/*
 * The groups of seven bits, lowest first, and how many bits were read. What lies beyond 64 bits must be
 * `extension`: zeros, or copies of a negative number's sign.
 */
static uint64_t read_leb128(struct byte_reader *reader, bool is_signed, unsigned int *ret_bits)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = byte_reader_u8(reader);
		if (shift < 63) {
			value |= (uint64_t)(byte & 0x7f) << shift;
		} else {
			uint8_t extension =
				is_signed && (shift > 63 ? value >> 63 : byte & 1) ? 0x7f : 0;

			if (shift == 63)
				value |= (uint64_t)(byte & 1) << 63;
			if ((byte & 0x7e) != (extension & 0x7e) ||
			    (shift > 63 && (byte & 1) != (extension & 1)))
				reader->failed = true;
		}
		shift += 7;
	} while (byte & 0x80 && !reader->failed);
	*ret_bits = shift;
	return reader->failed ? 0 : value;
}

uint64_t byte_reader_long_uleb128(struct byte_reader *reader)
{
	unsigned int bits;

	return read_leb128(reader, false, &bits);
}

int64_t byte_reader_sleb128(struct byte_reader *reader)
{
	unsigned int bits;
	uint64_t value = read_leb128(reader, true, &bits);

	if (bits < 64 && value >> (bits - 1) & 1)
		value |= UINT64_MAX << bits;
	return (int64_t)value;
}

const char *byte_reader_string(struct byte_reader *reader)
{
	const char *string = bytes_string(reader->bytes, reader->offset);

	if (reader->failed || !string) {
		reader->failed = true;
		return NULL;
	}
	reader->offset += strlen(string) + 1;
	return string;
}

struct bytes bytes_slice(struct bytes bytes, size_t offset, size_t size)
{
	if (!bytes.data || offset > bytes.size || size > bytes.size - offset)
		return (struct bytes){ 0 };
	return (struct bytes){ .data = bytes.data + offset, .size = size };
}

const char *bytes_string(struct bytes bytes, size_t offset)
{
	if (offset >= bytes.size || !memchr(bytes.data + offset, '\0', bytes.size - offset))
		return NULL;
	return (const char *)bytes.data + offset;
}
