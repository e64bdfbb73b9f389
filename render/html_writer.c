/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_writer.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "render/drawing_title.h"
#include "render/profile_block.h"
#include "render/render_options.h"
#include "render/web_files.h"

#define SHA256_BYTES 32

static uint8_t hex_digit(uint8_t c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* A source of the policy out of the hexadecimal digits that the build took of a file. */
static void append_hash(struct buffer *to, struct bytes hex)
{
	uint8_t hash[SHA256_BYTES] = { 0 };

	for (size_t i = 0; i < SHA256_BYTES && 2 * i + 1 < hex.size; i++)
		hash[i] =
			(uint8_t)(hex_digit(hex.data[2 * i]) << 4 | hex_digit(hex.data[2 * i + 1]));
	buffer_append_string(to, "'sha256-");
	base64_append(to, hash, sizeof(hash));
	buffer_append_string(to, "'");
}

static void append_file(struct buffer *to, struct bytes file)
{
	buffer_append(to, file.data, file.size);
}

static void append_head(const struct profile *profile, const struct render_options *options,
			struct buffer *to)
{
	buffer_append_string(
		to, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "base-uri 'none'; form-action 'none'; script-src ");
	append_hash(to, web_file_page_joined_js_sha256());
	buffer_append_string(to, "; style-src ");
	append_hash(to, web_file_page_joined_css_sha256());
	buffer_append_string(
		to, "\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	drawing_title_append(to, profile, options);
	buffer_append_string(to, "</title>\n<style>");
	append_file(to, web_file_page_joined_css());
	buffer_append_string(to, "</style>\n</head>\n");
}

/* 0 or -ENOMEM. */
static int append_deflated(struct buffer *to, const struct buffer *block)
{
	_cleanup_(buffer_release) struct buffer deflated = { 0 };
	uLongf size = compressBound(block->size);
	void *room = buffer_extend(&deflated, size);

	if (!room || compress2(room, &size, (const Bytef *)block->data, block->size, 9) != Z_OK)
		return -ENOMEM;
	base64_append(to, deflated.data, size);
	return 0;
}

static int append_data(const struct profile *profile, const struct render_options *options,
		       struct buffer *to)
{
	_cleanup_(buffer_release) struct buffer block = { 0 };
	int error = profile_block_write(profile, options, &block);

	if (error)
		return error;
	buffer_append_string(to, "<script type=\"text/plain\" id=\"profile\">");
	error = append_deflated(to, &block);
	buffer_append_string(to, "</script>\n");
	return error;
}

int html_write(const struct profile *profile, const struct render_options *options,
	       struct buffer *to)
{
	int error;

	append_head(profile, options, to);
	append_file(to, web_file_page_html());
	error = append_data(profile, options, to);
	buffer_append_string(to, "<script type=\"module\">");
	append_file(to, web_file_page_joined_js());
	buffer_append_string(to, "</script>\n</body>\n</html>\n");
	return error ? error : buffer_error(to);
}
