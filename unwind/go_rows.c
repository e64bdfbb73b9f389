/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/go_rows.h"

#include <string.h>

#include "unwind/cfi_reason.h"
#include "unwind/cfi_rule.h"

#define SLOT       8  /* bytes of the return address, and of a saved register */
#define PAIR_BYTES 20 /* of two numbers in LEB128, at most */
#define FRAME_RUNS 4  /* among which is the one in which a frame is made */

/* From Go 1.17 on r14 is the goroutine at hand: src/cmd/compile/abi-internal.md. */
#define GO_REGISTER 14

static const struct {
	const char *name;
	enum go_role role;
} roles[] = {
#define GO_ROLE(name, role) { name, GO_##role },
#include "unwind/go_roles.def"
#undef GO_ROLE
};

/* Nearly all functions are of packages whose names begin otherwise. */
static bool may_have_role(const char *name)
{
	uint32_t initials = 0
#define GO_ROLE(name, role) | 1u << (name[0] & 31)
#include "unwind/go_roles.def"
#undef GO_ROLE
		;

	return initials >> (*name & 31) & 1;
}

static bool is_named(const struct go_function *function, const char *name)
{
	return *function->name == *name && !strcmp(function->name, name);
}

static enum go_role role_of(const struct go_table *table, const struct go_function *function)
{
	size_t count = may_have_role(function->name) ? sizeof(roles) / sizeof(*roles) : 0;

	for (size_t i = 0; i < count; i++) {
		if (is_named(function, roles[i].name) &&
		    (roles[i].role != GO_SWITCH || !go_table_has_flags(table)))
			return roles[i].role;
	}
	return function->flags & GO_FUNCTION_WRITES_SP ? GO_SWITCH : GO_ORDINARY;
}

/* --- the stack pointer table --- */

/* A number of at most 32 bits, as the runtime's readvarint() takes it. */
static uint32_t read_number(struct byte_reader *reader)
{
	uint64_t value = byte_reader_uleb128(reader);

	if (value > UINT32_MAX)
		reader->failed = true;
	return value;
}

/*
 * The next run of one delta; the last one goes on to the function's end, over what is between functions.
 * False: the function is at its end, or the table is damaged.
 */
static bool next_run(struct go_rows *rows)
{
	struct byte_reader reader;
	struct bytes bytes;
	uint32_t change, length;

	if (rows->is_damaged || rows->run_end >= rows->end)
		return false;
	rows->is_damaged = true;
	if (file_window_read(&rows->table->pcs, rows->pcs, PAIR_BYTES, &bytes))
		return false;
	byte_reader_init(&reader, bytes);
	change = read_number(&reader);
	length = read_number(&reader);
	if (reader.failed)
		return false;
	rows->is_damaged = false;
	if (!change && !rows->is_first) {
		rows->run_end = rows->end;
		return true;
	}
	rows->is_first = false;
	rows->run_count++;
	rows->pcs += reader.offset;
	rows->delta += change & 1 ? -(int64_t)(change >> 1) - 1 : (int64_t)(change >> 1);
	rows->run_end += (uint64_t)length * rows->table->quantum;
	rows->is_damaged = !length || rows->delta < 0 || rows->delta > INT32_MAX - SLOT;
	return !rows->is_damaged;
}

static void rewind_runs(struct go_rows *rows, const struct go_function *function)
{
	rows->pcs = function->pcsp;
	rows->pc = rows->run_end = function->address;
	rows->delta = -1; /* what the table's first change counts from */
	rows->is_first = true;
	rows->run_count = 0;
	rows->is_damaged = false;
}

/* --- the function's code --- */

/* In the first run with something on the stack: the second one, of all that was ever seen. */
static int find_frame(struct go_rows *rows)
{
	struct bytes bytes;
	int err;

	rows->seeks_frame = false;
	if (rows->run_count == 1)
		return 0;
	err = file_window_read(rows->text, rows->file_offset + (rows->pc - 1 - rows->address),
			       GO_CODE_FRAME_BYTES, &bytes);
	if (!err)
		go_code_find_frame(&rows->code, bytes, rows->pc, rows->delta);
	return err;
}

/* The next run, and the frame where it is made. Only an error of a read is one. */
static int next_run_of_code(struct go_rows *rows)
{
	bool is_run = next_run(rows);

	if (!rows->seeks_frame)
		return 0;
	if (is_run && rows->delta)
		return find_frame(rows);
	rows->seeks_frame = is_run && rows->run_count < FRAME_RUNS;
	return 0;
}

/* Before there are rows: what else is found in the code depends on it. */
static int find_frame_first(struct go_rows *rows, const struct go_function *function)
{
	int err = 0;

	while (rows->seeks_frame && !err) {
		err = next_run_of_code(rows);
		rows->pc = rows->run_end;
	}
	rewind_runs(rows, function);
	return err;
}

static int find_stretches(struct go_rows *rows, const struct go_function *function)
{
	size_t size =
		function->size < GO_CODE_FUNCTION_BYTES ? function->size : GO_CODE_FUNCTION_BYTES;
	struct bytes bytes;
	int err = file_window_read(rows->text, rows->file_offset, size, &bytes);

	if (err)
		return err;
	if (rows->role == GO_SCHEDULER)
		go_code_find_root(&rows->code, bytes, function->address, rows->end);
	if (rows->role == GO_GROWTH)
		go_code_find_growth(&rows->code, bytes, function->address, rows->end);
	if (rows->role == GO_CGO)
		go_code_find_cgo(&rows->code, bytes, function->address);
	if (rows->role == GO_SYSTEM) {
		*rows->running_at = go_code_find_running(bytes);
		if (rows->code.framed_from == GO_CODE_NEVER)
			go_code_find_system(&rows->code, bytes, function->address);
	}
	rows->tells_saved =
		rows->code.stretch_count && (rows->role == GO_GROWTH || rows->role == GO_SYSTEM);
	go_code_find_restores(&rows->code, bytes, function->address);
	return 0;
}

int go_rows_begin(struct go_rows *rows, struct go_table *table, const struct go_function *function,
		  struct file_window *text, uint64_t file_offset, int32_t *running_at)
{
	int err;

	rows->table = table;
	rows->text = text;
	rows->file_offset = file_offset;
	rows->running_at = running_at;
	rows->role = role_of(table, function);
	rows->address = function->address;
	rows->end = function->address + function->size;
	rows->error = 0;
	rows->has_table = rows->seeks_frame = function->pcsp != GO_FUNCTION_NO_PCSP;
	rows->tells_saved = false;
	go_code_init(&rows->code);
	rewind_runs(rows, function);
	if (rows->role < GO_SCHEDULER)
		return 0;
	err = find_frame_first(rows, function);
	return err ? err : find_stretches(rows, function);
}

/* --- rules --- */

static struct unwind_rule not_expressible(const struct go_rows *rows)
{
	return cfi_rule_not_expressible(rows->is_damaged ? CFI_REASON_MALFORMED
							 : CFI_REASON_STACK_SWITCH);
}

static void set_frame_pointer(const struct go_rows *rows, struct unwind_rule *rule)
{
	if (rows->delta < SLOT || rows->pc < rows->code.saved_from)
		return;
	rule->fp = UNWIND_FP_OFFSET;
	rule->fp_offset = -2 * SLOT;
}

/* A frame that lies on the stack that sp points to. */
static struct unwind_rule rule_by_sp(const struct go_rows *rows)
{
	struct unwind_rule rule = { .cfa = UNWIND_CFA_SP, .cfa_offset = rows->delta + SLOT };

	set_frame_pointer(rows, &rule);
	return rule;
}

/* One that the frame pointer points to, whichever stack sp points to. */
static struct unwind_rule rule_by_fp(const struct go_rows *rows)
{
	struct unwind_rule rule = { .cfa = UNWIND_CFA_FP_SWITCH, .cfa_offset = 2 * SLOT };

	set_frame_pointer(rows, &rule);
	return rule;
}

/* The note is of sp as it was in the frame, which is no larger than the saved frame pointer. */
static struct unwind_rule rule_by_note(const struct go_rows *rows, const struct go_stretch *stretch)
{
	bool is_framed = rows->code.saved_from != GO_CODE_NEVER;
	struct unwind_rule rule = {
		.cfa = UNWIND_CFA_GO_STACK,
		.cfa_offset = is_framed ? 2 * SLOT : SLOT,
		.extra_offset = stretch->note_at,
	};

	if (is_framed)
		set_frame_pointer(rows, &rule);
	return rule;
}

/* What the goroutine saved: its caller, or in systemstack the place of the return address. */
static struct unwind_rule rule_by_saved(const struct go_rows *rows)
{
	return (struct unwind_rule){
		.cfa = UNWIND_GO_SAVED,
		.detail = GO_REGISTER,
		.cfa_offset = *rows->running_at,
		.extra_offset = rows->role == GO_SYSTEM ? SLOT : 0,
	};
}

/* On the goroutine's own stack there is nothing but the return address; on the thread's, what was saved counts. */
static struct unwind_rule rule_of_frameless(const struct go_rows *rows)
{
	if (!rows->tells_saved || !*rows->running_at)
		return not_expressible(rows);
	return go_code_stretch(&rows->code, rows->pc) ? rule_by_saved(rows) : rule_by_sp(rows);
}

/* In a function that writes the stack pointer: before there is a frame it did not do so yet. */
static struct unwind_rule rule_of_switch(const struct go_rows *rows)
{
	const struct go_stretch *stretch = go_code_stretch(&rows->code, rows->pc);

	if (stretch && stretch->kind == GO_STRETCH_ROOT)
		return (struct unwind_rule){ .cfa = UNWIND_ROOT };
	if (stretch && stretch->kind == GO_STRETCH_CGO)
		return rule_by_note(rows, stretch);
	if (rows->code.framed_from == GO_CODE_NEVER)
		return rule_of_frameless(rows);
	if (rows->delta < SLOT || rows->pc < rows->code.framed_from || stretch)
		return rule_by_sp(rows);
	return rule_by_fp(rows);
}

static struct unwind_rule rule_of(const struct go_rows *rows)
{
	if (rows->role == GO_ROOT)
		return (struct unwind_rule){ .cfa = UNWIND_ROOT };
	if (rows->role == GO_SIGNAL)
		return (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME };
	if (!rows->has_table)
		return (struct unwind_rule){ .cfa = UNWIND_NO_CFI };
	if (rows->is_damaged)
		return not_expressible(rows);
	if (rows->role == GO_GROWTH)
		return rule_of_frameless(rows);
	return rows->role == GO_ORDINARY ? rule_by_sp(rows) : rule_of_switch(rows);
}

/* Of an ordinary function's row: what its rule is made of. */
static uint64_t key_of(const struct go_rows *rows)
{
	uint64_t is_saved = rows->delta >= SLOT && rows->pc >= rows->code.saved_from;

	if (rows->role != GO_ORDINARY || !rows->has_table || rows->is_damaged)
		return 0;
	return (uint64_t)rows->delta << 2 | is_saved << 1 | 1;
}

bool go_rows_next(struct go_rows *rows, struct go_row *ret_row)
{
	uint64_t end = rows->end;

	if (rows->pc >= rows->end)
		return false;
	if (rows->has_table && rows->pc >= rows->run_end)
		rows->error = next_run_of_code(rows);
	if (rows->error)
		return false;
	if (rows->has_table && !rows->is_damaged && rows->run_end < end)
		end = rows->run_end;
	ret_row->start = rows->pc;
	ret_row->rule = rule_of(rows);
	ret_row->key = key_of(rows);
	rows->pc = go_code_next_change(&rows->code, rows->pc, end);
	ret_row->end = rows->pc;
	return true;
}
