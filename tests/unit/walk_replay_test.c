/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of user stacks, bpf/user_walk.h and what it includes, over the recorded cases of tests/replay/: the
 * same frames and the same end as the kernel side came to; with what it remembers of the last walk the same again; and,
 * where something changed since that walk, what a walk without a memory finds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "tests/replay/replay_text.h"
#include "tests/replay/replay_walk.h"

#define CASES "tests/replay/*.case"

/* What the walk of one tick came to. */
struct outcome {
	uint32_t depth, reason;
	bool root_is_proven, may_lack_caller;
	uint64_t id;
	uint32_t check;
	struct stack_frame frames[EVENT_MAX_FRAMES];
};

struct fixture {
	struct replay_case replayed;
	struct replay_walker walker, fresh;
	struct outcome first, again;
};

static int set_up(void **state)
{
	const char *path = *state;
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	FILE *file = fopen(path, "re");
	int wrong;

	assert_non_null(fixture);
	assert_non_null(file);
	wrong = replay_text_read(&fixture->replayed, file);
	fclose(file);
	if (wrong)
		fail_msg("%s: line %d (or error) cannot be read", path, wrong);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	replay_case_release(&fixture->replayed);
	free(fixture);
	return 0;
}

static void walk(struct fixture *fixture, struct replay_walker *walker, uint64_t sequence,
		 struct outcome *ret_outcome)
{
	const struct user_walk *done = &walker->walk;

	replay_walk(walker, &fixture->replayed, sequence);
	*ret_outcome = (struct outcome){
		.depth = done->depth,
		.reason = done->reason,
		.root_is_proven = done->root_is_proven,
		.may_lack_caller = done->state.may_lack_caller,
		.id = hash_id(&done->hash),
		.check = hash_check(&done->hash),
	};
	assert_true(done->depth <= EVENT_MAX_FRAMES);
	memcpy(ret_outcome->frames, done->frames, done->depth * sizeof(*done->frames));
}

static void assert_alike(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->depth, b->depth);
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->root_is_proven, b->root_is_proven);
	assert_int_equal(a->may_lack_caller, b->may_lack_caller);
	assert_memory_equal(a->frames, b->frames, a->depth * sizeof(*a->frames));
	assert_true(a->id == b->id);
	assert_int_equal(a->check, b->check);
}

/* --- of each case --- */

static void ends_as_recorded(void **state)
{
	struct fixture *fixture = *state;
	const struct replay_case *replayed = &fixture->replayed;
	const struct outcome *first = &fixture->first;

	walk(fixture, &fixture->walker, 0, &fixture->first);
	assert_int_equal(first->reason, replayed->reason);
	assert_int_equal(first->may_lack_caller, replayed->may_lack_caller);
	assert_int_equal(first->root_is_proven, replayed->reason == REASON_NONE);
	assert_int_equal(first->root_is_proven, fixture->walker.scratch.met_root);
	for (uint32_t i = 0; i < first->depth && i < replayed->depth; i++) {
		if (!memcmp(&first->frames[i], &replayed->frames[i], sizeof(*first->frames)))
			continue;
		fail_msg("frame %u is %llx+0x%llx, recorded was %llx+0x%llx", i,
			 (unsigned long long)first->frames[i].module,
			 (unsigned long long)first->frames[i].offset,
			 (unsigned long long)replayed->frames[i].module,
			 (unsigned long long)replayed->frames[i].offset);
	}
	assert_int_equal(first->depth, replayed->depth);
}

/* The same tick again, whether the mappings may have changed meanwhile or not, and the same hash by either way. */
static void memo_gives_the_same(void **state)
{
	struct fixture *fixture = *state;

	walk(fixture, &fixture->walker, 0, &fixture->first);
	walk(fixture, &fixture->walker, 0, &fixture->again);
	assert_alike(&fixture->first, &fixture->again);
	walk(fixture, &fixture->walker, 2, &fixture->again);
	assert_alike(&fixture->first, &fixture->again);
	walk(fixture, &fixture->walker, MEMO_NO_SEQUENCE, &fixture->again);
	assert_alike(&fixture->first, &fixture->again);
}

/* After a walk of what was, and something changed: as a walk that remembers nothing. */
static void assert_memo_notices(struct fixture *fixture, uint64_t sequence)
{
	replay_forget(&fixture->fresh);
	walk(fixture, &fixture->fresh, sequence, &fixture->first);
	walk(fixture, &fixture->walker, sequence, &fixture->again);
	assert_alike(&fixture->first, &fixture->again);
}

static void remember(struct fixture *fixture)
{
	replay_forget(&fixture->walker);
	walk(fixture, &fixture->walker, 0, &fixture->again);
}

static void assert_word_is_noticed(struct fixture *fixture, uint64_t *word, uint64_t value)
{
	const uint64_t before = *word;

	remember(fixture);
	*word = value;
	assert_memo_notices(fixture, 0);
	*word = before;
	assert_memo_notices(fixture, 0); /* and when it is as it was */
}

/* Each word of the stack in turn: return addresses, frame pointers, and what else the walk needs. */
/*
 * What a runtime made stays as it is while a frame of it has not returned: where that keeps what it needs does not change, whatever
 * its bytes may become. So the memo does not read them again.
 */
static bool is_code_of_runtime(const struct replay_case *replayed, const struct replay_page *page)
{
	for (uint32_t i = 0; i < replayed->mapping_count; i++) {
		const struct replay_mapping *mapping = &replayed->mappings[i];

		if (page->address >= mapping->mapping.start &&
		    page->address < mapping->mapping.end &&
		    replayed->modules[mapping->module].kind == REPLAY_ANONYMOUS)
			return true;
	}
	return false;
}

static void memo_notices_a_changed_stack(void **state)
{
	struct fixture *fixture = *state;
	struct replay_case *replayed = &fixture->replayed;
	const uint64_t leaf = replayed->registers[16];

	for (uint32_t i = 0; i < replayed->page_count; i++)
		for (uint32_t k = 0; k < REPLAY_PAGE_WORDS; k++) {
			uint64_t *word = &replayed->pages[i].words[k];

			if (*word == REPLAY_FILLER ||
			    is_code_of_runtime(replayed, &replayed->pages[i]))
				continue;
			assert_word_is_noticed(fixture, word, REPLAY_FILLER);
			assert_word_is_noticed(fixture, word, leaf);
			assert_word_is_noticed(fixture, word, *word + 8);
			assert_word_is_noticed(fixture, word, 0);
		}
}

/* Where a task was interrupted is not what it called from: another frame, and another stack. */
static void system_call_is_another_stack(void **state)
{
	struct fixture *fixture = *state;
	const struct outcome *interrupted = &fixture->first, *calls = &fixture->again;

	fixture->replayed.leaf_is_return = false;
	walk(fixture, &fixture->walker, 0, &fixture->first);
	fixture->replayed.leaf_is_return = true;
	walk(fixture, &fixture->walker, 0, &fixture->again);
	if (!interrupted->depth || !calls->depth)
		return;
	assert_true(interrupted->frames[0].module == calls->frames[0].module);
	assert_true(interrupted->frames[0].offset == calls->frames[0].offset + 1);
	assert_true(interrupted->id != calls->id);
	assert_int_not_equal(interrupted->check, calls->check);
}

/* Each page in turn cannot be read any more. */
static void memo_notices_a_lost_page(void **state)
{
	struct fixture *fixture = *state;
	struct replay_case *replayed = &fixture->replayed;

	for (uint32_t i = 0; i < replayed->page_count; i++) {
		if (is_code_of_runtime(replayed, &replayed->pages[i]))
			continue;
		remember(fixture);
		replayed->pages[i].is_gone = true;
		assert_memo_notices(fixture, 0);
		replayed->pages[i].is_gone = false;
		assert_memo_notices(fixture, 0);
	}
}

static void memo_notices_changed_registers(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < SNAPSHOT_REGISTERS; i++) {
		uint64_t *at = &fixture->replayed.registers[i];

		assert_word_is_noticed(fixture, at, *at + 8);
		assert_word_is_noticed(fixture, at, *at - 8);
	}
}

/* Each mapping in turn is gone, is of another file, or another part of it; the mm's sequence tells of it. */
static void memo_notices_a_changed_mapping(void **state)
{
	struct fixture *fixture = *state;
	struct replay_case *replayed = &fixture->replayed;
	uint32_t other = replay_add_module(replayed, "other", REPLAY_FILE, 0);

	assert_true(other != UINT32_MAX);
	for (uint32_t i = 0; i < replayed->mapping_count; i++) {
		struct mapping *mapping = &replayed->mappings[i].mapping;
		const struct mapping before = *mapping;

		remember(fixture);
		mapping->module = replayed->modules[other].id;
		assert_memo_notices(fixture, 2);
		*mapping = before;
		remember(fixture);
		mapping->offset += PAGE_BYTES;
		assert_memo_notices(fixture, MEMO_NO_SEQUENCE);
		*mapping = before;
		remember(fixture);
		mapping->start = mapping->end - 1;
		assert_memo_notices(fixture, 2);
		*mapping = before;
		assert_memo_notices(fixture, 4);
	}
}

/* Without room to tell of a file no frame of it is taken. */
static void full_ring_ends_the_walk(void **state)
{
	struct fixture *fixture = *state;

	fixture->walker.scratch.ring_is_full = true;
	walk(fixture, &fixture->walker, 0, &fixture->first);
	assert_int_equal(fixture->first.depth, 0);
	assert_false(fixture->first.root_is_proven);
	if (fixture->replayed.depth)
		assert_true(fixture->walker.walk.ring_full);
}

/* --- of all cases --- */

/* What the cases met: none of it may be left out. */
struct met {
	bool cfa[UNWIND_CFA_COUNT], ra[UNWIND_RA_COUNT], fp[UNWIND_FP_COUNT];
	bool reason[REASON_COUNT];
	uint32_t whole,
		short_cuts; /* whole stacks that a memo takes, and those that it completed */
};

static void note_memo(struct fixture *fixture, struct met *met)
{
	walk(fixture, &fixture->walker, 0, &fixture->first);
	walk(fixture, &fixture->walker, 0, &fixture->again);
	met->whole += fixture->first.root_is_proven && fixture->first.depth > MEMO_MIN_FRAMES;
	met->short_cuts += fixture->walker.walk.below != 0;
}

static void note_met(const struct replay_case *replayed, struct met *met)
{
	met->reason[replayed->reason] = true;
	for (uint32_t i = 0; i < replayed->row_count; i++) {
		const struct unwind_rule *rule = &replayed->rows[i].rule;

		met->cfa[rule->cfa] = met->ra[rule->ra] = met->fp[rule->fp] = true;
	}
}

/* The reasons that a walk ends by; the other ones are told before it, or after. */
static const uint32_t walk_reasons[] = {
	REASON_NONE,      REASON_NO_ROOT,         REASON_BAD_CALLER,
	REASON_BAD_LEAF,  REASON_MAX_DEPTH,       REASON_ROWS_MISSING,
	REASON_BAD_STACK, REASON_NOT_EXPRESSIBLE, REASON_STACK_UNREADABLE,
};

static void each_rule_and_reason_has_a_case(void **state)
{
	const glob_t *paths = *state;
	struct met met = { 0 };

	for (size_t i = 0; i < paths->gl_pathc; i++) {
		void *fixture = paths->gl_pathv[i];

		set_up(&fixture);
		note_met(&((struct fixture *)fixture)->replayed, &met);
		note_memo(fixture, &met);
		tear_down(&fixture);
	}
	/* A memo that is never met passes all tests. Those left out have a stack switch next to the root. */
	assert_true(met.short_cuts * 10 >= met.whole * 9);
	for (uint32_t i = 0; i < UNWIND_CFA_COUNT; i++)
		if (!met.cfa[i])
			fail_msg("no case has the rule %s", replay_cfa_names[i]);
	for (uint32_t i = 0; i < UNWIND_RA_COUNT; i++)
		if (!met.ra[i])
			fail_msg("no case has the return address %s", replay_ra_names[i]);
	for (uint32_t i = 0; i < UNWIND_FP_COUNT; i++)
		if (!met.fp[i])
			fail_msg("no case has the frame pointer %s", replay_fp_names[i]);
	for (size_t i = 0; i < sizeof(walk_reasons) / sizeof(*walk_reasons); i++)
		if (!met.reason[walk_reasons[i]])
			fail_msg("no case ends by %s", tick_reason_name(walk_reasons[i]));
}

static const struct {
	const char *name;
	CMUnitTestFunction function;
} case_tests[] = {
	{ "ends as recorded", ends_as_recorded },
	{ "memo gives the same", memo_gives_the_same },
	{ "system call is another stack", system_call_is_another_stack },
	{ "memo notices a changed stack", memo_notices_a_changed_stack },
	{ "memo notices a lost page", memo_notices_a_lost_page },
	{ "memo notices changed registers", memo_notices_changed_registers },
	{ "memo notices a changed mapping", memo_notices_a_changed_mapping },
	{ "full ring ends the walk", full_ring_ends_the_walk },
};

#define CASE_TESTS (sizeof(case_tests) / sizeof(*case_tests))
#define NAME_SIZE  160

static struct CMUnitTest *make_tests(glob_t *paths, char (*names)[NAME_SIZE], size_t *ret_count)
{
	size_t count = paths->gl_pathc * CASE_TESTS;
	struct CMUnitTest *tests = calloc(count + 1, sizeof(*tests));

	for (size_t i = 0; tests && i < count; i++) {
		char *path = paths->gl_pathv[i / CASE_TESTS];

		snprintf(names[i], NAME_SIZE, "%s: %s", strrchr(path, '/') + 1,
			 case_tests[i % CASE_TESTS].name);
		tests[i] = (struct CMUnitTest){ names[i], case_tests[i % CASE_TESTS].function,
						set_up, tear_down, path };
	}
	if (tests)
		tests[count] =
			(struct CMUnitTest){ "each rule and reason has a case",
					     each_rule_and_reason_has_a_case, NULL, NULL, paths };
	*ret_count = count + 1;
	return tests;
}

int main(void)
{
	struct CMUnitTest *tests;
	char(*names)[NAME_SIZE];
	size_t count;
	glob_t paths;
	int failed = 1;

	if (glob(CASES, 0, NULL, &paths)) {
		fprintf(stderr, "there are no cases, %s\n", CASES);
		return 1;
	}
	names = calloc(paths.gl_pathc * CASE_TESTS, sizeof(*names));
	tests = names ? make_tests(&paths, names, &count) : NULL;
	if (tests)
		failed = _cmocka_run_group_tests("walk_replay", tests, count, NULL, NULL);
	free(tests);
	free(names);
	globfree(&paths);
	return failed;
}
