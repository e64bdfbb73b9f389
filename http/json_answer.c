/* SPDX-License-Identifier: Apache-2.0 */
#include "http/json_answer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json_string.h"

#define NS_PER_MS 1000000u

struct json_answer json_answer_begin(struct buffer *to)
{
	return (struct json_answer){ .to = to };
}

/* Ahead of a value or a key. */
static void separate(struct json_answer *json)
{
	if (json->has_before)
		buffer_append_char(json->to, ',');
	json->has_before = true;
}

void json_open(struct json_answer *json, char bracket)
{
	separate(json);
	buffer_append_char(json->to, bracket);
	json->has_before = false;
}

void json_close(struct json_answer *json, char bracket)
{
	buffer_append_char(json->to, bracket);
	json->has_before = true;
}

void json_key(struct json_answer *json, const char *key)
{
	separate(json);
	buffer_append_char(json->to, '"');
	buffer_append_string(json->to, key);
	buffer_append_string(json->to, "\":");
	json->has_before = false;
}

void json_text(struct json_answer *json, const char *text)
{
	separate(json);
	json_append_string(json->to, text, JSON_TEXT_BYTES);
}

void json_number(struct json_answer *json, uint64_t number)
{
	separate(json);
	buffer_append_u64(json->to, number);
}

void json_real(struct json_answer *json, double number)
{
	separate(json);
	if (isfinite(number))
		buffer_printf(json->to, "%.7g", number);
	else
		buffer_append_string(json->to, "null");
}

void json_ms(struct json_answer *json, uint64_t ns)
{
	char fraction[8];
	size_t size;

	separate(json);
	buffer_append_u64(json->to, ns / NS_PER_MS);
	size = (size_t)snprintf(fraction, sizeof(fraction), "%06" PRIu64, ns % NS_PER_MS);
	while (size && fraction[size - 1] == '0')
		size--;
	if (size)
		buffer_append_char(json->to, '.');
	buffer_append(json->to, fraction, size);
}

void json_raw(struct json_answer *json, const char *text)
{
	separate(json);
	buffer_append_string(json->to, text);
}

void json_pair_text(struct json_answer *json, const char *key, const char *text)
{
	json_key(json, key);
	json_text(json, text);
}

void json_pair_number(struct json_answer *json, const char *key, uint64_t number)
{
	json_key(json, key);
	json_number(json, number);
}

void json_pair_real(struct json_answer *json, const char *key, double number)
{
	json_key(json, key);
	json_real(json, number);
}

void json_pair_ms(struct json_answer *json, const char *key, uint64_t ns)
{
	json_key(json, key);
	json_ms(json, ns);
}
