/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/go_code.h"

#include <string.h>

#define SLOT 8 /* bytes of a saved register */

void go_code_init(struct go_code *code)
{
	/* For each function: there is no need to clear what is not counted. */
	code->saved_from = code->framed_from = GO_CODE_NEVER;
	code->stretch_count = 0;
}

static void add_stretch(struct go_code *code, struct go_stretch stretch)
{
	if (code->stretch_count < GO_CODE_MAX_STRETCHES)
		code->stretches[code->stretch_count++] = stretch;
}

static bool is_code(struct bytes code, size_t at, const char *expected, size_t size)
{
	return at <= code.size && size <= code.size - at && !memcmp(code.data + at, expected, size);
}

#define IS_CODE(code, at, expected) is_code(code, at, expected, sizeof(expected) - 1)

/*
 * An instruction on a register and N(%rsp): its length, else 0. `opcode`: its first two bytes; `modrm`: the third,
 * for an N of four bytes (0x84 | register << 3). Intel SDM, volume 2, 2.1.5.
 */
static size_t stack_operand(struct bytes bytes, size_t at, const char *opcode, uint8_t modrm,
			    int32_t *ret_offset)
{
	const uint8_t *code = bytes.data + at;

	if (at > bytes.size || bytes.size - at < 8 || memcmp(code, opcode, 2) || code[3] != 0x24)
		return 0;
	if (code[2] == (modrm & 0x3f)) {
		*ret_offset = 0;
		return 4;
	}
	if (code[2] == ((modrm & 0x3f) | 0x40)) {
		*ret_offset = (int8_t)code[4];
		return 5;
	}
	if (code[2] != modrm)
		return 0;
	memcpy(ret_offset, code + 4, sizeof(*ret_offset));
	return 8;
}

#define MOV_TO_STACK   "\x48\x89"
#define MOV_FROM_STACK "\x48\x8b"
#define LEA            "\x48\x8d"
#define RBP            0xac /* ModRM of each with N(%rsp) */
#define RDI            0xbc
#define RDX            0x94

/* --- the frame --- */

void go_code_find_frame(struct go_code *code, struct bytes bytes, uint64_t pc, int64_t delta)
{
	int32_t offset;
	size_t length;

	if (delta == SLOT &&
	    IS_CODE(bytes, 0, "\x55\x48\x89\xe5")) { /* push %rbp; mov %rsp, %rbp */
		code->saved_from = pc;
		code->framed_from = pc + 3;
		return;
	}
	length = stack_operand(bytes, 1, MOV_TO_STACK, RBP, &offset);
	if (!length || offset != delta - SLOT)
		return;
	code->saved_from = pc + length;
	if (stack_operand(bytes, 1 + length, LEA, RBP, &offset) && offset == delta - SLOT)
		code->framed_from = pc + 2 * length;
}

/* mov N(%rsp), %rbp; add $M, %rsp */
void go_code_find_restores(struct go_code *code, struct bytes bytes, uint64_t address)
{
	int32_t offset;

	for (size_t at = 0; at < bytes.size; at++) {
		size_t length = stack_operand(bytes, at, MOV_FROM_STACK, RBP, &offset);
		size_t end = at + length;

		if (!length)
			continue;
		if (IS_CODE(bytes, end, "\x48\x83\xc4"))
			length = 4;
		else if (IS_CODE(bytes, end, "\x48\x81\xc4"))
			length = 7;
		else
			continue;
		add_stretch(code, (struct go_stretch){ .from = address + end,
						       .to = address + end + length,
						       .kind = GO_STRETCH_BY_SP });
	}
}

/* --- other stacks --- */

/* Behind the first `mov N(REGISTER), %rsp`, with an N of one byte. */
void go_code_find_root(struct go_code *code, struct bytes bytes, uint64_t address, uint64_t end)
{
	for (size_t at = 0; at + 4 <= bytes.size; at++) {
		uint8_t operands = bytes.data[at + 2];

		if ((bytes.data[at] | 1) != 0x49 || bytes.data[at + 1] != 0x8b ||
		    (operands & 0xf8) != 0x60 || (operands & 7) == 4)
			continue;
		add_stretch(code, (struct go_stretch){ .from = address + at + 4,
						       .to = end,
						       .kind = GO_STRETCH_ROOT });
		return;
	}
}

/* The first place from `at` on where this code stands; the end if there is none. */
static size_t find_code(struct bytes bytes, size_t at, const char *expected, size_t size)
{
	while (at < bytes.size && !is_code(bytes, at, expected, size))
		at++;
	return at;
}

#define FIND_CODE(code, at, expected) find_code(code, at, expected, sizeof(expected) - 1)

/*
 * Behind these, which say where a goroutine has its thread and its saved pc and sp (GO_G_... of bpf/unwind_step.h):
 *
 *     mov 0x30(%rdi), %rbx           since Go 1.22       mov 0x30(%rbx), %rbx          before
 *     mov %rax, 0x40(%rdi)                               mov %rax, 0x40(%rsi)
 *     mov %rax, 0x38(%rdi)                               mov %rax, 0x38(%rsi)
 *     mov 0x38(%rbx), %rsp                               mov 0x38(%rbx), %rsp
 */
void go_code_find_growth(struct go_code *code, struct bytes bytes, uint64_t address, uint64_t end)
{
	size_t at = FIND_CODE(bytes, 0, "\x48\x8b\x5f\x30");

	at = FIND_CODE(bytes, at, "\x48\x89\x47\x40");
	at = FIND_CODE(bytes, at, "\x48\x89\x47\x38");
	if (at >= bytes.size) {
		at = FIND_CODE(bytes, 0, "\x48\x8b\x5b\x30");
		at = FIND_CODE(bytes, at, "\x48\x89\x46\x40");
		at = FIND_CODE(bytes, at, "\x48\x89\x46\x38");
	}
	at = FIND_CODE(bytes, at, "\x48\x8b\x63\x38");
	if (at < bytes.size)
		add_stretch(code, (struct go_stretch){ .from = address + at + 4,
						       .to = end,
						       .kind = GO_STRETCH_SAVED });
}

/*
 * From where it leaves the goroutine's stack up to where it is back:
 *
 *     mov 0x38(%rdx), %rbx
 *     mov %rbx, %rsp
 *     ...
 *     mov 0x38(%rax), %rsp
 */
void go_code_find_system(struct go_code *code, struct bytes bytes, uint64_t address)
{
	size_t from = FIND_CODE(bytes, 0, "\x48\x8b\x5a\x38");
	size_t to;

	from = FIND_CODE(bytes, from, "\x48\x89\xdc");
	to = FIND_CODE(bytes, from, "\x48\x8b\x60\x38");
	if (to < bytes.size)
		add_stretch(code, (struct go_stretch){ .from = address + from + 3,
						       .to = address + to + 4,
						       .kind = GO_STRETCH_SAVED });
}

/* cmp N(%rbx), %rax; jne */
int32_t go_code_find_running(struct bytes bytes)
{
	int32_t offset = 0;

	for (size_t at = 0; at + 8 <= bytes.size && !offset; at++)
		if (IS_CODE(bytes, at, "\x48\x3b\x83") && bytes.data[at + 7] == 0x75)
			memcpy(&offset, bytes.data + at + 3, sizeof(offset));
	return offset;
}

/*
 * The note is complete behind one of
 *
 *     sub %rdx, %rdi; mov %rdi, N(%rsp)
 *     movq $0, N+8(%rsp); mov %rdx, N(%rsp)
 */
static size_t match_note(struct bytes bytes, size_t at, int32_t *ret_note_at)
{
	static const char store_zero[] = "\x48\xc7\x44\x24";
	size_t length;

	if (IS_CODE(bytes, at, "\x48\x29\xd7")) {
		at += 3;
		length = stack_operand(bytes, at, MOV_TO_STACK, RDI, ret_note_at);
	} else if (is_code(bytes, at, store_zero, 4)) {
		at += 9;
		length = stack_operand(bytes, at, MOV_TO_STACK, RDX, ret_note_at);
	} else {
		return 0;
	}
	return length ? at + length : 0;
}

/* Up to `mov %rsi, %rsp`. */
void go_code_find_cgo(struct go_code *code, struct bytes bytes, uint64_t address)
{
	for (size_t at = 0; at < bytes.size; at++) {
		struct go_stretch stretch = { .kind = GO_STRETCH_CGO };
		size_t from = match_note(bytes, at, &stretch.note_at), to = from;

		while (from && to < bytes.size && !IS_CODE(bytes, to, "\x48\x89\xf4"))
			to++;
		if (!from || to == bytes.size)
			continue;
		stretch.from = address + from;
		stretch.to = address + to;
		add_stretch(code, stretch);
		at = to;
	}
}

/* --- asking --- */

const struct go_stretch *go_code_stretch(const struct go_code *code, uint64_t pc)
{
	for (uint32_t i = 0; i < code->stretch_count; i++) {
		if (pc >= code->stretches[i].from && pc < code->stretches[i].to)
			return &code->stretches[i];
	}
	return NULL;
}

static uint64_t sooner(uint64_t pc, uint64_t at, uint64_t end)
{
	return at > pc && at < end ? at : end;
}

uint64_t go_code_next_change(const struct go_code *code, uint64_t pc, uint64_t end)
{
	end = sooner(pc, code->saved_from, end);
	end = sooner(pc, code->framed_from, end);
	for (uint32_t i = 0; i < code->stretch_count; i++) {
		end = sooner(pc, code->stretches[i].from, end);
		end = sooner(pc, code->stretches[i].to, end);
	}
	return end;
}
