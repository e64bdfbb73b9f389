/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that comes to the kernel and goes while hearth records: BPF programs and their trampolines, and those of ftrace and
 * kprobes. The kernel says so of each, with name, address, length and time, in records of perf events (PERF_RECORD_KSYMBOL of
 * perf_event_open(2), one event a CPU). /proc/kallsyms alone, read at the end, has no lengths, lacks what went, and gives a reused
 * address the name of who has it last.
 *
 * Modules are not told of so: /proc/modules is read now and then. Where one lay that went meanwhile nothing has a name,
 * for what /proc/kallsyms says of that place is of another one.
 */
#ifndef HEARTH_PROFILER_KERNEL_CODE_H
#define HEARTH_PROFILER_KERNEL_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "bpf/events.h"

struct symbol_kernel_code;

/* Of so many changes is known what they are, some 100 bytes each; code that changes later has no name. */
#define KERNEL_CODE_MAX_CHANGES (1u << 16)

struct kernel_code;

/*
 * Watches from now on, as far as it may. `boottime_ahead_ns`: how far the kernel's CLOCK_BOOTTIME is ahead of ours, in a time
 * namespace. NULL: out of memory.
 */
struct kernel_code *kernel_code_new(uint64_t boottime_ahead_ns);
void kernel_code_free(struct kernel_code *code);

/* Of so many modules that went is known where they were; more are a sign that all is in motion, and made code has no name. */
#define KERNEL_CODE_MAX_GONE 1024

/* CPUs that came online are watched as well, and modules looked at: to be called each second. Takes what was told until now. */
void kernel_code_follow(struct kernel_code *code);

/* Takes what was told until now: to be called twice a second, for little waits to be taken. */
void kernel_code_drain(struct kernel_code *code);

/* This CPU went, and is back: with it went what watched it, which the next kernel_code_follow() mends. */
void kernel_code_watch_anew(struct kernel_code *code, size_t cpu);

/*
 * Is there an address in a kernel stack where code came or went, as far as was told until now? It may be said of some where it
 * did not.
 */
bool kernel_code_may_change(struct kernel_code *code, const struct stack_frame *frames,
			    uint32_t depth);

/* All changes so far; they live as long as `code`, until it is called again. */
void kernel_code_read(struct kernel_code *code, struct symbol_kernel_code *ret_changes);

/*
 * Forgets changes that no name after a time (the kernel's CLOCK_BOOTTIME) depends on: what came and went before, and modules that did. 0, or -ENOMEM and nothing is forgotten.
 */
int kernel_code_forget(struct kernel_code *code, uint64_t before_ns);

/* Takes what /proc/modules gives, -1: there are none; for tests. */
void kernel_code_take_modules(struct kernel_code *code, int fd);

/* Takes a record as it lies in an event's ring, for tests. */
void kernel_code_take(struct kernel_code *code, struct bytes record);

#endif
