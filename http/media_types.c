/* SPDX-License-Identifier: Apache-2.0 */
#include "http/media_types.h"

#include <string.h>

#include "render/render.h"

static const struct media_type types[] = {
#define MEDIA_TYPE(name, type, policy) { name, type, HTTP_POLICY_##policy },
#include "http/media_types.def"
#undef MEDIA_TYPE
};

static const struct media_type bytes = { "", "application/octet-stream", HTTP_POLICY_NOTHING };

const struct media_type *media_type_of(const struct render_format *format)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, format->name))
			return &types[i];
	return &bytes;
}
