/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/file_window.h"

#include <errno.h>
#include <stdlib.h>

#define WINDOW_MIN (4u << 10)
#define WINDOW_MAX (16u << 10)

void file_window_init(struct file_window *window, const struct elf_file *file, uint64_t file_offset,
		      uint64_t size)
{
	*window = (struct file_window){
		.file = file,
		.file_offset = file_offset,
		.size = size,
		.next_size = WINDOW_MIN,
	};
}

void file_window_release(struct file_window *window)
{
	free(window->bytes);
	window->bytes = NULL;
}

static int reserve(struct file_window *window, size_t size)
{
	uint8_t *bytes;

	if (size <= window->capacity)
		return 0;
	bytes = realloc(window->bytes, size);
	if (!bytes)
		return -ENOMEM;
	window->bytes = bytes;
	window->capacity = size;
	return 0;
}

static int move_to(struct file_window *window, uint64_t offset, size_t size)
{
	bool in_order = offset >= window->offset && offset <= window->offset + window->filled;
	size_t wanted = in_order ? window->next_size * 2 : WINDOW_MIN;
	int err;

	window->next_size = wanted < WINDOW_MAX ? wanted : WINDOW_MAX;
	wanted = window->next_size > size ? window->next_size : size;
	if (wanted > window->size - offset)
		wanted = window->size - offset;
	err = reserve(window, wanted);
	if (err)
		return err;
	window->filled = 0;
	err = elf_file_read(window->file, window->file_offset + offset, window->bytes, wanted,
			    &window->filled);
	window->offset = offset;
	return err;
}

int file_window_read(struct file_window *window, uint64_t offset, size_t size,
		     struct bytes *ret_bytes)
{
	uint64_t within;
	int err;

	if (offset > window->size)
		offset = window->size;
	if (size > FILE_WINDOW_MAX_READ)
		size = FILE_WINDOW_MAX_READ;
	if (size > window->size - offset)
		size = window->size - offset;
	within = offset - window->offset;
	if (offset < window->offset || within > window->filled || size > window->filled - within) {
		err = move_to(window, offset, size);
		if (err)
			return err;
		within = 0;
		/* The file became shorter since it was opened. */
		size = size < window->filled ? size : window->filled;
	}
	*ret_bytes = (struct bytes){ size ? window->bytes + within : NULL, size };
	return 0;
}
