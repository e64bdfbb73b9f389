/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/pod_folders.h"

#include <dirent.h>
#include <string.h>

#include "base/cleanup.h"

#define MAX_ENTRIES 4096 /* of a node's pods; a few hundred are many */

static bool copy_part(const char *from, const char *end, char *to)
{
	size_t size = (size_t)(end - from);

	if (!size || size > POD_NAME_MAX)
		return false;
	memcpy(to, from, size);
	to[size] = '\0';
	return true;
}

/* No part has a _ in it. */
static bool read_name(const char *entry, const char *uid, struct pod_folder *ret_folder)
{
	const char *first = strchr(entry, '_');
	const char *second = first ? strchr(first + 1, '_') : NULL;
	struct pod_folder folder;

	if (!second || strcmp(second + 1, uid) || !copy_part(entry, first, folder.namespace) ||
	    !copy_part(first + 1, second, folder.name))
		return false;
	*ret_folder = folder;
	return true;
}

bool pod_folder_find(const char *folders, const char *uid, struct pod_folder *ret_folder)
{
	_cleanup_closedir_ DIR *folder = opendir(folders);
	const struct dirent *entry;

	for (int i = 0; folder && i < MAX_ENTRIES && (entry = readdir(folder)); i++)
		if (read_name(entry->d_name, uid, ret_folder))
			return true;
	return false;
}
