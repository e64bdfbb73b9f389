/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BASIC  "Basic "
#define BEARER "Bearer "

int http_guard_check_token(const char *token, const char **ret_why)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._~+/=";

	*ret_why = "a token is letters, digits and - . _ ~ + / =, 16 to 255 of them";
	return strlen(token) < HTTP_TOKEN_LEAST || strlen(token) >= HTTP_TOKEN_MAX_BYTES ||
			       token[strspn(token, allowed)]
		       ? -EINVAL
		       : 0;
}

/* --- Host --- */

struct name {
	const char *text;
	size_t size;
};

static bool is_equal(struct name name, const char *text)
{
	return name.size == strlen(text) && !strncasecmp(name.text, text, name.size);
}

/* "HOST:PORT", or "HOST" with HTTP's own port. */
static bool split_host(const char *host, struct name *ret_name, unsigned long *ret_port)
{
	const char *end = strrchr(host, ']'), *colon = strchr(end ? end : host, ':');

	*ret_port = 80;
	ret_name->text = host;
	ret_name->size = colon ? (size_t)(colon - host) : strlen(host);
	if (colon) {
		if (!colon[1] || strlen(colon + 1) > 5 ||
		    colon[1 + strspn(colon + 1, "0123456789")])
			return false;
		*ret_port = strtoul(colon + 1, NULL, 10);
	}
	return true;
}

/* An address is no name that somebody else could let point here. */
static bool is_address(struct name name)
{
	char text[INET6_ADDRSTRLEN + 2];
	struct in6_addr address;

	if (!name.size || name.size >= sizeof(text))
		return false;
	memcpy(text, name.text, name.size);
	text[name.size] = '\0';
	if (text[0] != '[')
		return inet_pton(AF_INET, text, &address) == 1;
	if (text[name.size - 1] != ']')
		return false;
	text[name.size - 1] = '\0';
	return inet_pton(AF_INET6, text + 1, &address) == 1;
}

static bool is_further_name(const struct http_guard *guard, struct name name)
{
	for (size_t i = 0; i < guard->host_count; i++)
		if (is_equal(name, guard->hosts[i]))
			return true;
	return false;
}

static bool is_own_host(const struct http_guard *guard, const char *host)
{
	unsigned long port;
	struct name name;

	if (guard->reach == HTTP_ON_SOCKET)
		return true;
	if (!host || !split_host(host, &name, &port))
		return false;
	if (is_further_name(guard, name)) /* of a proxy, too, which has a port of its own */
		return true;
	if (port != guard->port)
		return false;
	if (is_equal(name, "localhost") || is_equal(name, "127.0.0.1") || is_equal(name, "[::1]"))
		return true;
	return guard->reach == HTTP_ON_NETWORK && is_address(name);
}

/* --- where it comes from --- */

/* "http://HOST:PORT", or https, by whatever stands before this server and speaks it. */
static bool is_same_origin(const char *origin, const char *host)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (host && !strncasecmp(origin, schemes[i], strlen(schemes[i])) &&
		    !strcasecmp(origin + strlen(schemes[i]), host))
			return true;
	return false;
}

static bool is_same_site(const struct http_heads *heads, bool is_page)
{
	if (!heads->fetch_site || !strcmp(heads->fetch_site, "same-origin") ||
	    !strcmp(heads->fetch_site, "none"))
		return true;
	return is_page && heads->fetch_mode && !strcmp(heads->fetch_mode, "navigate");
}

enum http_verdict http_guard_judge_origin(const struct http_guard *guard,
					  const struct http_heads *heads, bool is_page)
{
	if (!is_own_host(guard, heads->host))
		return HTTP_OTHER_HOST;
	if (heads->origin && !is_same_origin(heads->origin, heads->host))
		return HTTP_OTHER_SITE;
	return is_same_site(heads, is_page) ? HTTP_PASSES : HTTP_OTHER_SITE;
}

/* --- token --- */

bool http_guard_is_token(const struct http_guard *guard, const char *text, size_t size)
{
	const size_t length = strlen(guard->token);
	unsigned int other = size != length;

	for (size_t i = 0; i < size && i < HTTP_TOKEN_MAX_BYTES; i++)
		other |= (unsigned int)(unsigned char)(text[i] ^ guard->token[i % length]);
	return !other;
}

/* The value of one of its digits; -1: it is none (RFC 4648, section 4). */
static int digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* So many bytes of what base 64 stands for; what is no digit ends it. */
static size_t decode(const char *from, char *to, size_t most)
{
	unsigned int bits = 0, count = 0;
	size_t size = 0;

	for (; digit_of(*from) >= 0 && size < most; from++) {
		bits = bits << 6 | (unsigned int)digit_of(*from);
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		to[size++] = (char)(bits >> count);
	}
	return size;
}

/* "USER:TOKEN", in base 64 (RFC 7617); the user may be any. */
static bool is_basic(const struct http_guard *guard, const char *encoded)
{
	char text[2 * HTTP_TOKEN_MAX_BYTES];
	size_t size = decode(encoded, text, sizeof(text));
	const char *colon = memchr(text, ':', size);

	return colon && http_guard_is_token(guard, colon + 1, size - (size_t)(colon + 1 - text));
}

static bool is_authorized(const struct http_guard *guard, const char *authorization)
{
	if (!authorization)
		return false;
	if (!strncasecmp(authorization, BEARER, strlen(BEARER)))
		return http_guard_is_token(guard, authorization + strlen(BEARER),
					   strlen(authorization) - strlen(BEARER));
	return !strncasecmp(authorization, BASIC, strlen(BASIC)) &&
	       is_basic(guard, authorization + strlen(BASIC));
}

/* "a=b; hearth-token=TOKEN". */
static bool has_cookie(const struct http_guard *guard, const char *cookies)
{
	static const char name[] = HTTP_COOKIE "=";

	while (cookies && *cookies) {
		size_t size = strcspn(cookies, ";");

		if (!strncmp(cookies, name, sizeof(name) - 1) &&
		    http_guard_is_token(guard, cookies + sizeof(name) - 1,
					size - (sizeof(name) - 1)))
			return true;
		cookies += size;
		cookies += strspn(cookies, "; ");
	}
	return false;
}

enum http_verdict http_guard_judge_token(const struct http_guard *guard,
					 const struct http_heads *heads)
{
	return !guard->token || is_authorized(guard, heads->authorization) ||
			       has_cookie(guard, heads->cookie)
		       ? HTTP_PASSES
		       : HTTP_NO_TOKEN;
}
