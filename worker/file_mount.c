/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/file_mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbolize/kallsyms_line.h"
#include "worker/blocking_file_system.h"

struct search {
	uint64_t mount;
	bool answers;
};

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue": a space in a name is escaped. */
static void look_at_line(struct bytes line, void *context)
{
	static const char separator[] = " - ";
	struct search *search = context;
	const uint8_t *type = memmem(line.data, line.size, separator, sizeof(separator) - 1);
	const uint8_t *end = line.data + line.size, *space;
	uint64_t mount = 0;

	for (size_t i = 0; i < line.size && line.data[i] >= '0' && line.data[i] <= '9'; i++)
		mount = mount * 10 + (uint64_t)(line.data[i] - '0');
	if (mount != search->mount || !type)
		return;
	type += sizeof(separator) - 1;
	space = memchr(type, ' ', (size_t)(end - type));
	search->answers =
		space && !file_system_type_may_block((const char *)type, (size_t)(space - type));
}

/* What is cached of it does. */
bool file_mount_id(int path_fd, uint64_t *ret_mount)
{
	struct statx status;

	if (statx(path_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) ||
	    !(status.stx_mask & STATX_MNT_ID))
		return false;
	*ret_mount = status.stx_mnt_id;
	return true;
}

bool file_mount_answers(uint32_t pid, int path_fd)
{
	struct search search = { .answers = false };
	_cleanup_close_ int fd = -1;
	char path[64];

	if (!file_mount_id(path_fd, &search.mount))
		return false;
	snprintf(path, sizeof(path), "/proc/%u/mountinfo", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && !kallsyms_each_line(fd, look_at_line, &search) && search.answers;
}
