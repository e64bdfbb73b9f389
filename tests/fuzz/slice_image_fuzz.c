/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a slice: whatever it says, reading it ends, takes each chunk once and in order.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/slice_file.h"

#define MOST_CHUNKS 4096 /* of an input, which is small */
#define ASKED_IDS   12

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct seen {
	uint64_t last, taken;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static int take(void *context, const struct slice_chunk *chunk)
{
	struct seen *seen = context;

	check(seen->taken++ < MOST_CHUNKS);
	if (!chunk->packed.data)
		return 0;
	check(chunk->id > seen->last);
	seen->last = chunk->id;
	return 0;
}

static int take_number(void *context, const struct slice_chunk *chunk)
{
	struct seen *seen = context;

	check(seen->taken++ < MOST_CHUNKS && chunk->id > seen->last);
	seen->last = chunk->id;
	return 0;
}

static int take_one(void *context, const struct slice_chunk *chunk)
{
	check(chunk->id == *(const uint64_t *)context && chunk->packed.data);
	return 0;
}

static void read_all(struct slice_reader *reader)
{
	static const struct window_span always = { 0, UINT64_MAX };
	struct seen seen = { 0 }, numbers = { 0 };
	struct slice_report report;

	slice_read(reader, always, take, &seen, &report);
	slice_each_row(reader, 1, take_number, &numbers);
	for (uint64_t id = 1; id <= ASKED_IDS; id++)
		slice_read_chunk(reader, id, take_one, &id);
}

/* With what SQLite leaves beside an image that says it is in WAL mode. */
static void remove_slice(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	char name[64];

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		unlink(name);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char path[] = "/dev/shm/hearth-slice-XXXXXX"; /* SQLite takes no memfd: it has no path */
	int fd = mkstemp(path);
	struct slice_reader *reader;

	check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
	if (!slice_open(path, &reader)) {
		read_all(reader);
		slice_reader_free(reader);
	}
	remove_slice(path);
	return 0;
}
