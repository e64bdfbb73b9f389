/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/name_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "profiler/debug_server.h"
#include "worker/file_owner.h"
#include "worker/name_service.h"
#include "worker/worker.h"

/* So many questions are under way: enough that neither process waits for the other one. */
#define MAX_ASKED 16

/* What is looked for next for a request: of several candidates for a file so many were tried, and at last a server is asked for it. */
struct file_search {
	size_t tried;
	bool server_was_asked;
};

/* What a question has that the one before did not have, and so what its answer is by. */
enum question_stage { WITH_DEBUG_FILE, WITH_SUPPLEMENT, WITH_PACKAGE, WITH_SPLIT_FILES };

/* A request that the worker was asked about, once and again: with debug files, and with the files that the DWARF of these leads to. */
struct asked {
	struct asked *next;
	struct symbol_request request;
	struct answer answer; /* the best one until now */
	uint64_t cpu_ns;      /* of the worker, of all of them */
	struct symbol_file_use files;
	struct debug_candidate with; /* with what it was asked; its files are ours */
	struct debug_identity wanted, wanted_by_dwarf; /* debug file, supplementary file */
	enum question_stage stage;                     /* of the question that it is at */
	struct file_search debug_files, supplements;
	bool seeks_supplement, seeks_package, seeks_split_files;
	struct debug_identity
		wanted_by_units; /* of which only the files of single ones; their paths are the answer's */
	bool has_debug_file;  /* the answer is by one */
	int debug_file_error; /* of the last one that could not be read */
};

struct name_source {
	struct worker *worker;
	struct name_source_debug_files debug_files;
	symbol_reply_fn reply;
	void *context;
	uint32_t max_ms;
	uint64_t end_ns; /* CLOCK_MONOTONIC, from which on nobody is asked; 0: nobody was yet */
	struct symbolizer *symbolizer; /* for what is nobody's but the kernel's */
	struct asked *first, **last;   /* as the worker answers */
	size_t count;
	uint64_t told_cpu_ns; /* of the worker's, for which requests it was is told */
};

struct name_source *name_source_new(struct worker *worker,
				    const struct name_source_debug_files *debug_files,
				    uint32_t max_ms, symbol_reply_fn reply, void *context)
{
	const struct symbolizer_options options = { .debug_folders =
							    symbolizer_default_debug_folders };
	struct name_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->worker = worker;
	source->debug_files = *debug_files;
	source->max_ms = max_ms;
	source->reply = reply;
	source->context = context;
	source->last = &source->first;
	source->told_cpu_ns = worker_cpu_ns(worker);
	source->symbolizer = symbolizer_new(&options);
	if (!source->symbolizer) {
		free(source);
		return NULL;
	}
	return source;
}

static void close_supplement(struct asked *asked)
{
	if (asked->with.has_supplement)
		close(asked->with.supplement);
	asked->with.has_supplement = false;
}

static void close_files(struct asked *asked)
{
	close_supplement(asked);
	if (asked->with.has_package)
		close(asked->with.package);
	for (size_t i = 0; i < asked->with.split_file_count; i++)
		close(asked->with.split_files[i]);
	cleanup_close(&asked->with.fd);
	asked->with = (struct debug_candidate){ .fd = -1 };
}

static void free_asked(struct asked *asked)
{
	answer_release(&asked->answer);
	close_files(asked);
	free(asked);
}

DEFINE_CLEANUP(cleanup_asked, struct asked *, free_asked)

static struct asked *pop_asked(struct name_source *source)
{
	struct asked *asked = source->first;

	source->first = asked->next;
	if (!source->first)
		source->last = &source->first;
	source->count--;
	return asked;
}

void name_source_free(struct name_source *source)
{
	if (!source)
		return;
	while (source->first)
		free_asked(pop_asked(source));
	symbolizer_free(source->symbolizer);
	free(source);
}

static int ask_here(struct name_source *source, const struct symbol_request *request)
{
	int error = symbolizer_submit(source->symbolizer, request);

	return error ? error : symbolizer_run(source->symbolizer, source->reply, source->context);
}

/* However many files are slow, or were made to be. */
static bool is_over(struct name_source *source)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (!source->end_ns)
		source->end_ns = now_ns + source->max_ms * 1000000ull;
	return now_ns >= source->end_ns;
}

/* --- what to ask with next --- */

/* The next candidate of a search that begins anew. */
struct next_candidate {
	size_t passed_by;
	int fd;
	enum debug_file_way way;
};

static bool take_next(void *context, int *fd, enum debug_file_way way)
{
	struct next_candidate *next = context;

	if (next->passed_by) {
		next->passed_by--;
		return false;
	}
	next->fd = take_fd(fd);
	next->way = way;
	return true;
}

static bool fetch(struct name_source *source, struct file_search *search,
		  const struct build_id *build_id, const char *what, int *ret_fd)
{
	uint64_t begun_ns = clock_monotonic_ns();
	int error;

	if (!source->debug_files.server || !build_id->size || search->server_was_asked)
		return false;
	search->server_was_asked = true;
	error = debug_server_find(source->debug_files.server, build_id, what, ret_fd);
	source->end_ns += clock_monotonic_ns() - begun_ns;
	return !error;
}

static bool next_debug_file(struct name_source *source, struct asked *asked)
{
	struct next_candidate next = { .passed_by = asked->debug_files.tried };
	const char *path = asked->request.path;
	const char *slash = path ? strrchr(path, '/') : NULL;
	int fd;

	if (!debug_identity_search(&asked->wanted, path, &source->debug_files.places, take_next,
				   &next)) {
		asked->debug_files.tried++;
		asked->with = (struct debug_candidate){ next.fd, next.way };
		return true;
	}
	if (!fetch(source, &asked->debug_files, &asked->wanted.build_id,
		   slash ? slash + 1 : "a file", &fd))
		return false;
	asked->with = (struct debug_candidate){ fd, DEBUG_FILE_BY_BUILD_ID, .is_anybodys = true };
	return true;
}

/* The names of what was inlined may lie in a file that dwz made; where that is not to be had, they are read without. */
static bool next_supplement(struct name_source *source, struct asked *asked)
{
	struct next_candidate next = { .passed_by = asked->supplements.tried };
	int fd;

	if (!debug_identity_search_supplement(&asked->wanted_by_dwarf, &source->debug_files.places,
					      take_next, &next)) {
		asked->supplements.tried++;
		asked->with.supplement = next.fd;
		asked->with.has_supplement = true;
	} else if (fetch(source, &asked->supplements, &asked->wanted_by_dwarf.supplement.build_id,
			 "what dwz moved out of a file", &fd)) {
		asked->with.supplement = fd;
		asked->with.has_supplement = true;
		asked->with.is_anybodys = true;
	} else if (!asked->with.lacks_supplement) {
		asked->with.lacks_supplement = true;
	} else {
		return false;
	}
	return true;
}

/* Whose choice it is where files of split DWARF are, and who so may have taken over the worker that said it. */
static uint32_t owner_of(const struct asked *asked)
{
	const struct debug_candidate *with = &asked->with;
	int files[4] = { asked->request.fd };
	size_t count = 1;

	if (with->is_anybodys)
		return FILE_OWNER_ANYBODY;
	if (with->fd >= 0)
		files[count++] = with->fd;
	if (with->has_supplement)
		files[count++] = with->supplement;
	if (with->has_package)
		files[count++] = with->package;
	return file_owner_of(files, count);
}

/* The names of what was inlined may lie in a package, of which there is one. */
static bool next_package(const struct name_source *source, struct asked *asked)
{
	const struct split_file_wanted wanted = { .path = asked->request.path };

	asked->seeks_package = false;
	asked->with.has_package = !debug_identity_search_split(
		&wanted, owner_of(asked), &source->debug_files.places, &asked->with.package);
	return asked->with.has_package;
}

/* Then in files of single units, all that are there at once. */
static bool next_split_files(const struct name_source *source, struct asked *asked)
{
	const struct debug_identity *wanted = &asked->wanted_by_units;
	struct debug_candidate *with = &asked->with;
	uint32_t owner = owner_of(asked);

	asked->seeks_split_files = false;
	for (size_t i = 0; i < wanted->split_file_count; i++) {
		const struct split_file_wanted file = {
			.path = asked->request.path,
			.name = wanted->split_files[i].path,
		};
		size_t next = with->split_file_count;

		with->split_ids[next] = wanted->split_files[i].id;
		with->split_file_count += !debug_identity_search_split(
			&file, owner, &source->debug_files.places, &with->split_files[next]);
	}
	return with->split_file_count != 0;
}

static bool next_question(struct name_source *source, struct asked *asked)
{
	asked->stage = WITH_SUPPLEMENT;
	if (asked->seeks_supplement && next_supplement(source, asked))
		return true;
	asked->stage = WITH_PACKAGE;
	if (asked->seeks_package && next_package(source, asked))
		return true;
	asked->stage = WITH_SPLIT_FILES;
	if (asked->seeks_split_files && next_split_files(source, asked))
		return true;
	close_files(asked);
	asked->stage = WITH_DEBUG_FILE;
	return !asked->has_debug_file && next_debug_file(source, asked);
}

/* --- the worker --- */

/* Who is asked about belongs to the source then. */
static int submit(struct name_source *source, struct asked **asked)
{
	int error = name_service_submit(source->worker, &(*asked)->request, &(*asked)->with);

	if (error)
		return error;
	(*asked)->next = NULL;
	*source->last = *asked;
	source->last = &(*asked)->next;
	source->count++;
	*asked = NULL;
	return 0;
}

/* Of one that ended meanwhile it is known less exactly. What the worker says, if not 0, is believed as far as it adds up. */
static uint64_t cpu_of_answer(struct name_source *source, uint64_t said_ns)
{
	uint64_t all_ns = worker_cpu_ns(source->worker);
	uint64_t untold_ns = all_ns > source->told_cpu_ns ? all_ns - source->told_cpu_ns : 0;
	uint64_t cpu_ns = said_ns && said_ns < untold_ns ? said_ns : untold_ns;

	source->told_cpu_ns += cpu_ns;
	return cpu_ns;
}

static void tell(const struct name_source *source, const struct asked *asked, int error)
{
	const struct answer *answer = &asked->answer;
	const struct symbol_reply reply = {
		.id = asked->request.id,
		.error = error,
		.debug_file_error = asked->debug_file_error,
		.debug_info_error = answer->debug_info_error,
		.build_id = answer->build_id.size ? answer->build_id.bytes : NULL,
		.build_id_size = answer->build_id.size,
		.names = answer->names,
		.count = answer->count,
		.cpu_ns = asked->cpu_ns,
		.files = asked->files,
	};

	source->reply(&reply, source->context);
}

/* By the file alone: until that is answered there are no names. */
static bool is_first(const struct asked *asked)
{
	return asked->with.fd < 0 && asked->stage == WITH_DEBUG_FILE;
}

/* Of the file, or with its debug file. */
static void take_identity(struct asked *asked, const struct debug_identity *identity)
{
	asked->seeks_supplement = identity->has_supplement;
	asked->supplements = (struct file_search){ 0 };
	asked->wanted_by_dwarf = *identity;
	asked->has_debug_file = asked->with.fd >= 0;
	if (asked->has_debug_file)
		asked->debug_file_error = 0;
	else
		asked->wanted = *identity;
}

static void take_answer(struct asked *asked, const struct answer *answer,
			const struct debug_identity *identity)
{
	answer_release(&asked->answer);
	asked->answer = *answer;
	asked->files.opened += answer->files.opened;
	asked->files.found += answer->files.found;
	asked->files.closed += answer->files.closed;
	asked->files.kept_bytes = answer->files.kept_bytes;
	asked->seeks_supplement = false;
	if (asked->stage == WITH_DEBUG_FILE)
		take_identity(asked, identity);
	asked->seeks_package = asked->stage < WITH_PACKAGE && identity->wants_package;
	asked->seeks_split_files = asked->stage < WITH_SPLIT_FILES && identity->split_file_count;
	asked->wanted_by_units = *identity;
}

/* What it was asked with is of no use; another file's is none. */
static void refuse(struct asked *asked, int error)
{
	if (asked->stage == WITH_DEBUG_FILE && error != -ESTALE)
		asked->debug_file_error = error;
	if (asked->with.lacks_supplement)
		asked->seeks_supplement = false;
}

/* The answer to the oldest question; it may be asked once more. */
static int take(struct name_source *source)
{
	_cleanup_(cleanup_asked) struct asked *asked = pop_asked(source);
	bool was_first = is_first(asked);
	struct debug_identity identity = { 0 };
	struct answer answer;
	uint64_t said_ns;
	int error = name_service_take(source->worker, asked->request.count, &answer, &identity,
				      &said_ns);

	if (error == -ENOMEM)
		return -ENOMEM;
	asked->cpu_ns += cpu_of_answer(source, said_ns);
	if (!error)
		take_answer(asked, &answer, &identity);
	else if (!was_first)
		refuse(asked, error);
	if (asked->seeks_supplement)
		close_supplement(asked);
	if ((error && was_first) || is_over(source) || !next_question(source, asked)) {
		tell(source, asked, was_first ? error : 0);
		return 0;
	}
	return submit(source, &asked);
}

/* The oldest question is not waited for. */
static void give_up(struct name_source *source)
{
	_cleanup_(cleanup_asked) struct asked *asked = pop_asked(source);

	worker_drop(source->worker);
	asked->cpu_ns += cpu_of_answer(source, 0);
	tell(source, asked, is_first(asked) ? -ETIME : 0);
}

static int take_or_give_up(struct name_source *source)
{
	if (!is_over(source))
		return take(source);
	give_up(source);
	return 0;
}

int name_source_finish(struct name_source *source)
{
	int error = 0;

	while (source->first && !error)
		error = take_or_give_up(source);
	return error;
}

static int ask_worker(struct name_source *source, const struct symbol_request *request)
{
	_cleanup_(cleanup_asked) struct asked *asked = calloc(1, sizeof(*asked));

	if (!asked)
		return -ENOMEM;
	asked->request = *request;
	asked->with.fd = -1;
	if (is_over(source)) {
		tell(source, asked, -ETIME);
		return 0;
	}
	return submit(source, &asked);
}

int name_source_submit(struct name_source *source, const struct symbol_request *request)
{
	int error = 0;

	if (request->space != SYMBOL_FILE && request->space != SYMBOL_MADE_CODE)
		return ask_here(source, request);
	if (request->count > SYMBOLIZER_MAX_ADDRESSES)
		return -E2BIG;
	while (source->count >= MAX_ASKED && !error)
		error = take_or_give_up(source);
	return error ? error : ask_worker(source, request);
}
