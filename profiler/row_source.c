/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/row_source.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "elf/elf_file.h"
#include "profiler/unwind_loader.h"
#include "symbolize/symbolizer.h"
#include "symbolize/vdso.h"
#include "unwind/row_compiler.h"
#include "worker/opener.h"
#include "worker/row_service.h"
#include "worker/worker.h"

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

int row_source_compile_vdso(struct buffer *ret_table)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;
	int error = vdso_open(&file);

	return error ? error : row_compiler_compile_files(file, NULL, ret_table);
}

/* The path of an open file, as this mount namespace sees it. False: it has none. */
static bool path_of(int fd, char *to, size_t size)
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, to, size - 1);
	to[length > 0 ? length : 0] = '\0';
	return to[0] == '/';
}

/* A file whose debug file is looked for. */
struct search {
	const struct row_source *source;
	int fd;
	struct buffer *table; /* by the file alone; and with its debug file, once that is found */
};

static bool take_table(void *context, int *fd, enum debug_file_way way)
{
	const struct search *search = context;
	const struct debug_candidate candidate = { *fd, way };
	struct debug_identity identity;
	struct buffer table;

	if (row_service_ask(search->source->worker, search->fd, &candidate, &table, &identity))
		return false;
	buffer_release(search->table);
	*search->table = table;
	return true;
}

/* None, or none that the worker takes: the table stays as it is. */
static void look_for_debug_file(struct search *search, const struct debug_identity *identity)
{
	const struct debug_places places = { symbolizer_default_debug_folders,
					     search->source->opener, search->source->local_files };
	char path[PATH_MAX];

	if (debug_identity_is_known(identity))
		debug_identity_search(identity,
				      path_of(search->fd, path, sizeof(path)) ? path : NULL,
				      &places, take_table, search);
}

static int compile(void *context, int fd, struct buffer *ret_table)
{
	struct search search = { context, fd, ret_table };
	struct debug_identity identity;
	int error;

	if (fd == UNWIND_LOADER_VDSO)
		return row_source_compile_vdso(ret_table);
	error = row_service_ask(search.source->worker, fd, &(struct debug_candidate){ .fd = -1 },
				ret_table, &identity);
	if (!error)
		look_for_debug_file(&search, &identity);
	return error;
}

static void interrupt(void *context)
{
	const struct row_source *source = context;

	worker_interrupt(source->worker);
	if (source->opener)
		opener_interrupt(source->opener);
}

struct unwind_row_source row_source_of_worker(struct row_source *source)
{
	return (struct unwind_row_source){ compile, interrupt, source };
}
