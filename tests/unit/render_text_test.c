/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "render/label.h"
#include "render/readable.h"
#include "render/xml.h"

static void assert_text(struct buffer *text, const char *wanted)
{
	assert_string_equal(buffer_string(text), wanted);
	buffer_clear(text);
}

static void counts_have_groups(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text);
	readable_count(&text, 0);
	assert_text(&text, "0");
	readable_count(&text, 999);
	assert_text(&text, "999");
	readable_count(&text, 1000);
	assert_text(&text, "1,000");
	readable_count(&text, UINT64_MAX);
	assert_text(&text, "18,446,744,073,709,551,615");
	buffer_release(&text);
}

static void shares_do_not_lie(void **state)
{
	static const struct {
		uint64_t part, whole;
		unsigned int decimals;
		const char *text;
	} cases[] = {
		{ 0, 10, 1, "0.0 %" },
		{ 1, 3, 1, "33.3 %" },
		{ 2, 3, 1, "66.7 %" },
		{ 3, 3, 1, "100.0 %" },
		{ 1, 100000, 1, "<0.1 %" },
		{ 99999, 100000, 1, "99.9 %" },
		{ 99999, 100000, 2, "99.99 %" },
		{ 1, 100000, 2, "<0.01 %" },
		{ 9994, 10000, 2, "99.94 %" },
		{ 0, 0, 1, "0.0 %" },
		{ INT64_MAX - 1, INT64_MAX, 1, "99.9 %" },
	};
	struct buffer text;

	(void)state;
	buffer_init(&text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		readable_share(&text, cases[i].part, cases[i].whole, cases[i].decimals);
		assert_text(&text, cases[i].text);
	}
	buffer_release(&text);
}

static void durations_choose_their_unit(void **state)
{
	static const struct {
		unsigned __int128 ns;
		const char *text;
	} cases[] = {
		{ 0, "0 s" },
		{ 1, "1 ns" },
		{ 999, "999 ns" },
		{ 1000, "1.0 µs" },
		{ 999949, "999.9 µs" },
		{ 999950, "1.0 ms" },
		{ 412600000, "412.6 ms" },
		{ 999949999, "999.9 ms" },
		{ 999950000, "1.00 s" },
		{ 59994999999, "59.99 s" },
		{ 59995000000, "1 min 00 s" },
		{ 170000000000, "2 min 50 s" },
		{ 3599499999999, "59 min 59 s" },
		{ 3599500000000, "1 h 00 min" },
		{ 11100000000000, "3 h 05 min" },
		{ UINT64_MAX, "5124095 h 34 min" },
		{ (unsigned __int128)UINT64_MAX * 1000, "5124095576 h 01 min" },
	};
	struct buffer text;

	(void)state;
	buffer_init(&text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		readable_duration(&text, cases[i].ns);
		assert_text(&text, cases[i].text);
	}
	buffer_release(&text);
	assert_int_equal(readable_ticks_ns(99, 99), 1000000000);
	assert_int_equal(readable_ticks_ns(INT64_MAX, 1), UINT64_MAX);
}

static void memory_chooses_its_unit(void **state)
{
	static const struct {
		unsigned __int128 bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1048524, "1023.9 KiB" },
		{ 1048525, "1.0 MiB" },
		{ 5000000000, "4.7 GiB" },
		{ UINT64_MAX, "16.0 EiB" },
		{ (unsigned __int128)1 << 70, "1.0 ZiB" },
		{ (unsigned __int128)1 << 120, "1099511627776.0 YiB" },
	};
	struct buffer text;

	(void)state;
	buffer_init(&text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		readable_bytes(&text, cases[i].bytes);
		assert_text(&text, cases[i].text);
	}
	buffer_release(&text);
}

static void times_are_utc(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text);
	readable_time(&text, UINT64_C(1763879018999999999));
	assert_text(&text, "2025-11-23 06:23:38 UTC");
	buffer_release(&text);
}

static void text_cannot_be_markup(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text);
	xml_append_string(&text, "<a href=\"x\" b='&'>]]>");
	assert_text(&text, "&lt;a href=&quot;x&quot; b=&apos;&amp;&apos;&gt;]]&gt;");
	xml_append(&text, "a\0b\x1b\xff", 5);
	assert_text(&text, "a\xef\xbf\xbd"
			   "b\xef\xbf\xbd\xef\xbf\xbd");
	xml_append_cdata(&text, "a]]>b]]>", 8);
	assert_text(&text, "<![CDATA[a]]]]><![CDATA[>b]]]]><![CDATA[>]]>");
	buffer_release(&text);
}

static void long_text_is_cut_before_it_is_escaped(void **state)
{
	static char name[200000];
	struct buffer text;

	(void)state;
	memset(name, '<', sizeof(name));
	buffer_init(&text);
	xml_append(&text, name, sizeof(name));
	assert_in_range(text.size, XML_NAME_MAX * 4 - 8, XML_NAME_MAX * 4 + 8);
	buffer_release(&text);
}

static void assert_label(const char *name, size_t columns, bool cut_right, const char *wanted)
{
	struct buffer text;

	buffer_init(&text);
	label_fit(&text, name, strlen(name), columns, cut_right);
	assert_true(label_columns(text.data, text.size) <= columns);
	assert_text(&text, wanted);
	buffer_release(&text);
}

static void arguments_give_way_first(void **state)
{
	(void)state;
	assert_label("ns::exec(char const*, int)", 25, false, "ns::exec");
	assert_label("ns::exec(char const*, int)", 8, false, "ns::exec");
	assert_label("ns::exec(char const*, int)", 7, false, "exec");
	assert_label("ns::exec(char const*, int)", 3, false,
		     "e\xe2\x80\xa6"
		     "c");
	assert_label("exec(void (*)(int), (A)1)", 20, false, "exec");
	assert_label("A::get(int) const &", 18, false, "A::get");
	assert_label("A::get() volatile &&", 18, false, "A::get");
	assert_label("get(int) [clone .isra.0] [clone .cold]", 18, false, "get");
	assert_label("operator<<(std::ostream&, A const&)", 12, false, "operator<<");
	assert_label("<anonymous namespace>::f(int)", 20, false, "f");
	assert_label("(anonymous namespace)::f(int)", 24, false, "(anonymous namespace)::f");
	assert_label("load (/srv/app/module.py)", 12, false, "load");
	/* A call operator is no list. */
	assert_label("B::operator()(int) const", 20, false, "B::operator()");
	assert_label("B::operator()", 12, false, "operator()");
	assert_label("main::{lambda(int)#1}::operator()(int) const", 12, false, "operator()");
	/* Nor is what stands inside of something else, or is all there is. */
	assert_label("f(int) const::{lambda(int)#1}", 20, false, "{lambda(int)#1}");
	assert_label("std::function<void (int)>", 20, false, "function<void (int)>");
	assert_label("<fn(A) as c::d>::poll", 10, false, "poll");
	assert_label("(sd-pam-worker)", 9, false,
		     "(sd-p\xe2\x80\xa6"
		     "er)");
	assert_label("main.(*Server)", 9, false,
		     "main.\xe2\x80\xa6"
		     "er)");
	assert_label("exec)", 4, false, "ex\xe2\x80\xa6)");
	/* Whole where it fits; the right end only where that was asked for. */
	assert_label("exec(int)", 9, false, "exec(int)");
	assert_label("exec(int)", 8, true, "exec(in\xe2\x80\xa6");
}

static void then_namespaces(void **state)
{
	(void)state;
	assert_label("absl::lts::Mutex::Lock", 22, false, "absl::lts::Mutex::Lock");
	assert_label("absl::lts::Mutex::Lock", 21, false, "lts::Mutex::Lock");
	assert_label("absl::lts::Mutex::Lock", 11, false, "Mutex::Lock");
	assert_label("absl::lts::Mutex::Lock", 4, false, "Lock");
	assert_label("absl::lts::Mutex::Lock", 3, false, "L\xe2\x80\xa6k");
	assert_label("std::map<a::b, c::d>::find", 20, false, "find");
	assert_label("<a::b as c::d>::poll", 10, false, "poll");
	assert_label("net/http.serve", 12, false, "http.serve");
	assert_label("foo::", 4, false, "fo\xe2\x80\xa6:");
}

static void then_the_middle(void **state)
{
	(void)state;
	assert_label("standard_ExecutorRun", 10, false, "stand\xe2\x80\xa6rRun");
	assert_label("standard_ExecutorRun", 2, false, "");
	assert_label("a::standard_ExecutorRun", 10, true, "a::standa\xe2\x80\xa6");
	/* Ideographs take two columns, marks none. */
	assert_label("\xe8\xae\xa1\xe7\xae\x97\xe6\x80\xbb\xe5\x92\x8c", 8, false,
		     "\xe8\xae\xa1\xe7\xae\x97\xe6\x80\xbb\xe5\x92\x8c");
	assert_label("\xe8\xae\xa1\xe7\xae\x97\xe6\x80\xbb\xe5\x92\x8c", 7, false,
		     "\xe8\xae\xa1\xe7\xae\x97\xe2\x80\xa6\xe5\x92\x8c");
	assert_label("e\xcc\x81", 1, false, "e\xcc\x81");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_groups),
		cmocka_unit_test(shares_do_not_lie),
		cmocka_unit_test(durations_choose_their_unit),
		cmocka_unit_test(memory_chooses_its_unit),
		cmocka_unit_test(times_are_utc),
		cmocka_unit_test(text_cannot_be_markup),
		cmocka_unit_test(long_text_is_cut_before_it_is_escaped),
		cmocka_unit_test(arguments_give_way_first),
		cmocka_unit_test(then_namespaces),
		cmocka_unit_test(then_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
