/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/elf_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "elf/elf_file.h"

struct kept_file {
	struct kept_file *next;
	struct stat status; /* as it was opened */
	struct elf_file *file;
	bool needs_fd;  /* it could not be mapped: it cannot stay */
	bool is_in_use; /* since the last elf_cache_trim() */
};

void elf_cache_init(struct elf_cache *cache, size_t max_bytes)
{
	*cache = (struct elf_cache){ .max_bytes = max_bytes };
}

static void close_kept(struct elf_cache *cache, struct kept_file **at)
{
	struct kept_file *kept = *at;

	*at = kept->next;
	elf_file_free(kept->file);
	free(kept);
	cache->use.closed++;
}

void elf_cache_release(struct elf_cache *cache)
{
	while (cache->first)
		close_kept(cache, &cache->first);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

static struct kept_file **find(struct elf_cache *cache, const struct stat *status)
{
	struct kept_file **at = &cache->first;

	while (*at && !is_same(&(*at)->status, status))
		at = &(*at)->next;
	return at;
}

/* As the one that was asked for last. */
static void put_first(struct elf_cache *cache, struct kept_file *kept)
{
	kept->next = cache->first;
	cache->first = kept;
}

static int open_new(struct elf_cache *cache, int fd, const struct stat *status,
		    struct elf_file **ret_file)
{
	struct kept_file *kept = calloc(1, sizeof(*kept));
	int error = kept ? elf_file_open_mapped(fd, &kept->file) : -ENOMEM;

	if (error) {
		free(kept);
		return error;
	}
	kept->status = *status;
	kept->needs_fd = !elf_file_leave_fd(kept->file);
	kept->is_in_use = true;
	put_first(cache, kept);
	cache->use.opened++;
	*ret_file = kept->file;
	return 0;
}

int elf_cache_open(struct elf_cache *cache, int fd, struct elf_file **ret_file)
{
	struct kept_file **at, *kept;
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	at = find(cache, &status);
	kept = *at;
	if (!kept)
		return open_new(cache, fd, &status, ret_file);
	*at = kept->next;
	kept->is_in_use = true;
	put_first(cache, kept);
	cache->use.found++;
	*ret_file = kept->file;
	return 0;
}

static void rest(struct kept_file *kept)
{
	if (kept->is_in_use)
		elf_file_forget_pages(kept->file);
	kept->is_in_use = false;
}

static size_t held_bytes(const struct kept_file *kept)
{
	return sizeof(*kept) + elf_file_held_bytes(kept->file);
}

void elf_cache_trim(struct elf_cache *cache)
{
	struct kept_file **at = &cache->first;
	size_t bytes = 0, count = 0;
	bool is_full = false;

	while (*at) {
		size_t held = held_bytes(*at);
		bool can_stay = !(*at)->needs_fd && held <= cache->max_bytes;

		/* Nothing that was asked for before the first one without room stays. */
		is_full |= can_stay &&
			   (count == ELF_CACHE_MAX_FILES || held > cache->max_bytes - bytes);
		if (is_full || !can_stay) {
			close_kept(cache, at);
			continue;
		}
		rest(*at);
		bytes += held;
		count++;
		at = &(*at)->next;
	}
	cache->use.kept_bytes = bytes;
}
