/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/module_content.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#define PAGE_BYTES  4096
#define PAGES_TAKEN 8 /* not many, for they may have to come from a disk */

static int hash_pages(int fd, uint64_t size, uint64_t *ret_hash)
{
	uint64_t pages = size / PAGE_BYTES + (size % PAGE_BYTES != 0), hash = 0;
	uint64_t taken = pages < PAGES_TAKEN ? pages : PAGES_TAKEN;
	char page[PAGE_BYTES];

	for (uint64_t i = 0; i < taken; i++) {
		uint64_t number = i ? i * (pages - 1) / (taken - 1) : 0;
		ssize_t got = pread(fd, page, sizeof(page), (off_t)(number * PAGE_BYTES));

		if (got < 0)
			return -errno;
		hash = hash_u64(hash ^ hash_bytes(page, (size_t)got));
	}
	*ret_hash = hash;
	return 0;
}

int module_content_read(int fd, struct module_content *ret_content)
{
	struct stat status;
	uint64_t hash;
	int error;

	if (fstat(fd, &status))
		return -errno;
	error = hash_pages(fd, (uint64_t)status.st_size, &hash);
	if (error)
		return error;
	*ret_content = (struct module_content){
		.size = (uint64_t)status.st_size,
		.modified = status.st_mtim,
		.pages_hash = hash,
	};
	return 0;
}

static bool are_alike(const struct module_content *content, uint64_t size,
		      const struct timespec *modified)
{
	return content->size == size && content->modified.tv_sec == modified->tv_sec &&
	       content->modified.tv_nsec == modified->tv_nsec;
}

bool module_content_may_be(int fd, const struct module_content *content)
{
	struct stat status;

	return !fstat(fd, &status) && are_alike(content, (uint64_t)status.st_size, &status.st_mtim);
}

bool module_content_is(int fd, const struct module_content *content)
{
	struct module_content now;

	return !module_content_read(fd, &now) && are_alike(content, now.size, &now.modified) &&
	       content->pages_hash == now.pages_hash;
}
