/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/plt_entry_x86.h"

#include <stdbool.h>
#include <string.h>

/* Goes over these bytes if they come next. */
static bool pass(struct byte_reader *reader, const char *code, size_t size)
{
	size_t left = reader->bytes.size - reader->offset;

	if (left < size || memcmp(reader->bytes.data + reader->offset, code, size))
		return false;
	byte_reader_skip(reader, size);
	return true;
}

#define PASS(reader, code) pass(reader, code, sizeof(code) - 1)

#define ENDBR64     "\xf3\x0f\x1e\xfa"
#define MOV_TO_R11D "\x41\xbb"
#define BND         "\xf2"
#define JMP_TO_SLOT "\xff\x25"
#define JMP         "\xe9"
#define PUSH        "\x68"

static struct plt_entry slot_entry(struct byte_reader *reader, uint64_t address)
{
	int32_t displacement = (int32_t)byte_reader_u32(reader);

	if (reader->failed)
		return (struct plt_entry){ 0 };
	return (struct plt_entry){
		.kind = PLT_ENTRY_SLOT,
		.value = address + reader->offset + (uint64_t)(int64_t)displacement,
	};
}

static struct plt_entry index_entry(struct byte_reader *reader)
{
	uint32_t index = byte_reader_u32(reader);

	PASS(reader, BND);
	if (reader->failed || !PASS(reader, JMP))
		return (struct plt_entry){ 0 };
	return (struct plt_entry){ .kind = PLT_ENTRY_INDEX, .value = index };
}

struct plt_entry plt_entry_x86_parse(struct bytes bytes, uint64_t address)
{
	struct byte_reader reader;

	byte_reader_init(&reader, bytes);
	if (PASS(&reader, ENDBR64)) {
		if (PASS(&reader, PUSH))
			return index_entry(&reader);
		if (PASS(&reader, MOV_TO_R11D))
			byte_reader_skip(&reader, sizeof(uint32_t));
	}
	PASS(&reader, BND);
	if (!reader.failed && PASS(&reader, JMP_TO_SLOT))
		return slot_entry(&reader, address);
	return (struct plt_entry){ 0 };
}
