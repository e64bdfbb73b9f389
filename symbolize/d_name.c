/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/d_name.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "symbolize/demangle.h"

#define MAX_STEPS 20000 /* a name of 4 KiB takes no more, unless it was made to */
#define MAX_DEPTH 100

/* Where a name is read. What is read wrong leaves `failed` behind, and reading on does no harm. */
struct d_reader {
	const char *start, *at;
	struct buffer *to; /* NULL: passed over, and not written */
	size_t written;
	unsigned int steps, depth;
	bool failed;
};

static void read_type(struct d_reader *reader);
static void read_qualified(struct d_reader *reader);

static void fail(struct d_reader *reader)
{
	reader->failed = true;
}

/* Each thing that is read begins with it, so that none is read for ever. */
static bool can_go_on(struct d_reader *reader)
{
	if (++reader->steps > MAX_STEPS)
		fail(reader);
	return !reader->failed;
}

static bool take(struct d_reader *reader, char wanted)
{
	if (*reader->at != wanted)
		return false;
	reader->at++;
	return true;
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static size_t read_number(struct d_reader *reader)
{
	size_t number = 0;

	if (!isdigit((unsigned char)*reader->at))
		fail(reader);
	while (isdigit((unsigned char)*reader->at) && number < 1000000)
		number = number * 10 + (size_t)(*reader->at++ - '0');
	return number;
}

static void pass_over(struct d_reader *reader, size_t size)
{
	if (strnlen(reader->at, size) < size)
		fail(reader);
	else
		reader->at += size;
}

/* --- references: Q, and how far back, in base 26 whose last digit is a small letter --- */

/* What it refers to, or NULL. */
static const char *read_reference(struct d_reader *reader)
{
	const char *from = reader->at++;
	size_t distance = 0;

	while (isupper((unsigned char)*reader->at) && distance < 1000000)
		distance = distance * 26 + (size_t)(*reader->at++ - 'A');
	if (!islower((unsigned char)*reader->at)) {
		fail(reader);
		return NULL;
	}
	distance = distance * 26 + (size_t)(*reader->at++ - 'a');
	if (!distance || distance > (size_t)(from - reader->start)) {
		fail(reader);
		return NULL;
	}
	return from - distance;
}

/* Of a name, not of a type: it leads to the number that a name begins with. */
static bool is_reference_to_name(const struct d_reader *reader)
{
	struct d_reader ahead = *reader;
	const char *target = *ahead.at == 'Q' ? read_reference(&ahead) : NULL;

	return target && isdigit((unsigned char)*target);
}

/* --- values of template parameters --- */

static void read_text_value(struct d_reader *reader)
{
	size_t size = read_number(reader);

	if (!take(reader, '_'))
		fail(reader);
	pass_over(reader, 2 * size);
}

static void read_real_value(struct d_reader *reader)
{
	while (isxdigit((unsigned char)*reader->at) || is_one_of(*reader->at, "NPIc"))
		reader->at++;
}

/* Of a map, a value for each key is next to it. */
static void read_value(struct d_reader *reader, bool is_map)
{
	char kind = *reader->at;

	if (!can_go_on(reader) || ++reader->depth > MAX_DEPTH) {
		fail(reader);
		return;
	}
	if (!isdigit((unsigned char)kind))
		reader->at += kind != '\0';
	if (isdigit((unsigned char)kind) || is_one_of(kind, "iN"))
		read_number(reader);
	else if (is_one_of(kind, "awd"))
		read_text_value(reader);
	else if (is_one_of(kind, "ec"))
		read_real_value(reader);
	else if (is_one_of(kind, "AS"))
		for (size_t count = read_number(reader) << is_map; count && !reader->failed;
		     count--)
			read_value(reader, false);
	else if (kind != 'n')
		fail(reader);
	reader->depth--;
}

/* --- types, which are passed over --- */

static bool is_function(char c)
{
	return is_one_of(c, "FUWVRY");
}

static void read_modifiers(struct d_reader *reader)
{
	while (is_one_of(*reader->at, "Oxy") || (*reader->at == 'N' && reader->at[1] == 'g'))
		reader->at += *reader->at == 'N' ? 2 : 1;
}

static void read_parameter(struct d_reader *reader)
{
	while (is_one_of(*reader->at, "MJKLI") ||
	       (*reader->at == 'N' && is_one_of(reader->at[1], "k")))
		reader->at += *reader->at == 'N' ? 2 : 1;
	read_type(reader);
}

/* All but what it returns. */
static void read_function(struct d_reader *reader)
{
	reader->at++;
	while (*reader->at == 'N' && is_one_of(reader->at[1], "abcdefijlm"))
		reader->at += 2;
	while (!reader->failed && !is_one_of(*reader->at, "XYZ"))
		read_parameter(reader);
	if (!reader->failed)
		reader->at++;
}

static void read_delegate(struct d_reader *reader)
{
	read_modifiers(reader);
	if (*reader->at == 'Q')
		read_reference(reader);
	else
		read_type(reader);
}

static void read_tuple(struct d_reader *reader)
{
	for (size_t count = read_number(reader); count && !reader->failed; count--)
		read_type(reader);
}

/* What stands ahead of another type and says what is made of it. */
static void read_prefixes(struct d_reader *reader)
{
	for (;;) {
		if (*reader->at == 'N' && is_one_of(reader->at[1], "gh"))
			reader->at += 2;
		else if (take(reader, 'G'))
			read_number(reader);
		else if (is_one_of(*reader->at, "OxyAP"))
			reader->at++;
		else
			return;
	}
}

static void read_type_itself(struct d_reader *reader)
{
	char kind = *reader->at;

	if (kind == 'Q') {
		read_reference(reader);
	} else if (is_function(kind)) {
		read_function(reader);
		read_type(reader);
	} else if (kind == 'N' && reader->at[1] == 'n') {
		reader->at += 2;
	} else if (kind == 'z' && is_one_of(reader->at[1], "ik")) {
		reader->at += 2;
	} else if (is_one_of(kind, "nvghstiklmfdeopjqrcbauw")) {
		reader->at++;
	} else if (take(reader, 'H')) {
		read_type(reader);
		read_type(reader);
	} else if (take(reader, 'D')) {
		read_delegate(reader);
	} else if (take(reader, 'B')) {
		read_tuple(reader);
	} else if (is_one_of(kind, "ICSET")) {
		reader->at++;
		read_qualified(reader);
	} else {
		fail(reader);
	}
}

static void read_type(struct d_reader *reader)
{
	struct buffer *to = reader->to;

	if (!can_go_on(reader) || ++reader->depth > MAX_DEPTH) {
		fail(reader);
		return;
	}
	reader->to = NULL;
	read_prefixes(reader);
	read_type_itself(reader);
	reader->to = to;
	reader->depth--;
}

/* --- names --- */

static void read_mangled(struct d_reader *reader)
{
	pass_over(reader, 2);
	read_qualified(reader);
	if (!take(reader, 'Z'))
		read_type(reader);
}

static void read_symbol(struct d_reader *reader)
{
	if (!strncmp(reader->at, "_D", 2))
		read_mangled(reader);
	else
		read_qualified(reader);
}

/*
 * Compilers up to 2.076 put the size of a symbol ahead of it, and digits that begin it right behind: where the one ends is known by
 * whether what is read then has that size.
 */
static bool read_sized_symbol(struct d_reader *reader)
{
	size_t size = 0;

	for (const char *at = reader->at; isdigit((unsigned char)*at) && size < 1000000; at++) {
		struct d_reader ahead = *reader;

		size = size * 10 + (size_t)(*at - '0');
		ahead.at = at + 1;
		read_symbol(&ahead);
		reader->steps = ahead.steps;
		if (ahead.failed || (size_t)(ahead.at - at) != size + 1)
			continue;
		reader->at = ahead.at;
		return true;
	}
	return false;
}

static void read_symbol_argument(struct d_reader *reader)
{
	if (can_go_on(reader) && !read_sized_symbol(reader))
		read_symbol(reader);
}

static void read_template_argument(struct d_reader *reader)
{
	take(reader, 'H');
	if (take(reader, 'T')) {
		read_type(reader);
	} else if (take(reader, 'V')) {
		bool is_map = *reader->at == 'H';

		read_type(reader);
		read_value(reader, is_map);
	} else if (take(reader, 'S')) {
		read_symbol_argument(reader);
	} else if (take(reader, 'X')) {
		pass_over(reader, read_number(reader));
	} else {
		fail(reader);
	}
}

static void append(struct d_reader *reader, const char *text, size_t size)
{
	if (!reader->to)
		return;
	reader->written += size;
	if (reader->written > DEMANGLE_MAX_BYTES)
		fail(reader);
	else
		buffer_append(reader->to, text, size);
}

static void read_plain_name(struct d_reader *reader)
{
	size_t size = read_number(reader);
	const char *name = reader->at;

	pass_over(reader, size);
	if (!reader->failed)
		append(reader, name, size);
}

static void read_name(struct d_reader *reader);

/* Compilers up to 2.076 put its size ahead of it; `start`: of __T or __U. */
static void read_template(struct d_reader *reader, const char *start)
{
	size_t size = start > reader->at ? read_number(reader) : 0;
	struct buffer *to = reader->to;

	reader->at = start + 3;
	read_name(reader);
	reader->to = NULL;
	while (can_go_on(reader) && *reader->at != 'Z')
		read_template_argument(reader);
	reader->to = to;
	if (reader->failed)
		return;
	reader->at++;
	if (size && (size_t)(reader->at - start) != size)
		fail(reader);
	append(reader, "!(...)", 6);
}

static bool is_template(const char *at)
{
	return !strncmp(at, "__T", 3) || !strncmp(at, "__U", 3);
}

static void read_referred_name(struct d_reader *reader)
{
	const char *target = read_reference(reader), *behind = reader->at;

	if (!target || !isdigit((unsigned char)*target)) {
		fail(reader);
		return;
	}
	reader->at = target;
	read_plain_name(reader);
	reader->at = behind;
}

static void read_name(struct d_reader *reader)
{
	const char *behind_size = reader->at + strspn(reader->at, "0123456789");

	if (!can_go_on(reader) || ++reader->depth > MAX_DEPTH) {
		fail(reader);
		return;
	}
	if (*reader->at == 'Q')
		read_referred_name(reader);
	else if (is_template(behind_size))
		read_template(reader, behind_size);
	else
		read_plain_name(reader);
	reader->depth--;
}

static bool is_at_name(const struct d_reader *reader)
{
	return isdigit((unsigned char)*reader->at) || is_template(reader->at) ||
	       is_reference_to_name(reader);
}

/* A function around what follows has its parameters between; else they are the type that follows the whole name. */
static void read_parameters(struct d_reader *reader)
{
	struct d_reader ahead = *reader;

	ahead.to = NULL;
	if (take(&ahead, 'M'))
		read_modifiers(&ahead);
	if (!is_function(*ahead.at))
		return;
	read_function(&ahead);
	reader->steps = ahead.steps;
	if (!ahead.failed && *ahead.at)
		reader->at = ahead.at;
}

static void read_qualified(struct d_reader *reader)
{
	bool is_first = true;

	if (!is_at_name(reader))
		fail(reader);
	while (!reader->failed && is_at_name(reader)) {
		if (take(reader, '0')) {
			can_go_on(reader);
			continue;
		}
		if (!is_first)
			append(reader, ".", 1);
		is_first = false;
		read_name(reader);
		if (!reader->failed)
			read_parameters(reader);
	}
}

bool d_name_append(struct buffer *to, const char *mangled)
{
	struct d_reader reader = { .start = mangled, .at = mangled, .to = to };
	size_t before = to->size;

	if (!strcmp(mangled, "_Dmain")) {
		buffer_append_string(to, "D main");
		return true;
	}
	if (strncmp(mangled, "_D", 2))
		return false;
	read_mangled(&reader);
	if (!reader.failed && !*reader.at && to->size > before)
		return true;
	to->size = before;
	return false;
}
