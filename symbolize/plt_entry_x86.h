/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of a procedure linkage table, x86-64 (System V ABI, AMD64 supplement, "Procedure Linkage Table"), in
 * the forms that linkers write:
 *
 *	jmp *SLOT(%rip); push $INDEX; jmp PLT0     .plt of GNU ld, gold and lld
 *	jmp *SLOT(%rip); nop                       .plt.got
 *	endbr64; jmp *SLOT(%rip); nop              .plt.sec and .plt.got with IBT (perhaps bnd jmp)
 *	endbr64; push $INDEX; jmp PLT0             .plt with IBT: what the first call goes on to
 *	endbr64; mov $INDEX, %r11d; jmp *SLOT(%rip)  mold's .plt
 *
 * The table's first entry has none of them. lld's -z retpolineplt has others, which stay without names.
 */
#ifndef HEARTH_SYMBOLIZE_PLT_ENTRY_X86_H
#define HEARTH_SYMBOLIZE_PLT_ENTRY_X86_H

#include <stdint.h>

#include "base/byte_reader.h"

#define PLT_ENTRY_X86_BYTES 16 /* where the section does not tell */

enum plt_entry_kind {
	PLT_ENTRY_NONE,
	PLT_ENTRY_SLOT,  /* it jumps to where a slot of the GOT says */
	PLT_ENTRY_INDEX, /* it asks for the binding of a relocation of .rela.plt */
};

struct plt_entry {
	enum plt_entry_kind kind;
	uint64_t value; /* the slot's address; the relocation's index */
};

/* `bytes`: the entry that starts at `address`, to its end. */
struct plt_entry plt_entry_x86_parse(struct bytes bytes, uint64_t address);

#endif
