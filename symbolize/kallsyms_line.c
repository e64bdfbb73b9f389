/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/kallsyms_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_LINE_BYTES 4096
#define CHUNK_BYTES    (64u << 10)

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

uint64_t kallsyms_hex(struct bytes text, size_t *ret_size)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < text.size && i < 16; i++) {
		int digit = hex_digit(text.data[i]);

		if (digit < 0)
			break;
		value = value << 4 | digit;
	}
	*ret_size = i;
	return value;
}

/* "nft_do_chain\t[nf_tables]" or "schedule" */
static void split_module(struct bytes text, struct kallsyms_line *line)
{
	const uint8_t *tab = memchr(text.data, '\t', text.size);
	size_t name_size = tab ? (size_t)(tab - text.data) : text.size;

	line->name = bytes_slice(text, 0, name_size);
	line->module = (struct bytes){ 0 };
	if (tab && text.size >= name_size + 3 && tab[1] == '[' && text.data[text.size - 1] == ']')
		line->module = bytes_slice(text, name_size + 2, text.size - name_size - 3);
}

bool kallsyms_line_parse(struct bytes line, struct kallsyms_line *ret_line)
{
	struct kallsyms_line parsed = { 0 };
	size_t digits;

	parsed.address = kallsyms_hex(line, &digits);
	if (!digits || line.size < digits + 4 || line.data[digits] != ' ' ||
	    line.data[digits + 2] != ' ')
		return false;
	parsed.type = line.data[digits + 1];
	split_module(bytes_slice(line, digits + 3, line.size - digits - 3), &parsed);
	if (!parsed.name.size)
		return false;
	*ret_line = parsed;
	return true;
}

/* Gives the whole lines of `text` out and returns how many bytes they are. */
static size_t give_lines(struct bytes text, kallsyms_line_fn each, void *context)
{
	size_t done = 0;

	while (done < text.size) {
		const uint8_t *start = text.data + done;
		const uint8_t *end = memchr(start, '\n', text.size - done);

		if (!end)
			break;
		if (end - start <= MAX_LINE_BYTES)
			each((struct bytes){ start, end - start }, context);
		done += end - start + 1;
	}
	return done;
}

int kallsyms_each_line(int fd, kallsyms_line_fn each, void *context)
{
	_cleanup_free_ uint8_t *chunk = malloc(CHUNK_BYTES);
	size_t held = 0;

	if (!chunk)
		return -ENOMEM;
	for (;;) {
		ssize_t got = read(fd, chunk + held, CHUNK_BYTES - held);
		size_t done;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		held += got;
		done = give_lines((struct bytes){ chunk, held }, each, context);
		held -= done;
		memmove(chunk, chunk + done, held);
		/* A line as long as the chunk: its middle is dropped, its end is too long as well. */
		if (held == CHUNK_BYTES)
			held = MAX_LINE_BYTES + 1;
	}
}
