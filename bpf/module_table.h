/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The modules that have rows, by their ids. User space alone writes the table, in memory that both have, and ticks read it
 * meanwhile: for them one line of memory is what it takes, where the kernel's hash map takes five.
 *
 * An id has two sets of four entries and stands in one of these. As long as a quarter of the entries is taken or less, next to
 * each id is found in the first line of its first set. An entry has a seal, made of the id and of what it holds: what a tick
 * reads of one that is being written matches none. Whoever takes an entry away waits for the ticks that may have read it
 * before (unwind_tables.h).
 *
 * Included by both sides, through events.h. One writer at a time.
 */
#ifndef HEARTH_BPF_MODULE_TABLE_H
#define HEARTH_BPF_MODULE_TABLE_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * The unwind tables of a module: its blocks, in one run of the map unwind_blocks. Blocks and rules are
 * numbered over all modules; see bpf/unwind_map.bpf.h for the maps.
 */
struct unwind_module {
	__u64 first_block; /* file offset >> UNWIND_BLOCK_SHIFT */
	__u32 block_count;
	__u32 blocks_at; /* index of the first one */
};

#define UNWIND_MAX_MODULES 8192 /* half of the entries */

/* Two to a cache line. */
struct module_entry {
	__u64 seal; /* 0: free */
	__u64 unused;
	struct unwind_module module;
};

#define MODULE_SET_ENTRIES 4
#define MODULE_TABLE_SETS  4096

struct module_set {
	struct module_entry entries[MODULE_SET_ENTRIES];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct module_entry) == 32, "two module entries fill a cache line");

#define MODULE_INLINE static inline __attribute__((always_inline))

/* The two sets of an id. */
MODULE_INLINE __u32 module_table_set(__u64 id, __u32 number)
{
	return id * 0x9e3779b97f4a7c15ull >> (number ? 32 : 48) & (MODULE_TABLE_SETS - 1);
}

/* Never 0, which is a free entry's. The factors see to it that what differs in one word does not make up for another. */
MODULE_INLINE __u64 module_entry_seal(__u64 id, const struct unwind_module *module)
{
	__u64 rows = (__u64)module->block_count << 32 | module->blocks_at;

	return (id ^ module->first_block * 0xd6e8feb86659fd93ull ^ rows * 0xc2b2ae3d27d4eb4full) |
	       1;
}

/* False: it does not stand there; `ret_module` means nothing then. */
MODULE_INLINE bool module_set_find(const struct module_set *set, __u64 id,
				   struct unwind_module *ret_module)
{
	for (__u32 i = 0; i < MODULE_SET_ENTRIES; i++) {
		const volatile struct module_entry *entry = &set->entries[i];

		ret_module->first_block = entry->module.first_block;
		ret_module->block_count = entry->module.block_count;
		ret_module->blocks_at = entry->module.blocks_at;
		if (entry->seal == module_entry_seal(id, ret_module))
			return true;
	}
	return false;
}

#ifndef __bpf__
#include <errno.h>

static inline bool module_table_find(const struct module_set *sets, __u64 id,
				     struct unwind_module *ret_module)
{
	return module_set_find(&sets[module_table_set(id, 0)], id, ret_module) ||
	       module_set_find(&sets[module_table_set(id, 1)], id, ret_module);
}

/* 0; -EEXIST: it stands there already; -ENOSPC: both of its sets are full. */
static inline int module_table_put(struct module_set *sets, __u64 id,
				   const struct unwind_module *module)
{
	struct unwind_module known;

	if (module_table_find(sets, id, &known))
		return -EEXIST;
	for (__u32 i = 0; i < 2 * MODULE_SET_ENTRIES; i++) {
		struct module_set *set = &sets[module_table_set(id, i / MODULE_SET_ENTRIES)];
		struct module_entry *entry = &set->entries[i % MODULE_SET_ENTRIES];

		if (entry->seal)
			continue;
		entry->module = *module;
		__atomic_store_n(&entry->seal, module_entry_seal(id, module), __ATOMIC_RELEASE);
		return 0;
	}
	return -ENOSPC;
}

/* 0 or -ENOENT. */
static inline int module_table_drop(struct module_set *sets, __u64 id)
{
	for (__u32 i = 0; i < 2 * MODULE_SET_ENTRIES; i++) {
		struct module_set *set = &sets[module_table_set(id, i / MODULE_SET_ENTRIES)];
		struct module_entry *entry = &set->entries[i % MODULE_SET_ENTRIES];

		if (entry->seal != module_entry_seal(id, &entry->module))
			continue;
		__atomic_store_n(&entry->seal, 0, __ATOMIC_RELEASE);
		return 0;
	}
	return -ENOENT;
}
#endif

#endif
