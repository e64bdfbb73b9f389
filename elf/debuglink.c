/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/debuglink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/byte_reader.h"
#include "base/cleanup.h"

/* A name, its terminator, up to three bytes of padding, the checksum. */
#define MAX_LINK_BYTES (NAME_MAX + 1 + 3 + 4)

bool debuglink_is_base_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..") &&
	       strlen(name) <= NAME_MAX;
}

int debuglink_read(struct elf_file *file, struct debuglink *ret_link)
{
	const struct elf_section *section = elf_file_section_named(file, ".gnu_debuglink");
	struct byte_reader reader;
	struct bytes link;
	const char *name;
	uint32_t crc;
	int err;

	if (!section)
		return -ENOENT;
	err = elf_file_section_bytes(file, section, MAX_LINK_BYTES, &link);
	if (err)
		return err == -EFBIG || err == -ENODATA ? -EBADMSG : err;
	name = bytes_string(link, 0);
	if (!name || !debuglink_is_base_name(name))
		return -EBADMSG;
	byte_reader_init(&reader, link);
	byte_reader_skip(&reader, (strlen(name) + 1 + 3) & ~(size_t)3);
	crc = byte_reader_u32(&reader);
	if (reader.failed)
		return -EBADMSG;
	memcpy(ret_link->name, name, strlen(name) + 1);
	ret_link->crc = crc;
	return 0;
}

int debuglink_crc(int fd, uint32_t *ret_crc)
{
	const size_t size = 64u << 10;
	_cleanup_free_ uint8_t *chunk = malloc(size);
	uLong crc = crc32(0, NULL, 0);
	uint64_t offset = 0;
	struct stat status;

	if (!chunk)
		return -ENOMEM;
	if (fstat(fd, &status))
		return -errno;
	if (status.st_size > (off_t)DEBUGLINK_MAX_FILE_BYTES)
		return -EFBIG;
	for (;;) {
		ssize_t got = pread(fd, chunk, size, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		offset += got;
		if (offset > DEBUGLINK_MAX_FILE_BYTES)
			return -EFBIG;
		crc = crc32(crc, chunk, got);
	}
	*ret_crc = crc;
	return 0;
}
