/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as base64 text (RFC 4648, section 4), padded and without line breaks. */
#ifndef HEARTH_BASE_BASE64_H
#define HEARTH_BASE_BASE64_H

#include <stddef.h>

struct buffer;

void base64_append(struct buffer *to, const void *bytes, size_t size);

#endif
