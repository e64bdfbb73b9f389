/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/blocking_file_system.h"

#include <linux/magic.h>
#include <string.h>

static const struct {
	uint64_t magic;
	const char *type;
} file_systems[] = {
#define FILE_SYSTEM(magic, type) { magic, type },
#include "worker/blocking_file_systems.def"
#undef FILE_SYSTEM
};

#define COUNT (sizeof(file_systems) / sizeof(file_systems[0]))

bool file_system_may_block(uint64_t super_magic)
{
	for (size_t i = 0; i < COUNT; i++)
		if (super_magic == file_systems[i].magic)
			return true;
	return false;
}

bool file_system_has_layers(uint64_t super_magic)
{
	return super_magic == OVERLAYFS_SUPER_MAGIC;
}

bool file_system_type_may_block(const char *type, size_t size)
{
	for (size_t i = 0; i < COUNT; i++) {
		size_t known = strlen(file_systems[i].type);

		if (size >= known && !memcmp(type, file_systems[i].type, known) &&
		    (size == known || type[known] == '.'))
			return true;
	}
	return false;
}
