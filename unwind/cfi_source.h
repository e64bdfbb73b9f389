/* SPDX-License-Identifier: Apache-2.0 */
/* A section of call frame information with its CIEs, each read and run once. Not thread-safe. */
#ifndef HEARTH_UNWIND_CFI_SOURCE_H
#define HEARTH_UNWIND_CFI_SOURCE_H

#include "base/buffer.h"
#include "base/u64_map.h"
#include "unwind/cfi_entry.h"

#define CFI_SOURCE_MAX_CIES 65536 /* .debug_frame has one for each object file */

struct cfi_source {
	struct cfi_section section;
	const struct cfi_machine *machine;
	struct u64_map numbers; /* of CIEs, by their offset ^ seed */
	uint64_t seed;
	struct buffer cies;   /* of struct cfi_cie */
	uint64_t last_offset; /* the CIE that was asked for last: most sections have few */
	uint32_t last_number;
};

/* Takes over a section that was found. */
void cfi_source_init(struct cfi_source *source, const struct cfi_section *section,
		     const struct cfi_machine *machine);
void cfi_source_release(struct cfi_source *source);

/*
 * The CIE of an FDE, valid until the next call. 0; -EBADMSG: there is none at that place; -E2BIG: one too many;
 * -ENOMEM; or an error of cfi_section_read().
 */
int cfi_source_cie(struct cfi_source *source, const struct cfi_entry *fde,
		   const struct cfi_cie **ret_cie);

#endif
