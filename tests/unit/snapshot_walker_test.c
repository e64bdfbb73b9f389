/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_walker.c: the recorded cases of tests/replay/, walked from a snapshot of each. Where it has all that the walk
 * needs they end as on the kernel side; where not the walk says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "profiler/snapshot_walker.h"
#include "tests/replay/replay_text.h"

#define CASES "tests/replay/*.case"

#define OTHER_STACK 0x73032d63000 /* of the goroutine in go_systemstack.case */

struct fixture {
	const char *path;
	struct replay_case replayed;
	struct snapshot_walker *walker;
	struct snapshot snapshot;
	struct snapshot_mapping mappings[REPLAY_MAX_MAPPINGS];
	uint8_t stack[SNAPSHOT_STACK_BYTES];
	struct unwound_stack walked;
	bool has_files;
};

static bool find_rule(void *context, uint64_t module, uint64_t offset, struct unwind_rule *ret_rule)
{
	struct fixture *fixture = context;
	const struct unwind_rule *rule = replay_find_rule(&fixture->replayed, module, offset);

	if (rule)
		*ret_rule = *rule;
	return rule != NULL;
}

static bool read_file(void *context, uint64_t module, uint64_t offset, void *to, size_t size)
{
	struct fixture *fixture = context;
	struct replay_case *replayed = &fixture->replayed;

	assert_false(module & MODULE_ANONYMOUS);
	for (uint32_t i = 0; fixture->has_files && i < replayed->mapping_count; i++) {
		const struct mapping *mapping = &replayed->mappings[i].mapping;

		if (mapping->module == module && offset >= mapping->offset &&
		    offset - mapping->offset < mapping->end - mapping->start)
			return !replay_read(replayed, to, (uint32_t)size,
					    offset - mapping->offset + mapping->start);
	}
	return false;
}

/* As bpf/snapshot.bpf.h takes it: from the stack pointer's page up; a page that is not there is of zeros. */
static void take_stack(struct fixture *fixture)
{
	struct snapshot *snapshot = &fixture->snapshot;
	size_t size = 0;

	snapshot->stack_start = snapshot->registers[7] & ~(uint64_t)(PAGE_BYTES - 1);
	for (size_t at = 0; at < SNAPSHOT_STACK_BYTES; at += PAGE_BYTES)
		if (!replay_read(&fixture->replayed, fixture->stack + at, PAGE_BYTES,
				 snapshot->stack_start + at))
			size = at + PAGE_BYTES;
	snapshot->stack = (struct bytes){ fixture->stack, size };
}

static void take_snapshot(struct fixture *fixture)
{
	const struct replay_case *replayed = &fixture->replayed;
	struct snapshot *snapshot = &fixture->snapshot;

	memcpy(snapshot->registers, replayed->registers, sizeof(snapshot->registers));
	snapshot->leaf_is_return = replayed->leaf_is_return;
	snapshot->mappings = fixture->mappings;
	snapshot->mapping_count = 0;
	for (uint32_t i = 0; i < replayed->mapping_count; i++) {
		const struct mapping *mapping = &replayed->mappings[i].mapping;

		if (mapping->executable)
			fixture->mappings[snapshot->mapping_count++] =
				(struct snapshot_mapping){ mapping->start, mapping->end,
							   mapping->module, mapping->offset };
	}
	take_stack(fixture);
}

static int set_up(void **state)
{
	const char *path = *state;
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct snapshot_walker_host host = { find_rule, read_file, fixture };
	FILE *file = fopen(path, "re");

	assert_non_null(fixture);
	assert_non_null(file);
	assert_int_equal(replay_text_read(&fixture->replayed, file), 0);
	fclose(file);
	fixture->walker = snapshot_walker_new(&host);
	assert_non_null(fixture->walker);
	fixture->path = path;
	fixture->has_files = true;
	take_snapshot(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	snapshot_walker_free(fixture->walker);
	replay_case_release(&fixture->replayed);
	free(fixture);
	return 0;
}

static void walk(struct fixture *fixture)
{
	snapshot_walker_walk(fixture->walker, &fixture->snapshot, &fixture->walked);
}

/* What a snapshot does not hold: other stacks and the heap, code that no file is known to have, what lies far above. */
static const char *const lacking[] = {
	"c_calls_go",
	"go_calls_c",
	"go_systemstack",
	"go_systemstack_saved",
	"go_morestack",
	"go_saved_lost",
	"loop_by_goroutine",
	"signal_other_stack",
	"leaf_cfa_dereferenced",
	"no_cfi_leaf_page_end",
	"no_cfi_leaf_unreadable",
	"no_cfi_program",
};

/* A runtime's code is left by its frame pointer, where its bytes would tell more. */
static const char made_code_tells[] = "no_cfi_frame_given_back";

static bool is_case(const char *path, const char *wanted)
{
	const char *name = strrchr(path, '/') + 1;

	return !strncmp(name, wanted, strlen(wanted)) && name[strlen(wanted)] == '.';
}

static bool is_lacking(const char *path)
{
	for (size_t i = 0; i < sizeof(lacking) / sizeof(*lacking); i++)
		if (is_case(path, lacking[i]))
			return true;
	return false;
}

static void ends_as_recorded(void **state)
{
	struct fixture *fixture = *state;
	const struct replay_case *replayed = &fixture->replayed;
	const struct unwound_stack *walked = &fixture->walked;

	walk(fixture);
	if (is_lacking(fixture->path)) {
		assert_int_equal(walked->reason, REASON_STACK_UNREADABLE);
		return;
	}
	if (is_case(fixture->path, made_code_tells)) {
		assert_int_equal(walked->reason, REASON_NO_ROOT);
		return;
	}
	assert_int_equal(walked->reason, replayed->reason);
	assert_int_equal(walked->may_lack_caller, replayed->may_lack_caller);
	assert_int_equal(walked->depth, replayed->depth);
	assert_memory_equal(walked->frames, replayed->frames,
			    walked->depth * sizeof(*walked->frames));
}

/* Its bytes may tell that the leaf has no frame: a walk that does not know them is none. */
static void lacks_the_leafs_code(void **state)
{
	struct fixture *fixture = *state;

	fixture->has_files = false;
	walk(fixture);
	assert_int_equal(fixture->walked.reason, REASON_STACK_UNREADABLE);
}

/* Where frame pointers lead to, as bpf/snapshot.bpf.h follows them. */
static void goes_over_to_another_stack(void **state)
{
	struct fixture *fixture = *state;
	struct replay_case *replayed = &fixture->replayed;
	struct snapshot *snapshot = &fixture->snapshot;
	uint8_t other[2 * PAGE_BYTES];

	snapshot->other_start = OTHER_STACK;
	snapshot->other = (struct bytes){ other, sizeof(other) };
	for (size_t at = 0; at < sizeof(other); at += PAGE_BYTES)
		assert_int_equal(replay_read(replayed, other + at, PAGE_BYTES, OTHER_STACK + at),
				 0);
	walk(fixture);
	assert_int_equal(fixture->walked.reason, REASON_NONE);
	assert_int_equal(fixture->walked.depth, replayed->depth);
	assert_memory_equal(fixture->walked.frames, replayed->frames,
			    replayed->depth * sizeof(*replayed->frames));
}

static void tells_whose_rows_are_missing(void **state)
{
	struct fixture *fixture = *state;
	struct replay_module *last = NULL;

	walk(fixture);
	assert_int_equal(fixture->walked.reason, REASON_NONE);
	last = replay_find_module(&fixture->replayed,
				  fixture->walked.frames[fixture->walked.depth - 1].module);
	last->has_rows = false;
	walk(fixture);
	assert_int_equal(fixture->walked.reason, REASON_ROWS_MISSING);
	assert_true(fixture->walked.lacks_file == last->id);
}

/* An address in none of the mappings that there was room for may be code. */
static void mappings_that_had_no_room(void **state)
{
	struct fixture *fixture = *state;

	fixture->snapshot.lacks_mappings = true;
	walk(fixture);
	assert_int_equal(fixture->replayed.reason, REASON_BAD_LEAF);
	assert_int_equal(fixture->walked.reason, REASON_SNAPSHOT_FULL);
}

#define CHOSEN(function, name)                                      \
	{                                                           \
#function " of " name, function, set_up, tear_down, \
			(char *)"tests/replay/" name ".case"        \
	}

static const struct CMUnitTest chosen[] = {
	CHOSEN(lacks_the_leafs_code, "no_cfi_leaf_ret"),
	CHOSEN(goes_over_to_another_stack, "go_systemstack"),
	CHOSEN(tells_whose_rows_are_missing, "python"),
	CHOSEN(mappings_that_had_no_room, "bad_leaf"),
};

#define CHOSEN_COUNT (sizeof(chosen) / sizeof(*chosen))

int main(void)
{
	struct CMUnitTest *tests;
	size_t count = 0;
	glob_t found;
	int failed;

	assert_int_equal(glob(CASES, 0, NULL, &found), 0);
	tests = calloc(CHOSEN_COUNT + found.gl_pathc, sizeof(*tests));
	for (; count < CHOSEN_COUNT; count++)
		tests[count] = chosen[count];
	for (size_t i = 0; i < found.gl_pathc; i++)
		tests[count++] = (struct CMUnitTest){
			found.gl_pathv[i], ends_as_recorded, set_up, tear_down, found.gl_pathv[i],
		};
	failed = _cmocka_run_group_tests("snapshot_walker", tests, count, NULL, NULL);
	free(tests);
	globfree(&found);
	return failed;
}
