/* SPDX-License-Identifier: Apache-2.0 */
#include "render/count_words.h"

#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "model/fates.h"
#include "model/profile.h"
#include "render/readable.h"
#include "render/render_options.h"

/* As profiles write them: in small letters and large ones, the long ones also with an s. */
static const struct unit {
	const char *names[4];
	uint64_t per_second, seconds, bytes;
} units[] = {
	{ { "nanosecond", "nsec", "ns" }, 1000000000, 1, 0 },
	{ { "microsecond", "usec", "us", "µs" }, 1000000, 1, 0 },
	{ { "millisecond", "msec", "ms" }, 1000, 1, 0 },
	{ { "second", "sec", "s" }, 1, 1, 0 },
	{ { "minute", "min" }, 1, 60, 0 },
	{ { "hour", "hr", "hrs", "h" }, 1, 3600, 0 },
	{ { "byte", "b" }, 0, 0, 1 },
	{ { "kilobyte", "kbyte", "kb", "kib" }, 0, 0, UINT64_C(1) << 10 },
	{ { "megabyte", "mbyte", "mb", "mib" }, 0, 0, UINT64_C(1) << 20 },
	{ { "gigabyte", "gbyte", "gb", "gib" }, 0, 0, UINT64_C(1) << 30 },
	{ { "terabyte", "tbyte", "tb", "tib" }, 0, 0, UINT64_C(1) << 40 },
};

static bool is_called(const char *text, const char *name)
{
	size_t size = strlen(name);

	return !strncasecmp(text, name, size) &&
	       (!text[size] || (size > 2 && !strcasecmp(text + size, "s")));
}

/* NULL: it is none of time or memory. */
static const struct unit *find_unit(const char *text)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		for (size_t n = 0; n < 4 && units[i].names[n]; n++)
			if (is_called(text, units[i].names[n]))
				return &units[i];
	return NULL;
}

/* Things that are counted are called by what they are, and so are amounts that are said in other units than theirs. */
static struct count_words words_of_type(const struct profile *profile,
					const struct value_type *type)
{
	const char *name = profile_string(profile, type->name, NULL);
	const char *unit = profile_string(profile, type->unit, NULL);
	const struct unit *known = find_unit(unit);
	struct count_words words = { .name = unit };

	if (known) {
		words.per_second = known->per_second;
		words.seconds = known->seconds;
		words.bytes = known->bytes;
		words.is_amount = true;
		words.is_nameless = !*name || find_unit(name) == known;
	}
	if (!*unit || !strcmp(unit, "count") || (known && *name))
		words.name = name;
	if (!words.is_amount && !strcmp(words.name, "samples"))
		words.per_second = profile_origin_of(profile)->rate_hz;
	return words;
}

struct count_words count_words_of(const struct profile *profile,
				  const struct render_options *options)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);
	struct count_words words = { .name = "samples",
				     .per_second = profile_origin_of(profile)->rate_hz };

	if (count)
		words = words_of_type(profile, types);
	if (options->countname) {
		words.name = options->countname;
		words.is_amount = false;
	}
	words.seconds = words.seconds ? words.seconds : 1;
	words.factor = options->factor;
	return words;
}

/* --- numbers --- */

#define SCALED_MAX ((unsigned __int128)1 << 100)

static unsigned __int128 scale(const struct count_words *counts, unsigned __int128 number)
{
	double scaled = round((double)number * counts->factor);

	if (counts->factor == 1)
		return number;
	return scaled < (double)SCALED_MAX ? (unsigned __int128)scaled : SCALED_MAX;
}

static unsigned __int128 time_ns(const struct count_words *counts, uint64_t count)
{
	return (unsigned __int128)count * counts->seconds * 1000000000 / counts->per_second;
}

double count_words_rate(const struct count_words *counts)
{
	return (double)counts->per_second / (double)counts->seconds;
}

void count_words_time(struct buffer *to, const struct count_words *counts, uint64_t count)
{
	readable_duration(to, time_ns(counts, count));
}

static void append_amount(struct buffer *to, const struct count_words *counts, uint64_t count)
{
	unsigned __int128 bytes = (unsigned __int128)count * counts->bytes;

	if (counts->per_second)
		readable_duration(to, scale(counts, time_ns(counts, count)));
	else
		readable_bytes(to, scale(counts, bytes));
}

void count_words_number(struct buffer *to, const struct count_words *counts, uint64_t count)
{
	unsigned __int128 scaled = scale(counts, count);

	if (counts->is_amount)
		append_amount(to, counts, count);
	else
		readable_count(to, scaled < UINT64_MAX ? (uint64_t)scaled : UINT64_MAX);
}

void count_words_append(struct buffer *to, const struct count_words *counts, uint64_t count)
{
	bool is_one = scale(counts, count) == 1 && !strcmp(counts->name, "samples");

	count_words_number(to, counts, count);
	if (counts->is_amount && counts->is_nameless)
		return;
	buffer_append_string(to, counts->is_amount ? " of " : " ");
	buffer_append_string(to, is_one ? "sample" : counts->name);
}

/* --- what is left of a profile --- */

static void append_fate(struct buffer *to, const char *ahead, enum fate fate, uint64_t ticks,
			uint64_t due)
{
	buffer_append_string(to, ahead);
	buffer_append_string(to, fate_name(fate));
	buffer_append_char(to, ' ');
	readable_share(to, ticks, due, 2);
}

void count_words_left(struct buffer *to, const struct count_words *counts,
		      const struct profile *profile)
{
	const struct profile_origin *origin = profile_origin_of(profile);
	const struct profile_before *before = &origin->before;
	uint64_t left = profile_total(profile);

	if (counts->is_amount) {
		count_words_number(to, counts, left);
		buffer_append_string(to, " of ");
		count_words_number(to, counts, before->due);
	} else {
		readable_count(to, left);
		buffer_append_string(to, " of ");
		readable_count(to, before->due);
		buffer_append_string(to, " ticks");
	}
	buffer_append_string(to, " are left (");
	readable_share(to, left, before->due, 1);
	buffer_append_char(to, ')');
	if (!origin->fates_are_known)
		return;
	append_fate(to, "; of all: ", FATE_COMPLETE, before->due - before->truncated - before->lost,
		    before->due);
	append_fate(to, ", ", FATE_TRUNCATED, before->truncated, before->due);
	append_fate(to, ", ", FATE_LOST, before->lost, before->due);
}
