/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unwind tables of all modules (unwind_table.h), shared by all processes, and how a rule is found.
 *
 * User space fills them as modules are met, and empties them of what is no longer sampled. Pages lie in
 * segments of 1 MiB that are made as they are needed; blocks and rules are numbered over all
 * modules; all are sized by user space before loading. What was found is remembered by (module, offset): a
 * direct-mapped cache of copies, true for as long as the module is the same file, also when its table is gone.
 */
#ifndef HEARTH_BPF_UNWIND_MAP_BPF_H
#define HEARTH_BPF_UNWIND_MAP_BPF_H

#include "bpf/rule_cache.h"
#include "bpf/session.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MODULE_TABLE_SETS);
	__type(key, __u32);
	__type(value, struct module_set);
} unwind_modules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_places);
} unwind_blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_rule);
} unwind_rules SEC(".maps");

struct unwind_segment {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_SEGMENT_SLOTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, UNWIND_SLOT_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, struct unwind_segment);
} unwind_segments SEC(".maps");

struct rule_cache_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULE_CACHE_CHUNK_RULES);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct cached_rule));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RULE_CACHE_CHUNKS);
	__uint(key_size, sizeof(__u32));
	__array(values, struct rule_cache_chunk);
} rule_cache SEC(".maps");

static __always_inline const __u8 *find_slot(__u32 place)
{
	__u32 number = place / UNWIND_SLOT_BYTES;
	__u32 segment = number / UNWIND_SEGMENT_SLOTS, slot = number & (UNWIND_SEGMENT_SLOTS - 1);
	void *slots = bpf_map_lookup_elem(&unwind_segments, &segment);

	return slots ? bpf_map_lookup_elem(slots, &slot) : NULL;
}

static __always_inline const struct unwind_rule *search_rule(const struct unwind_module *module,
							     __u64 offset)
{
	__u64 number = (offset >> UNWIND_BLOCK_SHIFT) - module->first_block;
	__u32 key = module->blocks_at + (__u32)number;
	const struct unwind_places *block;
	const __u8 *slot;
	__u32 place;

	if (number >= module->block_count)
		return NULL;
	block = bpf_map_lookup_elem(&unwind_blocks, &key);
	if (!block)
		return NULL;
	place = block->chunks[unwind_chunk_of(offset)];
	slot = find_slot(place);
	if (!slot)
		return NULL;
	key = unwind_slot_rule(slot, place & (UNWIND_SLOT_BYTES - 1), offset);
	return bpf_map_lookup_elem(&unwind_rules, &key);
}

/* Where a rule is remembered; NULL: user space has made no cache. */
static __always_inline struct cached_rule *rule_slot(__u64 hash)
{
	__u32 chunk = (hash >> 32) % RULE_CACHE_CHUNKS;
	__u32 slot = (hash >> 36) * RULE_CACHE_CHUNK_RULES >> 28;
	void *rules = bpf_map_lookup_elem(&rule_cache, &chunk);

	return rules ? bpf_map_lookup_elem(rules, &slot) : NULL;
}

/* Copies a remembered rule to state->rule. */
static __always_inline bool recall_rule(struct unwind_state *state, __u64 module, __u64 offset)
{
	__u64 hash = rule_cache_hash(module, offset);
	const struct cached_rule *cached = rule_slot(hash);

	return cached && rule_cache_take(cached, hash, offset, &state->rule);
}

static __always_inline void remember_rule(const struct unwind_rule *rule, __u64 module,
					  __u64 offset)
{
	__u64 hash = rule_cache_hash(module, offset);
	struct cached_rule *cached = rule_slot(hash);

	if (cached)
		rule_cache_put(cached, hash, offset, rule);
}

static __always_inline bool find_rows_in_set(struct found_rows *rows, __u64 module, __u32 number)
{
	__u32 key = module_table_set(module, number);
	const struct module_set *set = bpf_map_lookup_elem(&unwind_modules, &key);

	return set && module_set_find(set, module, &rows->found);
}

/* The rows of a module, found once for frames of the same one: a tick keeps them from going away. */
static __always_inline bool find_rows(struct found_rows *rows, __u64 module)
{
	if (rows->module == module)
		return true;
	rows->module = 0;
	if (!find_rows_in_set(rows, module, 0) && !find_rows_in_set(rows, module, 1))
		return false;
	rows->module = module;
	return true;
}

enum rule_result { RULE_FOUND, RULE_MODULE_UNKNOWN };

/*
 * Searches the rule that holds at an offset of a module, to state->rule, and remembers it. Code of a
 * known module that has no row has no CFI. A global function: the verifier checks it once.
 */
__noinline int find_rule(struct scratch *scratch, struct unwind_state *state, __u64 module,
			 __u64 offset)
{
	const struct unwind_rule none = { .cfa = UNWIND_NO_CFI };
	const struct unwind_rule *rule;

	if (!scratch || !state || !find_rows(&scratch->rows, module))
		return RULE_MODULE_UNKNOWN;
	rule = search_rule(&scratch->rows.found, offset);
	state->rule = rule ? *rule : none;
	remember_rule(&state->rule, module, offset);
	return RULE_FOUND;
}

#endif
