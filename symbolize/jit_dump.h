/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A jitdump, jit-PID.dump (Linux's tools/perf/Documentation/jitdump-specification.txt, version 2): records that a runtime
 * appends while it runs. A header, then records, each with its type, its size and the time, mostly of CLOCK_MONOTONIC:
 *
 *	JIT_CODE_LOAD     a function with this name, address and size is there from now on
 *	JIT_CODE_MOVE     it is elsewhere from now on
 *	others            lines, unwind information, the end: passed over
 *
 * A last record that is not whole is not complete yet. One whose size cannot be ends the file: where the next one begins
 * nobody knows, and from then on code has no names.
 *
 * The parser takes bytes and tells a history; it opens and reads nothing. Most bytes of a jitdump are the code itself, which
 * nobody needs: the parser says from where on it wants to go on. Any process may write anything into
 * such a file. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_JIT_DUMP_H
#define HEARTH_SYMBOLIZE_JIT_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "base/string_pool.h"
#include "base/u64_map.h"
#include "symbolize/code_history.h"
#include "symbolize/code_look.h"

#define JIT_DUMP_MAX_BYTES      (1u << 30)
#define JIT_DUMP_MAX_NAME       4096       /* what is longer is cut */
#define JIT_DUMP_MAX_LOADS      (1u << 19) /* that a move may refer to */
#define JIT_DUMP_MAX_NAME_BYTES (64u << 20)

/* So many bytes at once are always enough to go on, if the file has them. */
#define JIT_DUMP_MIN_BYTES (JIT_DUMP_MAX_NAME + 256)

struct jit_dump {
	struct code_history *history;
	uint64_t start_ns; /* of its process: no record is older */
	bool has_header, has_ended, has_other_clock;
	struct string_pool names; /* of loads: a move refers to one by its index */
	size_t name_bytes;
	struct u64_map loads; /* code index -> name */
};

/* The history lives longer. `start_ns`: when the process began, in the kernel's CLOCK_BOOTTIME. */
void jit_dump_init(struct jit_dump *dump, struct code_history *history, uint64_t start_ns);
void jit_dump_release(struct jit_dump *dump);

/*
 * Takes whole records at the start of `bytes`, which were written between two looks; `before_ns` is when the former last was
 * true, `look` the latter one. `ret_done`: how far to go on, which may be beyond these bytes, or 0: the first record is not
 * whole. 0; -ENOEXEC: no jitdump; -EOPNOTSUPP: of the other byte order; -ENOMEM.
 */
int jit_dump_take(struct jit_dump *dump, struct bytes bytes, uint64_t before_ns,
		  const struct code_look *look, uint64_t *ret_done);

#endif
