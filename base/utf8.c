/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdbool.h>

#include "base/buffer.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS    "\xe2\x80\xa6"

/* Length by lead byte and the range allowed for the second byte: RFC 3629, section 4. */
static size_t utf8_length(const uint8_t *byte, uint8_t *ret_low, uint8_t *ret_high)
{
	uint8_t lead = byte[0];

	*ret_low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*ret_high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

size_t utf8_decode(const char *bytes, size_t size, uint32_t *ret_code_point)
{
	const uint8_t *byte = (const uint8_t *)bytes;
	static const uint8_t lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint8_t low, high;
	uint32_t code_point;
	size_t length;

	if (!size)
		return 0;
	length = utf8_length(byte, &low, &high);
	if (!length || length > size)
		return 0;
	code_point = byte[0] & lead_mask[length];
	for (size_t i = 1; i < length; i++) {
		if (byte[i] < (i == 1 ? low : 0x80) || byte[i] > (i == 1 ? high : 0xbf))
			return 0;
		code_point = code_point << 6 | (byte[i] & 0x3f);
	}
	*ret_code_point = code_point;
	return length;
}

static bool is_unwanted(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||         /* C0, DEL, C1 */
	       c == 0x2028 || c == 0x2029 ||                  /* line and paragraph separator */
	       c == 0x061c || c == 0x200e || c == 0x200f ||   /* direction marks */
	       (c >= 0x202a && c <= 0x202e) ||                /* direction overrides */
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || /* isolates, byte order mark */
	       (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef); /* non-characters */
}

/* How many bytes from here on are characters of ASCII that may stay: most text is nothing else. */
static size_t plain_length(const char *bytes, size_t size)
{
	size_t length = 0;

	while (length < size && bytes[length] >= 0x20 && bytes[length] < 0x7f)
		length++;
	return length;
}

void utf8_append_clean(struct buffer *to, const char *bytes, size_t size, size_t limit)
{
	size_t start = to->size, at = 0;

	while (at < size) {
		size_t room = limit - (to->size - start),
		       plain = plain_length(bytes + at, size - at);
		uint32_t code_point = 0;
		size_t length, grows;
		bool replace;

		if (plain > room)
			plain = room;
		buffer_append(to, bytes + at, plain);
		at += plain;
		if (at == size)
			return;
		length = utf8_decode(bytes + at, size - at, &code_point);
		replace = !length || is_unwanted(code_point);
		grows = replace ? sizeof(REPLACEMENT) - 1 : length;
		if (grows > room - plain) {
			buffer_append_string(to, ELLIPSIS);
			return;
		}
		if (replace)
			buffer_append_string(to, REPLACEMENT);
		else
			buffer_append(to, bytes + at, length);
		at += length ? length : 1;
	}
}

size_t utf8_encode(uint32_t code_point, char *bytes)
{
	size_t size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = size; i-- > 1; code_point >>= 6)
		bytes[i] = (char)(0x80 | (code_point & 0x3f));
	bytes[0] = (char)(heads[size] | code_point);
	return size;
}
