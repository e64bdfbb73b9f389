/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/entry_code.h"

#include <elf.h>
#include <string.h>

#include "unwind/byte_pattern.h"

#define PROGRAM_BYTES 64  /* of a program's first function: far more than up to its first call */
#define LOADER_BYTES  192 /* of the dynamic linker's: it has some sixty */
#define UNKNOWN_BYTES 16  /* so much is taken of what holds no call */

/* A library has an entry point, too, in which nothing starts: where older linkers let its text begin. */
static bool is_program(const struct elf_file *file, struct bytes code)
{
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		if (elf_file_segment(file, i)->type == PT_INTERP)
			return true;
	}
	return elf_file_type(file) == ET_EXEC ||
	       BEGINS(code, "\x48\x31\xed\x48\x89\xe7") || /* xor %rbp, %rbp; mov %rsp, %rdi */
	       BEGINS(code, "\x31\xed\x48\x89\xe7");
}

/*
 * Behind the first call: what comes then is no more looked up, or belongs to another function. Before it the
 * stack is aligned.
 */
static size_t first_call_end(struct bytes code)
{
	const uint8_t *aligned = memmem(code.data, code.size, "\x48\x83\xe4\xf0", 4);

	for (size_t i = aligned ? aligned - code.data : 0; i < code.size; i++) {
		struct bytes rest = bytes_slice(code, i, code.size - i);

		if (BEGINS(rest, "\xe8...."))
			return i + 5;
		if (BEGINS(rest, "\xff\x15...."))
			return i + 6;
	}
	return code.size < UNKNOWN_BYTES ? code.size : UNKNOWN_BYTES;
}

/*
 * glibc's sysdeps/x86_64/dl-machine.h, RTLD_START: mov %rsp, %rdi; call _dl_start; mov %rax, %r12; ...; jmp *%r12, which
 * is the program's entry point. Its size, 0: this is something else.
 */
static size_t loader_size(struct bytes code)
{
	const uint8_t *last;

	if (!BEGINS(code, "\x48\x89\xe7\xe8....\x49\x89\xc4"))
		return 0;
	last = memmem(code.data, code.size, "\x41\xff\xe4", 3);
	return last ? last - code.data + 3 : 0;
}

static struct bytes first_bytes(struct bytes code, size_t size)
{
	return bytes_slice(code, 0, code.size < size ? code.size : size);
}

bool entry_code_find(const struct elf_file *file, struct entry_code *ret_code)
{
	uint64_t start, entry = elf_file_entry(file);
	uint8_t code[LOADER_BYTES];
	struct bytes bytes;
	size_t size;

	if (!entry || !elf_file_offset_of_address(file, entry, &start) ||
	    elf_file_read(file, start, code, sizeof(code), &size))
		return false;
	bytes = (struct bytes){ code, size };
	size = loader_size(bytes);
	if (!size && is_program(file, bytes))
		size = first_call_end(first_bytes(bytes, PROGRAM_BYTES));
	if (!size)
		return false;
	*ret_code = (struct entry_code){ start, start + size };
	return true;
}

/*
 * glibc's sysdeps/unix/sysv/linux/x86_64/__start_context.S: mov %rbx, %rsp; mov (%rsp), %rdi; test %rdi, %rdi; je;
 * call __setcontext; mov %rax, %rdi; call exit
 */
bool entry_code_is_context_start(struct bytes code)
{
	if (BEGINS(code, "\xf3\x0f\x1e\xfa")) /* endbr64 */
		code = bytes_slice(code, 4, code.size - 4);
	return BEGINS(code, "\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff\x74.\xe8....");
}

bool entry_code_is_before_context_start(const struct elf_file *file, uint64_t offset)
{
	uint8_t code[ENTRY_CODE_CONTEXT_MIN];
	size_t size;

	return ++offset % ENTRY_CODE_CONTEXT_ALIGN == 0 &&
	       !elf_file_read(file, offset, code, sizeof(code), &size) &&
	       entry_code_is_context_start((struct bytes){ code, size });
}
