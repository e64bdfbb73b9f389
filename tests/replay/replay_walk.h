/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a case (replay_case.h) with the kernel side's own code: here is what bpf/walk_host.bpf.h and
 * bpf/stack.bpf.h are to it there. To be included by one file of a program.
 */
#ifndef HEARTH_TESTS_REPLAY_REPLAY_WALK_H
#define HEARTH_TESTS_REPLAY_REPLAY_WALK_H

#include "bpf/user_walk.h"
#include "tests/replay/replay_case.h"

struct scratch {
	struct replay_case *replayed;
	uint32_t mappings_read, rules_found;
	struct stack_frame looked_up[EVENT_MAX_FRAMES]; /* what rules were searched for */
	bool ring_is_full;                              /* a file's module record finds no room */
	bool met_root;                                  /* a rule said that there is no caller */
};

/* A walk and what it leaves, large. */
struct replay_walker {
	struct user_walk walk;
	struct walk_memo memo;
	struct scratch scratch;
};

/* The stepping code reads memory of the interrupted process, so it names none. */
static struct replay_case *replay_walked;

long unwind_read_user(void *to, __u32 size, __u64 address)
{
	return replay_read(replay_walked, to, size, address);
}

__u32 walk_read_mapping(struct walk_context *context, __u64 address)
{
	struct replay_mapping *found = replay_find_mapping(context->scratch->replayed, address);

	context->scratch->mappings_read++;
	if (!found)
		return WALK_NO_MAPPING;
	if (context->scratch->ring_is_full)
		return WALK_RING_FULL;
	found->was_read = true;
	return memo_keep_mapping(context->memo, &found->mapping);
}

bool walk_check_mappings(struct walk_context *context, __u32 mappings)
{
	struct walk_memo *memo = context->memo;

	for (__u32 i = 0; i < MEMO_MAPPINGS; i++) {
		const struct mapping *known = &memo->mappings[i];
		const struct replay_mapping *now;
		bool stands = memo->standing >> i & 1;

		if (!(mappings >> i & 1))
			continue;
		memo->standing &= ~(1u << i);
		now = replay_find_mapping(context->scratch->replayed, known->start);
		context->scratch->mappings_read += !stands;
		/* A file that changed is another module. */
		if (!now || (stands ? known->module != now->mapping.module
				    : !mapping_equals(known, &now->mapping)))
			return false;
		memo->valid |= 1u << i;
	}
	return true;
}

bool walk_find_rule(struct walk_context *context, __u64 module, __u64 offset)
{
	const struct unwind_rule *rule =
		replay_find_rule(context->scratch->replayed, module, offset);

	context->scratch->looked_up[context->scratch->rules_found++ % EVENT_MAX_FRAMES] =
		(struct stack_frame){ module, offset };
	if (!rule)
		return false;
	context->walk->state.rule = *rule;
	if (rule->cfa == UNWIND_ROOT)
		context->scratch->met_root = true;
	return true;
}

static inline void replay_forget(struct replay_walker *walker)
{
	memset(&walker->memo, 0, sizeof(walker->memo));
}

#define REPLAY_THREAD 1234
#define REPLAY_MM     5678
#define REPLAY_SEED   0x243f6a8885a308d3ull

/*
 * As walk_user_half() of bpf/stack.bpf.h, whose walk is of a thread's next tick; `sequence` tells whether mappings
 * changed since the last one. Afterwards walker->walk holds the stack.
 */
static inline void replay_walk(struct replay_walker *walker, struct replay_case *replayed,
			       uint64_t sequence)
{
	struct walk_context context = { .walk = &walker->walk,
					.memo = &walker->memo,
					.scratch = &walker->scratch };

	replay_walked = replayed;
	walker->scratch.replayed = replayed;
	walker->scratch.mappings_read = walker->scratch.rules_found = 0;
	walker->scratch.met_root = false;
	arch_set_dwarf_registers(&walker->walk.state.leaf, (const __u64 *)replayed->registers);
	unwind_begin(&walker->walk.state, replayed->leaf_is_return);
	memo_begin(&walker->memo, REPLAY_THREAD, REPLAY_MM, sequence);
	walker->walk.hash = content_hash_start(REPLAY_SEED);
	walk_user_stack(&context);
	walker->memo.sequence = sequence;
	walk_loop(walker->walk.below, copy_frame, &context);
}

#endif
