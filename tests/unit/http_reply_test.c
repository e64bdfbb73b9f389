/* SPDX-License-Identifier: Apache-2.0 */
/* http_parameters, http_reply, http_body, media_types, json_answer: what is asked, and how an answer is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"
#include "http/json_answer.h"
#include "http/media_types.h"
#include "render/render.h"

#define NOW 1700000000000000000u

/* Names and values in turn, NULL at the end. */
static int parse(enum http_route_id route, const char *const *words, struct arena *memory,
		 struct http_parameters *ret, char why[HTTP_WHY_BYTES])
{
	struct http_pair pairs[HTTP_PAIRS_MAX + 1];
	struct http_parameters_input input = { .pairs = pairs, .rest = "", .now_ns = NOW };

	for (; words[2 * input.count]; input.count++)
		pairs[input.count] = (struct http_pair){
			words[2 * input.count],
			words[2 * input.count + 1],
			strlen(words[2 * input.count]),
			strlen(words[2 * input.count + 1]),
		};
	return http_parameters_parse(&http_routes[route], &input, memory, ret, why);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_defaults_and_values(void **state)
{
	struct http_parameters parameters;
	struct arena memory;
	char why[HTTP_WHY_BYTES];

	(void)state;
	arena_init(&memory);
	assert_int_equal(parse(HTTP_ROUTE_SERIES,
			       WORDS("by", "pid", "where", "comm=a", "where", "pid=1"), &memory,
			       &parameters, why),
			 0);
	assert_int_equal(http_parameters_number(&parameters, "by"), SAMPLE_LABEL_pid);
	assert_int_equal(http_parameters_number(&parameters, "limit"), 8);
	assert_int_equal(http_parameters_number(&parameters, "to"), NOW);
	assert_int_equal(http_parameters_number(&parameters, "from"), NOW - 600000000000u);
	assert_int_equal(parameters.term_count, 2);
	assert_string_equal(parameters.terms[1].value, "pid=1");
	assert_int_equal(parse(HTTP_ROUTE_PROFILE,
			       WORDS("focus", "a", "no-kernel", "1", "download", "1"), &memory,
			       &parameters, why),
			 0);
	assert_int_equal(parameters.word_count, 2);
	assert_int_equal(http_parameters_number(&parameters, "download"), 1);
	assert_false(http_parameters_has(&parameters, "seconds"));
	assert_int_equal(parse(HTTP_ROUTE_PAGE,
			       WORDS("last", "1h", "token", "whatever", "where", "comm=a"), &memory,
			       &parameters, why),
			 0);
	assert_int_equal(parameters.word_count, 2);
	assert_string_equal(parameters.words[1].value, "comm=a");
	arena_release(&memory);
}

static void test_what_is_refused(void **state)
{
	const struct {
		enum http_route_id route;
		const char *name, *value, *why;
	} cases[] = {
		{ HTTP_ROUTE_SERIES, "x", "1", "x: there is no such parameter here" },
		{ HTTP_ROUTE_SERIES, "", "1", ": there is no such parameter here" },
		{ HTTP_ROUTE_SERIES, "points", "", "points: a whole number, from 1 to 5000" },
		{ HTTP_ROUTE_SERIES, "points", "-1", "points: a whole number, from 1 to 5000" },
		{ HTTP_ROUTE_SERIES, "points", "5001", "points: a whole number, from 1 to 5000" },
		{ HTTP_ROUTE_SERIES, "points", "1e3", "points: a whole number, from 1 to 5000" },
		{ HTTP_ROUTE_SERIES, "points", "99999999999999999999",
		  "points: a whole number, from 1 to 5000" },
		{ HTTP_ROUTE_SERIES, "from", "now", "from: it is not before the end" },
		{ HTTP_ROUTE_SERIES, "from", "yesterday",
		  "from: a time is now, -2h (d, h, m, s, also -1d12h), @EPOCH or 2026-11-28T14:00:00Z" },
		{ HTTP_ROUTE_PROFILE, "download", "yes", "download: 1 or 0" },
		{ HTTP_ROUTE_DIFF, "before-from", "-2h", "before-to: it is missing" },
		{ HTTP_ROUTE_DIFF, "before-to", "-2h", "before-from: it is missing" },
		{ HTTP_ROUTE_PPROF, "seconds", "3601", "seconds: a whole number, from 1 to 3600" },
		{ HTTP_ROUTE_PPROF, "comm", "", "comm: it is empty" },
		{ HTTP_ROUTE_STATUS, "from", "-1h", "from: there is no such parameter here" },
	};
	struct http_parameters parameters;
	struct arena memory;
	char why[HTTP_WHY_BYTES];

	(void)state;
	arena_init(&memory);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(parse(cases[i].route, WORDS(cases[i].name, cases[i].value),
				       &memory, &parameters, why),
				 -EINVAL);
		assert_string_equal(why, cases[i].why);
	}
	assert_int_equal(parse(HTTP_ROUTE_SERIES, WORDS("points", "3", "points", "3"), &memory,
			       &parameters, why),
			 -EINVAL);
	assert_string_equal(why, "points: it is given twice");
	arena_release(&memory);
}

static void test_bytes_that_no_text_has(void **state)
{
	const struct http_pair zero = { "where", "comm=\0x", 5, 7 },
			       none = { "download", NULL, 8, 0 };
	struct http_parameters_input input = {
		.pairs = &zero, .count = 1, .rest = "", .now_ns = NOW
	};
	struct http_pair many[HTTP_PAIRS_MAX + 1];
	struct http_parameters parameters;
	struct arena memory;
	char why[HTTP_WHY_BYTES], longest[4000];

	(void)state;
	arena_init(&memory);
	assert_int_equal(http_parameters_parse(&http_routes[HTTP_ROUTE_PROFILE], &input, &memory,
					       &parameters, why),
			 -EINVAL);
	assert_string_equal(why, "where: it holds a zero byte");
	input.pairs = &none;
	assert_int_equal(http_parameters_parse(&http_routes[HTTP_ROUTE_PROFILE], &input, &memory,
					       &parameters, why),
			 -EINVAL);
	for (size_t i = 0; i <= HTTP_PAIRS_MAX; i++)
		many[i] = (struct http_pair){ "focus", "a", 5, 1 };
	input = (struct http_parameters_input){ many, HTTP_PAIRS_MAX + 1, "", NOW };
	assert_int_equal(http_parameters_parse(&http_routes[HTTP_ROUTE_PROFILE], &input, &memory,
					       &parameters, why),
			 -EINVAL);
	input.count--;
	assert_int_equal(http_parameters_parse(&http_routes[HTTP_ROUTE_PROFILE], &input, &memory,
					       &parameters, why),
			 0);
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(parse(HTTP_ROUTE_SERIES, WORDS(longest, "1"), &memory, &parameters, why),
			 -EINVAL);
	assert_true(strlen(why) < HTTP_WHY_BYTES);
	arena_release(&memory);
}

static void append_key(enum http_route_id route, const char *const *words, struct buffer *to)
{
	struct http_parameters parameters;
	struct arena memory;
	char why[HTTP_WHY_BYTES];

	arena_init(&memory);
	assert_int_equal(parse(route, words, &memory, &parameters, why), 0);
	buffer_clear(to);
	http_parameters_append_key(to, &parameters);
	arena_release(&memory);
}

/* One answer for several questions would show somebody another's. */
static void test_keys(void **state)
{
	const char *const *const different[] = {
		WORDS("from", "-1h"),
		WORDS("from", "-2h"),
		WORDS("from", "-1h", "where", "comm=a"),
		WORDS("from", "-1h", "focus", "a"),
		WORDS("from", "-1h", "focus", "a", "hide", "b"),
		WORDS("from", "-1h", "focus", "a4:hide1:b"),
		WORDS("from", "-1h", "hide", "b", "focus", "a"),
		WORDS("from", "-1h", "format", "svg"),
	};
	const size_t count = sizeof(different) / sizeof(*different);
	struct buffer keys[sizeof(different) / sizeof(*different)] = { 0 }, same = { 0 };

	(void)state;
	for (size_t i = 0; i < count; i++)
		append_key(HTTP_ROUTE_PROFILE, different[i], &keys[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			assert_string_not_equal(buffer_string(&keys[i]), buffer_string(&keys[j]));
	append_key(HTTP_ROUTE_PROFILE,
		   WORDS("to", "@1700000000", "format", "block", "from", "@1699996400"), &same);
	assert_string_equal(buffer_string(&same), buffer_string(&keys[0]));
	buffer_release(&same);
	for (size_t i = 0; i < count; i++)
		buffer_release(&keys[i]);
}

static void test_paths(void **state)
{
	const char *rest;

	(void)state;
	assert_ptr_equal(http_route_find("/", &rest), &http_routes[HTTP_ROUTE_PAGE]);
	assert_ptr_equal(http_route_find("/page/a.js", &rest), &http_routes[HTTP_ROUTE_PAGE_FILE]);
	assert_string_equal(rest, "a.js");
	assert_null(http_route_find("", &rest));
	assert_null(http_route_find("/page", &rest));
	assert_null(http_route_find("/api/v1/status/", &rest));
	assert_null(http_route_find("//", &rest));
}

/* --- replies --- */

static void test_encodings(void **state)
{
	(void)state;
	assert_false(http_accepts_gzip(NULL));
	assert_false(http_accepts_gzip(""));
	assert_true(http_accepts_gzip("gzip"));
	assert_true(http_accepts_gzip("deflate, GZIP;q=0.5, br"));
	assert_false(http_accepts_gzip("gzip;q=0"));
	assert_false(http_accepts_gzip("gzip; q=0.000, *"));
	assert_true(http_accepts_gzip("*"));
	assert_false(http_accepts_gzip("*;q=0"));
	assert_false(http_accepts_gzip("xgzip, gzipx"));
	assert_false(http_accepts_gzip(",,, ;q"));
}

static void test_tags(void **state)
{
	(void)state;
	assert_false(http_tag_is_known(NULL, "\"a\""));
	assert_true(http_tag_is_known("\"a\"", "\"a\""));
	assert_true(http_tag_is_known("\"b\", W/\"a\"", "\"a\""));
	assert_true(http_tag_is_known("*", "\"a\""));
	assert_false(http_tag_is_known("\"ab\"", "\"a\""));
	assert_false(http_tag_is_known("W/", "\"a\""));
}

static void fill(struct buffer *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buffer_append_char(to, (char)(i % 251));
}

static void assert_inflates(const struct buffer *made, size_t size)
{
	unsigned char *plain = malloc(size + 1);
	z_stream stream = { .next_in = (Bytef *)made->data,
			    .avail_in = (uInt)made->size,
			    .next_out = plain,
			    .avail_out = (uInt)(size + 1) };

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(plain[i], (unsigned char)(i % 251));
	inflateEnd(&stream);
	free(plain);
}

static void test_bodies(void **state)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 70000, 3 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct http_body plain, gzip;

		assert_int_equal(http_body_init(&plain, false), 0);
		assert_int_equal(http_body_init(&gzip, true), 0);
		fill(&plain.buffer, sizes[i]);
		fill(&gzip.buffer, sizes[i]);
		assert_int_equal(http_body_end(&plain), 0);
		assert_int_equal(http_body_end(&gzip), 0);
		assert_int_equal(plain.made.size, sizes[i]);
		assert_int_equal(gzip.is_gzip, sizes[i] >= 512);
		if (gzip.is_gzip) {
			assert_true(gzip.made.size < plain.made.size);
			assert_inflates(&gzip.made, sizes[i]);
			assert_string_not_equal(plain.tag, gzip.tag);
		}
		http_body_release(&plain);
		http_body_release(&gzip);
	}
}

static void test_a_body_has_an_end(void **state)
{
	static const char piece[1 << 20];
	struct http_body body;
	int error = 0;

	(void)state;
	assert_int_equal(http_body_init(&body, true), 0);
	for (size_t i = 0; i < HTTP_BODY_MAX_BYTES / sizeof(piece) + 2 && !error; i++) {
		buffer_append(&body.buffer, piece, sizeof(piece));
		error = buffer_error(&body.buffer);
	}
	assert_int_equal(error, -EFBIG);
	assert_int_equal(http_body_end(&body), -EFBIG);
	http_body_release(&body);
}

/* An error is all that is told, whatever was there before. */
static void test_errors(void **state)
{
	struct http_reply reply;

	(void)state;
	assert_int_equal(http_reply_init(&reply, "text/plain", true), 0);
	buffer_append_string(&reply.body.buffer, "half of it");
	assert_int_equal(http_reply_error(&reply, 422, "%s", "a \"line\"\n<b>\xff"), 0);
	assert_int_equal(http_body_end(&reply.body), 0);
	assert_int_equal(reply.status, 422);
	assert_string_equal(reply.type, "application/json");
	assert_string_equal(buffer_string(&reply.body.made),
			    "{\"error\":\"a \\\"line\\\"\xef\xbf\xbd<b>\xef\xbf\xbd\"}\n");
	http_reply_release(&reply);
}

/* Each format is told by its own type, but for those that are bytes. */
static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < render_format_count; i++) {
		const struct render_format *format = &render_formats[i];
		const bool is_bytes =
			!strcmp(format->name, "pprof") || !strcmp(format->name, "block");

		assert_int_equal(!strcmp(media_type_of(format)->type, "application/octet-stream"),
				 is_bytes);
	}
	for (enum http_policy policy = HTTP_POLICY_NOTHING; policy <= HTTP_POLICY_PICTURE;
	     policy++) {
		assert_non_null(strstr(http_policy_text(policy), "frame-ancestors 'none'"));
		assert_true(policy == HTTP_POLICY_PAGE || policy == HTTP_POLICY_TOKEN ||
			    strstr(http_policy_text(policy), "sandbox"));
		assert_true(policy == HTTP_POLICY_PICTURE ||
			    !strstr(http_policy_text(policy), "script-src 'unsafe"));
		assert_true(policy == HTTP_POLICY_PICTURE || policy == HTTP_POLICY_TOKEN ||
			    !strstr(http_policy_text(policy), "unsafe"));
	}
	/* That page has no script, not even one of its own. */
	assert_null(strstr(http_policy_text(HTTP_POLICY_TOKEN), "script-src"));
}

static void test_json(void **state)
{
	struct buffer text = { 0 };
	struct json_answer json = json_answer_begin(&text);

	(void)state;
	json_open(&json, '{');
	json_pair_text(&json, "a", NULL);
	json_pair_ms(&json, "b", 1234567890);
	json_pair_ms(&json, "c", 5000000);
	json_key(&json, "d");
	json_open(&json, '[');
	json_real(&json, NAN);
	json_real(&json, 0.5);
	json_number(&json, UINT64_MAX);
	json_close(&json, ']');
	json_close(&json, '}');
	assert_string_equal(
		buffer_string(&text),
		"{\"a\":null,\"b\":1234.56789,\"c\":5,\"d\":[null,0.5,18446744073709551615]}");
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_and_values),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_bytes_that_no_text_has),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_a_body_has_an_end),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
