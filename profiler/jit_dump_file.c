/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/jit_dump_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbolize/kallsyms_line.h"

/* --- finding --- */

static bool take_number(struct bytes *line, char behind, uint64_t *ret_number)
{
	size_t digits;

	*ret_number = kallsyms_hex(*line, &digits);
	if (!digits || digits >= line->size || line->data[digits] != behind)
		return false;
	*line = bytes_slice(*line, digits + 1, line->size - digits - 1);
	return true;
}

static bool is_name(struct bytes name, uint32_t own_pid)
{
	static const char deleted[] = " (deleted)";
	char expected[32];
	size_t size = (size_t)snprintf(expected, sizeof(expected), "jit-%u.dump", own_pid);

	if (name.size < size || memcmp(name.data, expected, size))
		return false;
	return name.size == size || (name.size == size + sizeof(deleted) - 1 &&
				     !memcmp(name.data + size, deleted, sizeof(deleted) - 1));
}

/* "7f6c7b4c6000-7f6c7b4c7000 r-xp 00000000 fe:00 9990881      /tmp/jit-14911.dump"; a newline in the path is escaped. */
bool jit_dump_file_is_line(struct bytes line, uint32_t own_pid,
			   struct jit_dump_mapping *ret_mapping)
{
	struct jit_dump_mapping mapping;
	const uint8_t *slash;

	if (!take_number(&line, '-', &mapping.start) || !take_number(&line, ' ', &mapping.end) ||
	    line.size < 4 || line.data[2] != 'x')
		return false;
	slash = memrchr(line.data, '/', line.size);
	if (!slash)
		return false;
	slash++;
	if (!is_name((struct bytes){ slash, (size_t)(line.data + line.size - slash) }, own_pid))
		return false;
	*ret_mapping = mapping;
	return true;
}

struct search {
	uint32_t own_pid;
	struct jit_dump_mapping found;
};

static void look_at_line(struct bytes line, void *context)
{
	struct search *search = context;

	jit_dump_file_is_line(line, search->own_pid, &search->found);
}

int jit_dump_file_find(uint32_t pid, uint32_t own_pid, struct jit_dump_mapping *ret_mapping)
{
	struct search search = { .own_pid = own_pid };
	_cleanup_close_ int fd = -1;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = kallsyms_each_line(fd, look_at_line, &search);
	if (error)
		return error;
	if (!search.found.end)
		return -ENOENT;
	*ret_mapping = search.found;
	return 0;
}

/* --- opening --- */

int jit_dump_file_hold(uint32_t pid, const struct jit_dump_mapping *mapping, int *ret_fd)
{
	char path[96];
	int found;

	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", pid,
		 (unsigned long long)mapping->start, (unsigned long long)mapping->end);
	found = open(path, O_PATH | O_CLOEXEC);
	if (found < 0)
		return -errno;
	*ret_fd = found;
	return 0;
}
