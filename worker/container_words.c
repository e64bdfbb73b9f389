/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/container_words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/json_reader.h"

/* Documents nest less deeply than this by far; what lies deeper is passed over. */
#define MAX_DEPTH 32

#define KEY_ELEMENT NULL

enum place {
	PLACE_NOWHERE, /* of no interest, with all that is in it */
	PLACE_DOCUMENT,
	PLACE_CONFIG,
	PLACE_ANNOTATIONS,
	PLACE_CONTAINER,
	PLACE_NAMES,
	PLACE_WITHIN_METADATA, /* a document of its own */
};

/* Fields of the caller's, and two that are of use here. */
enum {
	FIELD_NAME = CONTAINER_NAME,
	FIELD_IMAGE = CONTAINER_IMAGE,
	FIELD_POD = CONTAINER_POD,
	FIELD_NAMESPACE = CONTAINER_NAMESPACE,
	FIELD_ID = CONTAINER_FIELDS,
	FIELD_METADATA,
	FIELD_NONE
};

struct key {
	enum place in;
	const char *name; /* NULL: an element */
	enum place leads_to;
	int field, rank;
};

static const struct key keys[] = {
#define PLACE(in, name, place)      { PLACE_##in, name, PLACE_##place, FIELD_NONE, 0 },
#define WORD(in, name, field, rank) { PLACE_##in, name, PLACE_NOWHERE, FIELD_##field, rank },
#include "worker/container_words.def"
#undef PLACE
#undef WORD
};

static const struct key nothing = { .leads_to = PLACE_NOWHERE, .field = FIELD_NONE };

struct reading {
	struct container_words *containers;
	size_t count;
	enum place places[MAX_DEPTH];
	size_t depth;          /* may be more than there is room for */
	const struct key *key; /* of the next value */
	enum place top;
	struct container_words found; /* of the container that is being read */
	bool has_id, is_list;
	int error; /* -ENOMEM, within a document in a text */
};

static enum place place_of(const struct reading *reading)
{
	if (!reading->depth || reading->depth > MAX_DEPTH)
		return PLACE_NOWHERE;
	return reading->places[reading->depth - 1];
}

/* `name` NULL: an element. */
static const struct key *find_key(enum place in, const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct key *key = &keys[i];

		if (key->in == in && !key->name == !name &&
		    (!name || (strlen(key->name) == size && !memcmp(key->name, name, size))))
			return key;
	}
	return &nothing;
}

/* --- what was found --- */

static void keep_word(struct container_word *word, const char *text, size_t size, int rank)
{
	if (!size || (*word->text && rank <= word->rank))
		return;
	word->rank = rank;
	if (size > CONTAINER_WORD_MAX)
		size = CONTAINER_WORD_MAX;
	memcpy(word->text, text, size);
	word->text[size] = '\0';
}

/* Whose it is: by its ID; without one the only container's that was asked for. */
static struct container_words *find_asked(const struct reading *reading)
{
	if (!reading->has_id)
		return reading->count == 1 ? reading->containers : NULL;
	for (size_t i = 0; i < reading->count; i++)
		if (!strcmp(reading->containers[i].id, reading->found.id))
			return &reading->containers[i];
	return NULL;
}

static void forget(struct reading *reading)
{
	memset(&reading->found, 0, sizeof(reading->found));
	reading->has_id = false;
}

static void settle(struct reading *reading)
{
	struct container_words *asked = find_asked(reading);

	for (size_t i = 0; i < CONTAINER_FIELDS && asked; i++) {
		const struct container_word *word = &reading->found.words[i];

		keep_word(&asked->words[i], word->text, strlen(word->text), word->rank);
	}
	forget(reading);
}

/* --- what yajl says --- */

static int open_place(void *context)
{
	struct reading *reading = context;
	enum place place = reading->depth ? reading->key->leads_to : reading->top;

	reading->is_list |= place == PLACE_CONTAINER;
	if (reading->depth < MAX_DEPTH)
		reading->places[reading->depth] = place;
	reading->depth++;
	reading->key = find_key(place_of(reading), NULL, 0);
	return 1;
}

static int close_place(void *context)
{
	struct reading *reading = context;

	/* One of many: which one, must be said. */
	if (place_of(reading) == PLACE_CONTAINER && reading->has_id)
		settle(reading);
	else if (place_of(reading) == PLACE_CONTAINER)
		forget(reading);
	reading->depth--;
	reading->key = find_key(place_of(reading), NULL, 0);
	return 1;
}

static int take_key(void *context, const unsigned char *name, size_t size)
{
	struct reading *reading = context;

	reading->key = find_key(place_of(reading), (const char *)name, size);
	return 1;
}

static int read_document(struct reading *reading, enum place top, struct bytes bytes);

/* A document in a text, which holds none itself. */
static void read_metadata(struct reading *reading, const char *text, size_t size)
{
	struct reading within = { .key = &nothing, .found = reading->found };

	if (reading->top != PLACE_DOCUMENT)
		return;
	reading->error = read_document(&within, PLACE_WITHIN_METADATA,
				       (struct bytes){ (const uint8_t *)text, size });
	reading->found = within.found;
}

static void take_text(struct reading *reading, const char *text, size_t size)
{
	const struct key *key = reading->key;

	if (key->field == FIELD_ID) {
		reading->has_id = true;
		memset(reading->found.id, 0, sizeof(reading->found.id));
		if (size <= CONTAINER_ID_MAX)
			memcpy(reading->found.id, text, size);
	} else if (key->field == FIELD_METADATA) {
		read_metadata(reading, text, size);
	} else if (key->field != FIELD_NONE) {
		bool has_slash = key->field == FIELD_NAME && size && *text == '/';

		keep_word(&reading->found.words[key->field], text + has_slash, size - has_slash,
			  key->rank);
	}
}

static int take_string(void *context, const unsigned char *text, size_t size)
{
	struct reading *reading = context;

	take_text(reading, (const char *)text, size);
	reading->key = find_key(place_of(reading), NULL, 0);
	return !reading->error;
}

/* 0 or -ENOMEM. */
static int read_document(struct reading *reading, enum place top, struct bytes bytes)
{
	static const yajl_callbacks callbacks = {
		.yajl_string = take_string,
		.yajl_start_map = open_place,
		.yajl_map_key = take_key,
		.yajl_end_map = close_place,
		.yajl_start_array = open_place,
		.yajl_end_array = close_place,
	};
	struct json_reader *json = json_reader_new(&callbacks, reading);
	int error = json ? 0 : -ENOMEM;

	reading->top = top;
	if (!error)
		error = json_reader_feed(json, bytes.data, bytes.size);
	if (!error)
		error = json_reader_finish(json);
	json_reader_free(json);
	return reading->error ? reading->error : error == -ENOMEM ? error : 0;
}

int container_words_read(struct bytes file, struct container_words *containers, size_t count)
{
	struct reading reading = { .containers = containers, .count = count, .key = &nothing };
	int error = read_document(&reading, PLACE_DOCUMENT, file);

	/* Of a document that is about one; or it ended within the last one. */
	if (!error && (reading.has_id || !reading.is_list))
		settle(&reading);
	return error;
}
