/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time_point.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000u

static const char why_not[] =
	"a time is now, -2h (d, h, m, s, also -1d12h), @EPOCH or 2026-11-28T14:00:00Z";

static uint64_t seconds_in(char unit)
{
	switch (unit) {
	case 'd':
		return 86400;
	case 'h':
		return 3600;
	case 'm':
		return 60;
	case 's':
		return 1;
	default:
		return 0;
	}
}

/* "2h30m" */
static bool parse_span(const char *text, uint64_t *ret_ns)
{
	uint64_t sum = 0;
	char *end;

	do {
		uint64_t number, ns;

		if (*text < '0' || *text > '9')
			return false;
		errno = 0;
		number = strtoull(text, &end, 10);
		if (errno || !seconds_in(*end) ||
		    __builtin_mul_overflow(number, seconds_in(*end) * NS_PER_SECOND, &ns) ||
		    __builtin_add_overflow(sum, ns, &sum))
			return false;
		text = end + 1;
	} while (*text);
	*ret_ns = sum;
	return true;
}

static bool parse_epoch(const char *text, uint64_t *ret_ns)
{
	char *end;
	double fraction = 0;
	uint64_t seconds;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	seconds = strtoull(text, &end, 10);
	if (*end == '.')
		fraction = strtod(end, &end);
	if (errno || *end || seconds > INT64_MAX / NS_PER_SECOND - 1)
		return false;
	*ret_ns = seconds * NS_PER_SECOND + (uint64_t)(fraction * NS_PER_SECOND);
	return true;
}

/* "Z", "+01:00", "+0100"; or nothing, which is this machine's. */
static bool parse_zone(const char *text, struct tm *parts, time_t *ret_time)
{
	const char *end = strptime(text, "%z", parts);
	long offset = parts->tm_gmtoff;

	if (!*text) {
		parts->tm_isdst = -1;
		*ret_time = mktime(parts);
		return *ret_time != -1;
	}
	if (!end || *end)
		return false;
	*ret_time = timegm(parts) - offset;
	return true;
}

/* As February has no 30th day, which the C library takes for one of March. */
static bool is_in_calendar(const struct tm *parts)
{
	struct tm day = { .tm_year = parts->tm_year,
			  .tm_mon = parts->tm_mon,
			  .tm_mday = parts->tm_mday };

	timegm(&day);
	return day.tm_mday == parts->tm_mday && day.tm_mon == parts->tm_mon;
}

static bool parse_date(const char *text, uint64_t *ret_ns)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					       "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct tm parts = { 0 };
		const char *rest = strptime(text, formats[i], &parts);
		double fraction = 0;
		time_t seconds;
		char *end;

		if (!rest || !is_in_calendar(&parts))
			continue;
		if (*rest == '.') {
			fraction = strtod(rest, &end);
			rest = end;
		}
		if (!parse_zone(rest, &parts, &seconds) || seconds < 0)
			continue;
		*ret_ns = (uint64_t)seconds * NS_PER_SECOND + (uint64_t)(fraction * NS_PER_SECOND);
		return true;
	}
	return false;
}

static bool parse(const char *text, uint64_t now_ns, uint64_t *ret_ns)
{
	uint64_t ago;

	if (!strcmp(text, "now")) {
		*ret_ns = now_ns;
		return true;
	}
	if (*text == '@')
		return parse_epoch(text + 1, ret_ns);
	if (*text != '-')
		return parse_date(text, ret_ns);
	if (!parse_span(text + 1, &ago))
		return false;
	*ret_ns = ago < now_ns ? now_ns - ago : 0;
	return true;
}

int time_point_parse(const char *text, uint64_t now_ns, uint64_t *ret_ns, const char **ret_why)
{
	if (parse(text, now_ns, ret_ns))
		return 0;
	*ret_why = why_not;
	return -EINVAL;
}

int time_span_parse(const char *text, uint64_t *ret_ns, const char **ret_why)
{
	if (parse_span(text, ret_ns))
		return 0;
	*ret_why = "a span of time is 7d, 12h, 90m or 30s, also 1d12h";
	return -EINVAL;
}

const char *time_point_format(uint64_t ns, char text[TIME_POINT_BYTES])
{
	time_t seconds = (time_t)(ns / NS_PER_SECOND);
	struct tm parts;

	if (!localtime_r(&seconds, &parts) ||
	    !strftime(text, TIME_POINT_BYTES, "%Y-%m-%d %H:%M:%S", &parts))
		text[0] = '\0';
	return text;
}
