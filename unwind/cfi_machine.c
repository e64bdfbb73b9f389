/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_machine.h"

#include <elf.h>
#include <stddef.h>

#define CODE(bytes)                                         \
	{                                                   \
		(const uint8_t *)(bytes), sizeof(bytes) - 1 \
	}
#define STUB(kind, bytes)                    \
	{                                    \
		CFI_STUB_##kind, CODE(bytes) \
	}

/* In <asm/sigcontext.h>, struct sigcontext_64. It follows uc_flags, uc_link and uc_stack of the ucontext. */
#define X86_64_SIGCONTEXT(index) (40 + 8 * (index))

/* System V ABI, AMD64 supplement, figure 3.36 "DWARF Register Number Mapping" */
enum x86_64_register { X86_64_RBX = 3, X86_64_RBP = 6, X86_64_RSP = 7, X86_64_RETURN_ADDRESS = 16 };

static const struct cfi_machine machines[] = {
	{
		.elf_machine = EM_X86_64,
		.stack_pointer = X86_64_RSP,
		.frame_pointer = X86_64_RBP,
		.return_address = X86_64_RETURN_ADDRESS,
		.base = X86_64_RBX,
		.general_registers = 16,
		.columns = {
			[X86_64_RSP] = CFI_MACHINE_KEEP(CFI_STACK_COLUMN),
			[X86_64_RBP] = CFI_MACHINE_KEEP(CFI_FRAME_COLUMN),
			[X86_64_RETURN_ADDRESS] = CFI_MACHINE_KEEP(CFI_ADDRESS_COLUMN),
			[X86_64_RBX] = CFI_MACHINE_KEEP(CFI_BASE_COLUMN),
		},
		.return_address_slot = -8,
		.signal_stack_pointer = X86_64_SIGCONTEXT(15),
		.signal_frame_pointer = X86_64_SIGCONTEXT(10),
		.signal_return_address = X86_64_SIGCONTEXT(16),
		.has_go_code = true,
		.has_code_shapes = true,
		.stubs = {
			/* mov $15, %rax; syscall */
			STUB(SIGNAL, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05"),
			/* mov $15, %eax; syscall */
			STUB(SIGNAL, "\xb8\x0f\x00\x00\x00\x0f\x05"),
			/*
			 * musl's src/thread/x86_64/clone.s: xor %ebp, %ebp; pop %rdi; call *%r9; mov %eax, %edi;
			 * xor %eax, %eax; mov $60, %al; syscall
			 */
			STUB(THREAD, "\x31\xed\x5f\x41\xff\xd1\x89\xc7\x31\xc0\xb0\x3c\x0f\x05"),
		},
		.stub_end = CODE("\x0f\x05"),
	},
};

const struct cfi_machine *cfi_machine_find(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		if (machines[i].elf_machine == elf_machine)
			return &machines[i];
	}
	return NULL;
}
