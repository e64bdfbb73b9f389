/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a process writes its jitdump (symbolize/jit_dump.h). The file may lie anywhere; a runtime maps a page of it as if it were
 * code, for this is what perf looks for: a file named jit-PID.dump, by the process's PID in its own namespace.
 *
 * It is opened through that mapping, and so is the very file, whatever file systems the process sees, under whatever name it
 * is known by now. A child that inherited the mapping has another PID.
 */
#ifndef HEARTH_PROFILER_JIT_DUMP_FILE_H
#define HEARTH_PROFILER_JIT_DUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

/* The mapping of a process's jitdump. */
struct jit_dump_mapping {
	uint64_t start, end; /* 0: there is none */
};

/*
 * Finds the mapping of the process that is `pid` here and `own_pid` in its own namespace: 0, -ENOENT: it has none; or
 * another error.
 */
int jit_dump_file_find(uint32_t pid, uint32_t own_pid, struct jit_dump_mapping *ret_mapping);

/* Finds the file there (O_PATH), of which nothing is asked: 0 or an error. Who else may have the PID by now is the caller's to ask. */
int jit_dump_file_hold(uint32_t pid, const struct jit_dump_mapping *mapping, int *ret_fd);

/* Is this line of /proc/PID/maps such a mapping? */
bool jit_dump_file_is_line(struct bytes line, uint32_t own_pid,
			   struct jit_dump_mapping *ret_mapping);

#endif
