/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

void buffer_init(struct buffer *buffer)
{
	*buffer = (struct buffer){ 0 };
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->data);
	buffer_init(buffer);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
	buffer->failed = false;
}

void buffer_reserve(struct buffer *buffer, size_t capacity)
{
	char *data;

	if (buffer->failed || capacity <= buffer->capacity)
		return;
	data = realloc(buffer->data, capacity);
	if (!data) {
		buffer->failed = true;
		return;
	}
	buffer->data = data;
	buffer->capacity = capacity;
}

int buffer_flush(struct buffer *buffer)
{
	struct buffer_drain *drain = buffer->drain;

	if (!drain || buffer->failed || !buffer->size)
		return buffer_error(buffer);
	drain->error = drain->take(drain->context, buffer->data, buffer->size);
	buffer->failed = drain->error != 0;
	buffer->size = 0;
	return drain->error;
}

static bool make_room(struct buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity ? buffer->capacity : 256;

	if (buffer->drain &&
	    (buffer->size > BUFFER_DRAIN_BYTES || more > BUFFER_DRAIN_BYTES - buffer->size))
		buffer_flush(buffer);
	if (buffer->failed)
		return false;
	if (more <= buffer->capacity - buffer->size)
		return true;
	if (more > SIZE_MAX / 2 - buffer->size) {
		buffer->failed = true;
		return false;
	}
	while (capacity - buffer->size < more)
		capacity *= 2;
	buffer_reserve(buffer, capacity);
	return !buffer->failed;
}

void *buffer_extend(struct buffer *buffer, size_t size)
{
	void *room;

	if (!make_room(buffer, size))
		return NULL;
	room = buffer->data + buffer->size;
	buffer->size += size;
	return room;
}

int buffer_make_size(struct buffer *buffer, size_t size)
{
	if (buffer->size >= size)
		return 0;
	return buffer_extend(buffer, size - buffer->size) ? 0 : -ENOMEM;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
	void *room;

	if (!size)
		return;
	room = buffer_extend(buffer, size);
	if (room)
		memcpy(room, bytes, size);
}

void buffer_fail_with(struct buffer *buffer, const struct buffer *part)
{
	buffer->failed |= part->failed;
}

void buffer_append_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_append_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments, again;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	/* One byte more for the terminator that vsnprintf insists on. */
	if (length >= 0 && make_room(buffer, (size_t)length + 1)) {
		vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
		buffer->size += (size_t)length;
	} else {
		buffer->failed = true;
	}
	va_end(again);
	va_end(arguments);
}

int buffer_error(const struct buffer *buffer)
{
	if (!buffer->failed)
		return 0;
	return buffer->drain && buffer->drain->error ? buffer->drain->error : -ENOMEM;
}

const char *buffer_string(struct buffer *buffer)
{
	if (!make_room(buffer, 1))
		return NULL;
	buffer->data[buffer->size] = '\0';
	return buffer->data;
}

int buffer_read_fd(struct buffer *buffer, int fd, size_t limit)
{
	const size_t step = 64 * 1024;
	size_t start = buffer->size;

	for (;;) {
		ssize_t got;

		if (!make_room(buffer, step))
			return -ENOMEM;
		got = read(fd, buffer->data + buffer->size, buffer->capacity - buffer->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		buffer->size += (size_t)got;
		if (buffer->size - start > limit)
			return -EFBIG;
	}
}

int buffer_read_file(struct buffer *buffer, const char *path, size_t limit)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return buffer_read_fd(buffer, fd, limit);
}
