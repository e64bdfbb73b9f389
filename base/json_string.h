/* SPDX-License-Identifier: Apache-2.0 */
/* Text as a JSON string (RFC 8259, section 7). */
#ifndef HEARTH_BASE_JSON_STRING_H
#define HEARTH_BASE_JSON_STRING_H

#include <stddef.h>

struct buffer;

/* Appends text that somebody else chose, cleaned and cut to `limit` bytes as utf8_append_clean() does; NULL is null. */
void json_append_string(struct buffer *to, const char *text, size_t limit);
/* The same of text that need not be terminated. */
void json_append_bytes(struct buffer *to, const char *bytes, size_t size, size_t limit);

#endif
