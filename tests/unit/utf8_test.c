/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"

#define BAD "\xef\xbf\xbd"

static void expect_clean(const char *bytes, size_t size, size_t limit, const char *expected)
{
	struct buffer buffer;

	buffer_init(&buffer);
	utf8_append_clean(&buffer, bytes, size, limit);
	assert_string_equal(buffer_string(&buffer), expected);
	buffer_release(&buffer);
}

#define EXPECT_CLEAN(bytes, expected) expect_clean(bytes, sizeof(bytes) - 1, 1000, expected)

static void test_good_text_stays(void **state)
{
	(void)state;
	EXPECT_CLEAN("std::vector<int>", "std::vector<int>");
	EXPECT_CLEAN("\xd8\xa7 \xe4\xb8\xad \xf0\x9f\x94\xa5",
		     "\xd8\xa7 \xe4\xb8\xad \xf0\x9f\x94\xa5");
}

static void test_each_invalid_byte_is_replaced(void **state)
{
	(void)state;
	EXPECT_CLEAN("a\xff"
		     "b",
		     "a" BAD "b");
	EXPECT_CLEAN("\xc0\x80", BAD BAD);                 /* overlong NUL */
	EXPECT_CLEAN("\xe0\x80\x80", BAD BAD BAD);         /* overlong */
	EXPECT_CLEAN("\xed\xa0\x80", BAD BAD BAD);         /* a surrogate */
	EXPECT_CLEAN("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
	EXPECT_CLEAN("\xe4\xb8", BAD BAD);                 /* cut short */
	EXPECT_CLEAN("\x80", BAD);
}

static void test_control_and_direction_characters_are_replaced(void **state)
{
	(void)state;
	EXPECT_CLEAN("a\0b\n\x1b[31m\x7f", "a" BAD "b" BAD BAD "[31m" BAD);
	EXPECT_CLEAN("\xc2\x85", BAD);                     /* C1: next line */
	EXPECT_CLEAN("\xe2\x80\xae", BAD);                 /* right-to-left override */
	EXPECT_CLEAN("\xe2\x81\xa6", BAD);                 /* isolate */
	EXPECT_CLEAN("\xe2\x80\xa8", BAD);                 /* line separator */
	EXPECT_CLEAN("\xef\xbf\xbe\xef\xbf\xbf", BAD BAD); /* U+FFFE, U+FFFF */
}

static void test_cut_is_on_a_code_point_and_marked(void **state)
{
	(void)state;
	expect_clean("abcdef", 6, 6, "abcdef");
	expect_clean("abcdef", 6, 5, "abcde\xe2\x80\xa6");
	expect_clean("ab\xe4\xb8\xad", 5, 4, "ab\xe2\x80\xa6");
	expect_clean("ab\xff", 3, 4, "ab\xe2\x80\xa6"); /* the replacement would not fit */
}

static void test_decode_takes_every_code_point(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char bytes[4];
		size_t size;
		uint32_t decoded;

		if (code < 0x80) {
			bytes[0] = (char)code;
			size = 1;
		} else if (code < 0x800) {
			bytes[0] = (char)(0xc0 | code >> 6);
			bytes[1] = (char)(0x80 | (code & 0x3f));
			size = 2;
		} else if (code < 0x10000) {
			bytes[0] = (char)(0xe0 | code >> 12);
			bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
			bytes[2] = (char)(0x80 | (code & 0x3f));
			size = 3;
		} else {
			bytes[0] = (char)(0xf0 | code >> 18);
			bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
			bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
			bytes[3] = (char)(0x80 | (code & 0x3f));
			size = 4;
		}
		if (code >= 0xd800 && code < 0xe000) {
			assert_int_equal(utf8_decode(bytes, size, &decoded), 0);
			continue;
		}
		assert_int_equal(utf8_decode(bytes, size, &decoded), size);
		assert_int_equal(decoded, code);
		assert_int_equal(utf8_decode(bytes, size - 1, &decoded), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_text_stays),
		cmocka_unit_test(test_each_invalid_byte_is_replaced),
		cmocka_unit_test(test_control_and_direction_characters_are_replaced),
		cmocka_unit_test(test_cut_is_on_a_code_point_and_marked),
		cmocka_unit_test(test_decode_takes_every_code_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
