/* SPDX-License-Identifier: Apache-2.0 */
#include "model/json_document.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_reader.h"
#include "model/profile_reader.h"

#define EXACT_DIGITS 15  /* that a double and a uint64_t both hold */
#define NUMBER_BYTES 400 /* a longer one is none */

static uint8_t place_of(const struct json_document *document)
{
	const struct buffer *places = &document->places;

	return places->size ? (uint8_t)places->data[places->size - 1] : JSON_OTHER;
}

static bool is_key(const struct json_key *key, uint8_t in, const char *text, size_t size)
{
	if (key->in != in || !key->name != !text)
		return false;
	return !text || (strlen(key->name) == size && !memcmp(key->name, text, size));
}

/* `text` NULL: an element. */
static void look_up(struct json_document *document, const char *text, size_t size)
{
	uint8_t in = place_of(document);

	document->next = JSON_OTHER;
	document->value = JSON_NOTHING;
	for (size_t i = 0; i < document->ops->key_count && in != JSON_OTHER; i++)
		if (is_key(&document->ops->keys[i], in, text, size)) {
			document->next = document->ops->keys[i].leads_to;
			document->value = document->ops->keys[i].value;
			return;
		}
}

/* Behind a value: the next one is another element, where it is no map. */
static int go_on(struct json_document *document, int error)
{
	if (error && !document->error)
		document->error = error;
	look_up(document, NULL, 0);
	return !document->error;
}

static int take_open(void *context)
{
	struct json_document *document = context;
	uint8_t place = document->places.size ? document->next : JSON_TOP;
	int error = 0;

	buffer_append(&document->places, &place, sizeof(place));
	error = buffer_error(&document->places);
	if (!error && place != JSON_OTHER && document->ops->open)
		error = document->ops->open(document, place);
	return go_on(document, error);
}

static int take_close(void *context)
{
	struct json_document *document = context;
	uint8_t place = place_of(document);
	int error = 0;

	if (place != JSON_OTHER && document->ops->close)
		error = document->ops->close(document, place);
	document->places.size--;
	return go_on(document, error);
}

static int take_key(void *context, const unsigned char *text, size_t size)
{
	look_up(context, (const char *)text, size);
	return 1;
}

static int take_string(void *context, const unsigned char *text, size_t size)
{
	struct json_document *document = context;
	int error = 0;

	if (document->value != JSON_NOTHING && document->ops->string)
		error = document->ops->string(document, document->value, (const char *)text, size);
	return go_on(document, error);
}

static int give_number(struct json_document *document, double number)
{
	int error = 0;

	if (document->value != JSON_NOTHING && document->ops->number)
		error = document->ops->number(document, document->value, number);
	return go_on(document, error);
}

static int take_null(void *context)
{
	return give_number(context, NAN);
}

static int take_boolean(void *context, int is_true)
{
	(void)is_true;
	return give_number(context, NAN);
}

/* Nearly all are short integers. */
static double parse_number(const char *text, size_t size)
{
	char copy[NUMBER_BYTES + 1];
	uint64_t integer = 0;
	size_t i;

	for (i = 0; i < size && i < EXACT_DIGITS && text[i] >= '0' && text[i] <= '9'; i++)
		integer = integer * 10 + (uint64_t)(text[i] - '0');
	if (i == size)
		return (double)integer;
	if (size > NUMBER_BYTES)
		return NAN;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return strtod(copy, NULL);
}

static int take_number(void *context, const char *text, size_t size)
{
	struct json_document *document = context;

	return give_number(document,
			   document->value == JSON_NOTHING ? NAN : parse_number(text, size));
}

static const yajl_callbacks callbacks = {
	.yajl_null = take_null,
	.yajl_boolean = take_boolean,
	.yajl_number = take_number,
	.yajl_string = take_string,
	.yajl_start_map = take_open,
	.yajl_map_key = take_key,
	.yajl_end_map = take_close,
	.yajl_start_array = take_open,
	.yajl_end_array = take_close,
};

void *json_document_begin(const struct json_document_ops *ops, struct profile *profile,
			  struct read_report *report)
{
	struct json_document *document = calloc(1, ops->state_size);

	if (!document)
		return NULL;
	document->ops = ops;
	document->profile = profile;
	document->report = report;
	document->json = json_reader_new(&callbacks, document);
	if (document->json)
		return document;
	json_document_free(document);
	return NULL;
}

uint64_t json_document_offset(const struct json_document *document)
{
	return document->offset + json_reader_consumed(document->json);
}

int json_document_feed(void *state, const char *bytes, size_t size)
{
	struct json_document *document = state;
	int error = json_reader_feed(document->json, bytes, size);

	if (document->error)
		return document->error;
	if (error == -ENOMEM)
		return error;
	if (error) {
		read_report_add(document->report, json_document_offset(document), "no JSON");
		return -EPROTO;
	}
	document->offset += size;
	return 0;
}

int json_document_finish(void *state)
{
	struct json_document *document = state;
	int error = json_reader_finish(document->json);

	if (document->error)
		return document->error;
	if (error == -ENOMEM)
		return error;
	if (error) {
		read_report_add(document->report, document->offset, "no JSON, or cut off");
		return -EPROTO;
	}
	return document->ops->end(document);
}

void json_document_free(void *state)
{
	struct json_document *document = state;

	if (document->ops->release)
		document->ops->release(document);
	json_reader_free(document->json);
	buffer_release(&document->places);
	free(document);
}

bool json_begins_as_map(const char *bytes, size_t size)
{
	while (size && *bytes && strchr(" \t\r\n", *bytes)) {
		bytes++;
		size--;
	}
	return size && *bytes == '{';
}

bool json_has(const char *bytes, size_t size, const char *what)
{
	return memmem(bytes, size, what, strlen(what));
}
