/* SPDX-License-Identifier: Apache-2.0 */
/* thread_name.c: what is written is read again, and nothing is made of other people's names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/thread_name.h"

static void a_name_is_read_as_it_was_written(void **state)
{
	static const struct {
		const char *text, *comm;
		uint32_t pid, tid;
	} cases[] = {
		{ "app (pid 12) (tid 14)", "app", 12, 14 },
		{ "app (pid 0)", "app", 0, PROFILE_NONE },
		{ " (tid 7)", "", PROFILE_NONE, 7 },
		{ "a b) (pid 1) (pid 2) (tid 4294967294)", "a b) (pid 1)", 2, 4294967294u },
		{ "(tid 3) (pid 5)", "(tid 3)", 5, PROFILE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct thread_name name = thread_name_parse(cases[i].text, strlen(cases[i].text));
		struct buffer again = { 0 };

		assert_int_equal(name.pid, cases[i].pid);
		assert_int_equal(name.tid, cases[i].tid);
		assert_int_equal(name.comm_size, strlen(cases[i].comm));
		assert_memory_equal(name.comm, cases[i].comm, name.comm_size);
		thread_name_append(&again, &name);
		assert_string_equal(buffer_string(&again), cases[i].text);
		buffer_release(&again);
	}
}

static void other_names_tell_nothing(void **state)
{
	static const char *const texts[] = { "",
					     "main thread",
					     "app (pid 12",
					     "app (pid )",
					     "app (pid -1)",
					     "app(pid 1)",
					     "app (pid 4294967295)",
					     "app (pid 99999999999)",
					     ")",
					     "1)",
					     "(tid 14)" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct thread_name name = thread_name_parse(texts[i], strlen(texts[i]));

		assert_int_equal(name.pid, PROFILE_NONE);
		assert_int_equal(name.tid, PROFILE_NONE);
		assert_int_equal(name.comm_size, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_read_as_it_was_written),
		cmocka_unit_test(other_names_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
