/* SPDX-License-Identifier: GPL-2.0-only */
/* What a walk (user_walk.h) asks of the kernel side: mappings, rules, loops. */
#ifndef HEARTH_BPF_WALK_HOST_BPF_H
#define HEARTH_BPF_WALK_HOST_BPF_H

#include "bpf/module.bpf.h"
#include "bpf/unwind_map.bpf.h"

/* Global functions: the verifier checks them once. */

__noinline __u32 add_mapping(struct scratch *scratch, struct walk_memo *memo, __u64 task, __u64 mm,
			     __u64 address)
{
	struct file *file = NULL;

	if (!scratch || !memo ||
	    !read_mapping((void *)task, (void *)mm, address, &scratch->maple_node,
			  &scratch->mapping, &scratch->module.key, &file))
		return WALK_NO_MAPPING;
	if (file && scratch->mapping.executable &&
	    !tell_module((void *)task, scratch, &scratch->mapping, file))
		return WALK_RING_FULL;
	return memo_keep_mapping(memo, &scratch->mapping);
}

/* Reads the mapping `index` again, or its file's change time alone where it stands; 1 if it is as it was. */
__noinline int check_mapping(struct scratch *scratch, struct walk_memo *memo, __u64 task, __u64 mm,
			     __u32 index)
{
	const struct mapping *mapping;
	struct file *file = NULL;
	bool stands, holds;

	if (!scratch || !memo || index >= MEMO_MAPPINGS)
		return 0;
	mapping = &memo->mappings[index];
	stands = memo->standing >> index & 1;
	memo->standing &= ~(1u << index);
	if (stands)
		holds = !mapping->file ||
			read_change_time((void *)mapping->file) == mapping->file_changed;
	else
		holds = read_mapping((void *)task, (void *)mm, mapping->start, &scratch->maple_node,
				     &scratch->mapping, &scratch->module.key, &file) &&
			mapping_equals(mapping, &scratch->mapping);
	if (!holds)
		return 0;
	if (!stands) { /* what the file is known by from now on: its inode may be another one */
		memo->mappings[index].file = scratch->mapping.file;
		memo->mappings[index].file_changed = scratch->mapping.file_changed;
	}
	memo->valid |= 1u << index;
	return 1;
}

/* Reads these mappings, a bit for each, again; 1 if all are as they were. */
__noinline int check_mappings(struct scratch *scratch, struct walk_memo *memo, __u64 task, __u64 mm,
			      __u32 mappings)
{
	__u32 i;

	for (i = 0; i < MEMO_MAPPINGS; i++)
		if ((mappings >> i & 1) && !check_mapping(scratch, memo, task, mm, i))
			return 0;
	return 1;
}

static __always_inline __u32 walk_read_mapping(struct walk_context *context, __u64 address)
{
	return add_mapping(context->scratch, context->memo, context->task, context->mm, address);
}

static __always_inline bool walk_check_mappings(struct walk_context *context, __u32 mappings)
{
	return check_mappings(context->scratch, context->memo, context->task, context->mm,
			      mappings);
}

static __always_inline bool walk_find_rule(struct walk_context *context, __u64 module, __u64 offset)
{
	struct unwind_state *state = &context->walk->state;

	return recall_rule(state, module, offset) ||
	       find_rule(context->scratch, state, module, offset) == RULE_FOUND;
}

#endif
