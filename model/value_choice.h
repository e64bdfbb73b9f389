/* SPDX-License-Identifier: Apache-2.0 */
/* A profile by one of its values alone: of "samples" and "cpu", of objects and bytes. */
#ifndef HEARTH_MODEL_VALUE_CHOICE_H
#define HEARTH_MODEL_VALUE_CHOICE_H

#include <stdint.h>

struct profile;

/* Which of a profile's values has this name: 0 or -ENOENT. One that names none has "samples". */
int value_find(const struct profile *profile, const char *name, uint32_t *ret_value);

/*
 * A new profile that counts this one, and nothing that is 0 of it. For any but the first one the profile must have kept its samples. 0, -ENOMEM, or -EOVERFLOW: they add
 * up to more than 2^63 - 1.
 */
int value_choose(const struct profile *from, uint32_t value, struct profile **ret_profile);

#endif
