/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What readers of JSON have in common: a state that is fed pieces and is told of the values that a table knows by where they stand. The document itself
 * is not kept: what a reader does not remember is gone. Such a state begins with a struct json_document; the rows' functions feed,
 * finish and free are then those of this file. Private to model/.
 *
 * A place is a number of the reader's own for a map or an array; a value one for what is in it. Whatever no row leads to is JSON_OTHER, with all that
 * it holds.
 */
#ifndef HEARTH_MODEL_JSON_DOCUMENT_H
#define HEARTH_MODEL_JSON_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct json_document;
struct profile;
struct read_report;

#define JSON_OTHER   0 /* a place of no interest */
#define JSON_TOP     1 /* the document itself */
#define JSON_NOTHING 0 /* a value of no interest */

/* What stands in a place under a key, or as each element of an array. */
struct json_key {
	uint8_t in;
	const char *name; /* NULL: an element */
	uint8_t leads_to; /* the place that it is, if it is a map or an array */
	uint8_t value;    /* what it is, if it is a number or a string */
};

struct json_document_ops {
	size_t state_size;
	const struct json_key *keys;
	size_t key_count;
	/* A map or an array other than JSON_OTHER begins, and ends. All of these: 0, or an error that ends the reading; NULL: nothing is done. */
	int (*open)(struct json_document *document, uint8_t place);
	int (*close)(struct json_document *document, uint8_t place);
	/* A value other than JSON_NOTHING. What is neither number nor string (null) is a number: NAN. */
	int (*number)(struct json_document *document, uint8_t value, double number);
	int (*string)(struct json_document *document, uint8_t value, const char *text, size_t size);
	int (*end)(struct json_document *document); /* behind a whole document */
	void (*release)(struct json_document *document);
};

struct json_document {
	const struct json_document_ops *ops;
	struct profile *profile;
	struct read_report *report;
	struct json_reader *json;
	uint64_t offset;      /* of the piece that is being fed */
	struct buffer places; /* uint8_t, from the outermost on */
	uint8_t next, value;  /* of the next value in a map */
	int error;            /* of an operation */
};

/* A state of `ops->state_size`, cleared behind its head. NULL: out of memory. */
void *json_document_begin(const struct json_document_ops *ops, struct profile *profile,
			  struct read_report *report);

/* How far the input is read: behind the value that an operation is told of. */
uint64_t json_document_offset(const struct json_document *document);

/* As struct profile_format has them. */
int json_document_feed(void *state, const char *bytes, size_t size);
int json_document_finish(void *state);
void json_document_free(void *state);

/* For recognising: do these bytes begin as a map, and do they have such a text? */
bool json_begins_as_map(const char *bytes, size_t size);
bool json_has(const char *bytes, size_t size, const char *what);

#endif
