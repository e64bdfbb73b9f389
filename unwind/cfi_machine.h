/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a processor's ABI says about its CFI: everything in unwind/ that depends on the processor is a row
 * of the table behind this. A second processor is a second row.
 */
#ifndef HEARTH_UNWIND_CFI_MACHINE_H
#define HEARTH_UNWIND_CFI_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "unwind/cfi_state.h"

#define CFI_MACHINE_MAX_STUBS 4
#define CFI_MACHINE_REGISTERS 64 /* as many as have a number in one byte of an instruction */

#define CFI_MACHINE_KEEP(column) ((column) + 1)

enum cfi_stub_kind {
	CFI_STUB_SIGNAL, /* a C library's return from a signal handler */
	CFI_STUB_THREAD, /* a C library's first call in a thread */
};

struct cfi_stub {
	enum cfi_stub_kind kind;
	struct bytes code;
};

struct cfi_machine {
	uint16_t elf_machine; /* EM_* */

	/* DWARF register numbers. */
	uint8_t stack_pointer, frame_pointer, return_address, base;
	uint8_t general_registers; /* below this: registers that a leaf's rule may name */

	/* By register: CFI_MACHINE_KEEP() of its enum cfi_column, 0 where there is none. Those above have none. */
	uint8_t columns[CFI_MACHINE_REGISTERS];

	int8_t return_address_slot; /* from the CFA, where a call leaves it */

	/* Where, from the stack pointer on, a signal frame of the kernel keeps the registers. */
	int16_t signal_stack_pointer, signal_frame_pointer, signal_return_address;

	bool has_go_code; /* go_code.h knows its instructions */

	bool has_code_shapes; /* code_shapes.h knows its linkage tables */

	/* Known by their bytes, in each form they are written: code_stub.h. */
	struct cfi_stub stubs[CFI_MACHINE_MAX_STUBS];
	struct bytes
		stub_end; /* the system call that each ends with, and that is nowhere else in it */
};

/* NULL: hearth has no rules for that processor. */
const struct cfi_machine *cfi_machine_find(uint16_t elf_machine);

#endif
