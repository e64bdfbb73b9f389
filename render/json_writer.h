/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as JSON for other programs: all of it, in the form that docs/profile.schema.json defines and docs/formats.md explains. Nodes are columns, so that
 * nothing nests as deep as a stack. Names are cleaned of what no text should have (utf8.h), and whole.
 */
#ifndef HEARTH_RENDER_JSON_WRITER_H
#define HEARTH_RENDER_JSON_WRITER_H

struct buffer;
struct profile;
struct render_options;

#define JSON_PROFILE_VERSION \
	1 /* of the form; a change that a reader of the old one would misread makes it another */

/* 0 or -ENOMEM. */
int json_write(const struct profile *profile, const struct render_options *options,
	       struct buffer *to);

#endif
