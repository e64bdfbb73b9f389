/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <stdint.h>

#include "base/buffer.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Three bytes, of which `size` are there, as four letters. */
static void put_group(char *to, const uint8_t *bytes, size_t size)
{
	uint32_t group = (uint32_t)bytes[0] << 16;

	if (size > 1)
		group |= (uint32_t)bytes[1] << 8;
	if (size > 2)
		group |= bytes[2];
	to[0] = letters[group >> 18];
	to[1] = letters[group >> 12 & 63];
	to[2] = size > 1 ? letters[group >> 6 & 63] : '=';
	to[3] = size > 2 ? letters[group & 63] : '=';
}

void base64_append(struct buffer *to, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;
	char *out = size ? buffer_extend(to, (size + 2) / 3 * 4) : NULL;

	for (size_t at = 0; out && at < size; at += 3, out += 4)
		put_group(out, from + at, size - at);
}
