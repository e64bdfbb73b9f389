/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/symbolizer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/elf_file.h"
#include "symbolize/answer.h"
#include "symbolize/file_names.h"
#include "symbolize/kernel_names.h"
#include "symbolize/made_code.h"
#include "symbolize/vdso.h"

const char *const symbolizer_default_debug_folders[] = { "/usr/lib/debug", NULL };

struct queued_request {
	struct queued_request *next;
	struct symbol_request request; /* with an own descriptor, path and addresses */
};

struct symbolizer {
	struct symbolizer_options options;
	struct queued_request *first;
	struct queued_request **end; /* where the next one is linked in */
};

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

/* --- the queue --- */

static void release_code_file(struct symbol_code_file *file)
{
	cleanup_close(&file->fd);
	free((struct code_look *)file->looks);
}

static void queued_request_free(struct queued_request *queued)
{
	if (!queued)
		return;
	cleanup_close(&queued->request.fd);
	release_code_file(&queued->request.made_code.dump);
	release_code_file(&queued->request.made_code.map);
	free((char *)queued->request.path);
	free((uint64_t *)queued->request.addresses);
	free(queued);
}

DEFINE_CLEANUP(cleanup_queued, struct queued_request *, queued_request_free)

static int copy_fd(int from, int *ret_to)
{
	int fd = fcntl(from, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return errno == EBADF ? -EINVAL : -errno;
	*ret_to = fd;
	return 0;
}

/* One that is not there is no error. */
static int copy_code_file(const struct symbol_code_file *from, struct symbol_code_file *to)
{
	size_t size = from->look_count * sizeof(*from->looks);
	struct code_look *looks;

	if (from->fd < 0 || !from->look_count)
		return 0;
	looks = malloc(size);
	if (!looks)
		return -ENOMEM;
	memcpy(looks, from->looks, size);
	to->looks = looks;
	to->look_count = from->look_count;
	return copy_fd(from->fd, &to->fd);
}

static int copy_made_code(const struct symbol_made_code *from, struct symbol_made_code *to)
{
	int err = copy_code_file(&from->dump, &to->dump);

	if (!err)
		err = copy_code_file(&from->map, &to->map);
	to->start_ns = from->start_ns;
	to->deadline_ns = from->deadline_ns;
	return !err && to->dump.fd < 0 && to->map.fd < 0 ? -EINVAL : err;
}

static int copy_request(const struct symbol_request *from, struct symbol_request *to)
{
	size_t size = from->count * sizeof(*from->addresses);
	uint64_t *addresses = malloc(size ? size : 1);

	to->addresses = addresses;
	if (!addresses)
		return -ENOMEM;
	if (size)
		memcpy(addresses, from->addresses, size);
	if (from->path) {
		to->path = strdup(from->path);
		if (!to->path)
			return -ENOMEM;
	}
	if (from->space == SYMBOL_MADE_CODE)
		return copy_made_code(&from->made_code, &to->made_code);
	return from->space == SYMBOL_FILE ? copy_fd(from->fd, &to->fd) : 0;
}

struct symbolizer *symbolizer_new(const struct symbolizer_options *options)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));

	if (!symbolizer)
		return NULL;
	symbolizer->options = *options;
	symbolizer->end = &symbolizer->first;
	return symbolizer;
}

static void drop_first(struct symbolizer *symbolizer)
{
	struct queued_request *first = symbolizer->first;

	symbolizer->first = first->next;
	if (!symbolizer->first)
		symbolizer->end = &symbolizer->first;
	queued_request_free(first);
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	while (symbolizer->first)
		drop_first(symbolizer);
	free(symbolizer);
}

int symbolizer_submit(struct symbolizer *symbolizer, const struct symbol_request *request)
{
	_cleanup_(cleanup_queued) struct queued_request *queued = NULL;
	int err;

	if (request->count > SYMBOLIZER_MAX_ADDRESSES)
		return -E2BIG;
	queued = calloc(1, sizeof(*queued));
	if (!queued)
		return -ENOMEM;
	queued->request = (struct symbol_request){
		.id = request->id,
		.space = request->space,
		.kernel_code = request->kernel_code,
		.demangle = request->demangle,
		.fd = -1,
		.made_code = { .dump.fd = -1, .map.fd = -1 },
		.count = request->count,
	};
	err = copy_request(request, &queued->request);
	if (err)
		return err;
	*symbolizer->end = queued;
	symbolizer->end = &queued->next;
	take_ptr(queued);
	return 0;
}

/* --- answering --- */

static int answer_elf(const struct symbolizer *symbolizer, const struct symbol_request *request,
		      struct elf_file *file, struct answer *answer)
{
	const struct file_question question = {
		.path = request->path,
		.debug_folders = symbolizer->options.debug_folders,
		.offsets = request->addresses,
		.count = request->count,
	};

	return file_names_answer(file, &question, answer);
}

static int answer_file(const struct symbolizer *symbolizer, const struct symbol_request *request,
		       struct answer *answer)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;
	int err = elf_file_open(request->fd, &file);

	return err ? err : answer_elf(symbolizer, request, file, answer);
}

static int answer_vdso(const struct symbolizer *symbolizer, const struct symbol_request *request,
		       struct answer *answer)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;
	int err = vdso_open(&file);

	return err ? err : answer_elf(symbolizer, request, file, answer);
}

static int answer_any(const struct symbolizer *symbolizer, const struct symbol_request *request,
		      struct answer *answer)
{
	switch (request->space) {
	case SYMBOL_FILE:
		return answer_file(symbolizer, request, answer);
	case SYMBOL_KERNEL:
		return kernel_names_answer(request, answer);
	case SYMBOL_VDSO:
		return answer_vdso(symbolizer, request, answer);
	case SYMBOL_MADE_CODE:
		return made_code_answer(request, answer);
	}
	return -EINVAL;
}

static void give_reply(const struct symbol_request *request, const struct answer *answer, int error,
		       symbol_reply_fn reply, void *context)
{
	const struct symbol_reply given = {
		.id = request->id,
		.error = error,
		.build_id = answer->build_id.size ? answer->build_id.bytes : NULL,
		.build_id_size = answer->build_id.size,
		.names = answer->names,
		.count = answer->count,
	};

	reply(&given, context);
}

/* A module that failed half-way has no names at all: what was found until then may be the wrong one. */
static int answer_request(const struct symbolizer *symbolizer, const struct symbol_request *request,
			  symbol_reply_fn reply, void *context)
{
	_cleanup_(answer_release) struct answer answer = { 0 };
	int err = answer_init(&answer, request->count);

	answer.demangle = request->demangle;
	if (!err)
		err = answer_any(symbolizer, request, &answer);
	if (err == -ENOMEM)
		return err;
	if (err && request->count)
		memset(answer.names, 0, request->count * sizeof(*answer.names));
	give_reply(request, &answer, err, reply, context);
	return 0;
}

int symbolizer_run(struct symbolizer *symbolizer, symbol_reply_fn reply, void *context)
{
	while (symbolizer->first) {
		int err = answer_request(symbolizer, &symbolizer->first->request, reply, context);

		if (err)
			return err;
		drop_first(symbolizer);
	}
	return 0;
}
