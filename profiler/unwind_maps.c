/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_maps.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/quiet_thread.h"

struct rule_cache_filler {
	pthread_t thread; /* if there are chunks */
	int cache;
	uint32_t numbers[RULE_CACHE_CHUNKS], count;
	int chunks[RULE_CACHE_CHUNKS]; /* descriptors */
};

struct unwind_maps {
	struct unwind_map_fds fds;
	struct rule_cache_filler filler;
	struct unwind_maps_view view;
	struct module_set *modules;
	int *segments;        /* descriptors, -1: not made */
	pthread_mutex_t lock; /* a module that was found does not go while it is held */
};

static void *map_memory(int fd, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void unmap_memory(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

/* --- segments --- */

static int add_segment(void *context, uint32_t number)
{
	struct unwind_maps *maps = context;
	_cleanup_close_ int fd = -1;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_segment", sizeof(uint32_t),
			    UNWIND_SLOT_BYTES, UNWIND_SEGMENT_SLOTS, NULL);
	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(maps->fds.segments, &number, &fd, BPF_ANY))
		return -errno;
	maps->segments[number] = take_fd(&fd);
	return 0;
}

static void remove_segment(void *context, uint32_t number)
{
	const struct unwind_maps *maps = context;

	bpf_map_delete_elem(maps->fds.segments, &number);
	close(maps->segments[number]);
	maps->segments[number] = -1;
}

static int write_slot(void *context, uint32_t number, const uint8_t *from)
{
	const struct unwind_maps *maps = context;
	uint32_t slot = number % UNWIND_SEGMENT_SLOTS;

	return bpf_map_update_elem(maps->segments[number / UNWIND_SEGMENT_SLOTS], &slot, from,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

static int read_slot(void *context, uint32_t number, uint8_t *to)
{
	const struct unwind_maps *maps = context;
	uint32_t slot = number % UNWIND_SEGMENT_SLOTS;

	return bpf_map_lookup_elem(maps->segments[number / UNWIND_SEGMENT_SLOTS], &slot, to)
		       ? -errno
		       : 0;
}

/* --- cache of rules --- */

static int make_cache_chunk(void)
{
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "rule_cache", sizeof(uint32_t),
			      sizeof(struct cached_rule), RULE_CACHE_CHUNK_RULES, NULL);
}

/*
 * All at once, and while others go on: an update of a map of maps waits for the programs that may use the old values, some
 * 10 ms. Until then, as where it fails, rules are searched each time.
 */
static void *fill_cache(void *context)
{
	struct rule_cache_filler *filler = context;
	uint32_t added = RULE_CACHE_CHUNKS;

	bpf_map_update_batch(filler->cache, filler->numbers, filler->chunks, &added, NULL);
	return NULL;
}

static void close_chunks(struct rule_cache_filler *filler)
{
	while (filler->count > 0)
		close(filler->chunks[--filler->count]);
}

static int add_cache(struct unwind_maps *maps)
{
	struct rule_cache_filler *filler = &maps->filler;
	int error = 0;

	filler->cache = maps->fds.rule_cache;
	for (; filler->count < RULE_CACHE_CHUNKS && !error; filler->count += !error) {
		filler->numbers[filler->count] = filler->count;
		filler->chunks[filler->count] = make_cache_chunk();
		if (filler->chunks[filler->count] < 0)
			error = filler->chunks[filler->count];
	}
	if (!error)
		error = quiet_thread_start(&filler->thread, fill_cache, filler);
	if (error)
		close_chunks(filler);
	return error;
}

static void finish_cache(struct unwind_maps *maps)
{
	if (!maps->filler.count)
		return;
	pthread_join(maps->filler.thread, NULL);
	close_chunks(&maps->filler);
}

/* --- modules --- */

static int publish(void *context, uint64_t module, const struct unwind_module *entry)
{
	const struct unwind_maps *maps = context;

	return module_table_put(maps->modules, module, entry);
}

static int unpublish(void *context, uint64_t module)
{
	struct unwind_maps *maps = context;
	int error;

	pthread_mutex_lock(&maps->lock);
	error = module_table_drop(maps->modules, module);
	pthread_mutex_unlock(&maps->lock);
	return error;
}

bool unwind_maps_find_rule(struct unwind_maps *maps, uint64_t module, uint64_t offset,
			   struct unwind_rule *ret_rule)
{
	struct unwind_module entry;
	bool found;

	pthread_mutex_lock(&maps->lock);
	found = module_table_find(maps->modules, module, &entry) &&
		!unwind_space_find_rule(&maps->view.memory, &entry, offset, ret_rule);
	pthread_mutex_unlock(&maps->lock);
	return found;
}

/*
 * An update of a map of maps returns only when every program that might use the old value has ended
 * (maybe_wait_bpf_programs() in kernel/bpf/syscall.c, 5.0 and newer): here the old value is the new one.
 */
static int wait_for_readers(void *context)
{
	const struct unwind_maps *maps = context;
	const uint32_t first = 0;

	return bpf_map_update_elem(maps->fds.segments, &first, &maps->segments[first], BPF_ANY)
		       ? -errno
		       : 0;
}

/* --- all of them --- */

#define MODULE_BYTES      (MODULE_TABLE_SETS * sizeof(struct module_set))
#define BLOCK_BYTES(size) ((size)->blocks * sizeof(struct unwind_places))
#define RULE_BYTES(size)  ((size)->rules * sizeof(struct unwind_rule))

static bool map_all(struct unwind_maps *maps)
{
	struct unwind_space_memory *memory = &maps->view.memory;

	maps->modules = map_memory(maps->fds.modules, MODULE_BYTES);
	memory->blocks = map_memory(maps->fds.blocks, BLOCK_BYTES(&memory->size));
	memory->rules = map_memory(maps->fds.rules, RULE_BYTES(&memory->size));
	maps->segments = malloc(memory->size.segments * sizeof(*maps->segments));
	for (uint32_t i = 0; maps->segments && i < memory->size.segments; i++)
		maps->segments[i] = -1;
	return maps->modules && memory->blocks && memory->rules && maps->segments;
}

int unwind_maps_new(const struct unwind_map_fds *fds, struct unwind_maps **ret_maps)
{
	struct unwind_maps *maps = calloc(1, sizeof(*maps));
	int error;

	if (!maps)
		return -ENOMEM;
	maps->fds = *fds;
	pthread_mutex_init(&maps->lock, NULL);
	maps->view = (struct unwind_maps_view){
		.memory = { .size = fds->size,
			    .add_segment = add_segment,
			    .remove_segment = remove_segment,
			    .write_slot = write_slot,
			    .read_slot = read_slot,
			    .context = maps },
		.publish = publish,
		.unpublish = unpublish,
		.wait_for_readers = wait_for_readers,
		.max_modules = UNWIND_MAX_MODULES,
		.context = maps,
	};
	error = map_all(maps) ? add_cache(maps) : -ENOMEM;
	if (error) {
		unwind_maps_free(maps);
		return error;
	}
	*ret_maps = maps;
	return 0;
}

void unwind_maps_free(struct unwind_maps *maps)
{
	if (!maps)
		return;
	finish_cache(maps);
	unmap_memory(maps->modules, MODULE_BYTES);
	unmap_memory(maps->view.memory.blocks, BLOCK_BYTES(&maps->fds.size));
	unmap_memory(maps->view.memory.rules, RULE_BYTES(&maps->fds.size));
	for (uint32_t i = 0; maps->segments && i < maps->fds.size.segments; i++)
		cleanup_close(&maps->segments[i]);
	free(maps->segments);
	pthread_mutex_destroy(&maps->lock);
	free(maps);
}

const struct unwind_maps_view *unwind_maps_view(const struct unwind_maps *maps)
{
	return &maps->view;
}
