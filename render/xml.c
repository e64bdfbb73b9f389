/* SPDX-License-Identifier: Apache-2.0 */
#include "render/xml.h"

#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"

static const char *xml_entity(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	default:
		return NULL;
	}
}

void xml_append_clean(struct buffer *to, const char *bytes, size_t size)
{
	size_t from = 0;

	for (size_t i = 0; i < size; i++) {
		const char *entity = xml_entity(bytes[i]);

		if (!entity)
			continue;
		buffer_append(to, bytes + from, i - from);
		buffer_append_string(to, entity);
		from = i + 1;
	}
	buffer_append(to, bytes + from, size - from);
}

void xml_append(struct buffer *to, const char *bytes, size_t size)
{
	struct buffer clean;

	buffer_init(&clean);
	utf8_append_clean(&clean, bytes, size, XML_NAME_MAX);
	if (clean.failed)
		to->failed = true;
	xml_append_clean(to, clean.data, clean.size);
	buffer_release(&clean);
}

void xml_append_string(struct buffer *to, const char *string)
{
	xml_append(to, string, strlen(string));
}

void xml_append_cdata(struct buffer *to, const char *bytes, size_t size)
{
	size_t from = 0;

	buffer_append_string(to, "<![CDATA[");
	for (size_t i = 2; i < size; i++) {
		if (bytes[i] != '>' || bytes[i - 1] != ']' || bytes[i - 2] != ']')
			continue;
		buffer_append(to, bytes + from, i - from);
		buffer_append_string(to, "]]><![CDATA[");
		from = i;
	}
	buffer_append(to, bytes + from, size - from);
	buffer_append_string(to, "]]>");
}
