/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/name_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "profiler/debug_server.h"
#include "worker/name_service.h"
#include "worker/worker.h"

struct name_source {
	struct worker *worker;
	struct name_source_debug_files debug_files;
	uint64_t end_ns; /* CLOCK_MONOTONIC, from which on nobody is asked; 0: nobody was yet */
	struct symbolizer *symbolizer; /* for what is nobody's but the kernel's */
};

struct name_source *name_source_new(struct worker *worker,
				    const struct name_source_debug_files *debug_files)
{
	const struct symbolizer_options options = { .debug_folders =
							    symbolizer_default_debug_folders };
	struct name_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->worker = worker;
	source->debug_files = *debug_files;
	source->symbolizer = symbolizer_new(&options);
	if (!source->symbolizer) {
		free(source);
		return NULL;
	}
	return source;
}

void name_source_free(struct name_source *source)
{
	if (!source)
		return;
	symbolizer_free(source->symbolizer);
	free(source);
}

static int ask_here(struct name_source *source, const struct symbol_request *request,
		    symbol_reply_fn reply, void *context)
{
	int error = symbolizer_submit(source->symbolizer, request);

	return error ? error : symbolizer_run(source->symbolizer, reply, context);
}

/* A file whose debug file is looked for. */
struct search {
	struct worker *worker;
	const struct name_source_debug_files *debug_files;
	const struct symbol_request *request;
	struct answer *answer; /* by the file alone; and with its debug file, once that is found */
	int error;             /* of the last candidate that could not be read, until then */
};

/* What a supplementary file is looked for for, which was answered without. */
struct supplement_search {
	struct search *search;
	const struct debug_candidate *debug_file;
};

static bool ask_again(const struct supplement_search *search, int fd, bool is_anybodys)
{
	struct debug_candidate candidate = *search->debug_file;
	struct debug_identity identity;
	struct answer answer;

	candidate.supplement = fd;
	candidate.has_supplement = true;
	candidate.is_anybodys |= is_anybodys;
	if (name_service_ask(search->search->worker, search->search->request, &candidate, &answer,
			     &identity))
		return false;
	answer_release(search->search->answer);
	*search->search->answer = answer;
	return true;
}

static bool take_supplement(void *context, int *fd, enum debug_file_way way)
{
	(void)way;
	return ask_again(context, *fd, false);
}

/* The names of what was inlined may lie in a file that dwz made. Without it they stay as they are. */
static void look_for_supplement(struct search *search, const struct debug_candidate *debug_file,
				const struct debug_identity *identity)
{
	const struct name_source_debug_files *files = search->debug_files;
	struct supplement_search asked = { search, debug_file };
	_cleanup_close_ int fd = -1;

	if (!identity->has_supplement ||
	    !debug_identity_search_supplement(identity, &files->places, take_supplement, &asked))
		return;
	if (files->server && !debug_server_find(files->server, &identity->supplement.build_id,
						"what dwz moved out of a file", &fd))
		ask_again(&asked, fd, true);
}

static bool ask_with(struct search *search, const struct debug_candidate *candidate)
{
	struct debug_identity identity;
	struct answer answer;
	int error =
		name_service_ask(search->worker, search->request, candidate, &answer, &identity);

	/* Another file's is none. */
	if (error != -ESTALE)
		search->error = error;
	if (error)
		return false;
	answer_release(search->answer);
	*search->answer = answer;
	look_for_supplement(search, candidate, &identity);
	return true;
}

static bool take_answer(void *context, int *fd, enum debug_file_way way)
{
	const struct debug_candidate candidate = { *fd, way };

	return ask_with(context, &candidate);
}

static void ask_server(struct debug_server *server, const struct debug_identity *wanted,
		       struct search *search)
{
	_cleanup_close_ int fd = -1;
	const char *path = search->request->path;
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!debug_server_find(server, &wanted->build_id, slash ? slash + 1 : "a file", &fd))
		ask_with(search, &(struct debug_candidate){ fd, DEBUG_FILE_BY_BUILD_ID,
							    .is_anybodys = true });
}

/* However many files are slow, or were made to be. */
static bool is_over(struct name_source *source)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (!source->end_ns)
		source->end_ns = now_ns + NAME_SOURCE_MAX_SECONDS * 1000000000ull;
	return now_ns >= source->end_ns;
}

static int ask_worker(const struct name_source *source, const struct symbol_request *request,
		      struct answer *ret_answer, int *ret_debug_file_error)
{
	const struct debug_candidate none = { .fd = -1 };
	struct search search = { source->worker, &source->debug_files, request, ret_answer, 0 };
	struct debug_identity wanted;
	int error = name_service_ask(source->worker, request, &none, ret_answer, &wanted);

	if (!error)
		look_for_supplement(&search, &none, &wanted);
	/* None, or none that the worker takes: the answer stays as it is. */
	if (!error &&
	    debug_identity_search(&wanted, request->path, &source->debug_files.places, take_answer,
				  &search) &&
	    source->debug_files.server && wanted.build_id.size)
		ask_server(source->debug_files.server, &wanted, &search);
	*ret_debug_file_error = search.error;
	return error;
}

/* Of one that ended meanwhile it is known less exactly. */
static uint64_t worker_cpu_since(struct worker *worker, uint64_t begun_ns)
{
	uint64_t now_ns = worker_cpu_ns(worker);

	return now_ns > begun_ns ? now_ns - begun_ns : 0;
}

int name_source_ask(struct name_source *source, const struct symbol_request *request,
		    symbol_reply_fn reply, void *context)
{
	_cleanup_(answer_release) struct answer answer = { 0 };
	struct symbol_reply given = { .id = request->id };
	uint64_t begun_ns;

	if (request->space != SYMBOL_FILE && request->space != SYMBOL_MADE_CODE)
		return ask_here(source, request, reply, context);
	if (request->count > SYMBOLIZER_MAX_ADDRESSES)
		return -E2BIG;
	begun_ns = worker_cpu_ns(source->worker);
	given.error = is_over(source)
			      ? -ETIME
			      : ask_worker(source, request, &answer, &given.debug_file_error);
	if (given.error == -ENOMEM)
		return -ENOMEM;
	given.build_id = answer.build_id.size ? answer.build_id.bytes : NULL;
	given.build_id_size = answer.build_id.size;
	given.names = answer.names;
	given.count = answer.count;
	given.cpu_ns = worker_cpu_since(source->worker, begun_ns);
	reply(&given, context);
	return 0;
}
