/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/package_owner.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string_pool.h"

static const struct {
	const char *begin;
	bool is_numbered;
	const char *debug;
} debug_packages[] = {
#define DEBUG_PACKAGE(begin, is_numbered, debug) { begin, is_numbered, debug },
#include "profiler/debug_packages.def"
#undef DEBUG_PACKAGE
};

struct owner_search {
	const char *database;
	struct string_pool paths; /* the id is the index in `indexes` */
	struct buffer indexes;    /* size_t: of the path that was asked for */
	struct string_pool packages;
	struct package_owner *owners;
	size_t bytes_left;
	struct buffer text; /* of a list */
};

/* --- names --- */

/* "libc6:amd64.list" is libc6's. */
static bool package_of_list(const char *file, char package[PACKAGE_NAME_MAX + 1])
{
	const char *dot = strrchr(file, '.');
	size_t size = strcspn(file, ":");

	if (!dot || strcmp(dot, ".list"))
		return false;
	if (file + size > dot)
		size = (size_t)(dot - file);
	if (!size || size > PACKAGE_NAME_MAX)
		return false;
	memcpy(package, file, size);
	package[size] = '\0';
	return true;
}

/* As a row of debug_packages.def has it. */
static bool name_by_row(const char *package, size_t row, char debug[PACKAGE_NAME_MAX + 1])
{
	size_t begin = strlen(debug_packages[row].begin), digits;

	if (strncmp(package, debug_packages[row].begin, begin))
		return false;
	digits = strspn(package + begin, "0123456789");
	if (debug_packages[row].is_numbered ? !digits : package[begin] != '\0')
		return false;
	snprintf(debug, PACKAGE_NAME_MAX + 1, "%s%.*s-dbg", debug_packages[row].debug, (int)digits,
		 package + begin);
	return true;
}

static void name_debug_package(const char *package, char debug[PACKAGE_NAME_MAX + 1])
{
	for (size_t i = 0; i < sizeof(debug_packages) / sizeof(debug_packages[0]); i++)
		if (name_by_row(package, i, debug))
			return;
	/* One whose name is too long for that is left without. */
	if (snprintf(debug, PACKAGE_NAME_MAX + 1, "%s-dbgsym", package) > PACKAGE_NAME_MAX)
		*debug = '\0';
}

/* --- lists --- */

static void look_at_line(struct owner_search *search, const char *line, size_t size,
			 const char *package)
{
	uint32_t id;

	if (string_pool_find(&search->paths, line, size, &id))
		name_debug_package(
			package,
			search->owners[((size_t *)search->indexes.data)[id]].debug_package);
}

static int look_in_list(struct owner_search *search, const char *file, const char *package)
{
	char path[4096];
	const char *line, *end;
	size_t limit = search->bytes_left < PACKAGE_LIST_MAX_BYTES ? search->bytes_left
								   : PACKAGE_LIST_MAX_BYTES;
	int error;

	buffer_clear(&search->text);
	snprintf(path, sizeof(path), "%s/%s", search->database, file);
	error = buffer_read_file(&search->text, path, limit);
	if (error) /* one that is too long, or gone meanwhile, owns nothing */
		return error == -ENOMEM ? error : 0;
	search->bytes_left -= search->text.size;
	line = search->text.data;
	for (size_t left = search->text.size; left && (end = memchr(line, '\n', left));
	     left -= (size_t)(end - line) + 1, line = end + 1)
		look_at_line(search, line, (size_t)(end - line), package);
	return 0;
}

static int look_in_lists(struct owner_search *search)
{
	_cleanup_closedir_ DIR *folder = opendir(search->database);
	struct dirent *entry;
	int error = 0;

	if (!folder)
		return -errno;
	while (!error && (errno = 0, entry = readdir(folder))) {
		char package[PACKAGE_NAME_MAX + 1];
		uint32_t id;

		if (!package_of_list(entry->d_name, package))
			continue;
		error = string_pool_add(&search->packages, package, strlen(package), &id);
		if (!error)
			error = look_in_list(search, entry->d_name, package);
	}
	return error ? error : -errno;
}

/* --- paths --- */

static int add_path(struct owner_search *search, const char *path, size_t index)
{
	uint32_t known = search->paths.count, id;
	int error = string_pool_add(&search->paths, path, strlen(path), &id);

	if (!error && id == known)
		buffer_append(&search->indexes, &index, sizeof(index));
	return error ? error : buffer_error(&search->indexes);
}

/* Where /lib is a link to /usr/lib packages may say either. */
static int add_paths(struct owner_search *search, const char *const *paths, size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		if (!paths[i])
			continue;
		error = add_path(search, paths[i], i);
		if (!error && !strncmp(paths[i], "/usr/", 5))
			error = add_path(search, paths[i] + 4, i);
	}
	return error;
}

static void search_release(struct owner_search *search)
{
	string_pool_release(&search->paths);
	string_pool_release(&search->packages);
	buffer_release(&search->indexes);
	buffer_release(&search->text);
}

int package_owner_find(const char *database, const char *const *paths, size_t count,
		       struct package_owner *ret_owners)
{
	_cleanup_(search_release) struct owner_search search = {
		.database = database,
		.owners = ret_owners,
		.bytes_left = PACKAGE_LISTS_MAX_BYTES,
	};
	uint32_t id;
	int error;

	memset(ret_owners, 0, count * sizeof(*ret_owners));
	string_pool_init(&search.paths);
	string_pool_init(&search.packages);
	error = add_paths(&search, paths, count);
	if (!error)
		error = look_in_lists(&search);
	for (size_t i = 0; !error && i < count; i++)
		ret_owners[i].is_installed =
			string_pool_find(&search.packages, ret_owners[i].debug_package,
					 strlen(ret_owners[i].debug_package), &id);
	return error;
}
