/* SPDX-License-Identifier: Apache-2.0 */
/* Code that is known by its bytes, but for operands that differ from file to file. */
#ifndef HEARTH_UNWIND_BYTE_PATTERN_H
#define HEARTH_UNWIND_BYTE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

/* `pattern`: bytes, where a dot stands for any one. */
static inline bool begins(struct bytes code, const char *pattern, size_t size)
{
	if (code.size < size)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] != '.' && (uint8_t)pattern[i] != code.data[i])
			return false;
	}
	return true;
}

#define BEGINS(code, pattern) begins(code, pattern, sizeof(pattern) - 1)

#endif
