/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded pointers of .eh_frame (LSB 5.0 Core, 10.5.1 "DWARF Exception Header Encoding"), 64-bit. */
#ifndef HEARTH_UNWIND_CFI_POINTER_H
#define HEARTH_UNWIND_CFI_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/byte_reader.h"

/* The lower four bits: how it is written. The next three: what it counts from. */
#define CFI_POINTER_FORMAT   0x0f
#define CFI_POINTER_RELATIVE 0x70
#define CFI_POINTER_INDIRECT 0x80
#define CFI_POINTER_OMIT     0xff

#define CFI_POINTER_ABSOLUTE 0x00 /* format and relation alike */
#define CFI_POINTER_ULEB128  0x01
#define CFI_POINTER_UDATA2   0x02
#define CFI_POINTER_UDATA4   0x03
#define CFI_POINTER_UDATA8   0x04
#define CFI_POINTER_SLEB128  0x09
#define CFI_POINTER_SDATA2   0x0a
#define CFI_POINTER_SDATA4   0x0b
#define CFI_POINTER_SDATA8   0x0c

#define CFI_POINTER_PC   0x10
#define CFI_POINTER_TEXT 0x20
#define CFI_POINTER_DATA 0x30

struct cfi_pointer_bases {
	bool has_text, has_data;
	uint64_t text, data;
};

/*
 * Reads a pointer that itself lies at `address`. 0; -EBADMSG: it ends too early; -EOPNOTSUPP: an encoding of no
 * known kind, one whose base is absent, or an indirect one (its value is only known in a running process).
 */
int cfi_pointer_read(struct byte_reader *reader, uint8_t encoding,
		     const struct cfi_pointer_bases *bases, uint64_t address, uint64_t *ret_value);

/* The same without anything added: lengths. */
int cfi_pointer_read_plain(struct byte_reader *reader, uint8_t encoding, uint64_t *ret_value);

#endif
