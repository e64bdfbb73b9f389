/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_program.h"

#include <dwarf.h>
#include <string.h>

/* Instructions with an operand in their lower six bits. */
#define PRIMARY(instruction) ((instruction)&0xc0)
#define OPERAND(instruction) ((instruction)&0x3f)

static void fail(struct cfi_program *program, enum cfi_reason reason)
{
	if (program->reason == CFI_EXPRESSIBLE)
		program->reason = reason;
}

/* --- operands --- */

static uint64_t read_unsigned(struct cfi_program *program)
{
	return byte_reader_uleb128(&program->reader);
}

static uint32_t read_register(struct cfi_program *program)
{
	uint64_t number = byte_reader_uleb128(&program->reader);

	if (number > UINT32_MAX)
		fail(program, CFI_REASON_MALFORMED);
	return number;
}

/* An offset that counts in units of the data alignment. */
static int64_t factored(struct cfi_program *program, int64_t offset)
{
	int64_t value;

	if (__builtin_mul_overflow(offset, program->cie->data_alignment, &value))
		fail(program, CFI_REASON_OFFSET_RANGE);
	return program->reason == CFI_EXPRESSIBLE ? value : 0;
}

static int64_t to_signed(struct cfi_program *program, uint64_t value)
{
	if (value > INT64_MAX)
		fail(program, CFI_REASON_OFFSET_RANGE);
	return value > INT64_MAX ? 0 : (int64_t)value;
}

static int64_t read_factored(struct cfi_program *program)
{
	return factored(program, to_signed(program, read_unsigned(program)));
}

static int64_t read_factored_signed(struct cfi_program *program)
{
	return factored(program, byte_reader_sleb128(&program->reader));
}

static struct cfi_expression read_expression(struct cfi_program *program)
{
	struct bytes bytes = byte_reader_take(&program->reader, read_unsigned(program));

	return cfi_expression_parse(bytes, program->machine->return_address);
}

/* --- the location --- */

static void move_to(struct cfi_program *program, uint64_t location)
{
	if (location < program->location) {
		fail(program, CFI_REASON_MALFORMED);
		return;
	}
	program->location = location < program->end ? location : program->end;
}

static void advance(struct cfi_program *program, uint64_t delta)
{
	uint64_t bytes, location;

	if (__builtin_mul_overflow(delta, program->cie->code_alignment, &bytes) ||
	    __builtin_add_overflow(program->location, bytes, &location))
		location = program->end;
	move_to(program, location);
}

static void set_location(struct cfi_program *program)
{
	uint64_t address =
		program->section->address + program->instructions_offset + program->reader.offset;
	uint64_t location;

	if (cfi_pointer_read(&program->reader, program->cie->pointer_encoding,
			     &program->section->bases, address, &location)) {
		fail(program, CFI_REASON_MALFORMED);
		return;
	}
	move_to(program, location);
}

/* --- registers --- */

/* NULL: a column that is not kept. */
static struct cfi_register *column_of(struct cfi_program *program, uint32_t number)
{
	uint8_t kept = number < CFI_MACHINE_REGISTERS ? program->machine->columns[number] : 0;

	return kept ? &program->state.columns[kept - CFI_MACHINE_KEEP(0)] : NULL;
}

static void set_register(struct cfi_program *program, uint32_t number, struct cfi_register to)
{
	struct cfi_register *column = column_of(program, number);

	if (column)
		*column = to;
}

static void set_register_offset(struct cfi_program *program, uint32_t number,
				enum cfi_register_kind kind, int64_t offset)
{
	set_register(program, number, (struct cfi_register){ .kind = kind, .offset = offset });
}

static void restore_register(struct cfi_program *program, uint32_t number)
{
	struct cfi_register *column = column_of(program, number);

	if (column)
		*column = program->cie->initial.columns[column - program->state.columns];
}

/* `is_value`: the expression is the register's value, else it is where that is saved. */
static void set_register_expression(struct cfi_program *program, bool is_value)
{
	uint32_t number = read_register(program);
	struct cfi_expression expression = read_expression(program);
	enum cfi_expression_form wanted = is_value ? CFI_FORM_DEREF : CFI_FORM_SUM;
	struct cfi_register to = { .kind = CFI_REGISTER_INEXPRESSIBLE };

	if (expression.form == wanted && !expression.extra) {
		to.kind = CFI_REGISTER_AT_REGISTER;
		to.base = expression.base;
		to.offset = expression.offset;
	}
	set_register(program, number, to);
}

static bool execute_register(struct cfi_program *program, uint8_t instruction)
{
	uint32_t number;

	switch (instruction) {
	case DW_CFA_offset_extended:
	case DW_CFA_val_offset:
	case DW_CFA_offset_extended_sf:
	case DW_CFA_val_offset_sf:
	case DW_CFA_GNU_negative_offset_extended:
	case DW_CFA_register:
	case DW_CFA_restore_extended:
	case DW_CFA_undefined:
	case DW_CFA_same_value:
		number = read_register(program);
		break;
	case DW_CFA_expression:
	case DW_CFA_val_expression:
		set_register_expression(program, instruction == DW_CFA_val_expression);
		return true;
	default:
		return false;
	}
	switch (instruction) {
	case DW_CFA_offset_extended:
		set_register_offset(program, number, CFI_REGISTER_AT_CFA, read_factored(program));
		break;
	case DW_CFA_offset_extended_sf:
		set_register_offset(program, number, CFI_REGISTER_AT_CFA,
				    read_factored_signed(program));
		break;
	case DW_CFA_GNU_negative_offset_extended:
		set_register_offset(program, number, CFI_REGISTER_AT_CFA,
				    factored(program, -to_signed(program, read_unsigned(program))));
		break;
	case DW_CFA_val_offset:
		set_register_offset(program, number, CFI_REGISTER_IS_CFA, read_factored(program));
		break;
	case DW_CFA_val_offset_sf:
		set_register_offset(program, number, CFI_REGISTER_IS_CFA,
				    read_factored_signed(program));
		break;
	case DW_CFA_register:
		set_register(program, number,
			     (struct cfi_register){ .kind = CFI_REGISTER_IN_REGISTER,
						    .base = read_register(program) });
		break;
	case DW_CFA_restore_extended:
		restore_register(program, number);
		break;
	case DW_CFA_undefined:
		set_register_offset(program, number, CFI_REGISTER_UNDEFINED, 0);
		break;
	default:
		set_register_offset(program, number, CFI_REGISTER_SAME, 0);
		break;
	}
	return true;
}

/* --- the CFA --- */

static void set_cfa(struct cfi_program *program, uint32_t base, int64_t offset)
{
	program->state.cfa =
		(struct cfi_cfa){ .kind = CFI_CFA_OFFSET, .base = base, .offset = offset };
}

/* DWARF 5, 6.4.2.2: valid only where the CFA is a register and an offset. */
static struct cfi_cfa *simple_cfa(struct cfi_program *program)
{
	if (program->state.cfa.kind != CFI_CFA_OFFSET)
		fail(program, CFI_REASON_MALFORMED);
	return &program->state.cfa;
}

static void set_cfa_expression(struct cfi_program *program)
{
	static const enum cfi_cfa_kind kinds[] = {
		[CFI_FORM_UNKNOWN] = CFI_CFA_INEXPRESSIBLE,
		[CFI_FORM_SUM] = CFI_CFA_OFFSET,
		[CFI_FORM_DEREF] = CFI_CFA_DEREF,
		[CFI_FORM_PLT] = CFI_CFA_PLT,
	};
	struct cfi_expression expression = read_expression(program);

	program->state.cfa = (struct cfi_cfa){
		.kind = kinds[expression.form],
		.base = expression.base,
		.offset = expression.offset,
		.extra = expression.extra,
	};
}

static bool execute_cfa(struct cfi_program *program, uint8_t instruction)
{
	uint32_t base;

	switch (instruction) {
	case DW_CFA_def_cfa:
		base = read_register(program);
		set_cfa(program, base, to_signed(program, read_unsigned(program)));
		return true;
	case DW_CFA_def_cfa_sf:
		base = read_register(program);
		set_cfa(program, base, read_factored_signed(program));
		return true;
	case DW_CFA_def_cfa_register:
		simple_cfa(program)->base = read_register(program);
		return true;
	case DW_CFA_def_cfa_offset:
		simple_cfa(program)->offset = to_signed(program, read_unsigned(program));
		return true;
	case DW_CFA_def_cfa_offset_sf:
		simple_cfa(program)->offset = read_factored_signed(program);
		return true;
	case DW_CFA_def_cfa_expression:
		set_cfa_expression(program);
		return true;
	default:
		return false;
	}
}

/* --- everything else --- */

static void remember(struct cfi_program *program)
{
	if (program->remembered_count == CFI_PROGRAM_MAX_REMEMBERED)
		fail(program, CFI_REASON_TOO_DEEP);
	else
		program->remembered[program->remembered_count++] = program->state;
}

static void restore(struct cfi_program *program)
{
	if (!program->remembered_count)
		fail(program, CFI_REASON_MALFORMED);
	else
		program->state = program->remembered[--program->remembered_count];
}

static bool execute_other(struct cfi_program *program, uint8_t instruction)
{
	switch (instruction) {
	case DW_CFA_nop:
		return true;
	case DW_CFA_advance_loc1:
		advance(program, byte_reader_u8(&program->reader));
		return true;
	case DW_CFA_advance_loc2:
		advance(program, byte_reader_u16(&program->reader));
		return true;
	case DW_CFA_advance_loc4:
		advance(program, byte_reader_u32(&program->reader));
		return true;
	case DW_CFA_MIPS_advance_loc8:
		advance(program, byte_reader_u64(&program->reader));
		return true;
	case DW_CFA_set_loc:
		set_location(program);
		return true;
	case DW_CFA_remember_state:
		remember(program);
		return true;
	case DW_CFA_restore_state:
		restore(program);
		return true;
	case DW_CFA_GNU_args_size: /* matters to exception handlers only */
		read_unsigned(program);
		return true;
	default:
		return false;
	}
}

static void execute(struct cfi_program *program)
{
	uint8_t instruction = byte_reader_u8(&program->reader);

	switch (PRIMARY(instruction)) {
	case DW_CFA_advance_loc:
		advance(program, OPERAND(instruction));
		break;
	case DW_CFA_offset:
		set_register_offset(program, OPERAND(instruction), CFI_REGISTER_AT_CFA,
				    read_factored(program));
		break;
	case DW_CFA_restore:
		restore_register(program, OPERAND(instruction));
		break;
	default:
		if (!execute_cfa(program, instruction) && !execute_other(program, instruction) &&
		    !execute_register(program, instruction))
			fail(program, CFI_REASON_UNKNOWN_INSTRUCTION);
		break;
	}
	if (program->reader.failed)
		fail(program, CFI_REASON_MALFORMED);
}

static bool has_more(const struct cfi_program *program)
{
	return program->reason == CFI_EXPRESSIBLE && program->location < program->end &&
	       program->reader.offset < program->reader.bytes.size;
}

static void execute_next(struct cfi_program *program)
{
	if (!program->instructions_left) {
		fail(program, CFI_REASON_TOO_MANY_INSTRUCTIONS);
		return;
	}
	program->instructions_left--;
	execute(program);
}

/* Without a row's end, or with a reason, the row goes on to the end of the range. */
static void execute_row(struct cfi_program *program)
{
	while (program->location == program->row_start && has_more(program))
		execute_next(program);
	if (program->location == program->row_start || program->reason != CFI_EXPRESSIBLE)
		program->location = program->end;
}

/* --- usual instructions: those of which nearly all programs consist, with short operands --- */

/* Short operands make no number that is too large, and there are no more instructions than may be executed. */
static bool is_usual(const struct cfi_program *program)
{
	const struct cfi_cie *cie = program->cie;
	size_t size = program->reader.bytes.size;

	return program->reason == CFI_EXPRESSIBLE && size && size <= program->instructions_left &&
	       cie->code_alignment <= UINT32_MAX && cie->data_alignment >= INT32_MIN &&
	       cie->data_alignment <= INT32_MAX;
}

/* A number of one or two bytes, and how many; 0: a longer one. */
static inline size_t read_short(const uint8_t *at, size_t size, uint32_t *ret_number)
{
	if (size > 0 && at[0] < 0x80) {
		*ret_number = at[0];
		return 1;
	}
	if (size > 1 && at[1] < 0x80) {
		*ret_number = (at[0] & 0x7fu) | (uint32_t)at[1] << 7;
		return 2;
	}
	return 0;
}

static inline size_t execute_usual_cfa(struct cfi_program *program, const uint8_t *at, size_t size)
{
	struct cfi_cfa *cfa = &program->state.cfa;
	uint32_t number;
	size_t read = read_short(at + 1, size - 1, &number);

	if (!read || cfa->kind != CFI_CFA_OFFSET)
		return 0;
	if (*at == DW_CFA_def_cfa_offset)
		cfa->offset = number;
	else
		cfa->base = number;
	return 1 + read;
}

/* Its size, and how far it moves; 0: nothing was done, it is for execute(). */
static inline size_t execute_usual(struct cfi_program *program, const uint8_t *at, size_t size,
				   uint32_t *ret_delta)
{
	uint16_t delta;

	switch (PRIMARY(*at) ? PRIMARY(*at) : *at) {
	case DW_CFA_advance_loc:
		*ret_delta = OPERAND(*at);
		return 1;
	case DW_CFA_advance_loc1:
		if (size < 2)
			return 0;
		*ret_delta = at[1];
		return 2;
	case DW_CFA_advance_loc2:
		if (size < 3)
			return 0;
		memcpy(&delta, at + 1, sizeof(delta));
		*ret_delta = delta;
		return 3;
	case DW_CFA_offset:
		if (size < 2 || at[1] >= 0x80)
			return 0;
		set_register_offset(program, OPERAND(*at), CFI_REGISTER_AT_CFA,
				    at[1] * program->cie->data_alignment);
		return 2;
	case DW_CFA_restore:
		restore_register(program, OPERAND(*at));
		return 1;
	case DW_CFA_def_cfa:
		if (size < 3 || (at[1] | at[2]) >= 0x80)
			return 0;
		set_cfa(program, at[1], at[2]);
		return 3;
	case DW_CFA_def_cfa_register:
	case DW_CFA_def_cfa_offset:
		return execute_usual_cfa(program, at, size);
	case DW_CFA_remember_state:
		if (program->remembered_count == CFI_PROGRAM_MAX_REMEMBERED)
			return 0;
		remember(program);
		return 1;
	case DW_CFA_restore_state:
		if (!program->remembered_count)
			return 0;
		restore(program);
		return 1;
	case DW_CFA_nop:
		return 1;
	default:
		return 0;
	}
}

/*
 * Executes up to the end of a row or to an instruction of another kind: what execute_row() does, which knows
 * everything, in a fourth of the time.
 */
static inline void execute_usual_row(struct cfi_program *program)
{
	const uint8_t *start = program->reader.bytes.data, *at = start + program->reader.offset;
	const uint8_t *end = start + program->reader.bytes.size;
	uint64_t left = program->end - program->location, moved = 0;

	while (at < end && !moved) {
		uint32_t delta = 0;
		size_t size = execute_usual(program, at, end - at, &delta);

		if (!size)
			break;
		moved = delta * program->cie->code_alignment;
		at += size;
	}
	program->reader.offset = at - start;
	program->location += moved < left ? moved : left;
}

/* --- programs --- */

static uint64_t instructions_for(uint64_t code_bytes)
{
	uint64_t count;

	if (__builtin_mul_overflow(code_bytes, CFI_PROGRAM_INSTRUCTIONS_PER_BYTE, &count) ||
	    __builtin_add_overflow(count, CFI_PROGRAM_ANY_INSTRUCTIONS, &count))
		return UINT64_MAX;
	return count;
}

void cfi_program_run_initial(const struct cfi_section *section, const struct cfi_machine *machine,
			     struct cfi_cie *cie, struct bytes instructions)
{
	struct cfi_program program = {
		.section = section,
		.machine = machine,
		.cie = cie,
		.end = 1, /* any location but the first, so that one that moves is noticed */
		.instructions_left = instructions_for(0),
	};

	byte_reader_init(&program.reader, instructions);
	while (has_more(&program))
		execute_next(&program);
	if (program.location)
		fail(&program, CFI_REASON_MALFORMED);
	cie->initial = program.state;
	if (cie->reason == CFI_EXPRESSIBLE)
		cie->reason = program.reason;
}

void cfi_program_begin(struct cfi_program *program, const struct cfi_section *section,
		       const struct cfi_machine *machine, const struct cfi_cie *cie,
		       const struct cfi_fde *fde)
{
	program->section = section;
	program->machine = machine;
	program->cie = cie;
	byte_reader_init(&program->reader, fde->instructions);
	program->instructions_offset = fde->instructions_offset;
	program->row_start = fde->address;
	program->location = fde->address;
	if (__builtin_add_overflow(fde->address, fde->size, &program->end))
		program->end = UINT64_MAX;
	program->instructions_left = instructions_for(program->end - program->location);
	program->reason = cie->reason;
	program->is_usual = is_usual(program);
	program->state = cie->initial;
	program->remembered_count = 0;
}

bool cfi_program_next(struct cfi_program *program, struct cfi_row *ret_row)
{
	uint64_t start = program->row_start;

	if (start == program->end)
		return false;
	if (program->is_usual)
		execute_usual_row(program);
	if (program->location == start)
		execute_row(program);
	program->row_start = program->location;
	*ret_row = (struct cfi_row){ start, program->location, program->reason, &program->state };
	return true;
}
