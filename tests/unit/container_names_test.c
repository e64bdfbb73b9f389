/* SPDX-License-Identifier: Apache-2.0 */
/* container_names.c and container_service.c: what the worker reads of files is told and remembered, and a worker that lies or dies costs no more than it was asked. */
#include <errno.h>

#include "bpf/events.h"
#include "profiler/container_files.h"
#include "profiler/container_names.h"
#include "profiler/process_facts.h"
#include "tests/unit/worker_in_test.h"
#include "worker/container_service.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* --- the worker --- */

#define KILLS "{\"Name\":\"/kills\"}"

/* Dies of a file like this one, as a parser with a flaw may. */
static int answer_or_die(const struct worker_question *question, struct buffer *ret_answer)
{
	if (question->payload.size &&
	    memmem(question->payload.data, question->payload.size, KILLS, strlen(KILLS)))
		abort();
	return worker_child_answer(question, ret_answer);
}

/* --- facts --- */

static void add_file(struct process_facts *facts, uint32_t container, const char *json,
		     bool is_of_many, bool is_users)
{
	struct container_text *text = calloc(1, sizeof(*text) + strlen(json));

	text->size = strlen(json);
	text->is_of_many = is_of_many;
	text->is_users = is_users;
	memcpy(text->bytes, json, text->size);
	assert_int_equal(process_facts_add_file(facts, container, text), 0);
	free(text);
}

static uint32_t add_container(struct process_facts *facts, const char *id)
{
	const struct container_fact fact = { .id = id, .pod = "" };
	uint32_t index;

	assert_int_equal(process_facts_add_container(facts, &fact, &index), 0);
	return index;
}

static const char *name_in(const struct process_facts *facts, uint32_t container)
{
	return facts->containers[container]->words[CONTAINER_NAME];
}

static void what_was_learnt_is_remembered(void **state)
{
	struct worker *worker = worker_in_test_new(&WORKER_DEADLINE);
	struct container_names *names = container_names_new();
	struct process_facts *facts = process_facts_new();
	uint32_t first = add_container(facts, ID), second = add_container(facts, OTHER);

	(void)state;
	add_file(facts, first, "{\"Name\":\"/web-1\",\"Config\":{\"Image\":\"i\"}}", false, false);
	assert_int_equal(container_names_learn(names, facts, worker), 0);
	assert_string_equal(name_in(facts, first), "web-1");
	assert_string_equal(facts->containers[first]->words[CONTAINER_IMAGE], "i");
	assert_null(name_in(facts, second));
	process_facts_free(facts);
	/* A later window brings no file; then one with another name. */
	facts = process_facts_new();
	first = add_container(facts, ID);
	assert_int_equal(container_names_learn(names, facts, worker), 0);
	assert_string_equal(name_in(facts, first), "web-1");
	add_file(facts, first, "{\"Name\":\"/renamed\"}", false, false);
	assert_int_equal(container_names_learn(names, facts, worker), 0);
	assert_string_equal(name_in(facts, first), "renamed");
	process_facts_free(facts);
	container_names_free(names);
	container_names_free(NULL);
	worker_free(worker);
}

static void one_file_of_many_is_asked_about_once(void **state)
{
	static const char many[] =
		"[{\"id\":\"" ID "\",\"names\":[\"a\"]},{\"id\":\"" OTHER "\",\"names\":[\"b\"]}]";
	struct worker *worker = worker_in_test_new(&WORKER_DEADLINE);
	struct container_names *names = container_names_new();
	struct process_facts *facts = process_facts_new();
	uint32_t first = add_container(facts, ID), second = add_container(facts, OTHER);

	(void)state;
	for (int i = 0; i < 2; i++) {
		add_file(facts, first, many, true, false);
		add_file(facts, second, many, true, false);
	}
	assert_int_equal(facts->file_count, 1);
	add_file(facts, first, "{}", false, false);
	add_file(facts, second, "{}", false, false);
	assert_int_equal(container_names_learn(names, facts, worker), 0);
	assert_string_equal(name_in(facts, first), "a");
	assert_string_equal(name_in(facts, second), "b");
	process_facts_free(facts);
	container_names_free(names);
	worker_free(worker);
}

static void a_users_file_costs_nobody_else_a_name(void **state)
{
	struct worker *worker = worker_in_test_new(&WORKER_DEADLINE);
	struct container_names *names = container_names_new();
	struct process_facts *facts = process_facts_new();
	char ids[3][CONTAINER_ID_MAX + 1] = { ID, OTHER, ID };
	uint32_t containers[3];

	(void)state;
	memset(ids[2], 'a', 4);
	for (int i = 0; i < 3; i++)
		containers[i] = add_container(facts, ids[i]);
	add_file(facts, containers[0], "{\"Name\":\"/roots\"}", false, false);
	add_file(facts, containers[1], KILLS, false, true);
	add_file(facts, containers[2], "{\"Name\":\"/users\"}", false, true);
	assert_int_not_equal(container_names_learn(names, facts, worker), 0);
	assert_string_equal(name_in(facts, containers[0]), "roots");
	assert_null(name_in(facts, containers[1]));
	assert_string_equal(name_in(facts, containers[2]), "users");
	process_facts_free(facts);
	container_names_free(names);
	worker_free(worker);
}

static void what_is_not_met_is_forgotten(void **state)
{
	struct worker *worker = worker_in_test_new(&WORKER_DEADLINE);
	struct container_names *names = container_names_new();

	(void)state;
	for (int window = 0; window < 6; window++) {
		struct process_facts *facts = process_facts_new();
		uint32_t often = add_container(facts, ID);
		uint32_t seldom = window % 5 ? often : add_container(facts, OTHER);

		if (!window) {
			add_file(facts, often, "{\"Name\":\"/often\"}", false, false);
			add_file(facts, seldom, "{\"Name\":\"/seldom\"}", false, false);
		}
		assert_int_equal(container_names_learn(names, facts, worker), 0);
		assert_string_equal(name_in(facts, often), "often");
		if (!window)
			assert_string_equal(name_in(facts, seldom), "seldom");
		if (window == 5)
			assert_null(name_in(facts, seldom));
		process_facts_free(facts);
		container_names_forget(names, 3);
	}
	container_names_free(names);
	worker_free(worker);
}

static void an_answer_that_does_not_add_up_is_none(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int error;
	} cases[] = {
		{ "a\0b\0c\0d", 8, 0 },        { "\0\0\0", 4, 0 },
		{ "a\0b\0c\0d", 7, -EBADMSG }, { "a\0b\0c\0d\0", 9 + 1, -EBADMSG },
		{ "a\0b\0c", 6, -EBADMSG },    { "", 0, -EBADMSG },
	};
	char longest[CONTAINER_WORD_MAX + 5] = { 0 };
	struct container_words container = { .id = ID };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct bytes bytes = { (const uint8_t *)cases[i].bytes, cases[i].size };

		container = (struct container_words){ .id = ID };
		assert_int_equal(container_service_hear(bytes, &container, 1), cases[i].error);
		if (cases[i].error)
			assert_string_equal(container.words[CONTAINER_NAME].text, "");
	}
	memset(longest, 'a', CONTAINER_WORD_MAX + 1);
	assert_int_equal(
		container_service_hear((struct bytes){ (const uint8_t *)longest, sizeof(longest) },
				       &container, 1),
		-EBADMSG);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_learnt_is_remembered, worker_in_test_setup),
		cmocka_unit_test_setup(one_file_of_many_is_asked_about_once, worker_in_test_setup),
		cmocka_unit_test_setup(a_users_file_costs_nobody_else_a_name, worker_in_test_setup),
		cmocka_unit_test_setup(what_is_not_met_is_forgotten, worker_in_test_setup),
		cmocka_unit_test(an_answer_that_does_not_add_up_is_none),
	};

	(void)argc;
	if (worker_in_test_is_it(argv))
		return worker_in_test_run(argv, answer_or_die);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
