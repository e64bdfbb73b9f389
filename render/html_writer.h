/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as one HTML file: the page of web/ with its data inside. It opens from disk and needs no network, which its content security policy
 * holds it to: it runs the one script and takes the one style whose hashes stand in it, and fetches nothing. The profile is a
 * block (profile_block.h), deflated (RFC 1950) and in base64, in a script element that is only data.
 */
#ifndef HEARTH_RENDER_HTML_WRITER_H
#define HEARTH_RENDER_HTML_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM. */
int html_write(const struct profile *profile, const struct render_options *options,
	       struct buffer *to);

#endif
