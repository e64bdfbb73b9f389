/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/container_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "profiler/container_path.h"
#include "worker/local_files.h"
#include "worker/mount_info.h"

#define MAX_FOUND \
	8 /* folders beyond those that are known; another one takes the oldest one's place */
#define MAX_MOUNTS_TEXT (1u << 20)

static const char *const known_roots[] = {
#define CONTAINER_ROOT(folder) folder,
#define CONTAINER_FILE(path, is_of_many)
#include "profiler/container_roots.def"
#undef CONTAINER_ROOT
#undef CONTAINER_FILE
};

static const struct file_form {
	const char *path;
	bool is_of_many;
} forms[] = {
#define CONTAINER_ROOT(folder)
#define CONTAINER_FILE(path, is_of_many) { path, is_of_many },
#include "profiler/container_roots.def"
#undef CONTAINER_ROOT
#undef CONTAINER_FILE
};

#define KNOWN (sizeof(known_roots) / sizeof(*known_roots))
#define FORMS (sizeof(forms) / sizeof(*forms))

struct container_files {
	struct local_files *local;
	char *found[MAX_FOUND];
	size_t found_count, next;
	size_t held;                    /* bytes of texts */
	struct container_text *of_many; /* the last one: the next container may be in it, too */
};

struct container_files *container_files_new(void)
{
	struct container_files *files = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->local = local_files_new();
	if (!files->local) {
		container_files_free(files);
		return NULL;
	}
	return files;
}

void container_files_free(struct container_files *files)
{
	if (!files)
		return;
	local_files_free(files->local);
	for (size_t i = 0; i < files->found_count; i++)
		free(files->found[i]);
	container_text_drop(files->of_many);
	free(files);
}

struct container_text *container_text_take(struct container_text *text)
{
	text->references++;
	return text;
}

void container_text_drop(struct container_text *text)
{
	if (!text || --text->references)
		return;
	*text->held -= text->size;
	free(text);
}

/* --- a file --- */

/* The paths of files that an engine of root's keeps may lead over links: root made them. */
struct place {
	const char *root;
	bool is_known;
	const struct container_path *path;
	const struct container_witness *witness;
};

/* What a user wrote is told of him. */
static bool may_tell(const struct place *place, const struct stat *status)
{
	if (!status->st_uid)
		return true;
	return !place->is_known &&
	       (status->st_uid == place->witness->uid || status->st_uid == place->path->user);
}

static bool is_same(const struct container_text *text, const struct stat *status)
{
	return text && text->device == status->st_dev && text->inode == status->st_ino &&
	       text->size == (size_t)status->st_size &&
	       text->written_ns == (uint64_t)status->st_mtim.tv_sec * 1000000000u +
					   (uint64_t)status->st_mtim.tv_nsec;
}

static struct container_text *read_text(struct container_files *files, int fd,
					const struct stat *status, bool is_of_many)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct container_text *text;

	if (status->st_size > CONTAINER_FILE_MAX_BYTES ||
	    buffer_read_fd(&bytes, fd, CONTAINER_FILE_MAX_BYTES) ||
	    files->held + bytes.size > CONTAINER_FILES_MAX_HELD)
		return NULL;
	text = malloc(sizeof(*text) + bytes.size);
	if (!text)
		return NULL;
	*text = (struct container_text){
		.held = &files->held,
		.references = 1,
		.is_of_many = is_of_many,
		.is_users = status->st_uid || status->st_mode & (S_IWGRP | S_IWOTH),
		.device = status->st_dev,
		.inode = status->st_ino,
		.written_ns = (uint64_t)status->st_mtim.tv_sec * 1000000000u +
			      (uint64_t)status->st_mtim.tv_nsec,
		.size = bytes.size,
	};
	files->held += text->size;
	if (bytes.size)
		memcpy(text->bytes, bytes.data, bytes.size);
	return text;
}

static struct container_text *share(struct container_files *files, struct container_text *text)
{
	if (!text || !text->is_of_many)
		return text;
	container_text_drop(files->of_many);
	files->of_many = container_text_take(text);
	return text;
}

/* NULL: there is none, or it is not to be believed. */
static struct container_text *read_file(struct container_files *files, const struct place *place,
					const struct file_form *form)
{
	_cleanup_close_ int fd = -1;
	char below[PATH_MAX], path[PATH_MAX];
	struct stat status;

	if (form->is_of_many)
		snprintf(below, sizeof(below), "%s", form->path);
	else
		snprintf(below, sizeof(below), form->path, place->path->id);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", place->root, below) >= sizeof(path) ||
	    local_files_open(files->local, path, place->is_known, &fd) || fstat(fd, &status) ||
	    !may_tell(place, &status))
		return NULL;
	if (form->is_of_many && is_same(files->of_many, &status))
		return container_text_take(files->of_many);
	return share(files, read_text(files, fd, &status, form->is_of_many));
}

/* One of many tells of this one perhaps: what tells of it alone proves that the folder is its engine's. */
static size_t read_below(struct container_files *files, const struct place *place,
			 struct container_text *ret_texts[CONTAINER_TEXTS])
{
	size_t count = 0;

	for (size_t i = 0; i < FORMS && count < CONTAINER_TEXTS; i++) {
		struct container_text *text;

		if (forms[i].is_of_many && !count)
			continue;
		text = read_file(files, place, &forms[i]);
		if (text)
			ret_texts[count++] = text;
	}
	return count;
}

/* --- folders --- */

/* Cuts the last name off: false: there is none. */
static bool cut_name(struct bytes *path, struct bytes *ret_name)
{
	const uint8_t *slash = path->size ? memrchr(path->data, '/', path->size) : NULL;

	if (!slash)
		return false;
	ret_name->data = slash + 1;
	ret_name->size = path->size - (size_t)(slash + 1 - path->data);
	path->size = (size_t)(slash - path->data);
	return true;
}

/* "FOLDER/overlay2/LAYER/diff" and "FOLDER/overlay/LAYER/diff" */
static size_t folder_size(struct bytes upper)
{
	static const char *const drivers[] = { "overlay2", "overlay" };
	struct bytes name;

	if (!cut_name(&upper, &name) || !cut_name(&upper, &name) || !cut_name(&upper, &name))
		return 0;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (name.size == strlen(drivers[i]) && !memcmp(name.data, drivers[i], name.size))
			return upper.size;
	return 0;
}

/* Where the container's own root lies. NULL: that is not told. */
static char *find_root(uint32_t pid)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct bytes upper;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%u/mountinfo", pid);
	if (!pid || buffer_read_file(&text, path, MAX_MOUNTS_TEXT) ||
	    !mount_info_root_upper((struct bytes){ (const uint8_t *)text.data, text.size }, &upper))
		return NULL;
	size = folder_size(upper);
	return size && size < PATH_MAX ? strndup((const char *)upper.data, size) : NULL;
}

static bool is_known(const struct container_files *files, const char *root)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (!strcmp(root, known_roots[i]))
			return true;
	for (size_t i = 0; i < files->found_count; i++)
		if (!strcmp(root, files->found[i]))
			return true;
	return false;
}

static void keep_root(struct container_files *files, char *root)
{
	if (files->found_count < MAX_FOUND) {
		files->found[files->found_count++] = root;
		return;
	}
	free(files->found[files->next]);
	files->found[files->next] = root;
	files->next = (files->next + 1) % MAX_FOUND;
}

size_t container_files_read(struct container_files *files, const struct container_path *path,
			    const struct container_witness *witness,
			    struct container_text *ret_texts[CONTAINER_TEXTS])
{
	_cleanup_free_ char *root = NULL;
	struct place place = { .path = path, .witness = witness, .is_known = true };
	size_t count = 0;

	for (size_t i = 0; i < KNOWN && !count; i++) {
		place.root = known_roots[i];
		count = read_below(files, &place, ret_texts);
	}
	place.is_known = false;
	for (size_t i = 0; i < files->found_count && !count; i++) {
		place.root = files->found[i];
		count = read_below(files, &place, ret_texts);
	}
	if (count)
		return count;
	root = find_root(witness->pid);
	if (!root || is_known(files, root))
		return 0;
	place.root = root;
	count = read_below(files, &place, ret_texts);
	if (count)
		keep_root(files, take_ptr(root));
	return count;
}
