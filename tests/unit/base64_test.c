/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/buffer.h"

static void assert_base64(const char *bytes, size_t size, const char *wanted)
{
	struct buffer text;

	buffer_init(&text);
	base64_append(&text, bytes, size);
	if (size)
		assert_string_equal(buffer_string(&text), wanted);
	else
		assert_int_equal(text.size, 0);
	buffer_release(&text);
}

/* The test vectors of RFC 4648, section 10. */
static void the_vectors_of_the_standard(void **state)
{
	(void)state;
	assert_base64("", 0, "");
	assert_base64("f", 1, "Zg==");
	assert_base64("fo", 2, "Zm8=");
	assert_base64("foo", 3, "Zm9v");
	assert_base64("foob", 4, "Zm9vYg==");
	assert_base64("fooba", 5, "Zm9vYmE=");
	assert_base64("foobar", 6, "Zm9vYmFy");
}

static void all_bits_of_a_byte(void **state)
{
	(void)state;
	assert_base64("\0\0\0", 3, "AAAA");
	assert_base64("\xff\xff\xff", 3, "////");
	assert_base64("\xfb\xef\xbe", 3, "++++");
	assert_base64("\xff", 1, "/w==");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_standard),
		cmocka_unit_test(all_bits_of_a_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
