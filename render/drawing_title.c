/* SPDX-License-Identifier: Apache-2.0 */
#include "render/drawing_title.h"

#include <stddef.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "render/render_options.h"
#include "render/xml.h"

const char *drawing_subject(const struct profile *profile, const struct render_options *options)
{
	const char *command = profile_origin_of(profile)->command;

	return command && *command ? command : options->input;
}

void drawing_title_append(struct buffer *to, const struct profile *profile,
			  const struct render_options *options)
{
	const char *subject = drawing_subject(profile, options);

	if (subject) {
		xml_append_string(to, subject);
		buffer_append_string(to, " · ");
	}
	xml_append_string(to, options->title);
}
