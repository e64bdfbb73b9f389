/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client says in its heads, and where a server is told to listen: nothing of it is to be believed, and only a few words let somebody in.
 *
 * An input is lines, each for one head in the order of struct http_heads; then Accept-Encoding, If-None-Match, and an address.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/http_address.h"
#include "http/http_guard.h"
#include "http/http_reply.h"

#define LINES 9
#define TOKEN "0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void split(char *text, const char **lines)
{
	for (size_t i = 0; i < LINES; i++) {
		lines[i] = text ? strsep(&text, "\n") : NULL;
		if (lines[i] && !*lines[i])
			lines[i] = NULL;
	}
}

#define NAME "box.test" /* a further name, whose port may be any */

static bool is_name(const char *host)
{
	return !strncasecmp(host, NAME, strlen(NAME)) && strlen(host) == strlen(NAME);
}

/* Whoever is let in said the token, and by its own name. */
static void judge(const struct http_guard *guard, const struct http_heads *heads)
{
	const enum http_verdict origin = http_guard_judge_origin(guard, heads, false);
	const enum http_verdict token = http_guard_judge_token(guard, heads);

	if (origin == HTTP_PASSES && guard->reach == HTTP_ON_LOOPBACK)
		check(heads->host && (strchr(heads->host, ':') || is_name(heads->host)));
	if (origin == HTTP_PASSES && heads->origin)
		check(heads->host && strlen(heads->origin) > strlen(heads->host));
	if (token == HTTP_PASSES && guard->token)
		check(heads->authorization || (heads->cookie && strstr(heads->cookie, TOKEN)));
}

static void judge_all(const struct http_heads *heads)
{
	static const char *const names[] = { NAME };
	static const enum http_reach reaches[] = { HTTP_ON_LOOPBACK, HTTP_ON_NETWORK,
						   HTTP_ON_SOCKET };

	for (size_t i = 0; i < sizeof(reaches) / sizeof(*reaches); i++) {
		const struct http_guard guard = {
			.reach = reaches[i],
			.port = 7171,
			.token = reaches[i] == HTTP_ON_LOOPBACK ? NULL : TOKEN,
			.hosts = names,
			.host_count = 1,
		};

		judge(&guard, heads);
	}
}

static void parse_address(const char *text)
{
	struct http_address address, again;
	const char *why = NULL;

	if (http_address_parse(text, &address, &why)) {
		check(why);
		return;
	}
	check(!http_address_parse(address.text, &again, &why) && again.reach == address.reach);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	const char *lines[LINES], *why;

	if (!text)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	split(text, lines);
	judge_all(
		&(struct http_heads){ lines[0], lines[1], lines[2], lines[3], lines[4], lines[5] });
	http_accepts_gzip(lines[6]);
	check(!http_tag_is_known(lines[7], "\"a\"") || strpbrk(lines[7], "a*"));
	if (lines[8])
		parse_address(lines[8]);
	if (lines[0])
		http_guard_check_token(lines[0], &why);
	free(text);
	return 0;
}
