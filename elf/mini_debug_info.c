/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/mini_debug_info.h"

#include <errno.h>
#include <lzma.h>

#include "base/buffer.h"
#include "base/cleanup.h"

#define PIECE_BYTES (256u << 10)

static int error_of(lzma_ret status)
{
	switch (status) {
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return -EFBIG;
	default:
		return -EBADMSG;
	}
}

/* Adds a piece: LZMA_OK: there is more. What it has no room for up to the limit shows in the buffer's size. */
static lzma_ret inflate_piece(lzma_stream *stream, struct buffer *to)
{
	size_t before = to->size;
	lzma_ret status;

	stream->next_out = buffer_extend(to, PIECE_BYTES);
	if (!stream->next_out)
		return LZMA_MEM_ERROR;
	stream->avail_out = PIECE_BYTES;
	status = lzma_code(stream, LZMA_FINISH);
	to->size = before + (PIECE_BYTES - stream->avail_out);
	return status;
}

static int inflate(lzma_stream *stream, struct buffer *to)
{
	lzma_ret status = LZMA_OK;

	while (status == LZMA_OK) {
		status = inflate_piece(stream, to);
		if (to->size > MINI_DEBUG_INFO_MAX_BYTES)
			return -EFBIG;
	}
	return status == LZMA_STREAM_END ? 0 : error_of(status);
}

static int inflate_bytes(struct bytes packed, struct buffer *to)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret status = lzma_stream_decoder(&stream, MINI_DEBUG_INFO_MAX_MEMORY, 0);
	int err;

	if (status != LZMA_OK)
		return error_of(status);
	stream.next_in = packed.data;
	stream.avail_in = packed.size;
	err = inflate(&stream, to);
	lzma_end(&stream);
	return err;
}

int mini_debug_info_open(struct elf_file *file, struct elf_file **ret_file)
{
	const struct elf_section *section = elf_file_section_named(file, ".gnu_debugdata");
	_cleanup_(buffer_release) struct buffer inflated = { 0 };
	struct bytes packed;
	int err;

	if (!section)
		return -ENOENT;
	err = elf_file_section_bytes(file, section, MINI_DEBUG_INFO_MAX_PACKED, &packed);
	if (!err)
		err = inflate_bytes(packed, &inflated);
	if (err)
		return err == -ENODATA ? -ENOENT : err;
	return elf_file_open_image((struct bytes){ (const uint8_t *)inflated.data, inflated.size },
				   ret_file);
}
