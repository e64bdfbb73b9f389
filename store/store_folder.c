/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define NS_PER_MS     1000000u
#define NS_PER_SECOND 1000000000u
#define ENDING        ".slice"
#define OPEN          "-open" ENDING
#define SET_ASIDE     "-damaged" ENDING
#define NAME_BYTES    160
#define LOCK_MODE     0600

/* --- names --- */

/* What follows the span of one that was made of others. */
static void make_level(const struct slice_entry *entry, char level[NAME_BYTES])
{
	*level = '\0';
	if (entry->level)
		snprintf(level, NAME_BYTES, "-%" PRIu64 "-%06" PRIu64 "-%06" PRIu64, entry->level,
			 entry->first, entry->last);
}

static void make_name(const struct slice_entry *entry, char name[NAME_BYTES])
{
	char level[NAME_BYTES];

	make_level(entry, level);
	if (entry->state == SLICE_SEALED)
		snprintf(name, NAME_BYTES, "%06" PRIu64 "-%" PRIu64 "-%" PRIu64 "%.60s" ENDING,
			 entry->number, entry->span.start_ns / NS_PER_MS,
			 entry->span.end_ns / NS_PER_MS + (entry->span.end_ns % NS_PER_MS != 0),
			 level);
	else
		snprintf(name, NAME_BYTES, "%06" PRIu64 "%s", entry->number,
			 entry->state == SLICE_IS_OPEN ? OPEN : SET_ASIDE);
}

char *store_folder_path(const char *folder, const struct slice_entry *entry)
{
	char name[NAME_BYTES], *path;

	make_name(entry, name);
	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* Digits, and what follows them; false: there is none, or too large a number. */
static bool take_number(const char **text, uint64_t *ret_number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(*text, &end, 10);
	*text = end;
	return !errno;
}

/* A number behind a hyphen. */
static bool take_next(const char **text, uint64_t *ret_number)
{
	if (**text != '-')
		return false;
	++*text;
	return take_number(text, ret_number);
}

/* The span, and of one that was made of others its level and what it was made of. */
static bool take_sealed(const char *text, struct slice_entry *entry)
{
	uint64_t start, end;

	if (!take_next(&text, &start) || !take_next(&text, &end))
		return false;
	if (*text == '-' && (!take_next(&text, &entry->level) || !entry->level ||
			     !take_next(&text, &entry->first) || !take_next(&text, &entry->last)))
		return false;
	return !strcmp(text, ENDING) &&
	       !__builtin_mul_overflow(start, NS_PER_MS, &entry->span.start_ns) &&
	       !__builtin_mul_overflow(end, NS_PER_MS, &entry->span.end_ns);
}

/* False: it is no slice's name. */
static bool parse_name(const char *name, struct slice_entry *ret_entry)
{
	struct slice_entry entry = { .state = SLICE_SEALED };

	if (!take_number(&name, &entry.number))
		return false;
	if (!strcmp(name, OPEN))
		entry.state = SLICE_IS_OPEN;
	else if (!strcmp(name, SET_ASIDE))
		entry.state = SLICE_SET_ASIDE;
	else if (!take_sealed(name, &entry))
		return false;
	*ret_entry = entry;
	return true;
}

/* --- the list --- */

void slice_list_release(struct slice_list *list)
{
	free(list->entries);
	*list = (struct slice_list){ 0 };
}

static int append(struct slice_list *list, size_t *capacity, struct slice_entry entry)
{
	struct slice_entry *grown;

	if (list->count == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 64;
		grown = reallocarray(list->entries, *capacity, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->entries = grown;
	}
	list->entries[list->count++] = entry;
	return 0;
}

/* A slice's file, and what SQLite has beside one that is open. */
static const char *const parts[] = { "", "-wal", "-shm" };

uint64_t store_folder_written_ns(const struct stat *status)
{
	return (uint64_t)status->st_mtim.tv_sec * NS_PER_SECOND + (uint64_t)status->st_mtim.tv_nsec;
}

static void look_at_files(int folder, const char *name, struct slice_entry *entry)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		char path[NAME_MAX + 8];
		struct stat status;

		snprintf(path, sizeof(path), "%s%s", name, parts[i]);
		if (fstatat(folder, path, &status, 0))
			continue;
		entry->bytes += (uint64_t)status.st_size;
		if (!i)
			entry->written_ns = store_folder_written_ns(&status);
		if (store_folder_written_ns(&status) > entry->last_write_ns)
			entry->last_write_ns = store_folder_written_ns(&status);
	}
}

int store_folder_rename(const char *folder, const struct slice_entry *from,
			const struct slice_entry *to)
{
	_cleanup_free_ char *old = store_folder_path(folder, from);
	_cleanup_free_ char *new = store_folder_path(folder, to);

	if (!old || !new)
		return -ENOMEM;
	return rename(old, new) ? -errno : 0;
}

int store_folder_set_aside(const char *folder, const struct slice_entry *entry)
{
	const struct slice_entry aside = { .number = entry->number, .state = SLICE_SET_ASIDE };
	static const char *const endings[] = { "-wal", "-shm" };
	_cleanup_free_ char *old = store_folder_path(folder, entry);
	_cleanup_free_ char *new = store_folder_path(folder, &aside);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings) && old && new; i++) {
		char *old_part, *new_part;

		if (asprintf(&old_part, "%s%s", old, endings[i]) < 0)
			return -ENOMEM;
		if (asprintf(&new_part, "%s%s", new, endings[i]) < 0)
			new_part = NULL;
		if (new_part)
			rename(old_part, new_part); /* there may be none */
		free(old_part);
		free(new_part);
	}
	return store_folder_rename(folder, entry, &aside);
}

/* One that others can open they can hold for ever. */
int store_folder_lock(const char *folder, const char *name, int *ret_lock)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int lock = -1;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
	if (lock < 0 || fchmod(lock, LOCK_MODE) || flock(lock, LOCK_EX | LOCK_NB))
		return -errno;
	*ret_lock = take_fd(&lock);
	return 0;
}

int store_folder_remove(const char *folder, const struct slice_entry *entry)
{
	_cleanup_free_ char *path = store_folder_path(folder, entry);
	int error = path ? 0 : -ENOMEM;

	for (size_t i = sizeof(parts) / sizeof(*parts); i-- && !error;) {
		char *part;

		if (asprintf(&part, "%s%s", path, parts[i]) < 0)
			return -ENOMEM;
		if (unlink(part) && errno != ENOENT)
			error = -errno;
		free(part);
	}
	return error;
}

static int compare(const void *left, const void *right)
{
	const struct slice_entry *a = left, *b = right;

	return (a->number > b->number) - (a->number < b->number);
}

/* Was `by` made of it? */
static bool is_replaced(const struct slice_entry *entry, const struct slice_entry *by)
{
	return entry->state == SLICE_SEALED && by->state == SLICE_SEALED &&
	       by->level > entry->level && entry->number >= by->first &&
	       entry->number <= by->last && entry->span.start_ns >= by->span.start_ns &&
	       entry->span.end_ns <= by->span.end_ns;
}

/* Keeps those that others were made of, or the rest. */
static int choose(struct slice_list *list, bool are_replaced)
{
	bool *replaced = calloc(list->count + 1, sizeof(*replaced));
	size_t kept = 0;

	if (!replaced)
		return -ENOMEM;
	for (size_t by = 0; by < list->count; by++)
		for (size_t i = 0; i < list->count && list->entries[by].level; i++)
			replaced[i] |= is_replaced(&list->entries[i], &list->entries[by]);
	for (size_t i = 0; i < list->count; i++)
		if (replaced[i] == are_replaced)
			list->entries[kept++] = list->entries[i];
	list->count = kept;
	free(replaced);
	return 0;
}

static int list_files(const char *folder, struct slice_list *ret_list)
{
	_cleanup_closedir_ DIR *open = opendir(folder);
	struct slice_entry entry;
	struct dirent *found;
	size_t capacity = 0;
	int error = 0;

	*ret_list = (struct slice_list){ 0 };
	if (!open)
		return -errno;
	while (!error && (errno = 0, found = readdir(open))) {
		if (!parse_name(found->d_name, &entry))
			continue;
		look_at_files(dirfd(open), found->d_name, &entry);
		error = append(ret_list, &capacity, entry);
	}
	if (!error && errno)
		error = -errno;
	if (ret_list->count)
		qsort(ret_list->entries, ret_list->count, sizeof(*ret_list->entries), compare);
	return error;
}

int store_folder_list(const char *folder, struct slice_list *ret_list)
{
	int error = list_files(folder, ret_list);

	return error ? error : choose(ret_list, false);
}

int store_folder_list_replaced(const char *folder, struct slice_list *ret_list)
{
	int error = list_files(folder, ret_list);

	return error ? error : choose(ret_list, true);
}
