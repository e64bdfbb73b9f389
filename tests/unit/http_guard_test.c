/* SPDX-License-Identifier: Apache-2.0 */
/* http_guard, http_address: where a server listens, and who may ask it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/http_address.h"
#include "http/http_guard.h"

#define TOKEN "0123456789abcdef"

static const struct http_guard loopback = { .reach = HTTP_ON_LOOPBACK, .port = 7171 };

static void assert_host(const struct http_guard *guard, const char *host,
			enum http_verdict expected)
{
	const struct http_heads heads = { .host = host };

	if (http_guard_judge_origin(guard, &heads, false) != expected)
		fail_msg("Host: %s", host ? host : "(none)");
}

static void test_hosts_of_loopback(void **state)
{
	static const char *const own[] = { "127.0.0.1:7171", "localhost:7171", "LOCALHOST:7171",
					   "[::1]:7171" };
	static const char *const others[] = {
		NULL,
		"",
		"localhost",
		"localhost:80",
		"localhost:",
		"localhost:7172",
		"localhost.:7171",
		"localhost:07171x",
		"evil.test:7171",
		"127.0.0.2:7171",
		"localhost:7171:7171",
		"a@localhost:7171",
		"localhost:71710",
		"127.0.0.1.evil.test:7171",
		"xlocalhost:7171",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		assert_host(&loopback, own[i], HTTP_PASSES);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_host(&loopback, others[i], HTTP_OTHER_HOST);
}

/* Any address may be this machine's: none is a name that somebody else lets point here. */
static void test_hosts_of_a_network(void **state)
{
	static const char *const names[] = { "box.test" };
	const struct http_guard guard = { .reach = HTTP_ON_NETWORK,
					  .port = 7171,
					  .token = TOKEN,
					  .hosts = names,
					  .host_count = 1 };

	(void)state;
	assert_host(&guard, "192.0.2.7:7171", HTTP_PASSES);
	assert_host(&guard, "[2001:db8::1]:7171", HTTP_PASSES);
	assert_host(&guard, "box.test:7171", HTTP_PASSES);
	assert_host(&guard, "box.test", HTTP_PASSES);
	assert_host(&guard, "box.test:443", HTTP_PASSES);
	assert_host(&guard, "box.test:x", HTTP_OTHER_HOST);
	assert_host(&guard, "192.0.2.7", HTTP_OTHER_HOST);
	assert_host(&guard, "evil.test:7171", HTTP_OTHER_HOST);
	assert_host(&guard, "1.2.3:7171", HTTP_OTHER_HOST);
	assert_host(&guard, "[2001:db8::1:7171", HTTP_OTHER_HOST);
}

static void test_port_of_http_is_not_said(void **state)
{
	const struct http_guard guard = { .reach = HTTP_ON_LOOPBACK, .port = 80 };

	(void)state;
	assert_host(&guard, "localhost", HTTP_PASSES);
	assert_host(&guard, "[::1]", HTTP_PASSES);
	assert_host(&guard, "evil.test", HTTP_OTHER_HOST);
}

static void test_a_socket_has_no_host(void **state)
{
	const struct http_guard guard = { .reach = HTTP_ON_SOCKET };

	(void)state;
	assert_host(&guard, NULL, HTTP_PASSES);
	assert_host(&guard, "whatever", HTTP_PASSES);
}

static void test_other_sites(void **state)
{
	const struct {
		const char *origin, *site, *mode;
		bool is_page;
		enum http_verdict expected;
	} cases[] = {
		{ NULL, NULL, NULL, false, HTTP_PASSES },
		{ "http://localhost:7171", "same-origin", "cors", false, HTTP_PASSES },
		{ "https://localhost:7171", NULL, NULL, false, HTTP_PASSES },
		{ NULL, "none", "navigate", false, HTTP_PASSES },
		{ "null", NULL, NULL, false, HTTP_OTHER_SITE },
		{ "http://evil.test", NULL, NULL, false, HTTP_OTHER_SITE },
		{ "http://localhost:7172", NULL, NULL, false, HTTP_OTHER_SITE },
		{ "http://localhost:71711", NULL, NULL, false, HTTP_OTHER_SITE },
		{ "http://127.0.0.1:7171", NULL, NULL, false, HTTP_OTHER_SITE },
		{ NULL, "cross-site", "no-cors", false, HTTP_OTHER_SITE },
		{ NULL, "same-site", "cors", false, HTTP_OTHER_SITE },
		{ NULL, "cross-site", "navigate", false, HTTP_OTHER_SITE },
		{ NULL, "cross-site", "navigate", true, HTTP_PASSES }, /* a link to the page */
		{ NULL, "cross-site", "no-cors", true, HTTP_OTHER_SITE },
		{ "http://evil.test", "cross-site", "navigate", true, HTTP_OTHER_SITE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct http_heads heads = { .host = "localhost:7171",
						  .origin = cases[i].origin,
						  .fetch_site = cases[i].site,
						  .fetch_mode = cases[i].mode };

		if (http_guard_judge_origin(&loopback, &heads, cases[i].is_page) !=
		    cases[i].expected)
			fail_msg("case %zu", i);
	}
}

static void test_tokens(void **state)
{
	const struct http_guard guard = { .reach = HTTP_ON_NETWORK, .token = TOKEN };
	const struct {
		const char *authorization, *cookie;
		enum http_verdict expected;
	} cases[] = {
		{ NULL, NULL, HTTP_NO_TOKEN },
		{ "Bearer " TOKEN, NULL, HTTP_PASSES },
		{ "bearer " TOKEN, NULL, HTTP_PASSES },
		{ "Bearer " TOKEN "0", NULL, HTTP_NO_TOKEN },
		{ "Bearer 0123456789abcde", NULL, HTTP_NO_TOKEN },
		{ "Bearer 0123456789abcdeF", NULL, HTTP_NO_TOKEN },
		{ "Bearer ", NULL, HTTP_NO_TOKEN },
		{ "Bearer " TOKEN TOKEN, NULL, HTTP_NO_TOKEN }, /* the same, twice */
		{ TOKEN, NULL, HTTP_NO_TOKEN },
		{ "Basic aGVhcnRoOjAxMjM0NTY3ODlhYmNkZWY=", NULL, HTTP_PASSES }, /* hearth:TOKEN */
		{ "Basic OjAxMjM0NTY3ODlhYmNkZWY=", NULL, HTTP_PASSES },         /* :TOKEN */
		{ "Basic MDEyMzQ1Njc4OWFiY2RlZg==", NULL, HTTP_NO_TOKEN },       /* TOKEN */
		{ "Basic !!!!", NULL, HTTP_NO_TOKEN },
		{ "Basic ", NULL, HTTP_NO_TOKEN },
		{ NULL, "hearth-token=" TOKEN, HTTP_PASSES },
		{ NULL, "a=b; hearth-token=" TOKEN "; c=d", HTTP_PASSES },
		{ NULL, "xhearth-token=" TOKEN, HTTP_NO_TOKEN },
		{ NULL, "hearth-token=", HTTP_NO_TOKEN },
		{ NULL, ";;; ; =", HTTP_NO_TOKEN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct http_heads heads = { .authorization = cases[i].authorization,
						  .cookie = cases[i].cookie };

		if (http_guard_judge_token(&guard, &heads) != cases[i].expected)
			fail_msg("case %zu", i);
	}
	assert_int_equal(http_guard_judge_token(&loopback, &(struct http_heads){ 0 }), HTTP_PASSES);
}

/* What is decoded has an end, whatever comes. */
static void test_a_long_password(void **state)
{
	const struct http_guard guard = { .reach = HTTP_ON_NETWORK, .token = TOKEN };
	char text[8192];

	(void)state;
	memset(text, 'A', sizeof(text));
	memcpy(text, "Basic ", 6);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(
		http_guard_judge_token(&guard, &(struct http_heads){ .authorization = text }),
		HTTP_NO_TOKEN);
	memcpy(text, "Bearer ", 7);
	assert_int_equal(
		http_guard_judge_token(&guard, &(struct http_heads){ .authorization = text }),
		HTTP_NO_TOKEN);
}

static void test_what_is_a_token(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_int_equal(http_guard_check_token(TOKEN, &why), 0);
	assert_int_equal(http_guard_check_token("0123456789abcde", &why), -EINVAL);
	assert_int_equal(http_guard_check_token("0123456789abcdef;", &why), -EINVAL);
	assert_int_equal(http_guard_check_token("0123456789 abcdef", &why), -EINVAL);
	assert_non_null(why);
}

/* --- addresses --- */

static void assert_address(const char *text, enum http_reach reach, const char *shown)
{
	struct http_address address;
	const char *why;

	if (http_address_parse(text, &address, &why))
		fail_msg("%s: %s", text, why);
	assert_int_equal(address.reach, reach);
	assert_string_equal(address.text, shown);
}

static void test_addresses(void **state)
{
	static const char *const none[] = { "",          "7171",         ":7171",
					    "localhost", "localhost:",   "localhost:65536",
					    "box:7171",  "::1:7171",     "[::1]",
					    "[::1:7171", "127.0.0.1:-1", "127.1:7171",
					    "unix:" };
	struct http_address address;
	char longest[256] = "unix:";
	const char *why;

	(void)state;
	assert_address("localhost:7171", HTTP_ON_LOOPBACK, "127.0.0.1:7171");
	assert_address("127.0.0.2:1", HTTP_ON_LOOPBACK, "127.0.0.2:1");
	assert_address("[::1]:7171", HTTP_ON_LOOPBACK, "[::1]:7171");
	assert_address("0.0.0.0:7171", HTTP_ON_NETWORK, "0.0.0.0:7171");
	assert_address("[::]:7171", HTTP_ON_NETWORK, "[::]:7171");
	assert_address("192.0.2.1:65535", HTTP_ON_NETWORK, "192.0.2.1:65535");
	assert_address("unix:/run/hearth.sock", HTTP_ON_SOCKET, "unix:/run/hearth.sock");
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_int_equal(http_address_parse(none[i], &address, &why), -EINVAL);
	memset(longest + 5, 'a', 200);
	assert_int_equal(http_address_parse(longest, &address, &why), -EINVAL);
}

static void test_a_socket_is_taken_over_from_the_dead_alone(void **state)
{
	char folder[] = "/tmp/http_guard_test-XXXXXX", text[64];
	struct http_address address;
	struct stat what;
	const char *why;
	int fd, second;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(text, sizeof(text), "unix:%s/socket", folder);
	assert_int_equal(http_address_parse(text, &address, &why), 0);
	assert_int_equal(http_address_listen(&address, &fd), 0);
	assert_int_equal(stat(text + 5, &what), 0);
	assert_int_equal(what.st_mode & 0777, 0660);
	assert_int_equal(http_address_listen(&address, &second), -EADDRINUSE);
	close(fd); /* as if it had been killed: its name is still there */
	assert_int_equal(http_address_listen(&address, &fd), 0);
	close(fd);
	http_address_forget(&address);
	assert_int_equal(rmdir(folder), 0);
}

static void test_a_port_of_its_own(void **state)
{
	struct http_address address;
	const char *why;
	int fd, second;

	(void)state;
	assert_int_equal(http_address_parse("127.0.0.1:0", &address, &why), 0);
	assert_int_equal(http_address_listen(&address, &fd), 0);
	assert_int_not_equal(address.port, 0);
	assert_int_equal(http_address_listen(&address, &second), -EADDRINUSE);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_of_loopback),
		cmocka_unit_test(test_hosts_of_a_network),
		cmocka_unit_test(test_port_of_http_is_not_said),
		cmocka_unit_test(test_a_socket_has_no_host),
		cmocka_unit_test(test_other_sites),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_a_long_password),
		cmocka_unit_test(test_what_is_a_token),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_a_socket_is_taken_over_from_the_dead_alone),
		cmocka_unit_test(test_a_port_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
