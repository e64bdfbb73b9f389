/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the pieces of a block by what profile_block.h says. */
#ifndef HEARTH_TESTS_UNIT_BLOCK_DECODER_H
#define HEARTH_TESTS_UNIT_BLOCK_DECODER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "render/profile_block.h"

struct part {
	const uint8_t *at, *end;
};

static inline uint64_t number(struct part *part)
{
	uint64_t value = 0;

	for (unsigned int shift = 0;; shift += 7) {
		uint8_t byte;

		assert_true(part->at < part->end && shift < 64);
		byte = *part->at++;
		value |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return value;
	}
}

static inline struct part run(struct part *part, uint64_t size)
{
	struct part taken = { part->at, part->at + size };

	assert_true(size <= (uint64_t)(part->end - part->at));
	part->at += size;
	return taken;
}

static inline struct part column(struct part *part)
{
	return run(part, number(part));
}

static inline char *text(struct part *part)
{
	struct part taken = column(part);
	char *copy = strndup((const char *)taken.at, (size_t)(taken.end - taken.at));

	assert_non_null(copy);
	return copy;
}

static inline bool find_section(const struct buffer *block, const char *tag,
				struct part *ret_section)
{
	struct part part = { (const uint8_t *)block->data,
			     (const uint8_t *)block->data + block->size };

	assert_memory_equal(run(&part, 4).at, PROFILE_BLOCK_MAGIC, 4);
	while (part.at < part.end) {
		bool is_it = !memcmp(run(&part, 4).at, tag, 4);
		struct part content = column(&part);

		if (is_it) {
			*ret_section = content;
			return true;
		}
	}
	return false;
}

static inline struct part section(const struct buffer *block, const char *tag)
{
	struct part found;

	assert_true(find_section(block, tag, &found));
	return found;
}

#endif
