/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/file_owner.h"

#include <sys/stat.h>

#include "worker/cage.h"

static bool may_write_besides(const struct stat *status)
{
	/* A group of the user's own is how many systems begin: what it may do says nothing of others. */
	return (status->st_mode & S_IWOTH) ||
	       (!status->st_uid && status->st_gid && (status->st_mode & S_IWGRP));
}

static uint32_t owner_of(int fd)
{
	struct stat status;

	if (fstat(fd, &status) || status.st_uid >= CAGE_FIRST_ID || may_write_besides(&status))
		return FILE_OWNER_ANYBODY;
	return status.st_uid;
}

uint32_t file_owner_of(const int *descriptors, size_t count)
{
	uint32_t all = FILE_OWNER_ROOT;

	for (size_t i = 0; i < count; i++) {
		uint32_t owner = owner_of(descriptors[i]);

		if (all != FILE_OWNER_ROOT && owner != FILE_OWNER_ROOT && owner != all)
			return FILE_OWNER_ANYBODY;
		all = all == FILE_OWNER_ROOT ? owner : all;
	}
	return all;
}

bool file_owner_may_name(uint32_t owner, const struct stat *named)
{
	if (!named->st_size)
		return false;
	if (named->st_uid == FILE_OWNER_ROOT)
		return (named->st_mode & S_IROTH) != 0;
	return named->st_uid == owner && owner != FILE_OWNER_ANYBODY;
}
