/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_line.h"

#include <dwarf.h>

#include "symbolize/ascending.h"

/* What a special opcode adds: told ahead, it takes no division each time. */
struct special_opcode {
	uint32_t address;
	int32_t line;
};

/* The registers of the line machine that matter here, and the asked addresses. */
struct machine {
	struct dwarf_lines *lines;
	struct special_opcode special[256];
	struct byte_reader reader;
	uint64_t address;
	uint64_t file;
	uint64_t line;
	uint64_t discriminator;

	const uint64_t *addresses;
	size_t count;
	struct dwarf_row *rows;
	struct dwarf_row last; /* found: there is one in this sequence */
	uint64_t last_address;
	size_t next;     /* the first asked address that is not below last_address */
	bool is_removed; /* the sequence is of code that is not in the file */
};

static void reset(struct machine *machine)
{
	machine->address = 0;
	machine->file = 1;
	machine->line = 1;
	machine->discriminator = 0;
	machine->last.found = false;
	machine->is_removed = false;
}

/* The last row holds what lies between it and this one. Of several sequences the first one is taken. */
static void answer_up_to(struct machine *machine, uint64_t address)
{
	size_t i = machine->next;

	for (; i < machine->count && machine->addresses[i] < address; i++) {
		if (!machine->rows[i].found && dwarf_file_pay(machine->lines->file, 8))
			machine->rows[i] = machine->last;
	}
	machine->next = i;
}

static void begin_sequence(struct machine *machine)
{
	machine->is_removed =
		!dwarf_file_has_code(machine->lines->file, machine->address, machine->address + 1);
	machine->next = ascending_first_from(machine->addresses, machine->count, machine->address);
}

static void emit_row(struct machine *machine, bool is_end)
{
	if (!machine->last.found && !is_end)
		begin_sequence(machine);
	else if (machine->address > machine->last_address && !machine->is_removed)
		answer_up_to(machine, machine->address);
	else if (machine->address < machine->last_address)
		begin_sequence(machine);
	machine->last = (struct dwarf_row){
		.file = machine->file,
		.line = machine->line,
		.discriminator = machine->discriminator,
		.found = true,
	};
	machine->last_address = machine->address;
	machine->discriminator = 0;
}

static void prepare_special(struct machine *machine)
{
	const struct dwarf_lines *lines = machine->lines;

	for (int opcode = lines->opcode_base; opcode < 256; opcode++) {
		int adjusted = opcode - lines->opcode_base;

		machine->special[opcode] = (struct special_opcode){
			.address = adjusted / lines->line_range * lines->minimum_instruction_length,
			.line = lines->line_base + adjusted % lines->line_range,
		};
	}
}

static void run_special(struct machine *machine, uint8_t opcode)
{
	machine->address += machine->special[opcode].address;
	machine->line += (uint64_t)(int64_t)machine->special[opcode].line;
	emit_row(machine, false);
}

static void run_extended(struct machine *machine)
{
	struct byte_reader *reader = &machine->reader;
	uint64_t length = byte_reader_uleb128(reader);
	size_t end = reader->offset + length;

	if (reader->failed || !length || length > reader->bytes.size - reader->offset) {
		reader->failed = true;
		return;
	}
	switch (byte_reader_u8(reader)) {
	case DW_LNE_end_sequence:
		if (machine->last.found)
			emit_row(machine, true);
		reset(machine);
		break;
	case DW_LNE_set_address:
		if (length - 1 <= sizeof(uint64_t))
			machine->address = dwarf_read_number(reader, length - 1);
		break;
	case DW_LNE_set_discriminator:
		machine->discriminator = byte_reader_uleb128(reader);
		break;
	}
	reader->offset = end;
}

static void skip_operands(struct machine *machine, uint8_t opcode)
{
	for (int i = 0; i < machine->lines->operand_counts[opcode]; i++)
		byte_reader_uleb128(&machine->reader);
}

static void run_standard(struct machine *machine, uint8_t opcode)
{
	const struct dwarf_lines *lines = machine->lines;
	struct byte_reader *reader = &machine->reader;

	switch (opcode) {
	case DW_LNS_copy:
		emit_row(machine, false);
		break;
	case DW_LNS_advance_pc:
		machine->address += byte_reader_uleb128(reader) * lines->minimum_instruction_length;
		break;
	case DW_LNS_advance_line:
		machine->line += (uint64_t)byte_reader_sleb128(reader);
		break;
	case DW_LNS_set_file:
		machine->file = byte_reader_uleb128(reader);
		break;
	case DW_LNS_const_add_pc:
		machine->address += machine->special[255].address;
		break;
	case DW_LNS_fixed_advance_pc:
		machine->address += byte_reader_u16(reader);
		break;
	default:
		skip_operands(machine, opcode);
		break;
	}
}

void dwarf_lines_find(struct dwarf_lines *lines, const uint64_t *addresses, size_t count,
		      struct dwarf_row *ret_rows)
{
	struct machine machine = {
		.lines = lines,
		.reader = lines->program,
		.addresses = addresses,
		.count = count,
		.rows = ret_rows,
	};
	struct byte_reader *reader = &machine.reader;

	if (reader->offset > reader->bytes.size ||
	    !dwarf_file_pay(lines->file, reader->bytes.size - reader->offset))
		return;
	prepare_special(&machine);
	reset(&machine);
	while (reader->offset < reader->bytes.size && !reader->failed) {
		uint8_t opcode = byte_reader_u8(reader);

		if (opcode >= lines->opcode_base)
			run_special(&machine, opcode);
		else if (!opcode)
			run_extended(&machine);
		else
			run_standard(&machine, opcode);
	}
}
