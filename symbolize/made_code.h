/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for code that a runtime made, out of what it wrote of it: its jitdump, and for addresses that this never told of its
 * perf map. Here the files are read; jit_dump.h and perf_map.h parse.
 */
#ifndef HEARTH_SYMBOLIZE_MADE_CODE_H
#define HEARTH_SYMBOLIZE_MADE_CODE_H

struct answer;
struct symbol_request;

/*
 * Answers a SYMBOL_MADE_CODE request: 0; -ENOMEM; else neither file could be read: -EINVAL: not a regular file; -ENOEXEC: no
 * jitdump; -EOPNOTSUPP: of the other byte order; -ETIME: the deadline passed; or a read error.
 */
int made_code_answer(const struct symbol_request *request, struct answer *answer);

#endif
