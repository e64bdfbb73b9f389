/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of classic BPF (seccomp(2)), written from the table: for each row "is it this call? do the arguments
 * fit? then it is allowed", else the next row. A call of another architecture is none of the table's.
 */
#include "worker/cage_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "worker/cage_arch_x86.h"

#define MAX_CONDITIONS 2

/* Of the low half of an argument: all that the kernel looks at in those of the table. */
struct condition {
	uint8_t argument;
	uint32_t mask; /* 0: no condition */
	uint32_t value;
};

struct call {
	uint32_t number;
	struct condition conditions[MAX_CONDITIONS];
};

#define CALL(name)                           { __NR_##name },
#define CALL_IF(name, argument, mask, value) { __NR_##name, { { argument, mask, value } } },
#define CALL_IF_BOTH(name, a, mask_a, value_a, b, mask_b, value_b) \
	{ __NR_##name, { { a, mask_a, value_a }, { b, mask_b, value_b } } },

static const struct call calls[] = {
#include "worker/cage_calls.def"
};

static const struct call opener_calls[] = {
#include "worker/opener_calls.def"
};

static const struct call thread_calls[] = {
#include "worker/thread_calls.def"
};

static const struct call front_calls[] = {
#include "worker/front_calls.def"
};

#undef CALL
#undef CALL_IF
#undef CALL_IF_BOTH

#define ROWS(table)      (sizeof(table) / sizeof((table)[0]))
#define STEPS_EACH       (3 + 3 * MAX_CONDITIONS)
#define STEPS_AT_THE_END 8

struct program {
	struct sock_filter
		steps[(ROWS(calls) + ROWS(opener_calls) + ROWS(thread_calls) + ROWS(front_calls)) *
			      STEPS_EACH +
		      STEPS_AT_THE_END];
	unsigned short length;
};

_Static_assert(sizeof(((struct program *)0)->steps) / sizeof(struct sock_filter) <= BPF_MAXINSNS,
	       "the kernel takes no longer program");

static void add(struct program *program, struct sock_filter step)
{
	program->steps[program->length++] = step;
}

static void add_load(struct program *program, size_t offset)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Goes on if the value is this one, else passes over `skipped` steps. */
static void add_compare(struct program *program, uint32_t value, uint8_t skipped)
{
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped));
}

static void add_verdict(struct program *program, uint32_t verdict)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static size_t low_half_of(uint8_t argument)
{
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half comes first");
	return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
}

static void add_call(struct program *program, const struct call *call)
{
	uint8_t conditions = 0;

	while (conditions < MAX_CONDITIONS && call->conditions[conditions].mask)
		conditions++;
	add_load(program, offsetof(struct seccomp_data, nr));
	add_compare(program, call->number, (uint8_t)(3 * conditions + 1));
	for (uint8_t i = 0; i < conditions; i++) {
		const struct condition *condition = &call->conditions[i];

		add_load(program, low_half_of(condition->argument));
		add(program,
		    (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, condition->mask));
		add_compare(program, condition->value, (uint8_t)(3 * (conditions - i - 1) + 1));
	}
	add_verdict(program, SECCOMP_RET_ALLOW);
}

static void add_calls(struct program *program, const struct call *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_call(program, &table[i]);
}

/* Its flags are in memory, where no filter sees them. As a kernel that does not have it says, the C library takes clone() then. */
static void add_no_clone3(struct program *program)
{
	add_load(program, offsetof(struct seccomp_data, nr));
	add_compare(program, __NR_clone3, 1);
	add_verdict(program, SECCOMP_RET_ERRNO | ENOSYS);
}

int cage_filter_install(enum cage_kind kind)
{
	struct program program = { .length = 0 };
	struct sock_fprog loaded = { .filter = program.steps };

	add_load(&program, offsetof(struct seccomp_data, arch));
	add_compare(&program, CAGE_AUDIT_ARCH, 1);
	add(&program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
	add_verdict(&program, SECCOMP_RET_ERRNO | EPERM);
	add_calls(&program, calls, ROWS(calls));
	if (kind == CAGE_OF_OPENER)
		add_calls(&program, opener_calls, ROWS(opener_calls));
	if (kind == CAGE_OF_FRONT)
		add_calls(&program, front_calls, ROWS(front_calls));
	if (kind == CAGE_OF_RENDERER || kind == CAGE_OF_FRONT) {
		add_calls(&program, thread_calls, ROWS(thread_calls));
		add_no_clone3(&program);
	}
	add_verdict(&program, SECCOMP_RET_ERRNO | EPERM);
	loaded.len = program.length;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) ? -errno : 0;
}
