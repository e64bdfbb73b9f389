/* SPDX-License-Identifier: Apache-2.0 */
/* module_identities.c: a file that was not there at first is learnt when it is, once, and what was said of it before is not forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "profiler/module_identities.h"
#include "profiler/modules.h"
#include "symbolize/answer.h"
#include "worker/name_service.h"

#define MODULE  77
#define FILE_FD 3 /* a descriptor that nobody reads */

/* --- a worker --- */

static unsigned int asked;
static int answer_error;
static bool has_build_id;

bool __wrap_module_is_unchanged(const struct module *module);
int __wrap_name_service_submit(struct worker *worker, const struct symbol_request *request,
			       const struct debug_candidate *debug_file);
int __wrap_name_service_take(struct worker *worker, size_t count, struct answer *ret_answer,
			     struct debug_identity *ret_identity, uint64_t *ret_cpu_ns);

bool __wrap_module_is_unchanged(const struct module *module)
{
	return module->fd == FILE_FD;
}

int __wrap_name_service_submit(struct worker *worker, const struct symbol_request *request,
			       const struct debug_candidate *debug_file)
{
	(void)worker, (void)debug_file;
	assert_int_equal(request->fd, FILE_FD);
	asked++;
	return 0;
}

int __wrap_name_service_take(struct worker *worker, size_t count, struct answer *ret_answer,
			     struct debug_identity *ret_identity, uint64_t *ret_cpu_ns)
{
	(void)worker, (void)ret_identity;
	assert_int_equal(count, 0);
	*ret_cpu_ns = 0;
	if (answer_error)
		return answer_error;
	assert_int_equal(answer_init(ret_answer, count), 0);
	if (has_build_id)
		ret_answer->build_id = (struct build_id){ .bytes = { 0xab, 0xcd }, .size = 2 };
	return 0;
}

/* --- cases --- */

static void begin(struct module_identities *identities, int error, bool with_build_id)
{
	module_identities_init(identities);
	asked = 0;
	answer_error = error;
	has_build_id = with_build_id;
}

static const char *learn(struct module_identities *identities, int fd)
{
	const struct module module = { .id = MODULE, .fd = fd };
	uint32_t string;

	assert_int_equal(module_identities_learn(identities, NULL, &module), 0);
	string = module_identities_get(identities, MODULE);
	assert_true(string != U64_MAP_ABSENT);
	return string_pool_get(&identities->strings, string, NULL);
}

static void a_file_is_asked_about_once(void **state)
{
	struct module_identities identities;

	(void)state;
	begin(&identities, 0, true);
	assert_int_equal(module_identities_get(&identities, MODULE), U64_MAP_ABSENT);
	for (int i = 0; i < 3; i++)
		assert_string_equal(learn(&identities, FILE_FD), "abcd");
	assert_string_equal(learn(&identities, -1), "abcd");
	assert_int_equal(asked, 1);
	assert_int_equal(module_identities_get_earlier(&identities, MODULE), U64_MAP_ABSENT);
	module_identities_release(&identities);
}

static void one_that_comes_later_is_learnt_then(void **state)
{
	struct module_identities identities;
	uint32_t without;

	(void)state;
	begin(&identities, 0, true);
	learn(&identities, -1);
	learn(&identities, -1);
	assert_int_equal(asked, 0);
	without = module_identities_get(&identities, MODULE);
	assert_string_equal(learn(&identities, FILE_FD), "abcd");
	assert_string_equal(learn(&identities, FILE_FD), "abcd");
	assert_int_equal(asked, 1);
	assert_int_equal(module_identities_get_earlier(&identities, MODULE), without);
	module_identities_release(&identities);
}

/* It stays what stands for it, and nobody asks again. */
static void one_that_cannot_be_read_has_no_build_id(void **state)
{
	static const int errors[] = { 0, -EBADMSG, -ENOEXEC };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct module_identities identities;

		begin(&identities, errors[i], false);
		learn(&identities, -1);
		assert_true(!strncmp(learn(&identities, FILE_FD), "key-", 4));
		learn(&identities, FILE_FD);
		assert_int_equal(asked, 1);
		module_identities_release(&identities);
	}
}

/* That there was no worker, or that it ended, says nothing of the file: it is asked again, a few times. */
static void one_that_could_not_be_read_just_then_is_asked_about_again(void **state)
{
	static const int errors[] = { -EAGAIN, -EPIPE, -ETIMEDOUT, -ECANCELED };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct module_identities identities;
		uint32_t before;

		begin(&identities, errors[i], true);
		assert_true(!strncmp(learn(&identities, FILE_FD), "unread-", 7));
		before = module_identities_get(&identities, MODULE);
		assert_true(!strncmp(learn(&identities, FILE_FD), "unread-", 7));
		assert_int_equal(asked, 2);
		answer_error = 0;
		assert_string_equal(learn(&identities, FILE_FD), "abcd");
		assert_string_equal(learn(&identities, FILE_FD), "abcd");
		assert_int_equal(asked, 3);
		assert_int_equal(module_identities_get_earlier(&identities, MODULE), before);
		module_identities_release(&identities);

		begin(&identities, errors[i], true);
		for (int n = 0; n < 10; n++)
			learn(&identities, FILE_FD);
		assert_true(!strncmp(learn(&identities, FILE_FD), "key-", 4));
		assert_int_equal(asked, 4);
		module_identities_release(&identities);
	}
}

static void want_of_memory_is_told(void **state)
{
	const struct module module = { .id = MODULE, .fd = FILE_FD };
	struct module_identities identities;

	(void)state;
	begin(&identities, -ENOMEM, false);
	assert_int_equal(module_identities_learn(&identities, NULL, &module), -ENOMEM);
	assert_int_equal(module_identities_get(&identities, MODULE), U64_MAP_ABSENT);
	module_identities_release(&identities);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_asked_about_once),
		cmocka_unit_test(one_that_comes_later_is_learnt_then),
		cmocka_unit_test(one_that_cannot_be_read_has_no_build_id),
		cmocka_unit_test(one_that_could_not_be_read_just_then_is_asked_about_again),
		cmocka_unit_test(want_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
