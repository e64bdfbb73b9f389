/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a file that is not held in memory: it is read through a few windows, each of which grows where reading
 * goes on in its order and begins small where it jumps. Whoever reads in turn at several places that each go on
 * in order (functions by their addresses, whose entries lie by object file) has a window at each. Together they are
 * small beside the part. Not thread-safe.
 */
#ifndef HEARTH_ELF_FILE_WINDOW_H
#define HEARTH_ELF_FILE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "elf/elf_file.h"

#define FILE_WINDOW_MAX_READ (4u << 20)  /* of one file_window_read() */
#define FILE_WINDOW_MAX_HELD (16u << 20) /* by one file_window_hold() */
#define FILE_WINDOW_PLACES   16          /* at most: see file_window.c */

/* One of the windows. */
struct file_window_place {
	uint8_t *bytes;
	size_t capacity, filled, next_size;
	uint64_t offset;   /* in the part */
	uint64_t last_use; /* by the count of `moves` */
};

struct file_window {
	const struct elf_file *file;
	uint64_t file_offset, size; /* of the part */
	struct file_window_place places[FILE_WINDOW_PLACES];
	uint32_t place_count;
	uint32_t last;  /* the place that was read last */
	uint64_t moves; /* from one place to another */
};

void file_window_init(struct file_window *window, const struct elf_file *file, uint64_t file_offset,
		      uint64_t size);

/* The same with one window, for reading that never comes back. */
void file_window_init_ahead(struct file_window *window, const struct elf_file *file,
			    uint64_t file_offset, uint64_t size);

void file_window_release(struct file_window *window);

/*
 * Reads the part's first `size` bytes at once, for reading all over them. What is more than FILE_WINDOW_MAX_HELD, or
 * what there is no memory for, is read through windows as ever.
 */
void file_window_hold(struct file_window *window, uint64_t size);

int file_window_read_elsewhere(struct file_window *window, uint64_t offset, size_t size,
			       struct bytes *ret_bytes); /* serves the next one */

/*
 * Up to `size` bytes (at most FILE_WINDOW_MAX_READ) at `offset` of the part; fewer only at its end. They are
 * valid until the next call. 0, -ENOMEM, or the error of a read.
 */
static inline int file_window_read(struct file_window *window, uint64_t offset, size_t size,
				   struct bytes *ret_bytes)
{
	const struct file_window_place *place = &window->places[window->last];
	uint64_t within = offset - place->offset;

	/* Below the place it is more than anything that is filled. */
	if (within >= place->filled || size > place->filled - within)
		return file_window_read_elsewhere(window, offset, size, ret_bytes);
	*ret_bytes = (struct bytes){ place->bytes + within, size };
	return 0;
}

#endif
