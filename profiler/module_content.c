/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/module_content.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#define HEAD_BYTES 4096

int module_content_read(int fd, struct module_content *ret_content)
{
	struct stat status;
	char head[HEAD_BYTES];
	ssize_t size;

	if (fstat(fd, &status))
		return -errno;
	size = pread(fd, head, sizeof(head), 0);
	if (size < 0)
		return -errno;
	*ret_content = (struct module_content){
		.size = (uint64_t)status.st_size,
		.modified = status.st_mtim,
		.head_hash = hash_bytes(head, (size_t)size),
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
	       content->head_hash == now.head_hash;
}
