/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/altlink.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MAX_LINK_BYTES (PATH_MAX + 64 + BUILD_ID_MAX_BYTES)

/* One of the two sections, as far as it is of interest: 0; -ENOENT: there is none; -EBADMSG. */
static int read_section(struct elf_file *file, const char *name, struct byte_reader *ret_reader)
{
	const struct elf_section *section = elf_file_section_named(file, name);
	struct bytes bytes;
	int err;

	if (!section)
		return -ENOENT;
	err = elf_file_section_bytes(file, section, MAX_LINK_BYTES, &bytes);
	if (err)
		return err == -EFBIG || err == -ENODATA ? -EBADMSG : err;
	byte_reader_init(ret_reader, bytes);
	return 0;
}

static int take_id(struct bytes bytes, struct build_id *ret_id)
{
	if (!bytes.size || bytes.size > BUILD_ID_MAX_BYTES)
		return -EBADMSG;
	*ret_id = (struct build_id){ .size = bytes.size };
	memcpy(ret_id->bytes, bytes.data, bytes.size);
	return 0;
}

/* .debug_sup: version, which of the two files this is, a name, a length and so many bytes. */
static int read_sup(struct elf_file *file, bool is_supplementary, const char **ret_name,
		    struct build_id *ret_id)
{
	struct byte_reader reader;
	const char *name;
	uint64_t size;
	int err = read_section(file, ".debug_sup", &reader);

	if (err)
		return err;
	if (byte_reader_u16(&reader) != 5 || byte_reader_u8(&reader) != is_supplementary)
		return -EBADMSG;
	name = byte_reader_string(&reader);
	if (!name)
		return -EBADMSG;
	size = byte_reader_uleb128(&reader);
	err = take_id(byte_reader_take(&reader, size), ret_id);
	if (!err)
		*ret_name = name;
	return err;
}

static int read_gnu(struct elf_file *file, const char **ret_name, struct build_id *ret_id)
{
	struct byte_reader reader;
	const char *name;
	int err = read_section(file, ".gnu_debugaltlink", &reader);

	if (err)
		return err;
	name = byte_reader_string(&reader);
	if (!name)
		return -EBADMSG;
	err = take_id(byte_reader_take(&reader, reader.bytes.size - reader.offset), ret_id);
	if (!err)
		*ret_name = name;
	return err;
}

bool altlink_stays_below(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (!length || (length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}

static void take_place(const char *name, struct altlink *link)
{
	static const char folder[] = "/.dwz/";
	const char *below = strstr(name, folder);

	if (!below)
		return;
	below += strlen(folder);
	if (altlink_stays_below(below) && strlen(below) < sizeof(link->below_dwz))
		memcpy(link->below_dwz, below, strlen(below) + 1);
}

int altlink_read(struct elf_file *file, struct altlink *ret_link)
{
	struct build_id id;
	const char *name;
	int err = read_gnu(file, &name, &id);

	if (err == -ENOENT)
		err = read_sup(file, false, &name, &id);
	if (err)
		return err;
	*ret_link = (struct altlink){ .build_id = id };
	take_place(name, ret_link);
	return 0;
}

int altlink_identity(struct elf_file *file, struct build_id *ret_id)
{
	const char *name;
	int err = build_id_read(file, ret_id);

	if (err != -ENOENT)
		return err;
	err = read_sup(file, true, &name, ret_id);
	return err == -EBADMSG ? -ENOENT : err;
}
