/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/file_window.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define WINDOW_MIN (4u << 10)
#define WINDOW_MAX (16u << 10)

#define MAX_SHARE 32 /* of the part for each, where that is between the two */

/* Of small parts there are few windows, of larger ones as many as take this share together. */
#define MIN_PLACES 3
#define ALL_SHARE  10

/* What is larger than a window goes here and nowhere else, so that such memory is taken once. */
#define LARGE_PLACE 0

static size_t window_max(const struct file_window *window)
{
	uint64_t share = window->size / MAX_SHARE;

	if (share < WINDOW_MIN)
		return WINDOW_MIN;
	return share < WINDOW_MAX ? share : WINDOW_MAX;
}

static uint32_t place_count(const struct file_window *window)
{
	uint64_t count = window->size / ALL_SHARE / window_max(window);

	if (count < MIN_PLACES)
		return MIN_PLACES;
	return count < FILE_WINDOW_PLACES ? count : FILE_WINDOW_PLACES;
}

void file_window_init(struct file_window *window, const struct elf_file *file, uint64_t file_offset,
		      uint64_t size)
{
	file_window_init_ahead(window, file, file_offset, size);
	window->place_count = place_count(window);
}

void file_window_init_ahead(struct file_window *window, const struct elf_file *file,
			    uint64_t file_offset, uint64_t size)
{
	*window = (struct file_window){
		.file = file, .file_offset = file_offset, .size = size, .place_count = 1
	};
}

void file_window_release(struct file_window *window)
{
	for (uint32_t i = 0; i < FILE_WINDOW_PLACES; i++) {
		free(window->places[i].bytes);
		window->places[i] = (struct file_window_place){ 0 };
	}
}

/* --- which of the windows --- */

static bool holds(const struct file_window_place *place, uint64_t offset, size_t size)
{
	uint64_t within = offset - place->offset;

	return offset >= place->offset && within <= place->filled && size <= place->filled - within;
}

/* Does reading at `offset` go on where the window ends, or less than its size behind that? */
static bool goes_on_at(const struct file_window_place *place, uint64_t offset)
{
	return offset >= place->offset && (offset - place->offset) / 2 < place->filled;
}

/* The place that goes on at `offset`, or else the one that has not been used for longest. */
static uint32_t choose_place(const struct file_window *window, uint64_t offset, size_t size)
{
	uint32_t oldest = LARGE_PLACE;

	if (size > window_max(window))
		return LARGE_PLACE;
	for (uint32_t i = 0; i < window->place_count; i++) {
		if (goes_on_at(&window->places[i], offset))
			return i;
		if (window->places[i].last_use < window->places[oldest].last_use)
			oldest = i;
	}
	return oldest;
}

/* --- reading --- */

static int reserve(struct file_window_place *place, size_t size)
{
	uint8_t *bytes;

	if (size <= place->capacity)
		return 0;
	bytes = realloc(place->bytes, size);
	if (!bytes)
		return -ENOMEM;
	place->bytes = bytes;
	place->capacity = size;
	return 0;
}

static int move_to(struct file_window *window, struct file_window_place *place, uint64_t offset,
		   size_t size)
{
	size_t wanted = goes_on_at(place, offset) ? place->next_size * 2 : WINDOW_MIN;
	size_t max = window_max(window);
	int err;

	place->next_size = wanted < max ? wanted : max;
	wanted = place->next_size > size ? place->next_size : size;
	if (wanted > window->size - offset)
		wanted = window->size - offset;
	err = reserve(place, wanted);
	if (err)
		return err;
	place->filled = 0;
	place->offset = offset;
	return elf_file_read(window->file, window->file_offset + offset, place->bytes, wanted,
			     &place->filled);
}

static bool find_place(struct file_window *window, uint64_t offset, size_t size)
{
	if (holds(&window->places[window->last], offset, size))
		return true;
	for (uint32_t i = 0; i < window->place_count; i++) {
		if (!holds(&window->places[i], offset, size))
			continue;
		window->last = i;
		return true;
	}
	return false;
}

void file_window_hold(struct file_window *window, uint64_t size)
{
	if (size > window->size)
		size = window->size;
	/* An error is told to whoever reads what is not there. */
	if (size <= FILE_WINDOW_MAX_HELD && !move_to(window, &window->places[LARGE_PLACE], 0, size))
		window->last = LARGE_PLACE;
}

int file_window_read_elsewhere(struct file_window *window, uint64_t offset, size_t size,
			       struct bytes *ret_bytes)
{
	struct file_window_place *place = &window->places[window->last];
	int err;

	if (offset > window->size)
		offset = window->size;
	if (size > FILE_WINDOW_MAX_READ)
		size = FILE_WINDOW_MAX_READ;
	if (size > window->size - offset)
		size = window->size - offset;
	place->last_use = ++window->moves;
	if (!find_place(window, offset, size)) {
		window->last = choose_place(window, offset, size);
		err = move_to(window, &window->places[window->last], offset, size);
		if (err)
			return err;
	}
	place = &window->places[window->last];
	/* The file became shorter since it was opened. */
	if (size > place->filled)
		size = place->filled;
	*ret_bytes = (struct bytes){ size ? place->bytes + (offset - place->offset) : NULL, size };
	return 0;
}
