/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as the registers, rules, mappings and memory of an interrupted task, which is walked. What must
 * hold whatever they are:
 *
 *   - the walk ends, within so many frames and reads, by a reason of the closed list or with a rule that says "root";
 *   - each frame lies in an executable mapping of its module;
 *   - it depends on nothing but what it read: not on what an earlier walk left in its memory;
 *   - with a memo of the same stack, or of one before a change, it comes to what it comes to without.
 *
 * Numbers are short, so that they meet: an address is a region and a distance. tests/fuzz/seed_unwind_step.py
 * writes recorded cases in this form.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_reader.h"
#include "tests/replay/replay_walk.h"

#define MODULES  16 /* the last ones: of missing rows, without a file, the vdso */
#define MAPPINGS 24 /* more than a memo has room for */
#define RULES    64
#define ROWS     255

#define CHANGED_WORDS 24 /* that change one after the other */

#define STACKS      3
#define STACK_PAGES 32

#define CODE(mapping) (0x400000000000ull + ((uint64_t)(mapping) << 20))

static const uint64_t stack_bases[STACKS] = { 0x7ffd00000000, 0x7f0000000000, 0xc000000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- from bytes to a case --- */

enum value_kind {
	VALUE_SMALL,
	VALUE_STACK,
	VALUE_STACK_TOO,
	VALUE_CODE,
	VALUE_CODE_TOO,
	VALUE_STACK_BYTES,
	VALUE_STACK_BELOW,
	VALUE_WHOLE,
};

static uint64_t read_value(struct byte_reader *reader)
{
	uint8_t tag = byte_reader_u8(reader), number = tag >> 3;
	uint64_t base = stack_bases[number % STACKS];

	if ((tag & 7) == VALUE_WHOLE)
		return byte_reader_u64(reader);
	switch ((enum value_kind)(tag & 7)) {
	case VALUE_STACK:
	case VALUE_STACK_TOO:
		return base + byte_reader_u16(reader) * 8ull;
	case VALUE_CODE:
	case VALUE_CODE_TOO:
		return CODE(number % MAPPINGS) + byte_reader_u16(reader);
	case VALUE_STACK_BYTES:
		return base + byte_reader_u16(reader);
	case VALUE_STACK_BELOW:
		return base - byte_reader_u16(reader);
	default:
		return (uint64_t)(int16_t)byte_reader_u16(reader);
	}
}

static int32_t read_offset(struct byte_reader *reader, bool is_large)
{
	return is_large ? (int32_t)byte_reader_u32(reader) : (int16_t)byte_reader_u16(reader);
}

static struct unwind_rule read_rule(struct byte_reader *reader)
{
	uint8_t large = byte_reader_u8(reader);

	return (struct unwind_rule){
		.cfa = byte_reader_u8(reader) % UNWIND_CFA_COUNT,
		.ra = byte_reader_u8(reader) % UNWIND_RA_COUNT,
		.fp = byte_reader_u8(reader) % UNWIND_FP_COUNT,
		.detail = byte_reader_u8(reader),
		.cfa_offset = read_offset(reader, large & 1),
		.extra_offset = read_offset(reader, large & 2),
		.fp_offset = read_offset(reader, large & 4),
	};
}

static void read_modules(struct replay_case *made)
{
	for (uint32_t i = 0; i < MODULES; i++) {
		enum replay_module_kind kind = i == MODULES - 1   ? REPLAY_VDSO
					       : i == MODULES - 2 ? REPLAY_ANONYMOUS
								  : REPLAY_FILE;
		uint32_t number = replay_add_module(made, "module", kind, 0);

		made->modules[number].has_rows = i != MODULES - 3;
	}
}

static void read_mappings(struct byte_reader *reader, struct replay_case *made)
{
	uint32_t count = byte_reader_u8(reader) % (MAPPINGS + 1);

	for (uint32_t i = 0; i < count; i++) {
		uint8_t what = byte_reader_u8(reader);
		uint64_t size = PAGE_BYTES << (what >> 5), offset = byte_reader_u8(reader);

		replay_add_mapping(made, CODE(i), CODE(i) + size, what % MODULES,
				   offset * PAGE_BYTES);
		made->mappings[i].mapping.executable = !(what & MODULES);
	}
}

static void read_rows(struct byte_reader *reader, struct replay_case *made)
{
	struct unwind_rule rules[RULES] = { { 0 } };
	uint32_t rule_count = byte_reader_u8(reader) % (RULES + 1);
	uint32_t row_count = byte_reader_u8(reader);

	for (uint32_t i = 0; i < rule_count; i++)
		rules[i] = read_rule(reader);
	for (uint32_t i = 0; i < row_count && !reader->failed; i++) {
		struct replay_row *row = &made->rows[made->row_count++];

		row->module = byte_reader_u8(reader) % MODULES;
		row->rule = rules[byte_reader_u8(reader) % RULES];
		row->start = byte_reader_u16(reader);
		row->start |= (uint64_t)byte_reader_u8(reader) << 16;
		row->end = row->start + byte_reader_u16(reader);
	}
}

/* Those that were given, which pages have. */
struct given_words {
	uint32_t count;
	uint64_t *at[CHANGED_WORDS];
};

static void read_memory(struct byte_reader *reader, struct replay_case *made,
			struct given_words *words)
{
	for (uint32_t stack = 0; stack < STACKS; stack++) {
		uint32_t pages = byte_reader_u32(reader);

		for (uint32_t i = 0; i < STACK_PAGES; i++)
			if (pages >> i & 1)
				replay_add_page(made, stack_bases[stack] + i * PAGE_BYTES);
	}
	while (!reader->failed) {
		uint16_t at = byte_reader_u16(reader);
		uint64_t value = read_value(reader), *word;

		word = replay_word(made, stack_bases[(at >> 14) % STACKS] + (at & 0x3fff) * 8ull);
		if (!word)
			continue;
		*word = value;
		if (words->count < CHANGED_WORDS)
			words->at[words->count++] = word;
	}
}

#define CODE_PAGES 2 /* that can be read: of the first mappings */

/* Code that tells of its frame, of each kind at each distance from a word's start, among such that does not. */
static void write_code(struct replay_case *made, struct given_words *words)
{
	static const uint64_t codes[] = { 0xe5894855, 0xec8b4855fa1e0ff3, 0xc35d,     0xc3,  0xc3f3,
					  0x5355,     0xe5894853,         0xcfff4890, 0xd0ff };
	uint64_t *leaf;

	for (uint32_t page = 0; page < CODE_PAGES; page++) {
		uint64_t *to = replay_add_page(made, CODE(page))->words;

		for (uint32_t i = 0; i < REPLAY_PAGE_WORDS; i++)
			to[i] = codes[i % 9] << i / 9 % 8 * 8;
	}
	leaf = replay_word(made, made->registers[16] & ~7ull);
	if (leaf && words->count < CHANGED_WORDS)
		words->at[words->count++] = leaf;
}

enum change_kind {
	CHANGE_WORD,
	CHANGE_REGISTER,
	CHANGE_PAGE,
	CHANGE_MODULE,
	CHANGE_BOUNDS,
	CHANGE_KINDS
};

/* What happens between two walks. */
struct change {
	uint8_t kind;
	uint16_t at;
	uint64_t value;
};

static struct change read_case(struct byte_reader *reader, struct replay_case *made,
			       struct given_words *words)
{
	struct change change;

	replay_case_init(made);
	made->leaf_is_return = byte_reader_u8(reader) & 1;
	change.kind = byte_reader_u8(reader);
	change.at = byte_reader_u16(reader);
	change.value = read_value(reader);
	for (uint32_t i = 0; i < SNAPSHOT_REGISTERS; i++)
		made->registers[i] = read_value(reader);
	read_modules(made);
	read_mappings(reader, made);
	read_rows(reader, made);
	write_code(made, words);
	read_memory(reader, made, words);
	return change;
}

/* True: the mm's sequence tells of it. */
static bool apply(const struct change *change, struct replay_case *made)
{
	uint64_t stack = stack_bases[(change->at >> 14) % STACKS], *word;
	struct mapping *mapping;

	switch ((enum change_kind)(change->kind % CHANGE_KINDS)) {
	case CHANGE_WORD:
		word = replay_word(made, stack + (change->at & 0x3fff) * 8ull);
		if (word)
			*word = change->value;
		return false;
	case CHANGE_REGISTER:
		made->registers[change->at % SNAPSHOT_REGISTERS] = change->value;
		return false;
	case CHANGE_PAGE:
		if (made->page_count)
			made->pages[change->at % made->page_count].is_gone = true;
		return false;
	default:
		break;
	}
	if (!made->mapping_count)
		return true;
	mapping = &made->mappings[change->at % made->mapping_count].mapping;
	if (change->kind % CHANGE_KINDS == CHANGE_MODULE)
		mapping->module = made->modules[change->value % MODULES].id;
	else
		mapping->end = mapping->start + change->value % (1 << 20) + 1;
	return true;
}

/* --- what must hold --- */

#define CHECK(condition)                                                                       \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "does not hold: %s, line %d\n", #condition, __LINE__); \
			abort();                                                               \
		}                                                                              \
	} while (0)

/* A step reads so many words at most, a frame of the memo two, each perhaps in two tries. */
#define READS_A_FRAME 16

static bool is_reason_of_a_walk(uint32_t reason)
{
	switch (reason) {
	case REASON_NO_ROOT:
	case REASON_BAD_CALLER:
	case REASON_BAD_LEAF:
	case REASON_MAX_DEPTH:
	case REASON_ROWS_MISSING:
	case REASON_NOT_EXPRESSIBLE:
	case REASON_BAD_STACK:
	case REASON_STACK_UNREADABLE:
		return true;
	}
	return false;
}

static void walk(struct replay_walker *walker, struct replay_case *made, uint64_t sequence)
{
	const struct user_walk *done = &walker->walk;

	made->reads = 0;
	replay_walk(walker, made, sequence);
	CHECK(done->depth <= EVENT_MAX_FRAMES);
	CHECK(made->reads <= READS_A_FRAME * EVENT_MAX_FRAMES);
	CHECK(walker->scratch.rules_found <= EVENT_MAX_FRAMES);
	CHECK(walker->memo.depth <= MEMO_FRAMES);
	if (done->root_is_proven)
		CHECK(done->reason == REASON_NONE && (done->below || walker->scratch.met_root));
	else
		CHECK(is_reason_of_a_walk(done->reason));
	CHECK((done->reason == REASON_MAX_DEPTH) <= (done->depth == EVENT_MAX_FRAMES));
}

static bool is_mapped(const struct replay_case *made, const struct stack_frame *frame)
{
	for (uint32_t i = 0; i < made->mapping_count; i++) {
		const struct mapping *mapping = &made->mappings[i].mapping;

		if (mapping->executable && mapping->module == frame->module &&
		    frame->offset - mapping->offset < mapping->end - mapping->start)
			return true;
	}
	return false;
}

static void check_frames(const struct replay_walker *walker, const struct replay_case *made)
{
	for (uint32_t i = 0; i < walker->walk.depth; i++)
		CHECK(is_mapped(made, &walker->walk.frames[i]));
}

static void check_alike(const struct replay_walker *one, const struct replay_walker *other)
{
	const struct user_walk *a = &one->walk, *b = &other->walk;

	CHECK(a->depth == b->depth);
	CHECK(a->reason == b->reason);
	CHECK(a->root_is_proven == b->root_is_proven);
	CHECK(a->state.may_lack_caller == b->state.may_lack_caller);
	CHECK(!memcmp(a->frames, b->frames, a->depth * sizeof(*a->frames)));
	CHECK(a->hash.first == b->hash.first && a->hash.second == b->hash.second);
}

/* A walk that knows nothing, in memory where `left` was left. */
static void walk_afresh(struct replay_walker *walker, struct replay_case *made, int left)
{
	memset(&walker->walk, left, sizeof(walker->walk));
	replay_forget(walker);
	walk(walker, made, 0);
}

/* What the memo in `first` says of a stack that may have changed is what a walk without it finds. */
static void check_memo(struct replay_walker *first, struct replay_walker *fresh,
		       struct replay_case *made, uint64_t sequence)
{
	walk_afresh(fresh, made, 0);
	walk(first, made, sequence);
	check_alike(first, fresh);
}

/* Each word is in turn what the next one is, or another value, and as it was again. */
static void change_words(struct replay_walker *first, struct replay_walker *fresh,
			 struct replay_case *made, const struct given_words *words, uint64_t value)
{
	for (uint32_t i = 0; i < words->count; i++) {
		const uint64_t before = *words->at[i];

		*words->at[i] = i & 1 ? value : *words->at[(i + 1) % words->count];
		check_memo(first, fresh, made, 2);
		*words->at[i] = before;
		walk(first, made, 2);
	}
}

/* Each page is gone in turn. */
static void take_pages(struct replay_walker *first, struct replay_walker *fresh,
		       struct replay_case *made)
{
	for (uint32_t i = 0; i < made->page_count; i++) {
		made->pages[i].is_gone = true;
		check_memo(first, fresh, made, 2);
		made->pages[i].is_gone = false;
		walk(first, made, 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct replay_walker first, fresh;
	static struct replay_case made;
	struct given_words words = { 0 };
	struct byte_reader reader;
	struct change change;

	byte_reader_init(&reader, (struct bytes){ data, size });
	change = read_case(&reader, &made, &words);
	walk_afresh(&first, &made, 0);
	check_frames(&first, &made);
	walk_afresh(&fresh, &made, 0x5a);
	check_alike(&first, &fresh);
	walk(&first, &made, 0);
	check_alike(&first, &fresh);
	walk(&first, &made, 2);
	check_alike(&first, &fresh);
	if (first.memo.depth) {
		change_words(&first, &fresh, &made, &words, change.value);
		take_pages(&first, &fresh, &made);
	}
	check_memo(&first, &fresh, &made, apply(&change, &made) ? 4 : 2);
	check_memo(&first, &fresh, &made, MEMO_NO_SEQUENCE);
	return 0;
}
