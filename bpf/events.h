/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the kernel side and user space say to each other: the only header that both include.
 *
 * Records go through one ring buffer, in order. A tick refers to its process and its stacks by id;
 * the record that tells what an id means is sent before the first tick of a window that uses it, and may be
 * sent again later. Times are CLOCK_BOOTTIME nanoseconds. PIDs are of the initial namespace unless a name says
 * otherwise. All integers are in the machine's byte order: records never leave it.
 */
#ifndef HEARTH_BPF_EVENTS_H
#define HEARTH_BPF_EVENTS_H

#include <linux/types.h>

#include "module_table.h"
#include "unwind_rule.h"
#include "unwind_table.h"

#define EVENT_COMM_SIZE  16   /* TASK_COMM_LEN */
#define EVENT_MAX_FRAMES 1024 /* of a stack */
#define KERNEL_MAX_FRAMES \
	127 /* of a kernel stack, the kernel's own ceiling: kernel.perf_event_max_stack */
#define EVENT_MAX_PATH 4096 /* PATH_MAX */

enum event_type {
	EVENT_TICK = 1,
	EVENT_STACK,
	EVENT_PROCESS,
	EVENT_MODULE,
	EVENT_MAPPED_MODULE, /* a module_event: no code of it was met so far */
	EVENT_SNAPSHOT,
	EVENT_GROUP,
};

enum tick_fate { TICK_COMPLETE, TICK_TRUNCATED, TICK_LOST };

enum tick_reason {
#define REASON(constant, fate, name, meaning) constant,
#include "fates.def"
#undef REASON
	REASON_COUNT
};

enum cgroup_controller {
#define CGROUP_CONTROLLER(constant, option, enumerator) constant,
#include "cgroup_controllers.def"
#undef CGROUP_CONTROLLER
	CGROUP_CONTROLLER_COUNT,
	CGROUP_UNIFIED, /* version 2: no controller's hierarchy, the one for all */
};

/*
 * One firing of the timer in a target. The kernel decides the fate; user space may only lower it,
 * and proves the root itself, by its name, when TICK_ROOT_UNPROVEN is set.
 */
struct tick_event {
	__u32 type;
	__u16 cpu;   /* the kernel has 8,192 at most */
	__u8 window; /* number of the window that it belongs to, its low bits */
	__u8 unused;
	__u64 time_ns;
	__u64 process;      /* id of a process_event */
	__u64 kernel_stack; /* id of a stack_event, 0: the tick fired in user mode */
	__u64 user_stack;   /* id of a stack_event, 0: a kernel thread, or no user half */
	__u32 kernel_check; /* the stacks' second hashes: an id met twice is noticed */
	__u32 user_check;
	__u32 tid;
	__u32 late;  /* ticks that did not fire before this one and are charged to it */
	__u8 fate;   /* enum tick_fate */
	__u8 reason; /* enum tick_reason */
	__u8 flags;
	__u8 kernel_reason; /* of the kernel half alone: what is left when the user half is mended */
	__u32 period_ns; /* of the timer when it fired: what the tick, and each late one, stands for */
};

/* The walk found no caller of its last user frame: is that one a root? */
#define TICK_ROOT_UNPROVEN 1
/*
 * The leaf, or a frame that a signal interrupted, lies in code without call frame information and was left by its frame
 * pointer: if it has no frame of its own (yet), its caller is not in the stack. All above that is.
 */
#define TICK_MAY_LACK_CALLER 2

/*
 * A frame is an instruction, told as a module and an offset in it: the one that a tick or a signal interrupted, else
 * the last byte of the call, for the return address behind it may be another function's. Only the walk knows which
 * it is, so names and rows are looked up by the offset as it stands. Of a kernel stack all but the leaf count as
 * calls.
 *
 *   a file         module id without MODULE_ANONYMOUS, offset in the file
 *   the kernel     MODULE_KERNEL, address
 *   the vdso       MODULE_VDSO, offset from its start
 *   no file        MODULE_ANONYMOUS | hash of process and mapping, address
 */
struct stack_frame {
	__u64 module;
	__u64 offset;
};

#define MODULE_KERNEL    1ull
#define MODULE_VDSO      2ull
#define MODULE_RESERVED  15ull /* ids of files are larger */
#define MODULE_ANONYMOUS (1ull << 63)

/* A stack, leaf first. The id is a 64-bit hash of the frames, seeded anew for each recording. */
struct stack_event {
	__u32 type;
	__u32 check; /* a second hash of the same content */
	__u64 id;
	__u32 depth; /* number of frames */
	__u32 unused;
	/* struct stack_frame[depth] follows */
};

/* DWARF registers 0 to 15 and the PC. */
#define SNAPSHOT_REGISTERS    17
#define SNAPSHOT_MAX_MAPPINGS 256
#define SNAPSHOT_STACK_BYTES  135168 /* 128 KiB and what lies below on the stack pointer's page */
#define SNAPSHOT_OTHER_BYTES \
	20480 /* of another stack, 16 KiB and so; more where the stack is small */
#define SNAPSHOT_OTHER_MAX_BYTES 69632

/* An executable mapping of a process; `offset` is that of `start`, as in struct stack_frame. */
struct snapshot_mapping {
	__u64 start, end;
	__u64 module;
	__u64 offset;
};

/*
 * A tick whose user stack could not be walked to its end, or is to be walked twice, with all that user space
 * needs to unwind it. It stands in place of the tick_event, in a ring of its own: what it refers to was sent
 * before, but may be fetched after it.
 */
struct snapshot_event {
	__u32 type;
	__u32 leaf_is_return; /* the PC is a return address: the task is in a system call */
	struct tick_event tick;
	__u64 registers[SNAPSHOT_REGISTERS];
	__u64 stack_start; /* the stack pointer's page; or, above it, the first that is mapped */
	__u32 stack_bytes;
	__u32 mapping_count; /* the executable ones, ascending; at most SNAPSHOT_MAX_MAPPINGS */
	/*
	 * The process may have more of them, in the middle of its addresses, where not all was looked at: a program lies at
	 * the lower end, the libraries that it began with at the upper one. No address can be said to lie in none.
	 */
	__u32 lacks_mappings;
	/*
	 * Of the stack that frame pointers lead to from this one, as Go's lead from a thread's to a goroutine's. Only of
	 * ticks that lacked rows.
	 */
	__u32 other_bytes; /* 0: they do not */
	__u64 other_start;
	/* struct snapshot_mapping[mapping_count], char[stack_bytes] and char[other_bytes] follow */
};

/* A process under the name that it has now; a new exec or a new comm is a new id. */
struct process_event {
	__u32 type;
	__u32 tgid;
	__u64 id;
	__u64 start_time_ns;
	__u64 exec_count;
	__u64 cgroup;      /* id of a group_event, 0: it is in a root, or nobody asks */
	__u32 caller_tgid; /* in hearth's own PID namespace, 0 if it is not visible there */
	__u32 own_tgid;    /* in the process's innermost PID namespace */
	__u32 uid;
	__u32 is_kernel;
	char comm[EVENT_COMM_SIZE]; /* of the thread group's leader */
};

#define GROUP_MAX_PATH 1024

/*
 * A control group that a process is in: of the unified hierarchy, or of the one of the memory controller, whichever is deeper.
 * Told ahead of the process, since both may be gone a moment later.
 */
struct group_event {
	__u32 type;
	__u32 path_size; /* over GROUP_MAX_PATH: it was cut, and only so much of it is there */
	__u64 id;
	/* char[path_size] follows: from the root of its hierarchy, not terminated */
};

/* What the kernel knows a file by (DESIGN.md, "Identity, decided once"). */
struct module_key {
	__u64 inode;
	__u64 size;
	__u64 change_time_s;
	__u32 change_time_ns;
	__u32 device; /* of the super block: MAJOR << 20 | MINOR */
	__u32 generation;
	__u32 unused;
};

/* A file met for the first time, and where to find it while its process lives. */
struct module_event {
	__u32 type;
	__u32 caller_tgid; /* a live process that maps it */
	__u64 id;
	struct module_key key;
	__u64 mapping_start, mapping_end; /* in that process */
	__u64 super_magic;
	__u32 mount_namespace; /* inode number of that process's mount namespace */
	__u32 path_size;
	__u32 uid; /* of that process, in the initial user namespace */
	__u32 unused;
	/*
	 * Names from the file up to the root of its mounts, each terminated: "libc.so.6\0lib\0usr\0". It was cut
	 * when path_size is over EVENT_MAX_PATH.
	 */
	/* char[path_size] follows */
};

/* What a kernel has to tell that a process's mappings changed (bpf/mapping.bpf.h). */
enum mapping_sequence {
	SEQUENCE_NONE,   /* before 6.4 */
	SEQUENCE_NUMBER, /* another one when they have changed; from 6.4 on */
	SEQUENCE_COUNT,  /* odd while they change as well; from 6.13 on, and late 6.12 */
};

/* Argument of the program `identify`: which module does the calling process map at `address`? */
struct identify_argument {
	__u64 address;
	__u64 module;        /* answer: id, 0 when nothing is mapped there */
	__u64 start_time_ns; /* answer: when the calling process started */
	__u64 monotonic_ns,
		boottime_ns; /* answer: the clocks, without a time namespace's offsets */
	__u32 sequence;      /* answer: enum mapping_sequence, of this kernel */
	__u32 unused;
	struct module_key key; /* answer: of a file */
};

/*
 * One batch of the program `name_kernel_code`: addresses, and for each the kernel's own words for it, as its stack traces have
 * them: "FUNCTION+0xOFFSET/0xSIZE [MODULE]", or the bare address where it knows none.
 */
#define KERNEL_WORDS_BATCH 128
#define KERNEL_WORDS_BYTES 640 /* a name has 512 at most (KSYM_NAME_LEN), a module's 64 */

struct kernel_words {
	__u64 address;
	char text[KERNEL_WORDS_BYTES]; /* terminated; cut short where it is longer */
};

/* User space sets the number of blocks, pages, rules and segments by the memory that they may take. */
#define UNWIND_MAX_RULES     65536 /* pages name them by 16 bits */
#define UNWIND_SEGMENT_SLOTS 128   /* 1 MiB */

/* A rule that was found (rule_cache.h); two to a cache line. They lie in chunks, arrays that user space makes. */
struct cached_rule {
	__u64 seal;
	__u64 unused;
	__u64 words[2]; /* struct unwind_rule */
};

#define RULE_CACHE_CHUNKS      16
#define RULE_CACHE_CHUNK_RULES 1000 /* see COMPACT_ARRAY_BYTES */

/*
 * An array of so many bytes or less, some 400 of its own header included, lies in the kernel's direct mapping, whose
 * pages are large (bpf_map_area_alloc() in kernel/bpf/syscall.c, kmalloc). A larger one is mapped by pages of 4 KiB: for
 * each place that a tick touches of it, the processor walks page tables that are in no cache.
 */
#define COMPACT_ARRAY_BYTES (32 * 1024)

/*
 * One CPU's counters, in a map that user space has mapped. Only that CPU writes them. What each tick counts is the first
 * cache line.
 */
struct cpu_state {
	__u64 grid_ns; /* CLOCK_MONOTONIC, when the last tick was due; user space sets when it attaches */
	__u64 idle_exits; /* how often the CPU had left its idle task at the last tick */
	__u64 idle;       /* ticks in the idle task, those that did not fire too */
	__u64 fired;      /* ticks that fired in a target */
	__u64 late;       /* ticks that did not fire, charged to a target */
	__u64 bpf_ns;     /* time spent in the program, by its own clock readings */
	__u64 bpf_runs;
	__u64 period_ns;          /* of the timer; user space sets it, also while it ticks */
	__u64 lost[REASON_COUNT]; /* ticks for which no record was sent, by reason */
	__u64 window;    /* number of the window that ticks belong to; user space counts it up */
	__u64 follow_ns; /* time in the programs that follow children; they may interrupt each other */
} __attribute__((aligned(64))); /* whole cache lines */

/* Lost ticks by comm: the record that would have named them had no room. */
struct lost_key {
	char comm[EVENT_COMM_SIZE];
	__u32 reason;
};

/*
 * What a process is when it is a target by PID. The map's key is its PID in the initial namespace, or,
 * until its first tick, TARGET_CALLER_PID | its PID in hearth's own namespace, if that is another one.
 */
#define TARGET_CALLER_PID 0x80000000u

/*
 * When a target started, so that a PID which is given to somebody else is none any more. User space knows
 * it to a clock tick only (/proc/PID/stat); the first meeting makes it exact.
 */
struct target_start {
	__u64 earliest_ns, latest_ns;
};

struct target_process {
	struct target_start start;
	__u32 waits_for_exec; /* it still runs hearth's own code: no tick counts before its exec */
	__u32 inherits;       /* children become targets */
};

/* The same for a thread; the key is its TID in hearth's own namespace. */
struct target_thread {
	struct target_start start;
};

/*
 * What is to be sampled; constant once the programs are loaded. Kinds of target are all to be met;
 * PIDs and TIDs are listed in the maps target_processes and target_threads.
 */
struct sample_config {
	__u64 hash_seed;
	__u64 cgroup;               /* inode number of the cgroup's folder */
	__u32 cgroup_controller;    /* whose hierarchy that folder is in: enum cgroup_controller */
	__u32 caller_pid_namespace; /* inode number, 0: the initial one */
	__u32 uid;
	__u32 max_frames; /* of a kernel stack: kernel.perf_event_max_stack, at most KERNEL_MAX_FRAMES */
	__u8 by_process, by_thread, by_comm, by_cgroup, by_user;
	__u8 verify;   /* each tick brings a snapshot */
	__u8 is_clock; /* the event is one; else there are no late ticks */
	__u8 tells_groups;
	__u32 memo_count; /* of threads' last stacks: a power of two */
	__u32 unused_too;
	char comm[EVENT_COMM_SIZE];
};

_Static_assert(sizeof(struct tick_event) == 64, "tick_event is part of the contract");
_Static_assert(sizeof(struct stack_frame) == 16, "stack_frame is part of the contract");
_Static_assert(sizeof(struct stack_event) == 24, "stack_event is part of the contract");
_Static_assert(sizeof(struct snapshot_mapping) == 32, "snapshot_mapping is part of the contract");
_Static_assert(sizeof(struct snapshot_event) == 240, "snapshot_event is part of the contract");
_Static_assert(sizeof(struct process_event) == 72, "process_event is part of the contract");
_Static_assert(sizeof(struct group_event) == 16, "group_event is part of the contract");
_Static_assert(sizeof(struct module_key) == 40, "module_key is part of the contract");
_Static_assert(sizeof(struct module_event) == 96, "module_event is part of the contract");
_Static_assert(sizeof(struct identify_argument) == 88, "identify_argument is part of the contract");
_Static_assert(sizeof(struct cpu_state) % 64 == 0, "cpu_state fills cache lines");
_Static_assert(RULE_CACHE_CHUNK_RULES * sizeof(struct cached_rule) + 512 <= COMPACT_ARRAY_BYTES,
	       "a chunk of cached rules is a compact array");
_Static_assert(sizeof(struct lost_key) == 20, "lost_key is a map key without padding");
_Static_assert(sizeof(struct target_process) == 24, "target_process is part of the contract");
_Static_assert(sizeof(struct sample_config) == 64, "sample_config is part of the contract");

#endif
