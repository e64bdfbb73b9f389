/* SPDX-License-Identifier: Apache-2.0 */
/* Jitdumps for tests, record by record (Linux's tools/perf/Documentation/jitdump-specification.txt). */
#ifndef HEARTH_TESTS_UNIT_JIT_DUMP_BUILDER_H
#define HEARTH_TESTS_UNIT_JIT_DUMP_BUILDER_H

#include <stdint.h>
#include <string.h>

#include "base/buffer.h"

static inline void dump_u32(struct buffer *to, uint32_t value)
{
	buffer_append(to, &value, sizeof(value));
}

static inline void dump_u64(struct buffer *to, uint64_t value)
{
	buffer_append(to, &value, sizeof(value));
}

static inline void dump_header(struct buffer *to, uint64_t flags)
{
	dump_u32(to, 0x4a695444);
	dump_u32(to, 1);
	dump_u32(to, 40);
	dump_u32(to, 62);
	dump_u32(to, 0);
	dump_u32(to, 1);
	dump_u64(to, 0);
	dump_u64(to, flags);
}

static inline void dump_prefix(struct buffer *to, uint32_t type, uint32_t size, uint64_t time_ns)
{
	dump_u32(to, type);
	dump_u32(to, size);
	dump_u64(to, time_ns);
}

/* With `code_size` bytes of code behind the name. */
static inline void dump_load(struct buffer *to, uint64_t time_ns, uint64_t address,
			     uint32_t code_size, uint64_t index, const char *name)
{
	size_t name_size = strlen(name) + 1;

	dump_prefix(to, 0, (uint32_t)(56 + name_size + code_size), time_ns);
	dump_u64(to, 1); /* PID and TID */
	dump_u64(to, address);
	dump_u64(to, address);
	dump_u64(to, code_size);
	dump_u64(to, index);
	buffer_append(to, name, name_size);
	for (uint32_t i = 0; i < code_size; i++)
		buffer_append_char(to, (char)0xcc);
}

static inline void dump_move(struct buffer *to, uint64_t time_ns, uint64_t from, uint64_t address,
			     uint64_t code_size, uint64_t index)
{
	dump_prefix(to, 1, 64, time_ns);
	dump_u64(to, 1);
	dump_u64(to, address);
	dump_u64(to, from);
	dump_u64(to, address);
	dump_u64(to, code_size);
	dump_u64(to, index);
}

#endif
