/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a section of call frame information: CIEs, what functions have in common, and FDEs, one
 * a range of code (DWARF 5, 6.4.1; LSB 5.0 Core, 10.6.1 for what .eh_frame does otherwise).
 *
 * Versions 1 (of GCC and .eh_frame), 3 and 4; augmentations "eh" and "z" with R, P, L, S, B in any order.
 * An augmentation letter of no known kind leaves the range of an FDE readable if the R came before, and its
 * instructions not to be trusted: CFI_REASON_AUGMENTATION.
 */
#ifndef HEARTH_UNWIND_CFI_ENTRY_H
#define HEARTH_UNWIND_CFI_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/cfi_machine.h"
#include "unwind/cfi_reason.h"
#include "unwind/cfi_section.h"
#include "unwind/cfi_state.h"

#define CFI_ENTRY_NO_CIE UINT64_MAX

/*
 * CIEs are found by pointers and may overlap, so their length counts once for each: no more than this is read of
 * one. (The longest in use, that of signal frames, has some 100 bytes.)
 */
#define CFI_CIE_MAX_BYTES 1024

struct cfi_entry {
	uint64_t offset; /* in the section */
	uint64_t end;    /* where the next one begins */
	uint64_t body;   /* behind the length and the CIE pointer */
	bool is_cie;
	uint64_t
		cie; /* of an FDE: offset of its CIE, or CFI_ENTRY_NO_CIE: the pointer leads nowhere */
};

struct cfi_cie {
	enum cfi_reason reason; /* why its FDEs' instructions cannot be taken */
	bool has_range;         /* its FDEs' ranges can be read */
	bool is_signal_frame;
	bool is_augmented; /* FDEs have augmentation data with a length */
	uint8_t pointer_encoding;
	uint64_t code_alignment;
	int64_t data_alignment;
	struct cfi_state initial; /* after the initial instructions: cfi_program_run_initial() */
};

/* An FDE's range; its instructions are valid until the section is read again. */
struct cfi_fde {
	uint64_t address;
	uint64_t size;
	struct bytes instructions;
	uint64_t instructions_offset; /* in the section */
};

/*
 * The entry at `offset`: 0; -EBADMSG: what stands there is no entry, and so nothing behind it can be found; or an
 * error of cfi_section_read().
 */
int cfi_entry_read(struct cfi_section *section, uint64_t offset, struct cfi_entry *ret_entry);

/* The first one from `offset` on: the same, and -ENODATA: the section is at its end. */
int cfi_entry_next(struct cfi_section *section, uint64_t offset, struct cfi_entry *ret_entry);

/*
 * Reads a CIE and gives its initial instructions; `initial` is all unset. 0 (with or without a reason);
 * -EBADMSG: it ends too early; or an error of cfi_section_read().
 */
int cfi_cie_read(struct cfi_section *section, const struct cfi_entry *entry,
		 const struct cfi_machine *machine, struct cfi_cie *ret_cie,
		 struct bytes *ret_instructions);

/*
 * Only the range of an FDE, without its instructions: 0; -EBADMSG: it ends too early; -EOPNOTSUPP: its
 * addresses cannot be read; or an error of cfi_section_read().
 */
int cfi_fde_read_range(struct cfi_section *section, const struct cfi_entry *entry,
		       const struct cfi_cie *cie, struct cfi_fde *ret_fde);

/* The whole of it: the same errors, and -E2BIG: longer than what is read, so without instructions. */
int cfi_fde_read(struct cfi_section *section, const struct cfi_entry *entry,
		 const struct cfi_cie *cie, struct cfi_fde *ret_fde);

#endif
