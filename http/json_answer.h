/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of an answer, piece by piece, with its commas. Texts are cleaned and cut (json_string.h). */
#ifndef HEARTH_HTTP_JSON_ANSWER_H
#define HEARTH_HTTP_JSON_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

struct buffer;

#define JSON_TEXT_BYTES 4096

struct json_answer {
	struct buffer *to;
	bool has_before; /* something on this level, so that a comma follows */
};

struct json_answer json_answer_begin(struct buffer *to);

void json_open(struct json_answer *json, char bracket); /* '{' or '[' */
void json_close(struct json_answer *json, char bracket);
void json_key(struct json_answer *json, const char *key); /* a plain word */

void json_text(struct json_answer *json, const char *text); /* NULL is null */
void json_number(struct json_answer *json, uint64_t number);
void json_real(struct json_answer *json, double number); /* what is no number is null */
void json_ms(struct json_answer *json, uint64_t ns);     /* as milliseconds, with all of it */
void json_raw(struct json_answer *json, const char *text);

/* A key and its value. */
void json_pair_text(struct json_answer *json, const char *key, const char *text);
void json_pair_number(struct json_answer *json, const char *key, uint64_t number);
void json_pair_real(struct json_answer *json, const char *key, double number);
void json_pair_ms(struct json_answer *json, const char *key, uint64_t ns);

#endif
