/* SPDX-License-Identifier: Apache-2.0 */
/* conf_file.c and options.c: words of a file, and that they can be taken again. (As a whole: tests/e2e/test_conf_file.py.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "profiler/conf_file.h"
#include "profiler/options.h"

#define PATH_BYTES 64

/* A file that a test writes, and what is logged meanwhile. */
struct fixture {
	char path[PATH_BYTES];
	struct buffer log;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int fd;

	assert_non_null(fixture);
	snprintf(fixture->path, sizeof(fixture->path), "/tmp/conf_file_test.XXXXXX");
	fd = mkstemp(fixture->path);
	assert_true(fd >= 0);
	close(fd);
	log_to_buffer(&fixture->log);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	log_to_buffer(NULL);
	buffer_release(&fixture->log);
	unlink(fixture->path);
	free(fixture);
	return 0;
}

static void write_file(const struct fixture *fixture, const char *text)
{
	FILE *file = fopen(fixture->path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_logged(struct fixture *fixture, const char *what)
{
	const char *text = buffer_string(&fixture->log);

	assert_non_null(text);
	assert_non_null(strstr(text, what));
}

/* What set() was given: "rate=7 quiet " */
static int note(void *context, const char *name, const char *value, const char **ret_why)
{
	if (value && !strcmp(value, "wrong")) {
		*ret_why = "it is wrong";
		return -EINVAL;
	}
	buffer_printf(context, value ? "%s=%s " : "%s ", name, value);
	return 0;
}

static bool is_digit(const char *word)
{
	return *word >= '0' && *word <= '9';
}

static const struct option_row rows[] = {
	{ "rate", 'F', "HZ", "how often", note },
	{ "quiet", 'q', NULL, "say less", note },
	{ "pid", 'p', "PID", "these", note },
	{ "verify", 0, "N", "check", note, .is_value = is_digit },
};

/* What was set, in `said`; and how many words are operands. */
static enum option_result parse(const struct conf_words *words, struct buffer *said,
				int *ret_operands)
{
	const struct option_table table = { NULL, rows, sizeof(rows) / sizeof(rows[0]), said };
	const struct option_parser parser = {
		.usage = "", .command = "record", .tables = &table, .table_count = 1
	};
	int operand;
	enum option_result result = options_parse(&parser, words->count, words->words, &operand);

	*ret_operands = words->count - operand;
	return result;
}

static void assert_said(const struct conf_words *words, const char *wanted, int operands)
{
	struct buffer said = { 0 };
	int found;

	assert_int_equal(parse(words, &said, &found), OPTIONS_PARSED);
	assert_string_equal(buffer_string(&said), wanted);
	assert_int_equal(found, operands);
	buffer_release(&said);
}

/* hearth record --config FILE WORDS */
static void take(const struct fixture *fixture, struct conf_words *words, const char *const *typed,
		 const char **ret_argv)
{
	int count = 0;

	ret_argv[count++] = "record";
	ret_argv[count++] = "--config";
	ret_argv[count++] = fixture->path;
	while (*typed)
		ret_argv[count++] = *typed++;
	ret_argv[count] = NULL;
	assert_int_equal(conf_words_init(words, "record", count, (char **)ret_argv), 0);
}

static void lines_are_options(void **state)
{
	struct fixture *fixture = *state;
	struct conf_words words;
	const char *const typed[] = { "work", "--quiet", NULL };
	const char *argv[8];

	write_file(fixture,
		   "[record]\nrate = 7\npid=1\npid = 2 \nverify\n\tquiet\r\n[render]\nx\n");
	take(fixture, &words, typed, argv);
	assert_said(&words, "rate=7 pid=1 pid=2 verify quiet ", 2);
	conf_words_release(&words);
}

static void typed_options_go_before(void **state)
{
	struct fixture *fixture = *state;
	struct conf_words words;
	const char *const typed[] = { "-qp3", "--verify", "5", "--", "-F9", NULL };
	const char *argv[12];

	write_file(fixture, "[record]\nrate = 7\npid=1\npid = 2 \nverify = 1\nquiet = no");
	take(fixture, &words, typed, argv);
	assert_said(&words, "rate=7 quiet pid=3 verify=5 ", 1);
	conf_words_release(&words);
}

static void words_can_be_taken_again(void **state)
{
	struct fixture *fixture = *state;
	struct conf_words first, second;
	const char *const typed[] = { "-q", "work", NULL };
	const char *argv[8];

	write_file(fixture, "[record]\nrate = 7\n");
	take(fixture, &first, typed, argv);
	write_file(fixture, "[record]\nrate = 8\npid = 1\n");
	assert_int_equal(conf_words_init(&second, "record", first.count, first.words), 0);
	assert_said(&first, "rate=7 quiet ", 1);
	assert_said(&second, "rate=8 pid=1 quiet ", 1);
	conf_words_release(&second);
	conf_words_release(&first);
}

static void what_is_wrong_has_a_place(void **state)
{
	struct fixture *fixture = *state;
	struct buffer said = { 0 };
	struct conf_words words;
	const char *const typed[] = { NULL };
	const char *argv[4];
	int operands;

	write_file(fixture, "\n[record]\nrate = wrong\n");
	take(fixture, &words, typed, argv);
	assert_int_equal(parse(&words, &said, &operands), OPTIONS_WRONG);
	assert_logged(fixture, ":3: rate wrong: it is wrong\n");
	buffer_release(&said);
	conf_words_release(&words);
}

static void a_missing_file_is_an_error_where_it_is_named(void **state)
{
	struct fixture *fixture = *state;
	const char *argv[] = { "record", "--config=/nowhere/at/all", NULL };
	struct conf_words words;

	assert_int_equal(conf_words_init(&words, "record", 2, (char **)argv), -ENOENT);
	assert_logged(fixture, "/nowhere/at/all: No such file or directory\n");
	conf_words_release(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_are_options, set_up, tear_down),
		cmocka_unit_test_setup_teardown(typed_options_go_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(words_can_be_taken_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_wrong_has_a_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_missing_file_is_an_error_where_it_is_named,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
