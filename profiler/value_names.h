/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of a profile's values in words: names come from the input, and go to a terminal. */
#ifndef HEARTH_PROFILER_VALUE_NAMES_H
#define HEARTH_PROFILER_VALUE_NAMES_H

#include <stdint.h>

struct buffer;
struct profile;

/* "samples"; a unit that is not count follows: "cpu in nanoseconds". */
void value_names_append(struct buffer *to, const struct profile *profile, uint32_t value);

/* Those of the bits: "cpu in nanoseconds, objects". */
void value_names_append_some(struct buffer *to, const struct profile *profile, uint32_t bits);

/* There is no value of this name; `ahead` is "", or says of which input: "app.pb.gz: ". */
void value_names_log_unknown(const char *ahead, const char *value, const struct profile *profile);

#endif
