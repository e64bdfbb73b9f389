/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "render/html_writer.h"
#include "render/profile_block.h"
#include "render/render_options.h"
#include "render/web_files.h"

#define FOLDED "p;</script><script>hack()</script>;a 3\np;<!--;b 4\np;b 5\n"

static struct profile *read_text(void)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_non_null(profile);
	assert_int_equal(profile_read(profile, FOLDED, strlen(FOLDED), &report), 0);
	return profile;
}

static void write_page(const struct profile *profile, struct buffer *page, struct buffer *block)
{
	struct render_options options;
	const char *why;

	assert_int_equal(render_options_init(&options), 0);
	assert_int_equal(render_option_set(&options, "title", "</title><script>", &why), 0);
	buffer_init(page);
	assert_int_equal(html_write(profile, &options, page), 0);
	buffer_init(block);
	assert_int_equal(profile_block_write(profile, &options, block), 0);
	render_options_release(&options);
}

static unsigned int count(const char *text, const char *piece)
{
	unsigned int found = 0;

	for (; (text = strstr(text, piece)); text++)
		found++;
	return found;
}

/* Data, styles and script are ended by what the writer wrote, and by nothing in them. */
static void elements_are_those_of_the_writer(void **state)
{
	struct profile *profile = read_text();
	struct buffer page, block;
	const char *text;

	(void)state;
	write_page(profile, &page, &block);
	text = buffer_string(&page);
	assert_int_equal(count(text, "<script"), 2);
	assert_int_equal(count(text, "</script"), 2);
	assert_int_equal(count(text, "<style"), 1);
	assert_int_equal(count(text, "</style"), 1);
	assert_int_equal(count(text, "</title"), 1);
	assert_null(strstr(text, "hack()"));
	assert_non_null(strstr(text, "<title>&lt;/title&gt;&lt;script&gt;</title>"));
	buffer_release(&page);
	buffer_release(&block);
	profile_free(profile);
}

static void assert_titled(const char *input, const char *command, const char *wanted)
{
	struct profile *profile = read_text();
	struct render_options options;
	struct buffer page = { 0 };

	profile_origin(profile)->command = command ? strdup(command) : NULL;
	assert_int_equal(render_options_init(&options), 0);
	options.input = input;
	assert_int_equal(html_write(profile, &options, &page), 0);
	assert_non_null(strstr(buffer_string(&page), wanted));
	buffer_release(&page);
	render_options_release(&options);
	profile_free(profile);
}

/* Among many windows, too. */
static void a_page_is_called_by_what_it_is_of(void **state)
{
	(void)state;
	assert_titled(NULL, NULL, "<title>Flame graph</title>");
	assert_titled("a<b.folded", NULL, "<title>a&lt;b.folded · Flame graph</title>");
	assert_titled("a.folded", "python3", "<title>python3 · Flame graph</title>");
}

static void what_is_joined_imports_and_exports_nothing(void **state)
{
	struct bytes script = web_file_page_joined_js();
	struct buffer text;

	(void)state;
	buffer_init(&text);
	buffer_append_char(&text, '\n');
	buffer_append(&text, script.data, script.size);
	assert_null(strstr(buffer_string(&text), "\nimport "));
	assert_null(strstr(text.data, "\nexport "));
	assert_null(strstr(text.data, "<!--"));
	assert_null(strstr(text.data, "</"));
	buffer_release(&text);
}

static uint8_t letter_value(char letter)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(letters, letter);

	assert_true(at && letter);
	return (uint8_t)(at - letters);
}

/* Bytes of base64 text up to the next "<". */
static void decode(const char *from, struct buffer *to)
{
	uint32_t bits = 0, have = 0;

	for (; *from != '<' && *from != '='; from++) {
		bits = bits << 6 | letter_value(*from);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		buffer_append_char(to, (char)(bits >> have));
	}
}

static void the_data_are_the_deflated_block(void **state)
{
	static const char opening[] = "<script type=\"text/plain\" id=\"profile\">";
	struct profile *profile = read_text();
	struct buffer page, block, deflated;
	uint8_t inflated[8192];
	uLongf size = sizeof(inflated);
	const char *at;

	(void)state;
	write_page(profile, &page, &block);
	at = strstr(buffer_string(&page), opening);
	assert_non_null(at);
	buffer_init(&deflated);
	decode(at + strlen(opening), &deflated);
	assert_int_equal(uncompress(inflated, &size, (const Bytef *)deflated.data, deflated.size),
			 Z_OK);
	assert_int_equal(size, block.size);
	assert_memory_equal(inflated, block.data, size);
	buffer_release(&deflated);
	buffer_release(&page);
	buffer_release(&block);
	profile_free(profile);
}

static void the_same_profile_gives_the_same_bytes(void **state)
{
	struct profile *profile = read_text(), *other = read_text();
	struct buffer page, block, page_again, block_again;

	(void)state;
	write_page(profile, &page, &block);
	write_page(other, &page_again, &block_again);
	assert_int_equal(page.size, page_again.size);
	assert_memory_equal(page.data, page_again.data, page.size);
	buffer_release(&page);
	buffer_release(&block);
	buffer_release(&page_again);
	buffer_release(&block_again);
	profile_free(profile);
	profile_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_called_by_what_it_is_of),
		cmocka_unit_test(elements_are_those_of_the_writer),
		cmocka_unit_test(what_is_joined_imports_and_exports_nothing),
		cmocka_unit_test(the_data_are_the_deflated_block),
		cmocka_unit_test(the_same_profile_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
