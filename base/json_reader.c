/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>

struct json_reader {
	yajl_alloc_funcs memory; /* yajl keeps a pointer to it while it begins */
	yajl_handle json;
	jmp_buf no_memory; /* where yajl is left: it looks at no pointer that it is given */
	int error;
};

static void *take(struct json_reader *reader, void *memory)
{
	if (!memory)
		longjmp(reader->no_memory, 1);
	return memory;
}

static void *allocate(void *context, size_t size)
{
	return take(context, malloc(size));
}

static void *reallocate(void *context, void *memory, size_t size)
{
	return take(context, realloc(memory, size));
}

static void give_back(void *context, void *memory)
{
	(void)context;
	free(memory);
}

/* Not inlined, as parse() below: what longjmp() comes back to keeps its variables. */
static __attribute__((noinline)) bool begin(struct json_reader *reader,
					    const yajl_callbacks *callbacks, void *context)
{
	if (setjmp(reader->no_memory))
		return false;
	reader->json = yajl_alloc(callbacks, &reader->memory, context);
	yajl_config(reader->json, yajl_dont_validate_strings, 1);
	return true;
}

struct json_reader *json_reader_new(const yajl_callbacks *callbacks, void *context)
{
	struct json_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->memory = (yajl_alloc_funcs){ allocate, reallocate, give_back, reader };
	if (begin(reader, callbacks, context))
		return reader;
	json_reader_free(reader);
	return NULL;
}

void json_reader_free(struct json_reader *reader)
{
	if (!reader)
		return;
	if (reader->json)
		yajl_free(reader->json);
	free(reader);
}

/* The end where there are no bytes. */
static __attribute__((noinline)) int parse(struct json_reader *reader, const void *bytes,
					   size_t size)
{
	yajl_status status;

	if (reader->error)
		return reader->error;
	if (setjmp(reader->no_memory))
		return reader->error = -ENOMEM;
	status = bytes ? yajl_parse(reader->json, bytes, size) : yajl_complete_parse(reader->json);
	reader->error = status == yajl_status_ok ? 0 : -EPROTO;
	return reader->error;
}

int json_reader_feed(struct json_reader *reader, const void *bytes, size_t size)
{
	return size ? parse(reader, bytes, size) : reader->error;
}

int json_reader_finish(struct json_reader *reader)
{
	return parse(reader, NULL, 0);
}

size_t json_reader_consumed(const struct json_reader *reader)
{
	return yajl_get_bytes_consumed(reader->json);
}
