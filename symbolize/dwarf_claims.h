/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which unit holds each of the asked addresses, by the ranges that a unit says of itself, or where it says none by
 * .debug_aranges. Where two units claim an address, the one with the smaller range is believed.
 *
 * Reading the head of every unit takes longer than answering for one address. So .debug_aranges is asked first, where there
 * is one: if it names a unit for each address, only those units are read; and if their own ranges hold all
 * addresses as well, that is the answer. Else all units are read.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_CLAIMS_H
#define HEARTH_SYMBOLIZE_DWARF_CLAIMS_H

#include "symbolize/dwarf_unit.h"

struct dwarf_claim {
	const struct dwarf_unit *unit; /* NULL: none holds it */
	uint64_t size;                 /* of the range */
	size_t address;                /* its index */
};

/*
 * Finds the units of `addresses`, which are ascending, and reads what it needs of them. ret_claims has room for
 * `count`; they come by unit, ascending, those without one last. 0, or -ENOMEM.
 */
int dwarf_claims_find(struct dwarf_units *units, const uint64_t *addresses, size_t count,
		      struct dwarf_claim *ret_claims);

#endif
