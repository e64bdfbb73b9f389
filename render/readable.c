/* SPDX-License-Identifier: Apache-2.0 */
#include "render/readable.h"

#include <inttypes.h>

#include "base/buffer.h"

#define NS_PER_S UINT64_C(1000000000)

void readable_count(struct buffer *to, uint64_t count)
{
	uint64_t unit = 1;

	while (count / unit >= 1000)
		unit *= 1000;
	buffer_append_u64(to, count / unit);
	for (unit /= 1000; unit; unit /= 1000)
		buffer_printf(to, ",%03" PRIu64, count / unit % 1000);
}

void readable_share(struct buffer *to, uint64_t part, uint64_t whole, unsigned int decimals)
{
	uint64_t scale = decimals == 2 ? 100 : 10;
	uint64_t share = 0;

	if (whole)
		share = (uint64_t)(((unsigned __int128)part * 100 * scale + whole / 2) / whole);
	if (part && !share) {
		buffer_append_string(to, decimals == 2 ? "<0.01 %" : "<0.1 %");
		return;
	}
	if (part < whole && share >= 100 * scale)
		share = 100 * scale - 1;
	buffer_printf(to, "%" PRIu64 ".%0*" PRIu64 " %%", share / scale, (int)decimals,
		      share % scale);
}

/* From a minute on. */
static void append_minutes(struct buffer *to, unsigned __int128 seconds)
{
	unsigned int rest = (unsigned int)(seconds % 3600);

	if (seconds < 3600)
		buffer_printf(to, "%u min %02u s", rest / 60, rest % 60);
	else
		buffer_printf(to, "%" PRIu64 " h %02u min", (uint64_t)(seconds / 3600), rest / 60);
}

void readable_duration(struct buffer *to, unsigned __int128 duration)
{
	uint64_t ns = duration < UINT64_MAX ? (uint64_t)duration : UINT64_MAX;

	/* The bounds are where the rounded text would overflow its own unit. */
	if (!ns)
		buffer_append_string(to, "0 s");
	else if (ns < 1000)
		buffer_printf(to, "%" PRIu64 " ns", ns);
	else if (ns < 999950)
		buffer_printf(to, "%" PRIu64 ".%" PRIu64 " µs", (ns + 50) / 1000,
			      (ns + 50) / 100 % 10);
	else if (ns < 999950000)
		buffer_printf(to, "%" PRIu64 ".%" PRIu64 " ms", (ns + 50000) / 1000000,
			      (ns + 50000) / 100000 % 10);
	else if (ns < 59995000000)
		buffer_printf(to, "%" PRIu64 ".%02" PRIu64 " s", (ns + 5000000) / NS_PER_S,
			      (ns + 5000000) / 10000000 % 100);
	else
		append_minutes(to, (duration + NS_PER_S / 2) / NS_PER_S);
}

uint64_t readable_ticks_ns(uint64_t ticks, uint64_t rate_hz)
{
	unsigned __int128 ns = (unsigned __int128)ticks * NS_PER_S / rate_hz;

	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* In tenths of a unit that is 1,024 times the one before; of the last one there may be more. */
void readable_bytes(struct buffer *to, unsigned __int128 bytes)
{
	static const char *const names[] = {
		"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"
	};
	const unsigned int last = sizeof(names) / sizeof(*names) - 1;
	unsigned __int128 tenths = bytes * 10;
	unsigned int shift = 10, name = 0;

	if (bytes < 1024) {
		buffer_printf(to, "%u B", (unsigned int)bytes);
		return;
	}
	while (name < last && ((tenths >> (shift - 1)) + 1) >> 1 >= 10240) {
		shift += 10;
		name++;
	}
	tenths = ((tenths >> (shift - 1)) + 1) >> 1;
	buffer_printf(to, "%" PRIu64 ".%u %s", (uint64_t)(tenths / 10), (unsigned int)(tenths % 10),
		      names[name]);
}

void readable_time(struct buffer *to, uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / NS_PER_S);
	struct tm utc;

	if (!gmtime_r(&seconds, &utc))
		return;
	buffer_printf(to, "%04d-%02d-%02d %02d:%02d:%02d UTC", utc.tm_year + 1900, utc.tm_mon + 1,
		      utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}
