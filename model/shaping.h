/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user wants of a profile: the words of shaping.def, as they are said on a command line. What they do to
 * a profile is shape.h.
 *
 * A pattern is a POSIX extended regular expression, looked for anywhere in a function's name; one that holds a slash is
 * looked for in "MODULE/NAME" as well, so that "^libc.so.6/" is all of libc. Of a name the first SHAPING_NAME_MAX bytes are
 * looked at. Markers of fates (fates.h) match nothing. A process, by its name, matches --focus and --ignore only: it is no
 * function. Patterns are the user's own: whoever takes them from somebody else bounds the time.
 */
#ifndef HEARTH_MODEL_SHAPING_H
#define HEARTH_MODEL_SHAPING_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPING_PATTERNS_MAX 64
#define SHAPING_FOCUS_MAX    8 /* of them --focus, each of which has its own bit */
#define SHAPING_NAME_MAX     4096

/* What a frame can be told to be, bits; those of --focus are SHAPING_FOCUS << 0 to SHAPING_FOCUS_MAX - 1. */
enum {
	SHAPING_HIDE = 1 << 0,
	SHAPING_IGNORE = 1 << 1,
	SHAPING_FROM = 1 << 2,
	SHAPING_BASE = 1 << 3,
	SHAPING_FOCUS = 1 << 4,
};

struct shaping_pattern {
	const char *word; /* as in shaping.def */
	char *text;
	regex_t regexp; /* unless the trait is SHAPING_BASE: that is a name */
	uint16_t trait;
};

struct shaping {
	struct shaping_pattern *patterns;
	size_t pattern_count;
	uint16_t asked;   /* the traits of all patterns */
	bool keeps_lines; /* no word: whatever writes has a place for the lines of frames */
	char why[160];    /* of the last refusal */
#define SHAPING_FLAG(name, field, help)                  bool field;
#define SHAPING_TEXT(name, field, check, argument, help) char *field; /* NULL: not said */
#include "model/shaping.def"
};

/* May a word have this value? 0, or -EINVAL with a reason in `ret_why`. */
typedef int shaping_check_fn(const char *value, const char **ret_why);

/* Zero bytes are a shaping that changes nothing. */
void shaping_release(struct shaping *shaping);

/* A row, for the command line and for --help. */
struct shaping_word {
	const char *name;     /* without dashes */
	const char *argument; /* what --help calls its value; NULL: takes none */
	const char *help;
};

extern const struct shaping_word shaping_words[];
extern const size_t shaping_word_count;

/*
 * Takes a word of a user; `value` is NULL for a flag. 0, -ENOMEM, or -EINVAL with a reason in `ret_why`, which stays until the
 * next call.
 */
int shaping_set(struct shaping *shaping, const char *name, const char *value, const char **ret_why);

bool shaping_is_asked(const struct shaping *shaping); /* does it change anything? */
/* Is what the tree counts not enough for it, so that the profile is to keep its samples? */
bool shaping_wants_samples(const struct shaping *shaping);

#endif
