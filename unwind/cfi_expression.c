/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_expression.h"

#include <dwarf.h>

#include <stdbool.h>

static bool at_end(const struct byte_reader *reader)
{
	return reader->offset == reader->bytes.size;
}

static bool read_sum(struct byte_reader *reader, struct cfi_expression *expression)
{
	uint8_t operation = byte_reader_u8(reader);
	uint64_t base;

	if (operation >= DW_OP_breg0 && operation <= DW_OP_breg31)
		base = operation - DW_OP_breg0;
	else if (operation == DW_OP_bregx)
		base = byte_reader_uleb128(reader);
	else
		return false;
	expression->base = base;
	expression->offset = byte_reader_sleb128(reader);
	return !reader->failed && base <= UINT32_MAX;
}

/* After the deref. `lit M, plus` is not written by anybody: plus_uconst is shorter or as long. */
static bool read_extra(struct byte_reader *reader, struct cfi_expression *expression)
{
	uint64_t extra;

	if (at_end(reader))
		return true;
	if (byte_reader_u8(reader) != DW_OP_plus_uconst)
		return false;
	extra = byte_reader_uleb128(reader);
	expression->extra = (int64_t)extra;
	return !reader->failed && at_end(reader) && extra <= INT64_MAX;
}

static bool is_small(uint8_t operation, unsigned int value)
{
	return operation == DW_OP_lit0 + value;
}

/* After the first breg. GNU ld's elf_x86_64_eh_frame_plt has 11 or, for .plt with IBT, other thresholds. */
static bool read_plt(struct byte_reader *reader, uint32_t pc_register,
		     struct cfi_expression *expression)
{
	struct cfi_expression pc = { 0 };
	uint8_t mask, and, threshold, compare, shift, shl, plus;

	if (!read_sum(reader, &pc) || pc.base != pc_register || pc.offset)
		return false;
	mask = byte_reader_u8(reader);
	and = byte_reader_u8(reader);
	threshold = byte_reader_u8(reader);
	compare = byte_reader_u8(reader);
	shift = byte_reader_u8(reader);
	shl = byte_reader_u8(reader);
	plus = byte_reader_u8(reader);
	if (reader->failed || !at_end(reader) || !is_small(mask, 15) || and != DW_OP_and ||
	    threshold < DW_OP_lit0 || threshold > DW_OP_lit15 || compare != DW_OP_ge ||
	    !is_small(shift, 3) || shl != DW_OP_shl || plus != DW_OP_plus)
		return false;
	expression->extra = threshold - DW_OP_lit0;
	return true;
}

static enum cfi_expression_form read_form(struct byte_reader *reader, uint32_t pc_register,
					  struct cfi_expression *expression)
{
	if (!read_sum(reader, expression))
		return CFI_FORM_UNKNOWN;
	if (at_end(reader))
		return CFI_FORM_SUM;
	if (reader->bytes.data[reader->offset] != DW_OP_deref)
		return read_plt(reader, pc_register, expression) ? CFI_FORM_PLT : CFI_FORM_UNKNOWN;
	byte_reader_skip(reader, 1);
	return read_extra(reader, expression) ? CFI_FORM_DEREF : CFI_FORM_UNKNOWN;
}

struct cfi_expression cfi_expression_parse(struct bytes bytes, uint32_t pc_register)
{
	struct cfi_expression expression = { 0 };
	struct byte_reader reader;

	byte_reader_init(&reader, bytes);
	expression.form = read_form(&reader, pc_register, &expression);
	if (expression.form == CFI_FORM_UNKNOWN)
		expression = (struct cfi_expression){ 0 };
	return expression;
}
