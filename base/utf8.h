/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making text safe that somebody else chose. Names come from files, processes and profiles; before
 * they are shown they become valid UTF-8 without control characters, direction overrides or the
 * two non-characters that XML 1.0 refuses (https://www.w3.org/TR/xml/#charsets).
 */
#ifndef HEARTH_BASE_UTF8_H
#define HEARTH_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

/*
 * Decodes the code point at the start of `bytes` (RFC 3629: no overlong forms, no surrogates).
 * Gives its length in bytes, or 0 when they are not valid.
 */
size_t utf8_decode(const char *bytes, size_t size, uint32_t *ret_code_point);

/* Writes a code point (up to U+10FFFF) as up to four bytes: how many. */
size_t utf8_encode(uint32_t code_point, char *bytes);

/*
 * Appends `bytes` with each invalid byte and each unwanted character replaced by U+FFFD, cut on a
 * code point boundary to at most `limit` bytes, with "…" at the end where it was cut.
 */
void utf8_append_clean(struct buffer *to, const char *bytes, size_t size, size_t limit);

#endif
