/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case (replay_case.h) as text, a word and its values on each line; from # on it is a comment. Numbers
 * with 0x are hexadecimal.
 *
 *     leaf return                          the PC is a return address: the task is in a system call
 *     register NAME VALUE                  those that the walk needs
 *     module NAME KIND                     file, vdso, anonymous, or missing: a file without rows
 *     mapping START END MODULE OFFSET      that the walk met; with one word more, data: not executable
 *     row MODULE START END CFA OFFSET RA FP OFFSET EXTRA DETAIL
 *     page ADDRESS                         of memory that can be read
 *     words ADDRESS VALUE...               what stands there; all else on the page does not matter
 *     frame MODULE OFFSET COUNT            what the walk must find, from the leaf on; COUNT if it is not 1. As in
 *                                          struct stack_frame: of callers the last byte of the call
 *     end root|REASON                      with one word more, may_lack_caller: the walk must be marked so
 */
#ifndef HEARTH_TESTS_REPLAY_REPLAY_TEXT_H
#define HEARTH_TESTS_REPLAY_REPLAY_TEXT_H

#include <stdio.h>

#include "profiler/namer.h"
#include "tests/replay/replay_case.h"

#define REPLAY_LINE_SIZE 512

static const char *const replay_cfa_names[UNWIND_CFA_COUNT] = {
	[UNWIND_NO_CFI] = "no_cfi",
	[UNWIND_NOT_EXPRESSIBLE] = "not_expressible",
	[UNWIND_ROOT] = "root",
	[UNWIND_CFA_SP] = "sp",
	[UNWIND_CFA_FP] = "fp",
	[UNWIND_CFA_REGISTER] = "register",
	[UNWIND_CFA_SP_DEREF] = "sp_deref",
	[UNWIND_CFA_FP_DEREF] = "fp_deref",
	[UNWIND_CFA_PLT] = "plt",
	[UNWIND_SIGNAL_FRAME] = "signal",
	[UNWIND_CFA_FP_SWITCH] = "fp_switch",
	[UNWIND_CFA_GO_STACK] = "go_stack",
	[UNWIND_GO_SAVED] = "go_saved",
};

static const char *const replay_ra_names[UNWIND_RA_COUNT] = {
	[UNWIND_RA_ABOVE] = "above",           [UNWIND_RA_OFFSET] = "offset",
	[UNWIND_RA_REGISTER] = "register",     [UNWIND_RA_BASE_SAME] = "base_same",
	[UNWIND_RA_BASE_SAVED] = "base_saved",
};

static const char *const replay_fp_names[UNWIND_FP_COUNT] = {
	[UNWIND_FP_SAME] = "same",
	[UNWIND_FP_OFFSET] = "offset",
	[UNWIND_FP_AT_FP] = "at_fp",
	[UNWIND_FP_UNKNOWN] = "unknown",
};

/* By DWARF number. */
static const char *const replay_register_names[SNAPSHOT_REGISTERS] = {
	"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
	"r9",  "r10", "r11", "r12", "r13", "r14", "r15", "pc",
};

static const char *const replay_kind_names[] = {
	[REPLAY_FILE] = "file",
	[REPLAY_VDSO] = "vdso",
	[REPLAY_ANONYMOUS] = "anonymous",
};

/* --- reading --- */

static inline bool replay_parse_name(const char *const *names, uint32_t count, const char *name,
				     uint32_t *ret_number)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(names[i], name)) {
			*ret_number = i;
			return true;
		}
	return false;
}

static inline bool replay_parse_module(struct replay_case *replayed, const char *name,
				       uint32_t *ret_number)
{
	for (uint32_t i = 0; i < replayed->module_count; i++)
		if (!strcmp(replayed->modules[i].name, name)) {
			*ret_number = i;
			return true;
		}
	return false;
}

static inline bool replay_read_register(struct replay_case *replayed, const char *values)
{
	char name[REPLAY_NAME_SIZE];
	unsigned long long value;
	uint32_t number;

	if (sscanf(values, "%63s %llx", name, &value) != 2 ||
	    !replay_parse_name(replay_register_names, SNAPSHOT_REGISTERS, name, &number))
		return false;
	replayed->registers[number] = value;
	return true;
}

static inline bool replay_read_module(struct replay_case *replayed, const char *values)
{
	char name[REPLAY_NAME_SIZE], kind[REPLAY_NAME_SIZE];
	uint32_t number = REPLAY_FILE, module;
	bool is_missing;

	if (sscanf(values, "%63s %63s", name, kind) != 2 ||
	    replay_parse_module(replayed, name, &module))
		return false;
	is_missing = !strcmp(kind, "missing");
	if (!is_missing && !replay_parse_name(replay_kind_names, 3, kind, &number))
		return false;
	module = replay_add_module(replayed, name, number, 0);
	if (module == UINT32_MAX)
		return false;
	replayed->modules[module].has_rows = !is_missing;
	return true;
}

static inline bool replay_read_mapping(struct replay_case *replayed, const char *values)
{
	unsigned long long start, end, offset;
	char name[REPLAY_NAME_SIZE], kind[8] = "";
	uint32_t module;

	if (sscanf(values, "%llx %llx %63s %llx %7s", &start, &end, name, &offset, kind) < 4 ||
	    (*kind && strcmp(kind, "data")) || start >= end ||
	    !replay_parse_module(replayed, name, &module) ||
	    !replay_add_mapping(replayed, start, end, module, offset))
		return false;
	replayed->mappings[replayed->mapping_count - 1].mapping.executable = !*kind;
	return true;
}

static inline bool replay_read_row(struct replay_case *replayed, const char *values)
{
	struct replay_row *row = &replayed->rows[replayed->row_count], *last = row - 1;
	char name[REPLAY_NAME_SIZE], cfa[32], ra[32], fp[32];
	unsigned long long start, end;
	int cfa_offset, fp_offset, extra;
	uint32_t numbers[3], detail;

	if (replayed->row_count == REPLAY_MAX_ROWS ||
	    sscanf(values, "%63s %llx %llx %31s %d %31s %31s %d %d %u", name, &start, &end, cfa,
		   &cfa_offset, ra, fp, &fp_offset, &extra, &detail) != 10 ||
	    !replay_parse_module(replayed, name, &row->module) || start >= end || detail > 255 ||
	    !replay_parse_name(replay_cfa_names, UNWIND_CFA_COUNT, cfa, &numbers[0]) ||
	    !replay_parse_name(replay_ra_names, UNWIND_RA_COUNT, ra, &numbers[1]) ||
	    !replay_parse_name(replay_fp_names, UNWIND_FP_COUNT, fp, &numbers[2]))
		return false;
	row->start = start;
	row->end = end;
	row->rule = (struct unwind_rule){ .cfa = (__u8)numbers[0],
					  .ra = (__u8)numbers[1],
					  .fp = (__u8)numbers[2],
					  .detail = (__u8)detail,
					  .cfa_offset = cfa_offset,
					  .extra_offset = extra,
					  .fp_offset = fp_offset };
	/* Ascending: else no table can be made of them. */
	if (replayed->row_count &&
	    (last->module > row->module || (last->module == row->module && last->end > row->start)))
		return false;
	replayed->row_count++;
	return true;
}

static inline bool replay_read_page_line(struct replay_case *replayed, const char *values)
{
	unsigned long long address;

	return sscanf(values, "%llx", &address) == 1 && !(address % PAGE_BYTES) &&
	       replay_add_page(replayed, address);
}

static inline bool replay_read_words(struct replay_case *replayed, const char *values)
{
	char *rest;
	uint64_t address = strtoull(values, &rest, 16);
	bool has_words = false;

	if (rest == values || address % sizeof(uint64_t))
		return false;
	for (;; address += sizeof(uint64_t)) {
		const char *from = rest;
		uint64_t value = strtoull(from, &rest, 16), *word;

		if (rest == from)
			return has_words;
		word = replay_word(replayed, address);
		if (!word)
			return false;
		*word = value;
		has_words = true;
	}
}

static inline bool replay_read_frame(struct replay_case *replayed, const char *values)
{
	char name[REPLAY_NAME_SIZE];
	unsigned long long offset;
	uint32_t module, count = 1;

	if (sscanf(values, "%63s %llx %u", name, &offset, &count) < 2 ||
	    !replay_parse_module(replayed, name, &module) ||
	    count > EVENT_MAX_FRAMES - replayed->depth)
		return false;
	while (count--)
		replayed->frames[replayed->depth++] =
			(struct stack_frame){ replayed->modules[module].id, offset };
	return true;
}

static inline bool replay_read_end(struct replay_case *replayed, const char *values)
{
	char name[REPLAY_NAME_SIZE], mark[20] = "";

	if (sscanf(values, "%63s %19s", name, mark) < 1 ||
	    (*mark && strcmp(mark, "may_lack_caller")))
		return false;
	replayed->reason = REASON_NONE;
	replayed->may_lack_caller = *mark;
	if (!strcmp(name, "root"))
		return true;
	for (uint32_t reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		if (!strcmp(tick_reason_name(reason), name))
			replayed->reason = reason;
	return replayed->reason != REASON_NONE;
}

static inline bool replay_read_leaf(struct replay_case *replayed, const char *values)
{
	char word[16];

	replayed->leaf_is_return = true;
	return sscanf(values, "%15s", word) == 1 && !strcmp(word, "return");
}

static const struct {
	const char *word;
	bool (*read)(struct replay_case *replayed, const char *values);
} replay_lines[] = {
	{ "leaf", replay_read_leaf },     { "register", replay_read_register },
	{ "module", replay_read_module }, { "mapping", replay_read_mapping },
	{ "row", replay_read_row },       { "page", replay_read_page_line },
	{ "words", replay_read_words },   { "frame", replay_read_frame },
	{ "end", replay_read_end },
};

static inline bool replay_read_line(struct replay_case *replayed, char *line, bool *has_end)
{
	char word[16];
	int size = 0;

	line[strcspn(line, "#\n")] = '\0';
	if (sscanf(line, "%15s%n", word, &size) != 1)
		return true;
	for (size_t i = 0; i < sizeof(replay_lines) / sizeof(*replay_lines); i++)
		if (!strcmp(replay_lines[i].word, word)) {
			*has_end |= !strcmp(word, "end");
			return replay_lines[i].read(replayed, line + size);
		}
	return false;
}

/* Reads a case; its tables are built. 0, -errno, or the number of the line that is wrong. */
static inline int replay_text_read(struct replay_case *replayed, FILE *file)
{
	char line[REPLAY_LINE_SIZE];
	bool has_end = false;

	replay_case_init(replayed);
	for (int number = 1; fgets(line, sizeof(line), file); number++)
		if (!replay_read_line(replayed, line, &has_end))
			return number;
	return has_end ? replay_build_tables(replayed) : -ENODATA;
}

/* --- writing --- */

static inline void replay_write_rule(const struct unwind_rule *rule, FILE *to)
{
	fprintf(to, "%s %d %s %s %d %d %u", replay_cfa_names[rule->cfa], rule->cfa_offset,
		replay_ra_names[rule->ra], replay_fp_names[rule->fp], rule->fp_offset,
		rule->extra_offset, rule->detail);
}

/* Up to four words in a line, as far as they follow one another. */
static inline void replay_write_words(const struct replay_page *page, FILE *to)
{
	for (uint32_t i = 0, in_line = 0; i < REPLAY_PAGE_WORDS; i++) {
		bool is_needed = page->words[i] != REPLAY_FILLER;

		if (is_needed && !in_line)
			fprintf(to, "words 0x%llx",
				(unsigned long long)(page->address + i * sizeof(uint64_t)));
		if (is_needed)
			fprintf(to, " 0x%llx", (unsigned long long)page->words[i]);
		in_line = is_needed ? in_line + 1 : 0;
		if (in_line == 4 || (is_needed && (i + 1 == REPLAY_PAGE_WORDS ||
						   page->words[i + 1] == REPLAY_FILLER))) {
			fputc('\n', to);
			in_line = 0;
		}
	}
}

static inline void replay_write_code(const struct replay_case *replayed, FILE *to)
{
	for (uint32_t i = 0; i < replayed->module_count; i++) {
		const struct replay_module *module = &replayed->modules[i];

		fprintf(to, "module %s %s\n", module->name,
			module->has_rows ? replay_kind_names[module->kind] : "missing");
	}
	for (uint32_t i = 0; i < replayed->mapping_count; i++) {
		const struct replay_mapping *at = &replayed->mappings[i];

		fprintf(to, "mapping 0x%llx 0x%llx %s 0x%llx\n",
			(unsigned long long)at->mapping.start, (unsigned long long)at->mapping.end,
			replayed->modules[at->module].name, (unsigned long long)at->mapping.offset);
	}
	for (uint32_t i = 0; i < replayed->row_count; i++) {
		const struct replay_row *row = &replayed->rows[i];

		fprintf(to, "row %s 0x%llx 0x%llx ", replayed->modules[row->module].name,
			(unsigned long long)row->start, (unsigned long long)row->end);
		replay_write_rule(&row->rule, to);
		fputc('\n', to);
	}
}

/* All but the frames, which their names stand beside, and the end. */
static inline void replay_text_write(const struct replay_case *replayed, FILE *to)
{
	if (replayed->leaf_is_return)
		fputs("leaf return\n", to);
	for (uint32_t i = 0; i < SNAPSHOT_REGISTERS; i++)
		if (replayed->registers[i] != REPLAY_FILLER)
			fprintf(to, "register %s 0x%llx\n", replay_register_names[i],
				(unsigned long long)replayed->registers[i]);
	replay_write_code(replayed, to);
	for (uint32_t i = 0; i < replayed->page_count; i++)
		fprintf(to, "page 0x%llx\n", (unsigned long long)replayed->pages[i].address);
	for (uint32_t i = 0; i < replayed->page_count; i++)
		replay_write_words(&replayed->pages[i], to);
}

#endif
