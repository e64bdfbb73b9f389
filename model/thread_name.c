/* SPDX-License-Identifier: Apache-2.0 */
#include "model/thread_name.h"

#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"

static void append_number(struct buffer *to, const char *before, uint32_t number)
{
	if (number == PROFILE_NONE)
		return;
	buffer_append_string(to, before);
	buffer_append_u64(to, number);
	buffer_append_char(to, ')');
}

void thread_name_append(struct buffer *to, const struct thread_name *name)
{
	buffer_append(to, name->comm, name->comm_size);
	append_number(to, " (pid ", name->pid);
	append_number(to, " (tid ", name->tid);
}

/* Takes a number in its brackets off the end of a text; PROFILE_NONE: there is none. */
static uint32_t take_number(const char *text, size_t *size, const char *before)
{
	size_t length = strlen(before), end = *size, start;
	uint64_t number = 0;

	if (!end || text[end - 1] != ')')
		return PROFILE_NONE;
	for (start = end - 1; start && text[start - 1] >= '0' && text[start - 1] <= '9'; start--)
		continue;
	if (start == end - 1 || end - 1 - start > 10 || start < length ||
	    memcmp(text + start - length, before, length) != 0)
		return PROFILE_NONE;
	for (size_t i = start; i < end - 1; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	if (number >= PROFILE_NONE)
		return PROFILE_NONE;
	*size = start - length;
	return (uint32_t)number;
}

struct thread_name thread_name_parse(const char *text, size_t size)
{
	struct thread_name name = { .tid = take_number(text, &size, " (tid ") };

	name.pid = take_number(text, &size, " (pid ");
	if (name.pid == PROFILE_NONE && name.tid == PROFILE_NONE)
		return name;
	name.comm = text;
	name.comm_size = size;
	return name;
}
