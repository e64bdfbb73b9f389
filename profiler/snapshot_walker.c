/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/snapshot_walker.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/user_walk.h"

#define USER_ADDRESSES \
	(1ull << 56) /* all that a process may have, with five levels of page tables */

struct scratch {
	struct snapshot_walker_host host;
	const struct snapshot *snapshot;
	uint64_t lacks_file;   /* whose rows were not there */
	bool lacks_word;       /* of memory that the snapshot does not have */
	bool lacks_code;       /* that a file is to have */
	struct user_walk walk; /* large */
	struct walk_memo memo;
};

struct snapshot_walker {
	struct scratch scratch;
};

/* The stepping code reads memory of the interrupted process, so it names none. */
static _Thread_local struct scratch *walked;

struct snapshot_walker *snapshot_walker_new(const struct snapshot_walker_host *host)
{
	struct snapshot_walker *walker = calloc(1, sizeof(*walker));

	if (walker)
		walker->scratch.host = *host;
	return walker;
}

void snapshot_walker_free(struct snapshot_walker *walker)
{
	free(walker);
}

/* --- what the walk asks for --- */

static const struct snapshot_mapping *mapping_at(const struct snapshot *snapshot, uint64_t address)
{
	for (size_t i = 0; i < snapshot->mapping_count; i++)
		if (address >= snapshot->mappings[i].start && address < snapshot->mappings[i].end)
			return &snapshot->mappings[i];
	return NULL;
}

static bool copy_stack(struct bytes stack, uint64_t start, void *to, size_t size, uint64_t address)
{
	uint64_t at = address - start;

	if (address < start || at > stack.size || size > stack.size - at)
		return false;
	memcpy(to, stack.data + at, size);
	return true;
}

/*
 * What has no file may be any code: as on the kernel side when the code cannot be read. What lies behind the end of a
 * mapping, and whether it does, is not known.
 */
static bool read_code(struct scratch *scratch, const struct snapshot_mapping *mapping, void *to,
		      size_t size, uint64_t address)
{
	const struct snapshot_walker_host *host = &scratch->host;

	if (mapping->module & MODULE_ANONYMOUS)
		return false;
	if (size <= mapping->end - address &&
	    host->read_file(host->context, mapping->module,
			    address - mapping->start + mapping->offset, to, size))
		return true;
	scratch->lacks_code = true;
	return false;
}

/* More than a word is read in advance: it may well lie beyond the stack's end. */
long unwind_read_user(void *to, __u32 size, __u64 address)
{
	const struct snapshot *snapshot = walked->snapshot;
	const struct snapshot_mapping *mapping;

	if (copy_stack(snapshot->stack, snapshot->stack_start, to, size, address) ||
	    copy_stack(snapshot->other, snapshot->other_start, to, size, address))
		return 0;
	if (size > sizeof(uint64_t) || address >= USER_ADDRESSES)
		return -1;
	mapping = mapping_at(snapshot, address);
	if (mapping)
		return read_code(walked, mapping, to, size, address) ? 0 : -1;
	walked->lacks_word = true;
	return -1;
}

__u32 walk_read_mapping(struct walk_context *context, __u64 address)
{
	const struct snapshot_mapping *found = mapping_at(context->scratch->snapshot, address);
	struct mapping mapping;

	if (!found)
		return WALK_NO_MAPPING;
	mapping = (struct mapping){
		.start = found->start,
		.end = found->end,
		.module = found->module,
		.offset = found->offset,
		.executable = 1,
	};
	return memo_keep_mapping(context->memo, &mapping);
}

/* Nothing is remembered from one snapshot for the next. */
bool walk_check_mappings(struct walk_context *context, __u32 mappings)
{
	(void)context, (void)mappings;
	return false;
}

bool walk_find_rule(struct walk_context *context, __u64 module, __u64 offset)
{
	struct scratch *scratch = context->scratch;
	const struct snapshot_walker_host *host = &scratch->host;

	if (host->find_rule(host->context, module, offset, &context->walk->state.rule))
		return true;
	scratch->lacks_file = module;
	return false;
}

/* --- walking --- */

static enum tick_reason reason_of(const struct scratch *scratch)
{
	const struct user_walk *walk = &scratch->walk;

	if (scratch->lacks_code)
		return REASON_STACK_UNREADABLE;
	if (walk->root_is_proven || walk->reason == REASON_ROWS_MISSING)
		return walk->reason;
	if (scratch->lacks_word)
		return REASON_STACK_UNREADABLE;
	if (scratch->snapshot->lacks_mappings &&
	    (walk->reason == REASON_BAD_CALLER || walk->reason == REASON_BAD_LEAF))
		return REASON_SNAPSHOT_FULL;
	return walk->reason;
}

void snapshot_walker_walk(struct snapshot_walker *walker, const struct snapshot *snapshot,
			  struct unwound_stack *ret_stack)
{
	struct scratch *scratch = &walker->scratch;
	struct user_walk *walk = &scratch->walk;
	struct walk_context context = { .walk = walk, .memo = &scratch->memo, .scratch = scratch };

	memset(&scratch->memo, 0, sizeof(scratch->memo));
	scratch->snapshot = snapshot;
	scratch->lacks_file = 0;
	scratch->lacks_word = scratch->lacks_code = false;
	arch_set_dwarf_registers(&walk->state.leaf, (const __u64 *)snapshot->registers);
	unwind_begin(&walk->state, snapshot->leaf_is_return);
	walk->hash = content_hash_start(0); /* nobody asks for it */
	walked = scratch;
	walk_user_stack(&context);
	walked = NULL;
	ret_stack->depth = walk->depth;
	memcpy(ret_stack->frames, walk->frames, walk->depth * sizeof(*walk->frames));
	ret_stack->may_lack_caller = walk->state.may_lack_caller != 0;
	ret_stack->reason = reason_of(scratch);
	ret_stack->lacks_file = scratch->lacks_file;
	scratch->snapshot = NULL;
}
