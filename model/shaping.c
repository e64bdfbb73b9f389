/* SPDX-License-Identifier: Apache-2.0 */
#include "model/shaping.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/top_frames.h"

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

/* Which ones there are is known with the profile. */
static int check_value(const char *value, const char **ret_why)
{
	return *value ? 0 : refuse(ret_why, "it is empty");
}

const struct shaping_word shaping_words[] = {
#define SHAPING_PATTERN(name, trait, argument, help)     { name, argument, help },
#define SHAPING_FLAG(name, field, help)                  { name, NULL, help },
#define SHAPING_TEXT(name, field, check, argument, help) { name, argument, help },
#include "model/shaping.def"
};

const size_t shaping_word_count = sizeof(shaping_words) / sizeof(*shaping_words);

/* What only this file needs of a row. */
static const struct {
	uint16_t trait;
	size_t offset;
	shaping_check_fn *check; /* of a text */
} targets[] = {
#define SHAPING_PATTERN(name, trait_, argument, help) { .trait = trait_ },
#define SHAPING_FLAG(name, field, help)               { .offset = offsetof(struct shaping, field) },
#define SHAPING_TEXT(name, field, check_, argument, help) \
	{ .offset = offsetof(struct shaping, field), .check = check_ },
#include "model/shaping.def"
};

static void pattern_release(struct shaping_pattern *pattern)
{
	if (pattern->trait != SHAPING_BASE)
		regfree(&pattern->regexp);
	free(pattern->text);
}

void shaping_release(struct shaping *shaping)
{
	for (size_t i = 0; i < shaping->pattern_count; i++)
		pattern_release(&shaping->patterns[i]);
	free(shaping->patterns);
#define SHAPING_TEXT(name, field, check, argument, help) free(shaping->field);
#include "model/shaping.def"
	*shaping = (struct shaping){ 0 };
}

static int compile(struct shaping *shaping, const char *value, regex_t *ret_regexp,
		   const char **ret_why)
{
	int error = regcomp(ret_regexp, value, REG_EXTENDED | REG_NOSUB);

	if (!error)
		return 0;
	if (error == REG_ESPACE)
		return -ENOMEM;
	regerror(error, ret_regexp, shaping->why, sizeof(shaping->why));
	return refuse(ret_why, shaping->why);
}

/* Each --focus has a bit of its own: a stack must hold a frame for each. */
static uint16_t next_focus(const struct shaping *shaping)
{
	uint16_t bit = SHAPING_FOCUS;

	while (shaping->asked & bit && bit < SHAPING_FOCUS << SHAPING_FOCUS_MAX)
		bit <<= 1;
	return bit;
}

static int add_pattern(struct shaping *shaping, const char *word, uint16_t trait, const char *value,
		       const char **ret_why)
{
	struct shaping_pattern pattern = { .word = word, .trait = trait }, *patterns;
	int error;

	if (trait == SHAPING_FOCUS)
		pattern.trait = next_focus(shaping);
	if (shaping->pattern_count == SHAPING_PATTERNS_MAX ||
	    pattern.trait == SHAPING_FOCUS << SHAPING_FOCUS_MAX)
		return refuse(ret_why, "given too often");
	if (!*value)
		return refuse(ret_why, "it is empty, and so would match everything");
	patterns = realloc(shaping->patterns, (shaping->pattern_count + 1) * sizeof(*patterns));
	if (!patterns)
		return -ENOMEM;
	shaping->patterns = patterns;
	if (trait != SHAPING_BASE) {
		error = compile(shaping, value, &pattern.regexp, ret_why);
		if (error)
			return error;
	}
	pattern.text = strdup(value);
	if (!pattern.text) {
		pattern_release(&pattern);
		return -ENOMEM;
	}
	patterns[shaping->pattern_count++] = pattern;
	shaping->asked |= pattern.trait;
	return 0;
}

static int set_text(shaping_check_fn *check, char **field, const char *value, const char **ret_why)
{
	int error = check(value, ret_why);
	char *copy = error ? NULL : strdup(value);

	if (!copy)
		return error ? error : -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int shaping_set(struct shaping *shaping, const char *name, const char *value, const char **ret_why)
{
	for (size_t i = 0; i < shaping_word_count; i++) {
		const struct shaping_word *word = &shaping_words[i];
		void *field = (char *)shaping + targets[i].offset;

		if (strcmp(word->name, name))
			continue;
		if (word->argument && !value)
			return refuse(ret_why, "needs a value");
		if (!word->argument && value)
			return refuse(ret_why, "takes no value");
		if (targets[i].check)
			return set_text(targets[i].check, field, value, ret_why);
		if (value)
			return add_pattern(shaping, word->name, targets[i].trait, value, ret_why);
		*(bool *)field = true;
		return 0;
	}
	return refuse(ret_why, "no such option");
}

bool shaping_is_asked(const struct shaping *shaping)
{
	bool asked = shaping->asked;

#define SHAPING_FLAG(name, field, help)                  asked |= shaping->field;
#define SHAPING_TEXT(name, field, check, argument, help) asked |= shaping->field != NULL;
#include "model/shaping.def"
	return asked;
}

bool shaping_wants_samples(const struct shaping *shaping)
{
	return shaping->by || shaping->value;
}
