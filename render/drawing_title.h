/* SPDX-License-Identifier: Apache-2.0 */
/* What a drawing is called. */
#ifndef HEARTH_RENDER_DRAWING_TITLE_H
#define HEARTH_RENDER_DRAWING_TITLE_H

struct buffer;
struct profile;
struct render_options;

/* What was profiled, as the profile says it, else the name of the input; NULL: neither is known. */
const char *drawing_subject(const struct profile *profile, const struct render_options *options);

/* For a list of windows, as XML: the subject and the headline, "cpu.prof · Flame graph". */
void drawing_title_append(struct buffer *to, const struct profile *profile,
			  const struct render_options *options);

#endif
