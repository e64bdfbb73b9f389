/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/row_compiler.h"

#include <errno.h>

#include "base/cleanup.h"
#include "unwind/cfi_rule.h"
#include "unwind/code_shapes.h"
#include "unwind/code_stub.h"
#include "unwind/entry_code.h"
#include "unwind/fde_list.h"
#include "unwind/go_rows.h"
#include "unwind/row_table_builder.h"
#include "unwind/rule_memo.h"

/*
 * In a file of at most this much code without a marked signal frame, functions of at most that size are
 * looked at as well: a C library's return from signal handlers, or where its threads begin, with the CFI of an
 * ordinary function.
 */
#define SMALL_TEXT_BYTES (4u << 20)
#define STUB_FDE_BYTES   64
#define SIGNAL_FDE_BYTES 16

#define NO_SOURCE UINT32_MAX

static const struct unwind_rule no_cfi = { .cfa = UNWIND_NO_CFI };
static const struct unwind_rule root = { .cfa = UNWIND_ROOT };
static const struct unwind_rule signal_frame = { .cfa = UNWIND_SIGNAL_FRAME };

struct row_compiler {
	const struct cfi_machine *machine;
	struct text_map text;
	struct cfi_source sources[FDE_LIST_MAX_SOURCES];
	uint32_t source_count;
	uint32_t go_source; /* its place among the sources, or NO_SOURCE */
	struct go_table go;
	int32_t go_running_at; /* go_rows_begin() */
	struct file_window code;
	struct fde_list fdes;
	size_t next_fde;
	struct row_table_builder *builder;
	struct rule_memo memo;
	struct code_shapes shapes;
	struct code_stub_search stubs;
	struct code_stub thread_stub; /* in the FDE at hand; empty: none */
	bool search_stubs, search_functions;
	bool search_context; /* __start_context, in a file that glibc is in */
	bool with_base;      /* rules say how the caller's base is found */
	bool finds_by_base;  /* there is a rule that needs it */
	uint64_t covered;    /* file offset up to which everything is added */
	uint64_t last;       /* of the last row */
	uint64_t start;      /* of the stretch of text that is being added */
	uint64_t unknown_bytes;
	struct row_table_header statistics;
};

/* --- what there is --- */

static int add_source(struct row_compiler *compiler, struct elf_file *file,
		      int (*find)(struct cfi_section *, struct elf_file *), uint32_t bit)
{
	struct cfi_section section;
	struct cfi_source *source;
	uint32_t number = compiler->source_count;
	size_t fdes = compiler->fdes.count;
	int err = find(&section, file);

	/* A section that is absent, broken or too large is no reason to do without the others. */
	if (err && err != -ENOENT && err != -ENOMEM)
		compiler->statistics.refused_sections++;
	if (err)
		return err == -ENOMEM ? err : 0;
	source = &compiler->sources[compiler->source_count++];
	cfi_source_init(source, &section, compiler->machine);
	err = fde_list_collect(&compiler->fdes, source, number, &compiler->text);
	if (compiler->fdes.count > fdes)
		compiler->statistics.sources |= bit;
	return err;
}

/* Functions from the first that cannot be read on are left to the sources below. */
static int add_go_functions(struct row_compiler *compiler)
{
	struct go_function function;
	int err = 0;

	for (uint32_t i = 0; i < compiler->go.function_count && !err; i++) {
		err = go_table_range(&compiler->go, i, &function);
		if (!err)
			err = fde_list_add(&compiler->fdes, function.address, function.size,
					   compiler->go_source, i, &compiler->text);
	}
	return err == -EBADMSG ? 0 : err;
}

static int add_go_source(struct row_compiler *compiler, struct elf_file *file)
{
	size_t fdes = compiler->fdes.count;
	int err = compiler->machine->has_go_code ? go_table_init(&compiler->go, file) : -ENOENT;

	if (err)
		return err == -ENOMEM ? err : 0;
	go_table_hold_pcs(&compiler->go);
	compiler->go_source = compiler->source_count++;
	err = add_go_functions(compiler);
	if (compiler->fdes.count > fdes)
		compiler->statistics.sources |= ROW_TABLE_GO_TABLE;
	return err;
}

static int add_sources(struct row_compiler *compiler, struct elf_file *file, struct elf_file *debug)
{
	int err;

	err = add_source(compiler, file, cfi_section_init_eh_frame, ROW_TABLE_EH_FRAME);
	if (!err)
		err = add_go_source(compiler, file);
	if (!err)
		err = add_source(compiler, file, cfi_section_init_debug_frame,
				 ROW_TABLE_DEBUG_FRAME);
	if (!err && debug)
		err = add_source(compiler, debug, cfi_section_init_debug_frame,
				 ROW_TABLE_OTHER_DEBUG_FRAME);
	return err ? err : fde_list_resolve(&compiler->fdes);
}

static bool has_signal_frame(const struct cfi_source *source)
{
	const struct cfi_cie *cies = (const struct cfi_cie *)source->cies.data;

	for (size_t i = 0; i < source->cies.size / sizeof(*cies); i++) {
		if (cies[i].is_signal_frame)
			return true;
	}
	return false;
}

static uint64_t text_bytes(const struct row_compiler *compiler)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < compiler->text.count; i++)
		bytes += compiler->text.segments[i].size;
	return bytes;
}

static void choose_searches(struct row_compiler *compiler)
{
	compiler->search_stubs = true;
	for (uint32_t i = 0; i < compiler->source_count; i++) {
		if (has_signal_frame(&compiler->sources[i]))
			compiler->search_stubs = false;
	}
	compiler->search_functions =
		compiler->search_stubs && text_bytes(compiler) <= SMALL_TEXT_BYTES;
	compiler->search_context = !compiler->search_stubs && compiler->machine->has_code_shapes;
}

/* --- rows --- */

static void add(struct row_compiler *compiler, uint64_t offset, const struct unwind_rule *rule)
{
	row_table_builder_add(compiler->builder, offset, rule);
	compiler->last = offset;
}

/*
 * The byte before the stub of a signal frame goes with it: a handler's return address is the stub itself, and
 * whoever takes it for a call's return address looks up the byte before.
 */
static void add_signal_frame(struct row_compiler *compiler, uint64_t stub)
{
	bool has_before = stub > compiler->start && stub - 1 >= compiler->last;

	add(compiler, has_before ? stub - 1 : stub, &signal_frame);
	compiler->statistics.sources |= ROW_TABLE_STUBS;
}

static void add_stub(struct row_compiler *compiler, const struct code_stub *stub)
{
	if (stub->kind == CFI_STUB_SIGNAL) {
		add_signal_frame(compiler, stub->start);
		return;
	}
	add(compiler, stub->start, &root);
	compiler->statistics.sources |= ROW_TABLE_STUBS;
}

/* Code that nothing is known of, from `start` on, but for stubs in it. */
static void add_unknown(struct row_compiler *compiler, uint64_t start, uint64_t end, bool is_large)
{
	struct code_stub stub;

	if (is_large && start < end) {
		add(compiler, start, &no_cfi);
		compiler->unknown_bytes += end - start;
	}
	while (start < end && compiler->search_stubs && (is_large || compiler->search_functions) &&
	       code_stub_find(&compiler->stubs, start, end, &stub)) {
		add_stub(compiler, &stub);
		add(compiler, stub.end, &no_cfi);
		start = stub.end;
	}
}

/* Rows for what lies from `covered` to `end`. */
static void add_gap(struct row_compiler *compiler, uint64_t end)
{
	uint64_t start = compiler->covered;
	bool is_large = start == compiler->start || end - start >= ROW_COMPILER_MIN_GAP;
	const struct code_shape *shape;

	if (start >= end)
		return;
	while (start < end && (shape = code_shapes_next(&compiler->shapes, start)) &&
	       shape->start < end) {
		add_unknown(compiler, start, shape->start, is_large);
		add(compiler, shape->start > start ? shape->start : start, &shape->rule);
		/* What is behind the gap is in the next one. */
		start = shape->end < end ? shape->end : end;
		is_large = true;
	}
	add_unknown(compiler, start, end, is_large);
	compiler->covered = end;
}

/* False: there is no stub in an FDE's code. */
static bool find_stub(struct row_compiler *compiler, const struct fde *fde,
		      struct code_stub *ret_stub)
{
	return compiler->search_functions && fde->size <= STUB_FDE_BYTES &&
	       code_stub_find(&compiler->stubs, fde->start, fde->start + fde->size, ret_stub);
}

/* Why an FDE has no rows. */
static void add_reason(struct row_compiler *compiler, enum cfi_reason reason)
{
	struct unwind_rule rule = cfi_rule_not_expressible(reason);

	add(compiler, compiler->covered, &rule);
}

/* A row of an FDE, from there on counted, as far as it is not covered, and but for a stub in it. */
static void add_row(struct row_compiler *compiler, const struct fde *fde, uint64_t start,
		    uint64_t end, const struct unwind_rule *rule)
{
	const struct code_stub *stub = &compiler->thread_stub;

	start += fde->start;
	end += fde->start;
	if (end <= compiler->covered)
		return;
	if (start < compiler->covered)
		start = compiler->covered;
	if (start < stub->start || start >= stub->end)
		add(compiler, start, rule);
	if (start < stub->end && end > stub->start)
		add_stub(compiler, stub);
	if (start < stub->end && end > stub->end)
		add(compiler, stub->end, rule);
}

/* A row by its key, at a place that nothing else has. False: no row had this key, or not lately. */
static bool add_known(struct row_compiler *compiler, uint64_t offset, uint64_t key)
{
	struct rule_memo_entry *entry = rule_memo_at(&compiler->memo, key);

	if (entry->key != key)
		return false;
	row_table_builder_add_number(compiler->builder, offset, entry->number);
	compiler->last = offset;
	return true;
}

static void add_and_know(struct row_compiler *compiler, uint64_t offset, uint64_t key,
			 const struct unwind_rule *rule)
{
	struct rule_memo_entry *entry = rule_memo_at(&compiler->memo, key);

	entry->number = row_table_builder_add(compiler->builder, offset, rule);
	entry->key = key;
	compiler->last = offset;
}

static void add_cfi_row(struct row_compiler *compiler, const struct fde *fde,
			const struct cfi_row *row, const struct cfi_cie *cie,
			const struct cfi_fde *range)
{
	uint64_t key = compiler->with_base ? 0 : rule_memo_key(row, cie, compiler->machine);
	uint64_t offset = fde->start + (row->start - range->address);
	struct unwind_rule rule;

	if (key && offset >= compiler->covered && !compiler->thread_stub.end) {
		if (add_known(compiler, offset, key))
			return;
		rule = cfi_rule_of(row, cie, compiler->machine, false);
		add_and_know(compiler, offset, key, &rule);
		return;
	}
	rule = cfi_rule_of(row, cie, compiler->machine, compiler->with_base);
	if (rule.cfa == UNWIND_CFA_REGISTER && rule.detail == compiler->machine->base)
		compiler->finds_by_base = true;
	add_row(compiler, fde, row->start - range->address, row->end - range->address, &rule);
}

static void add_program(struct row_compiler *compiler, const struct fde *fde,
			struct cfi_source *source, const struct cfi_cie *cie,
			const struct cfi_fde *range)
{
	struct cfi_program program;
	struct cfi_row row;

	cfi_program_begin(&program, &source->section, compiler->machine, cie, range);
	while (cfi_program_next(&program, &row))
		add_cfi_row(compiler, fde, &row, cie, range);
}

static void add_go_row(struct row_compiler *compiler, const struct fde *fde, uint64_t address,
		       const struct go_row *row)
{
	uint64_t offset = fde->start + (row->start - address);

	if (!row->key || offset < compiler->covered)
		add_row(compiler, fde, row->start - address, row->end - address, &row->rule);
	else if (!add_known(compiler, offset, row->key))
		add_and_know(compiler, offset, row->key, &row->rule);
}

static int add_go_function(struct row_compiler *compiler, const struct fde *fde)
{
	struct go_function function;
	struct go_rows rows;
	struct go_row row;
	int err = go_table_function(&compiler->go, fde_offset(fde), &function);

	if (!err)
		err = go_rows_begin(&rows, &compiler->go, &function, &compiler->code, fde->start,
				    &compiler->go_running_at);
	if (err == -EBADMSG)
		add_reason(compiler, CFI_REASON_MALFORMED);
	if (err)
		return err == -EBADMSG ? 0 : err;
	while (go_rows_next(&rows, &row) && row.start - function.address < fde->size) {
		if (row.rule.cfa == UNWIND_SIGNAL_FRAME)
			add_signal_frame(compiler, compiler->covered);
		else
			add_go_row(compiler, fde, function.address, &row);
	}
	return rows.error;
}

static int add_cfi(struct row_compiler *compiler, const struct fde *fde)
{
	struct cfi_source *source = &compiler->sources[fde_source(fde)];
	const struct cfi_cie *cie;
	struct cfi_entry entry;
	struct cfi_fde range;
	int err;

	err = cfi_entry_read(&source->section, fde_offset(fde), &entry);
	if (!err)
		err = cfi_source_cie(source, &entry, &cie);
	if (!err)
		err = cfi_fde_read(&source->section, &entry, cie, &range);
	if (!err) {
		/* What is not its own is not run. */
		if (range.size > fde->size)
			range.size = fde->size;
		add_program(compiler, fde, source, cie, &range);
		return row_table_builder_error(compiler->builder);
	}
	if (err != -E2BIG && err != -EBADMSG)
		return err;
	add_reason(compiler, err == -E2BIG ? CFI_REASON_TOO_LONG : CFI_REASON_MALFORMED);
	return 0;
}

static bool is_context_start(struct row_compiler *compiler, const struct fde *fde)
{
	struct bytes code;

	return compiler->search_context && fde->size >= ENTRY_CODE_CONTEXT_MIN &&
	       fde->size <= ENTRY_CODE_CONTEXT_MAX && fde->start % ENTRY_CODE_CONTEXT_ALIGN == 0 &&
	       !file_window_read(&compiler->code, fde->start, fde->size, &code) &&
	       entry_code_is_context_start(code);
}

/*
 * Its CFI is as of any function. The byte before goes with it, by which it is looked up; but not the last one of
 * another function, which may be interrupted there.
 */
static void add_context_start(struct row_compiler *compiler, const struct fde *fde,
			      bool has_gap_before)
{
	add(compiler, has_gap_before ? fde->start - 1 : compiler->covered, &root);
	compiler->search_context = false; /* there is one */
}

static int add_fde(struct row_compiler *compiler, const struct fde *fde, bool has_gap_before)
{
	struct code_stub stub = { 0 };
	int err;

	if (fde_source(fde) == compiler->go_source)
		return add_go_function(compiler, fde);
	if (is_context_start(compiler, fde)) {
		add_context_start(compiler, fde, has_gap_before);
		return 0;
	}
	if (find_stub(compiler, fde, &stub) && stub.kind == CFI_STUB_SIGNAL &&
	    fde->size <= SIGNAL_FDE_BYTES) {
		add_signal_frame(compiler, compiler->covered);
		return 0;
	}
	if (stub.end && stub.kind == CFI_STUB_THREAD)
		compiler->thread_stub = stub;
	err = add_cfi(compiler, fde);
	compiler->thread_stub = (struct code_stub){ 0 };
	return err;
}

/* Everything in one stretch of text, from `covered` on. */
static int add_stretch(struct row_compiler *compiler, uint64_t end)
{
	int err = 0;

	compiler->start = compiler->last = compiler->covered;
	for (; compiler->next_fde < compiler->fdes.count && !err; compiler->next_fde++) {
		const struct fde *fde = &compiler->fdes.fdes[compiler->next_fde];
		uint64_t fde_end = fde->start + fde->size;
		bool has_gap_before = fde->start > compiler->covered;

		if (fde->start >= end)
			break;
		if (fde_end <= compiler->covered)
			continue;
		add_gap(compiler, fde->start);
		err = add_fde(compiler, fde, has_gap_before);
		compiler->covered = fde_end;
	}
	add_gap(compiler, end);
	add(compiler, compiler->covered, &no_cfi);
	return err;
}

static int add_text(struct row_compiler *compiler)
{
	int err = 0;

	for (size_t i = 0; i < compiler->text.count && !err; i++) {
		const struct text_segment *text = &compiler->text.segments[i];

		if (text->offset + text->size <= compiler->covered)
			continue;
		if (compiler->covered < text->offset)
			compiler->covered = text->offset;
		err = add_stretch(compiler, text->offset + text->size);
	}
	return err;
}

/* --- together --- */

static int run(struct row_compiler *compiler, struct elf_file *file, struct elf_file *debug)
{
	struct row_table_header *statistics = &compiler->statistics;
	int err = text_map_init(&compiler->text, file);

	if (!err)
		err = add_sources(compiler, file, debug);
	if (err)
		return err;
	file_window_init_ahead(&compiler->code, file, 0, elf_file_size(file));
	code_shapes_find(&compiler->shapes, file, compiler->machine);
	choose_searches(compiler);
	code_stub_search_init(&compiler->stubs, file, compiler->machine,
			      compiler->search_functions);
	err = add_text(compiler);
	if (err)
		return err;
	statistics->elf_machine = compiler->machine->elf_machine;
	statistics->fde_count = compiler->fdes.count;
	statistics->refused_entries = compiler->fdes.refused;
	statistics->overlapping_fdes = compiler->fdes.overlapping;
	statistics->unknown_permille = compiler->unknown_bytes * 1000 / text_bytes(compiler);
	return row_table_builder_finish(compiler->builder, statistics);
}

static void release(struct row_compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->source_count; i++)
		cfi_source_release(&compiler->sources[i]);
	go_table_release(&compiler->go);
	file_window_release(&compiler->code);
	fde_list_release(&compiler->fdes);
	code_stub_search_release(&compiler->stubs);
	row_table_builder_free(compiler->builder);
}

static int compile(struct elf_file *file, struct elf_file *debug, bool with_base,
		   bool *ret_finds_by_base, struct buffer *ret_table)
{
	struct row_compiler compiler = {
		.machine = cfi_machine_find(elf_file_machine(file)),
		.go_source = NO_SOURCE,
		.with_base = with_base,
	};
	struct buffer table = { 0 };
	int err = -ENOMEM;

	if (!compiler.machine || !elf_file_is_64(file))
		return -EOPNOTSUPP;
	compiler.builder = row_table_builder_new(&table);
	if (compiler.builder)
		err = run(&compiler, file, debug);
	release(&compiler);
	if (err) {
		buffer_release(&table);
		return err;
	}
	*ret_finds_by_base = compiler.finds_by_base;
	*ret_table = table;
	return 0;
}

/* Few files have a rule that finds a CFA by the base, and they are small: only those are compiled twice. */
int row_compiler_compile_files(struct elf_file *file, struct elf_file *debug,
			       struct buffer *ret_table)
{
	bool finds_by_base;
	struct buffer table;
	int err = compile(file, debug, false, &finds_by_base, &table);

	if (!err && finds_by_base) {
		buffer_release(&table);
		err = compile(file, debug, true, &finds_by_base, &table);
	}
	if (!err)
		*ret_table = table;
	return err;
}

static struct elf_file *open_debug_file(int fd)
{
	struct elf_file *file = NULL;

	return fd >= 0 && !elf_file_open(fd, &file) ? file : NULL;
}

int row_compiler_compile(int fd, int debug_fd, struct buffer *ret_table)
{
	struct elf_file *file, *debug;
	int err = elf_file_open(fd, &file);

	if (err)
		return err;
	debug = open_debug_file(debug_fd);
	err = row_compiler_compile_files(file, debug, ret_table);
	elf_file_free(debug);
	elf_file_free(file);
	return err;
}
