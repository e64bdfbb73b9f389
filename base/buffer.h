/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing run of bytes. Appending never fails on the spot: when memory runs out the buffer
 * remembers it, further appends do nothing, and buffer_error() says -ENOMEM. So a writer appends
 * freely and asks once at the end. Not thread-safe.
 */
#ifndef HEARTH_BASE_BUFFER_H
#define HEARTH_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where what a buffer holds goes as soon as it is much: so that output of any size is made in little memory. Whoever appends to such a
 * buffer cannot count on finding what he appended before.
 */
struct buffer_drain {
	int (*take)(void *context, const void *bytes, size_t size); /* 0 or -errno */
	void *context;
	int error; /* the first one that it gave; nothing is taken from then on */
};

#define BUFFER_DRAIN_BYTES ((size_t)1 << 20) /* with more than these, it is emptied */

struct buffer {
	char *data; /* not terminated; NULL while empty */
	size_t size;
	size_t capacity;
	bool failed;
	struct buffer_drain *drain; /* the caller's; NULL: all is kept */
};

void buffer_init(struct buffer *buffer);
void buffer_release(struct buffer *buffer);

/* Empties the buffer and keeps its memory. */
void buffer_clear(struct buffer *buffer);

void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_u64(struct buffer *buffer, uint64_t value); /* decimal */
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Fails as well where `part`, of which something was appended, did. */
void buffer_fail_with(struct buffer *buffer, const struct buffer *part);

/* Room for `size` more bytes at the end, counted as appended; NULL when memory ran out. */
void *buffer_extend(struct buffer *buffer, size_t size);

/* Makes it so large at least; what is new is not set yet. 0 or -ENOMEM. */
int buffer_make_size(struct buffer *buffer, size_t size);

/* Takes memory for `capacity` bytes in all and no more, where appending would take up to twice as much. */
void buffer_reserve(struct buffer *buffer, size_t capacity);

/* Empties it into its drain: 0 or the error of buffer_error(). Without a drain nothing is done. */
int buffer_flush(struct buffer *buffer);

/* 0, or -ENOMEM if any append since the last clear found no memory, or the drain's error. */
int buffer_error(const struct buffer *buffer);

/* The content as a terminated string, owned by the buffer; NULL when memory ran out. */
const char *buffer_string(struct buffer *buffer);

/* Appends everything that `fd` still gives, at most `limit` bytes: 0, a read error, or -EFBIG. */
int buffer_read_fd(struct buffer *buffer, int fd, size_t limit);

/* Appends a whole file: as buffer_read_fd(), or the error of the open. */
int buffer_read_file(struct buffer *buffer, const char *path, size_t limit);

#endif
