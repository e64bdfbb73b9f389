/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the maps that bpftrace prints, with stacks among their keys, in any order, and a count (or sum) as their value:
 *
 *     @[
 *         vfs_read+1
 *         entry_SYSCALL_64_after_hwframe+99
 *     ,
 *         __read+18
 *         main+92
 *     , bash, 1234]: 5
 *
 * The leaf is first. A stack is the kernel's by its addresses, where they are printed (perf mode), else by an entry of the kernel at its root; of two that tell
 * nothing the first one is. The kernel's stands above the user's. The first text of a key is the comm; a number beside it, if there is one, the PID. The
 * first map with stacks counts. All other lines (what a script prints itself) are passed over.
 */
#ifndef HEARTH_MODEL_BPFTRACE_READER_H
#define HEARTH_MODEL_BPFTRACE_READER_H

struct profile_format;

extern const struct profile_format bpftrace_format;

#endif
