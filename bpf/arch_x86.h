/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What depends on the processor: x86-64. A second processor is a second file with these functions. Compiled for
 * both sides.
 */
#ifndef HEARTH_BPF_ARCH_X86_H
#define HEARTH_BPF_ARCH_X86_H

#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#define PAGE_SHIFT 12

#define USER_CODE_SEGMENT_32 0x23 /* __USER32_CS: a 32-bit program */
#define VSYSCALL_PAGE        0xffffffffff600000ull

/* Did the tick interrupt user code? The registers must be read as 64 bits: a narrowed read is refused. */
static inline __attribute__((always_inline)) bool arch_is_user_mode(struct bpf_perf_event_data *ctx)
{
	return (*(volatile __u64 *)((char *)ctx + __builtin_offsetof(struct pt_regs, cs)) & 3) == 3;
}

/* The user registers of a task, as the kernel saves them when it enters: arch/x86/include/asm/ptrace.h. */
struct arch_registers {
	struct pt_regs saved;
};

/* Were they saved in user mode? A kernel thread that borrows an address space never was. */
static inline __attribute__((always_inline)) bool
arch_has_user_half(const struct arch_registers *registers)
{
	return (registers->saved.cs & 3) == 3;
}

static inline __attribute__((always_inline)) bool
arch_is_32bit(const struct arch_registers *registers)
{
	return (registers->saved.cs & 0xffff) == USER_CODE_SEGMENT_32;
}

/*
 * Where the code at a PC tells what stands at the stack pointer: the return address, with the caller's fp in its
 * register; or the caller's fp, with the return address above it.
 */
enum arch_frame_stage { ARCH_FRAME_UNKNOWN, ARCH_FRAME_RETURN_AT_SP, ARCH_FRAME_FP_AT_SP };

#define ARCH_CODE_BYTES 8 /* from the PC on, and so many ahead of it, as little-endian numbers */

/* mov %rsp,%rbp in both encodings. */
static inline __attribute__((always_inline)) bool arch_sets_fp(__u64 code)
{
	return (code & 0xffffff) == 0xe58948 || (code & 0xffffff) == 0xec8b48;
}

/* Does it depend on the code ahead whether this makes a frame? */
static inline __attribute__((always_inline)) bool arch_may_make_frame(__u64 code)
{
	return (code & 0xff) == 0x55 || arch_sets_fp(code);
}

/*
 * Does code (its last 8 bytes, `before`) end with a push? Of a register; or of the return address once more, as a
 * function of gcc's begins that aligns its stack anew (pushq -8(%r10)). Then sp is not where the function found it.
 */
static inline __attribute__((always_inline)) bool arch_ends_with_push(__u64 before)
{
	return (before >> 56 & 0xf8) == 0x50 || (before >> 40 & 0xfff8ff) == 0xf870ff;
}

/* Was rbp just pushed, as a function's first instruction? With a prefix it is another register. */
static inline __attribute__((always_inline)) bool arch_has_pushed_fp(__u64 before)
{
	return before >> 56 == 0x55 && (before >> 48 & 0xf0) != 0x40 &&
	       !arch_ends_with_push(before << 8);
}

/*
 * A push of rbp alone may be any function's that keeps something else there; before mov %rsp,%rbp it begins one that
 * keeps frame pointers, as compilers do, perhaps behind endbr64; but not where something was pushed already. `before`
 * are as many bytes ahead of the PC, 0 if they are not known.
 */
static inline __attribute__((always_inline)) enum arch_frame_stage arch_frame_stage(__u64 code,
										    __u64 before)
{
	bool is_entry = (__u32)code == 0xfa1e0ff3; /* endbr64 */
	__u64 entry = is_entry ? code >> 32 : code;

	if ((entry & 0xff) == 0x55 && arch_sets_fp(entry >> 8))
		return !is_entry && arch_ends_with_push(before) ? ARCH_FRAME_UNKNOWN
								: ARCH_FRAME_RETURN_AT_SP;
	if ((code & 0xff) == 0xc3 || (code & 0xffff) == 0xc3f3) /* ret, repz ret */
		return ARCH_FRAME_RETURN_AT_SP;
	if ((code & 0xffff) == 0xc35d) /* pop %rbp, ret */
		return ARCH_FRAME_FP_AT_SP;
	return arch_has_pushed_fp(before) && arch_sets_fp(code) ? ARCH_FRAME_FP_AT_SP
								: ARCH_FRAME_UNKNOWN;
}

/*
 * Does code begin with add $N,%rsp and ret, with N in one byte or in four? N, which is no more than a frame has; 0: it does not.
 */
static inline __attribute__((always_inline)) __u32 arch_frame_given_back(__u64 code)
{
	__u32 bytes = 0;

	if ((code & 0xff80ffffff) == 0xc300c48348) /* the byte has a sign */
		bytes = code >> 24 & 0x7f;
	else if ((code & 0xff00000000ffffff) == 0xc300000000c48148)
		bytes = (__u32)(code >> 24);
	else
		return 0;
	return bytes & 7 || bytes > 0x100000 ? 0 : bytes;
}

/* May code (its last 8 bytes, `before`) end with a call: of a relative address, or through a register or memory? */
static inline __attribute__((always_inline)) bool arch_ends_with_call(__u64 before)
{
	const __u64 mask = 0x38ff, call = 0x10ff; /* ff /2 */

	return (before >> 24 & 0xff) == 0xe8 || (before >> 48 & mask) == call ||
	       (before >> 40 & mask) == call || (before >> 32 & mask) == call ||
	       (before >> 16 & mask) == call || (before >> 8 & mask) == call;
}

/*
 * In a system call the saved PC is a return address, and rcx holds it as well. Interrupts and faults store
 * -1 in orig_rax. Where execve or a signal's delivery put another PC there, orig_rax still tells of the system call
 * but rcx does not.
 */
static inline __attribute__((always_inline)) bool
arch_in_system_call(const struct arch_registers *registers)
{
	return (__s64)registers->saved.orig_rax >= 0 &&
	       registers->saved.rcx == registers->saved.rip;
}

/* Is that system call execve or execveat (arch/x86/entry/syscalls/syscall_64.tbl)? */
static inline __attribute__((always_inline)) bool
arch_in_exec(const struct arch_registers *registers)
{
	return registers->saved.orig_rax == 59 || registers->saved.orig_rax == 322;
}

static inline __attribute__((always_inline)) __u64 arch_pc(const struct arch_registers *registers)
{
	return registers->saved.rip;
}

static inline __attribute__((always_inline)) __u64 arch_sp(const struct arch_registers *registers)
{
	return registers->saved.rsp;
}

static inline __attribute__((always_inline)) __u64 arch_fp(const struct arch_registers *registers)
{
	return registers->saved.rbp;
}

/* A register by its DWARF number (System V ABI, AMD64 supplement, figure 3.36). False: not one of them. */
static inline __attribute__((always_inline)) bool
arch_dwarf_register(const struct arch_registers *registers, __u32 number, __u64 *ret_value)
{
	const struct pt_regs *saved = &registers->saved;

	switch (number) {
	case 0:
		*ret_value = saved->rax;
		return true;
	case 1:
		*ret_value = saved->rdx;
		return true;
	case 2:
		*ret_value = saved->rcx;
		return true;
	case 3:
		*ret_value = saved->rbx;
		return true;
	case 4:
		*ret_value = saved->rsi;
		return true;
	case 5:
		*ret_value = saved->rdi;
		return true;
	case 6:
		*ret_value = saved->rbp;
		return true;
	case 7:
		*ret_value = saved->rsp;
		return true;
	case 8:
		*ret_value = saved->r8;
		return true;
	case 9:
		*ret_value = saved->r9;
		return true;
	case 10:
		*ret_value = saved->r10;
		return true;
	case 11:
		*ret_value = saved->r11;
		return true;
	case 12:
		*ret_value = saved->r12;
		return true;
	case 13:
		*ret_value = saved->r13;
		return true;
	case 14:
		*ret_value = saved->r14;
		return true;
	case 15:
		*ret_value = saved->r15;
		return true;
	}
	return false;
}

/* All of them in the order of their DWARF numbers, then the PC. */
static inline __attribute__((always_inline)) void
arch_dwarf_registers(const struct arch_registers *registers, __u64 *ret_values)
{
	const struct pt_regs *saved = &registers->saved;

	ret_values[0] = saved->rax;
	ret_values[1] = saved->rdx;
	ret_values[2] = saved->rcx;
	ret_values[3] = saved->rbx;
	ret_values[4] = saved->rsi;
	ret_values[5] = saved->rdi;
	ret_values[6] = saved->rbp;
	ret_values[7] = saved->rsp;
	ret_values[8] = saved->r8;
	ret_values[9] = saved->r9;
	ret_values[10] = saved->r10;
	ret_values[11] = saved->r11;
	ret_values[12] = saved->r12;
	ret_values[13] = saved->r13;
	ret_values[14] = saved->r14;
	ret_values[15] = saved->r15;
	ret_values[16] = saved->rip;
}

/* The other way. */
static inline __attribute__((always_inline)) void
arch_set_dwarf_registers(struct arch_registers *registers, const __u64 *values)
{
	struct pt_regs *saved = &registers->saved;

	saved->rax = values[0];
	saved->rdx = values[1];
	saved->rcx = values[2];
	saved->rbx = values[3];
	saved->rsi = values[4];
	saved->rdi = values[5];
	saved->rbp = values[6];
	saved->rsp = values[7];
	saved->r8 = values[8];
	saved->r9 = values[9];
	saved->r10 = values[10];
	saved->r11 = values[11];
	saved->r12 = values[12];
	saved->r13 = values[13];
	saved->r14 = values[14];
	saved->r15 = values[15];
	saved->rip = values[16];
}

/* The base, by its DWARF number: UNWIND_RA_BASE_SAME, _SAVED. */
#define ARCH_BASE_REGISTER 3

/* Where a signal frame keeps the interrupted registers, above sp: struct ucontext and sigcontext of the uapi. */
#define ARCH_SIGNAL_FP 120
#define ARCH_SIGNAL_SP 160
#define ARCH_SIGNAL_PC 168

#endif
