/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions of a unit hold the asked addresses, and through which calls they were inlined there.
 *
 * The entries of a unit are passed over once, in their order. What is kept are the scopes (a function, or an inlined
 * call of one) that hold an asked address, each with the one around it: memory grows with the question.
 * Functions without an asked address are passed over with all that is in them, where the producer says
 * where they end (DW_AT_sibling).
 *
 * Where several functions hold an address (a linker folded them, or a producer errs), the one with the smallest range
 * is taken, and of equal ones the last, which is also the innermost.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_SCOPES_H
#define HEARTH_SYMBOLIZE_DWARF_SCOPES_H

#include "symbolize/dwarf_unit.h"

#define DWARF_NO_SCOPE UINT32_MAX

/* Functions and inlined calls within each other. Real ones stay below 100. */
#define DWARF_SCOPES_MAX_DEPTH 512

struct dwarf_scope {
	uint64_t entry;  /* its offset in .debug_info */
	uint32_t parent; /* what it was inlined into, DWARF_NO_SCOPE: it is a function of its own */
	uint64_t
		call_file; /* of an inlined call: where it stands, in the unit's line program's files */
	uint64_t call_line;
};

struct dwarf_scopes {
	struct dwarf_units *units;
	struct dwarf_scope *scopes;
	size_t count, allocated;
};

void dwarf_scopes_init(struct dwarf_scopes *scopes, struct dwarf_units *units);
void dwarf_scopes_release(struct dwarf_scopes *scopes);

/*
 * Finds the innermost scope of each of the unit's `addresses`, which are ascending: ret_scopes[i] is its index in
 * scopes->scopes, or DWARF_NO_SCOPE. Entries that cannot be read end the search. 0, or -ENOMEM.
 */
int dwarf_scopes_find(struct dwarf_scopes *scopes, const struct dwarf_unit *unit,
		      const uint64_t *addresses, size_t count, uint32_t *ret_scopes);

#endif
