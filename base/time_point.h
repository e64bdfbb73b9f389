/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A moment as users say it: "now"; before now, "-2h", "-90s", "-1d12h" (d, h, m, s); "@EPOCH", seconds since 1970, with a fraction or without; ISO 8601, "2026-11-28T14:00:00Z",
 * "2026-11-28T14:00+01:00", and of this machine's time zone "2026-11-28 14:00" or "2026-11-28".
 */
#ifndef HEARTH_BASE_TIME_POINT_H
#define HEARTH_BASE_TIME_POINT_H

#include <stdint.h>

/* Nanoseconds since 1970; `now_ns` likewise. 0, or -EINVAL with a reason in `ret_why`. */
int time_point_parse(const char *text, uint64_t now_ns, uint64_t *ret_ns, const char **ret_why);

/* "2h", "1d12h": 0 or -EINVAL. */
int time_span_parse(const char *text, uint64_t *ret_ns, const char **ret_why);

#define TIME_POINT_BYTES 32

/* "2026-11-28 14:00:00" of this machine's time zone. */
const char *time_point_format(uint64_t ns, char text[TIME_POINT_BYTES]);

#endif
