/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/container_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/record_pool.h"
#include "profiler/container_path.h"
#include "profiler/process_facts.h"

#define MAX_NAMES 65536 /* further ones are learnt and not remembered */

struct known_names {
	char id[CONTAINER_ID_DIGITS];
	uint64_t met;                  /* number of the call */
	char *words[CONTAINER_FIELDS]; /* NULL: not known */
};

struct container_names {
	struct record_pool known;
	uint64_t calls;
};

struct container_names *container_names_new(void)
{
	struct container_names *names = calloc(1, sizeof(*names));

	if (names)
		record_pool_init(&names->known, sizeof(struct known_names), CONTAINER_ID_DIGITS);
	return names;
}

static void release_words(struct known_names *known)
{
	for (size_t i = 0; i < CONTAINER_FIELDS; i++)
		free(known->words[i]);
}

void container_names_free(struct container_names *names)
{
	if (!names)
		return;
	for (uint32_t i = 0; i < names->known.count; i++)
		release_words(record_pool_get(&names->known, i));
	record_pool_release(&names->known);
	free(names);
}

/* --- asking --- */

/* The containers of which there is something new, by their place among those of the question; UINT32_MAX: nothing new. */
struct question {
	struct container_words *asked;
	uint32_t *places;
	size_t count;
};

static void question_release(struct question *question)
{
	free(question->asked);
	free(question->places);
}

static void add_to_question(struct question *question, const struct process_facts *facts,
			    uint32_t container)
{
	struct container_words *asked = &question->asked[question->count];

	if (question->places[container] != UINT32_MAX ||
	    question->count == CONTAINER_SERVICE_MAX_CONTAINERS)
		return;
	memcpy(asked->id, facts->containers[container]->id, CONTAINER_ID_DIGITS);
	question->places[container] = (uint32_t)question->count++;
}

/* A file of many containers tells of all of them that have an ID. */
static int make_question(struct process_facts *facts, struct question *question)
{
	question->asked = calloc(facts->container_count, sizeof(*question->asked));
	question->places = calloc(facts->container_count, sizeof(*question->places));
	if (!question->asked || !question->places)
		return -ENOMEM;
	memset(question->places, 0xff, facts->container_count * sizeof(*question->places));
	for (size_t i = 0; i < facts->file_count; i++) {
		uint32_t container = facts->files[i].container;

		if (container != CONTAINER_SERVICE_ANY)
			add_to_question(question, facts, container);
	}
	return 0;
}

static bool is_asked(const struct container_service_file *file, bool are_users, uint32_t container)
{
	return file->is_users == are_users &&
	       (container == CONTAINER_SERVICE_ANY || file->container == container ||
		file->container == CONTAINER_SERVICE_ANY);
}

/* About all containers, or one. */
static int ask_about(const struct process_facts *facts, struct question *question, bool are_users,
		     uint32_t container, struct worker *worker)
{
	_cleanup_free_ struct container_service_file *files =
		calloc(facts->file_count, sizeof(*files));
	bool is_one = container != CONTAINER_SERVICE_ANY;
	uint32_t first = is_one ? question->places[container] : 0;
	size_t count = 0;
	int error;

	if (!files)
		return -ENOMEM;
	for (size_t i = 0; i < facts->file_count; i++) {
		struct container_service_file file = facts->files[i];

		if (!is_asked(&file, are_users, container))
			continue;
		if (file.container != CONTAINER_SERVICE_ANY) {
			file.container = question->places[file.container];
			if (file.container == UINT32_MAX)
				continue;
			file.container -= first;
		}
		files[count++] = file;
	}
	if (!count)
		return 0;
	error = container_service_ask(worker, files, count, question->asked + first,
				      is_one ? 1 : question->count);
	/* The files are not told again: once more, of a worker that was started anew. */
	if (error && error != -ENOMEM)
		error = container_service_ask(worker, files, count, question->asked + first,
					      is_one ? 1 : question->count);
	return error;
}

/* Files that users wrote each by themselves: one that is the end of the worker, or takes it over, costs no other container its name. */
static int ask(const struct process_facts *facts, struct question *question, struct worker *worker)
{
	int error = ask_about(facts, question, false, CONTAINER_SERVICE_ANY, worker);

	for (size_t i = 0; i < facts->file_count; i++) {
		const struct container_service_file *file = &facts->files[i];
		int failed = 0;

		if (file->is_users && file->container != CONTAINER_SERVICE_ANY &&
		    question->places[file->container] != UINT32_MAX)
			failed = ask_about(facts, question, true, file->container, worker);
		error = error ? error : failed;
	}
	return error;
}

/* --- remembering --- */

static struct known_names *find(struct container_names *names, const struct container_fact *fact)
{
	uint32_t index;

	if (!*fact->id)
		return NULL;
	if (!record_pool_find(&names->known, fact->id, &index) &&
	    (names->known.count >= MAX_NAMES || record_pool_add(&names->known, fact->id, &index)))
		return NULL;
	return record_pool_get(&names->known, index);
}

/* What an engine told once and does not tell any more stays. */
static int remember(struct known_names *known, const struct container_words *words)
{
	for (size_t i = 0; i < CONTAINER_FIELDS; i++) {
		char *text;

		if (!*words->words[i].text)
			continue;
		text = strdup(words->words[i].text);
		if (!text)
			return -ENOMEM;
		free(known->words[i]);
		known->words[i] = text;
	}
	return 0;
}

static int fill_in(struct container_names *names, struct process_facts *facts,
		   const struct question *question)
{
	int error = 0;

	for (size_t i = 0; i < facts->container_count && !error; i++) {
		struct container_fact *fact = facts->containers[i];
		struct known_names *known = find(names, fact);

		if (!known)
			continue;
		known->met = names->calls;
		if (question->count && question->places[i] != UINT32_MAX)
			error = remember(known, &question->asked[question->places[i]]);
		for (size_t field = 0; field < CONTAINER_FIELDS && !error; field++)
			if (known->words[field])
				error = process_facts_set_word(facts, fact, field,
							       known->words[field]);
	}
	return error;
}

int container_names_learn(struct container_names *names, struct process_facts *facts,
			  struct worker *worker)
{
	_cleanup_(question_release) struct question question = { 0 };
	int asked = 0, error;

	names->calls++;
	if (!facts->container_count)
		return 0;
	if (facts->file_count)
		asked = make_question(facts, &question);
	if (!asked && question.count)
		asked = ask(facts, &question, worker);
	error = fill_in(names, facts, &question);
	return error ? error : asked;
}

void container_names_forget(struct container_names *names, uint64_t learned)
{
	struct record_pool kept;

	record_pool_init(&kept, sizeof(struct known_names), CONTAINER_ID_DIGITS);
	for (uint32_t i = 0; i < names->known.count; i++) {
		struct known_names *known = record_pool_get(&names->known, i);
		uint32_t index;

		if (known->met + learned < names->calls || record_pool_add(&kept, known, &index))
			release_words(known);
		else
			memcpy(record_pool_get(&kept, index), known, sizeof(*known));
	}
	record_pool_release(&names->known);
	names->known = kept;
}
