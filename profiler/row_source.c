/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/row_source.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbolize/debug_file.h"
#include "symbolize/symbolizer.h"
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

/* So much of its code nothing tells anything of that it is worth looking for another file. */
#define UNKNOWN_PERMILLE 250

static bool lacks_cfi(const struct buffer *table)
{
	const struct row_table_header *header = (const struct row_table_header *)table->data;

	return header->unknown_permille >= UNKNOWN_PERMILLE;
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

static int open_debug_file(int fd)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;
	struct build_id build_id = { 0 };
	struct debuglink link;
	char path[PATH_MAX];
	struct debug_file_query query = { .build_id = &build_id,
					  .folders = symbolizer_default_debug_folders };
	int debug_fd;

	if (elf_file_open(fd, &file))
		return -1;
	build_id_read(file, &build_id);
	query.link = debuglink_read(file, &link) ? NULL : &link;
	query.path = path_of(fd, path, sizeof(path)) ? path : NULL;
	return debug_file_open(&query, &debug_fd) ? -1 : debug_fd;
}

int row_source_compile(int fd, struct buffer *ret_table)
{
	_cleanup_close_ int debug_fd = -1;
	int err = row_compiler_compile(fd, -1, ret_table);

	if (err || !lacks_cfi(ret_table))
		return err;
	debug_fd = open_debug_file(fd);
	if (debug_fd < 0)
		return 0;
	buffer_release(ret_table);
	return row_compiler_compile(fd, debug_fd, ret_table);
}
