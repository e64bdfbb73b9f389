/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/page_files.h"

static char *text_of(const struct page_file *file)
{
	char *text = strndup((const char *)file->content.data, file->content.size);

	assert_non_null(text);
	return text;
}

/* What stands between `before` and the next `after` in a text, each time, is the name of a file. */
static unsigned int all_are_files(const char *text, const char *before, char after)
{
	unsigned int found = 0;

	for (const char *at = text; (at = strstr(at, before)); found++) {
		struct page_file file;
		const char *name = at + strlen(before), *end = strchr(name, after);
		char *copy = strndup(name, end ? (size_t)(end - name) : 0);

		if (page_file_find(copy, &file))
			fail_msg("there is no file %s", copy);
		free(copy);
		at = name;
	}
	return found;
}

static void files_are_found_by_name(void **state)
{
	struct page_file file, same;
	size_t count = 0;

	(void)state;
	for (; !page_file_at(count, &file); count++) {
		assert_int_equal(page_file_find(file.name, &same), 0);
		assert_string_equal(same.name, file.name);
		assert_true(file.content.size > 0);
		assert_non_null(strstr(file.type, "; charset=utf-8"));
	}
	assert_int_equal(count, 4);
	assert_int_equal(page_file_find("", &file), -ENOENT);
	assert_int_equal(page_file_find("live", &file), -ENOENT);
	assert_int_equal(page_file_find("../live.html", &file), -ENOENT);
}

/* Joined, modules name one another no more. */
static void scripts_import_nothing(void **state)
{
	struct page_file file;
	unsigned int scripts = 0;

	(void)state;
	for (size_t i = 0; !page_file_at(i, &file); i++) {
		char *text;

		if (strncmp(file.type, "text/javascript", 15))
			continue;
		text = text_of(&file);
		assert_null(strstr(text, "\nimport "));
		assert_null(strstr(text, "\nexport "));
		assert_non_null(strstr(text, "new LivePage()"));
		free(text);
		scripts++;
	}
	assert_int_equal(scripts, 1);
}

/* A policy of 'self' lets no script and no style run that stands in the page itself. */
static void the_page_has_only_files(void **state)
{
	static const char *const inlined[] = { "<style",   "style=", "<script>", "onload=",
					       "onclick=", "http:",  "https:" };
	struct page_file file;
	char *text;

	(void)state;
	assert_int_equal(page_file_find(PAGE_FILE_START, &file), 0);
	text = text_of(&file);
	assert_int_equal(all_are_files(text, "src=\"/page/", '"'), 1);
	assert_true(all_are_files(text, "href=\"/page/", '"') == 2);
	for (size_t i = 0; i < sizeof(inlined) / sizeof(*inlined); i++)
		assert_null(strstr(text, inlined[i]));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_by_name),
		cmocka_unit_test(scripts_import_nothing),
		cmocka_unit_test(the_page_has_only_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
