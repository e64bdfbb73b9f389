/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/mount_info.h"

#include <string.h>

#include "worker/blocking_file_system.h"

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue": a space in a name is escaped. */
struct mount_line {
	uint64_t id, parent;
	struct bytes point, type, options; /* the last ones, of the file system */
};

static struct bytes part(struct bytes bytes, size_t from, size_t to)
{
	return (struct bytes){ bytes.data + from, to - from };
}

static bool is_equal(struct bytes bytes, const char *text)
{
	return bytes.size == strlen(text) && !memcmp(bytes.data, text, bytes.size);
}

/* What stands ahead of a separator, or all of it; `rest` begins behind. False: nothing is left. */
static bool take_until(struct bytes *rest, char separator, struct bytes *ret_taken)
{
	const uint8_t *end = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
	size_t size = end ? (size_t)(end - rest->data) : rest->size;

	if (!rest->size)
		return false;
	*ret_taken = part(*rest, 0, size);
	*rest = part(*rest, size + !!end, rest->size);
	return true;
}

static uint64_t read_id(struct bytes word)
{
	uint64_t id = 0;

	for (size_t i = 0; i < word.size && word.data[i] >= '0' && word.data[i] <= '9'; i++)
		id = id * 10 + (uint64_t)(word.data[i] - '0');
	return id;
}

/* The optional fields end with a dash of its own. */
static bool read_line(struct bytes line, struct mount_line *ret_line)
{
	struct bytes words[6], word, source;

	for (size_t i = 0; i < 6; i++)
		if (!take_until(&line, ' ', &words[i]))
			return false;
	do
		if (!take_until(&line, ' ', &word))
			return false;
	while (!is_equal(word, "-"));
	*ret_line = (struct mount_line){ .id = read_id(words[0]),
					 .parent = read_id(words[1]),
					 .point = words[4] };
	if (!take_until(&line, ' ', &ret_line->type) || !take_until(&line, ' ', &source))
		return false;
	ret_line->options = line;
	return true;
}

static bool find_mount(struct bytes text, uint64_t id, struct mount_line *ret_line)
{
	struct bytes line;

	while (take_until(&text, '\n', &line))
		if (read_line(line, ret_line) && ret_line->id == id)
			return true;
	return false;
}

static bool is_below(struct bytes path, struct bytes folder)
{
	if (is_equal(folder, "/"))
		return true;
	return path.size >= folder.size && !memcmp(path.data, folder.data, folder.size) &&
	       (path.size == folder.size || path.data[folder.size] == '/');
}

/* The innermost mount that a path lies in; of several at one place the last, which hides the others. */
static bool find_mount_of(struct bytes text, struct bytes path, struct mount_line *ret_line)
{
	struct mount_line line;
	struct bytes bytes;
	bool is_found = false;

	while (take_until(&text, '\n', &bytes)) {
		if (!read_line(bytes, &line) || !is_below(path, line.point) ||
		    (is_found && line.point.size < ret_line->point.size))
			continue;
		*ret_line = line;
		is_found = true;
	}
	return is_found;
}

static bool is_overlay(const struct mount_line *line)
{
	return is_equal(line->type, "overlay");
}

static bool is_known_to_answer(const struct mount_line *line)
{
	return !file_system_type_may_block((const char *)line->type.data, line->type.size) &&
	       !is_overlay(line);
}

/* Escaped, relative or with dots, a path is one that cannot be looked for by its text. */
static bool is_plain(struct bytes path)
{
	return path.size && path.data[0] == '/' && !memchr(path.data, '\\', path.size) &&
	       !memmem(path.data, path.size, "/.", 2);
}

static bool layers_answer(struct bytes paths, struct bytes layers)
{
	struct mount_line line;
	struct bytes path;

	while (take_until(&paths, ':', &path)) {
		/* Between those of files and those of data alone there are two colons. */
		if (!path.size)
			continue;
		if (!is_plain(path) || !find_mount_of(layers, path, &line) ||
		    !is_known_to_answer(&line))
			return false;
	}
	return true;
}

/* "lowerdir=/a:/b,upperdir=/c,workdir=/d"; newer kernels have "lowerdir+=/a" for each. */
static bool overlay_answers(struct bytes options, struct bytes layers)
{
	static const char *const keys[] = { "lowerdir", "lowerdir+", "datadir+", "upperdir",
					    "workdir" };
	struct bytes option, key;
	bool has_layers = false;

	while (take_until(&options, ',', &option)) {
		if (!take_until(&option, '=', &key))
			continue;
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (!is_equal(key, keys[i]))
				continue;
			if (!layers_answer(option, layers))
				return false;
			has_layers = true;
		}
	}
	return has_layers;
}

bool mount_info_answers(struct bytes text, uint64_t mount, struct bytes layers)
{
	struct mount_line line;

	if (!find_mount(text, mount, &line))
		return false;
	if (is_overlay(&line))
		return layers.size && overlay_answers(line.options, layers);
	return is_known_to_answer(&line);
}

#define MAX_AT_ONE_PLACE 64 /* mounts, of which each hides the one before */

static bool is_same_place(const struct mount_line *a, const struct mount_line *b)
{
	return a->point.size == b->point.size &&
	       !memcmp(a->point.data, b->point.data, a->point.size);
}

/* The mount on which it lies, below all others at its place. */
static uint64_t mount_below(struct bytes text, struct mount_line line)
{
	struct mount_line parent;

	for (int i = 0; i < MAX_AT_ONE_PLACE && find_mount(text, line.parent, &parent) &&
			is_same_place(&parent, &line);
	     i++)
		line = parent;
	return line.parent;
}

bool mount_info_has_automounts(struct bytes text, uint64_t mount)
{
	struct bytes rest = text, bytes;
	struct mount_line line;

	while (take_until(&rest, '\n', &bytes))
		if (read_line(bytes, &line) && is_equal(line.type, "autofs") &&
		    mount_below(text, line) == mount)
			return true;
	return false;
}

static bool find_option(struct bytes options, const char *wanted, struct bytes *ret_value)
{
	struct bytes option, key;

	while (take_until(&options, ',', &option))
		if (take_until(&option, '=', &key) && is_equal(key, wanted)) {
			*ret_value = option;
			return true;
		}
	return false;
}

bool mount_info_root_upper(struct bytes text, struct bytes *ret_path)
{
	static const struct bytes root = { (const uint8_t *)"/", 1 };
	struct mount_line line;

	return find_mount_of(text, root, &line) && is_overlay(&line) &&
	       find_option(line.options, "upperdir", ret_path) && is_plain(*ret_path);
}
