/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text into XML. Names are chosen by others: they become clean UTF-8 (base/utf8.h), are cut to a
 * length that a page can bear, and are escaped for element content and for quoted attributes alike.
 */
#ifndef HEARTH_RENDER_XML_H
#define HEARTH_RENDER_XML_H

#include <stddef.h>

struct buffer;

#define XML_NAME_MAX 4096 /* bytes of a name that are shown, before escaping */

/* Escapes what is clean UTF-8 already. */
void xml_append_clean(struct buffer *to, const char *bytes, size_t size);

/* Cleans, cuts to XML_NAME_MAX and escapes. */
void xml_append(struct buffer *to, const char *bytes, size_t size);
void xml_append_string(struct buffer *to, const char *string);

/* A file of ours as a CDATA section; one that holds "]]>" is split so that it stays one text. */
void xml_append_cdata(struct buffer *to, const char *bytes, size_t size);

#endif
