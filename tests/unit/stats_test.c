/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c: the numbers of ticks, as --stats writes them and as the last lines say them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "profiler/recorder.h"
#include "profiler/stats.h"

static const struct stats some_lack = {
	.event = "cpu-clock",
	.due = 1000,
	.fates = { .complete = 990,
		   .may_lack_caller = 250,
		   .by_reason = { [REASON_NO_ROOT] = 10 } },
};

static void assert_json_holds(const struct stats *stats, const char *wanted)
{
	struct buffer json = { 0 };

	stats_write_json(stats, &json);
	assert_non_null(strstr(buffer_string(&json), wanted));
	buffer_release(&json);
}

static void json_tells_what_may_lack_a_caller(void **state)
{
	struct stats none = some_lack;

	(void)state;
	assert_json_holds(&some_lack, "\"complete\": 990, \"may_lack_caller\": 250,");
	none.fates.may_lack_caller = 0;
	assert_json_holds(&none, "\"complete\": 990, \"may_lack_caller\": 0,");
}

/* What stats_log() writes to standard error. */
static void log_to(const struct stats *stats, char *said, size_t size)
{
	const struct recording recording = { 0 };
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	stats_log(stats, &recording);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	said[fread(said, 1, size - 1, file)] = '\0';
	fclose(file);
}

static void last_lines_tell_what_may_lack_a_caller(void **state)
{
	struct stats none = some_lack;
	char said[4096];

	(void)state;
	log_to(&some_lack, said, sizeof(said));
	assert_non_null(strstr(said, "99.00 % complete (25.00 % may lack the caller of code "
				     "without call frame information), 1.00 % truncated"));
	none.fates.may_lack_caller = 0;
	log_to(&none, said, sizeof(said));
	assert_non_null(strstr(said, "99.00 % complete, 1.00 % truncated"));
}

static void refused_sections_are_told(void **state)
{
	struct stats refused = some_lack;
	char said[4096];

	(void)state;
	refused.unwind.refused_sections = 3;
	assert_json_holds(&refused, "\"refused\": 0, \"refused_sections\": 3, \"postponed\": 0");
	log_to(&refused, said, sizeof(said));
	assert_non_null(strstr(said, "3 sections of call frame information are damaged"));
	log_to(&some_lack, said, sizeof(said));
	assert_null(strstr(said, "sections"));
}

static const struct stats some_unopened = {
	.event = "cpu-clock",
	.due = 1000,
	.fates = { .complete = 1000 },
	.modules = { .modules = 20,
		     .by_absence = { [MODULE_OPENED] = 9,
				     [MODULE_BEYOND_LIMIT] = 5,
				     [MODULE_MAY_BLOCK] = 4,
				     [MODULE_GONE] = 2 },
		     .file_limit = 1024 },
};

static void unopened_modules_are_told_by_what_was_in_the_way(void **state)
{
	struct stats none = some_unopened;
	char said[4096];

	(void)state;
	assert_json_holds(&some_unopened, "\"modules_unopened\": {\"file_limit\": 5, "
					  "\"may_block\": 4, \"gone\": 2},");
	log_to(&some_unopened, said, sizeof(said));
	assert_non_null(strstr(said, "5 files could not be opened, for hearth may have no more "
				     "than 1024 open: "));
	assert_non_null(strstr(said, "ulimit -n"));
	none.modules.by_absence[MODULE_BEYOND_LIMIT] = 0;
	log_to(&none, said, sizeof(said));
	assert_null(strstr(said, "ulimit -n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_tells_what_may_lack_a_caller),
		cmocka_unit_test(last_lines_tell_what_may_lack_a_caller),
		cmocka_unit_test(refused_sections_are_told),
		cmocka_unit_test(unopened_modules_are_told_by_what_was_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
