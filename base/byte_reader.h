/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds-checked reading of bytes from outside. A read past the end gives zeros and sets `failed`,
 * which stays set: read a whole structure, then ask once. Integers are in the host's byte order
 * (hearth reads files of the machine that it runs on). Nothing is allocated.
 */
#ifndef HEARTH_BASE_BYTE_READER_H
#define HEARTH_BASE_BYTE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t size;
};

struct byte_reader {
	struct bytes bytes;
	size_t offset;
	bool failed;
};

static inline void byte_reader_init(struct byte_reader *reader, struct bytes bytes)
{
	*reader = (struct byte_reader){ .bytes = bytes };
}

/* Copies the next `size` bytes to `to` (zeros if there are not that many) and moves on. */
bool byte_reader_copy(struct byte_reader *reader, void *to, size_t size);

/* In the header: parsers of byte codes read little else. */
static inline uint8_t byte_reader_u8(struct byte_reader *reader)
{
	if (reader->failed || reader->offset >= reader->bytes.size) {
		reader->failed = true;
		return 0;
	}
	return reader->bytes.data[reader->offset++];
}

uint16_t byte_reader_u16(struct byte_reader *reader);
uint64_t byte_reader_u64(struct byte_reader *reader);

static inline uint32_t byte_reader_u32(struct byte_reader *reader)
{
	uint32_t value;

	if (reader->failed || reader->bytes.size - reader->offset < sizeof(value)) {
		reader->failed = true;
		return 0;
	}
	memcpy(&value, reader->bytes.data + reader->offset, sizeof(value));
	reader->offset += sizeof(value);
	return value;
}

uint64_t byte_reader_long_uleb128(struct byte_reader *reader); /* serves the next one */

/*
 * LEB128 (DWARF 5, section 7.6). A value that does not fit 64 bits fails like a read past the end. Most take one
 * byte or two.
 */
static inline uint64_t byte_reader_uleb128(struct byte_reader *reader)
{
	size_t left = reader->failed ? 0 : reader->bytes.size - reader->offset;
	const uint8_t *at = left ? reader->bytes.data + reader->offset : NULL;

	if (left && at[0] < 0x80) {
		reader->offset++;
		return at[0];
	}
	if (left > 1 && at[1] < 0x80) {
		reader->offset += 2;
		return (uint64_t)(at[0] & 0x7f) | (uint64_t)at[1] << 7;
	}
	return byte_reader_long_uleb128(reader);
}

int64_t byte_reader_sleb128(struct byte_reader *reader);

static inline void byte_reader_skip(struct byte_reader *reader, size_t size)
{
	if (reader->failed || size > reader->bytes.size - reader->offset)
		reader->failed = true;
	else
		reader->offset += size;
}

/* The next `size` bytes in place, or an empty run. */
struct bytes byte_reader_take(struct byte_reader *reader, size_t size);

/* The terminated string here, in place, and moves on behind it; NULL when it fails. */
const char *byte_reader_string(struct byte_reader *reader);

/* A part of `bytes`; empty when it does not lie inside. */
struct bytes bytes_slice(struct bytes bytes, size_t offset, size_t size);

/* The terminated string at `offset`, or NULL when no terminator follows inside. */
const char *bytes_string(struct bytes bytes, size_t offset);

#endif
