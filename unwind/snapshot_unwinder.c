/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/snapshot_unwinder.h"

#include <stdlib.h>
#include <string.h>

#include <libunwind.h>

#include "base/u64_map.h"
#include "unwind/entry_code.h"
#include "unwind/fde_index.h"

/* libunwind exports this, which its remote users need, and declares it nowhere. */
int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *info,
				       unw_proc_info_t *ret_info, int need_unwind_info,
				       void *context);

/*
 * Reads of one step and of a whole stack. A step makes some hundreds: a search, two entries, byte by byte their
 * instructions. Forged instructions may loop.
 */
#define STEP_MAX_READS  (1u << 17)
#define STACK_MAX_READS (1u << 21)

/* Where the table of the file in question seems to lie; no address that a process can have. */
#define TABLE_ADDRESS 0x8000000000000000ull

enum { FP = UNW_X86_64_RBP, SP = UNW_X86_64_RSP, PC = UNW_X86_64_RIP };

/* What became of the look-up of a frame's call frame information. */
enum lookup_result { LOOKUP_FOUND, LOOKUP_NO_CFI, LOOKUP_NO_FILE, LOOKUP_NO_CODE };

struct frame_lookup {
	enum lookup_result result;
	const struct snapshot_mapping *mapping; /* NULL: LOOKUP_NO_CODE */
	struct fde_index *index;                /* of its file, or NULL */
	uint64_t offset;                        /* the frame's, as struct stack_frame has it */
	uint64_t bias; /* addresses in the process less those in the file */
	uint64_t pc;   /* by which it was looked up: of a caller, within its call */
};

struct snapshot_unwinder {
	snapshot_open_fn open;
	void *context;
	unw_addr_space_t space;
	struct u64_map numbers; /* module -> index into indexes */
	struct fde_index indexes[SNAPSHOT_UNWINDER_MAX_FILES];
	size_t index_count;

	/* The stack in question, and the frame. */
	const struct snapshot *snapshot;
	uint64_t registers[SNAPSHOT_REGISTERS]; /* that the cursor was last set to */
	uint32_t known_registers;               /* bits */
	bool is_in_call; /* the cursor's PC is of a caller's call already, not behind it */
	bool was_caller; /* of the frame before: it was looked up within its call */
	struct frame_lookup lookup;
	bool finds_entry; /* pointers to data that is not here read as 0: nobody needs them */
	bool lacks_stack;
	uint32_t step_reads, stack_reads; /* left */
};

/* --- files --- */

/* Gives back the files and what was kept of them. */
static void forget(struct snapshot_unwinder *unwinder)
{
	for (size_t i = 0; i < unwinder->index_count; i++)
		fde_index_release(&unwinder->indexes[i]);
	unwinder->index_count = 0;
	u64_map_release(&unwinder->numbers);
	u64_map_init(&unwinder->numbers);
}

static struct fde_index *open_index(struct snapshot_unwinder *unwinder, uint64_t module)
{
	struct elf_file *file;
	struct fde_index *index;

	if (unwinder->open(unwinder->context, module, &file))
		return NULL;
	if (unwinder->index_count == SNAPSHOT_UNWINDER_MAX_FILES)
		forget(unwinder);
	index = &unwinder->indexes[unwinder->index_count];
	if (fde_index_init(index, file) ||
	    u64_map_set(&unwinder->numbers, module, (uint32_t)unwinder->index_count)) {
		fde_index_release(index);
		return NULL;
	}
	unwinder->index_count++;
	return index;
}

static struct fde_index *find_index(struct snapshot_unwinder *unwinder, uint64_t module)
{
	uint32_t number = u64_map_get(&unwinder->numbers, module);

	return number == U64_MAP_ABSENT ? open_index(unwinder, module) : &unwinder->indexes[number];
}

static const struct snapshot_mapping *find_mapping(const struct snapshot *snapshot, uint64_t pc)
{
	size_t low = 0, high = snapshot->mapping_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct snapshot_mapping *mapping = &snapshot->mappings[middle];

		if (pc < mapping->start)
			high = middle;
		else if (pc >= mapping->end)
			low = middle + 1;
		else
			return mapping;
	}
	return NULL;
}

static enum lookup_result look_up(struct snapshot_unwinder *unwinder, uint64_t pc)
{
	struct frame_lookup *lookup = &unwinder->lookup;
	const struct snapshot_mapping *mapping = find_mapping(unwinder->snapshot, pc);
	uint64_t address;

	*lookup = (struct frame_lookup){ .mapping = mapping, .pc = pc };
	if (!mapping)
		return LOOKUP_NO_CODE;
	lookup->offset = pc - mapping->start + mapping->offset;
	if (mapping->module & MODULE_ANONYMOUS)
		return LOOKUP_NO_CFI;
	lookup->index = find_index(unwinder, mapping->module);
	if (!lookup->index)
		return LOOKUP_NO_FILE;
	if (!lookup->index->count ||
	    !elf_file_address_of_offset(lookup->index->file, lookup->offset, &address))
		return LOOKUP_NO_CFI;
	lookup->bias = pc - address;
	return LOOKUP_FOUND;
}

/* --- what libunwind asks --- */

static bool read_stack(struct snapshot_unwinder *unwinder, uint64_t address, uint64_t *ret_word)
{
	const struct snapshot *snapshot = unwinder->snapshot;
	uint64_t at = address - snapshot->stack_start;

	if (address < snapshot->stack_start)
		return false;
	if (snapshot->stack.size < sizeof(*ret_word) ||
	    at > snapshot->stack.size - sizeof(*ret_word)) {
		unwinder->lacks_stack = true;
		return false;
	}
	memcpy(ret_word, snapshot->stack.data + at, sizeof(*ret_word));
	return true;
}

static bool read_table(const struct fde_index *index, uint64_t address, uint64_t *ret_word)
{
	uint64_t at = address - TABLE_ADDRESS, bytes = index->count * sizeof(*index->entries);

	if (address < TABLE_ADDRESS || at >= bytes || bytes - at < sizeof(*ret_word))
		return false;
	memcpy(ret_word, (const uint8_t *)index->entries + at, sizeof(*ret_word));
	return true;
}

static bool read_file(struct snapshot_unwinder *unwinder, uint64_t address, uint64_t *ret_word)
{
	struct frame_lookup *lookup = &unwinder->lookup;

	return lookup->index &&
	       (read_table(lookup->index, address, ret_word) ||
		fde_index_read(lookup->index, address - lookup->bias, ret_word, sizeof(*ret_word)));
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
			 void *context)
{
	struct snapshot_unwinder *unwinder = context;

	(void)space;
	if (write || !unwinder->step_reads || !unwinder->stack_reads)
		return -UNW_EINVAL;
	unwinder->step_reads--;
	unwinder->stack_reads--;
	if (read_file(unwinder, address, value))
		return 0;
	if (unwinder->finds_entry) {
		*value = 0;
		return 0;
	}
	return read_stack(unwinder, address, value) ? 0 : -UNW_EINVAL;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
			   int write, void *context)
{
	const struct snapshot_unwinder *unwinder = context;

	(void)space;
	if (write || number < 0 || number >= SNAPSHOT_REGISTERS ||
	    !(unwinder->known_registers & 1u << number))
		return -UNW_EBADREG;
	*value = unwinder->registers[number];
	return 0;
}

/*
 * libunwind asks by the PC of what was interrupted, and by the byte before a return address. `stop` and not "no
 * info": at that libunwind would start to guess.
 */
static int find_proc_info(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *ret_info,
			  int need_unwind_info, void *context)
{
	struct snapshot_unwinder *unwinder = context;
	struct frame_lookup *lookup = &unwinder->lookup;
	unw_dyn_info_t info = { .format = UNW_INFO_FORMAT_REMOTE_TABLE };
	int result;

	lookup->result = look_up(unwinder, pc);
	if (lookup->result != LOOKUP_FOUND)
		return -UNW_ESTOPUNWIND;
	info.start_ip = lookup->mapping->start;
	info.end_ip = lookup->mapping->end;
	info.u.rti.segbase = lookup->index->base + lookup->bias;
	info.u.rti.table_data = TABLE_ADDRESS;
	info.u.rti.table_len = lookup->index->count * sizeof(struct fde_index_entry) /
			       sizeof(unw_word_t); /* it counts in words */
	unwinder->finds_entry = true;
	result = UNW_OBJ(dwarf_search_unwind_table)(space, pc, &info, ret_info, need_unwind_info,
						    context);
	unwinder->finds_entry = false;
	if (result < 0) {
		lookup->result = LOOKUP_NO_CFI;
		return -UNW_ESTOPUNWIND;
	}
	return 0;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *context)
{
	(void)space, (void)info, (void)context;
}

static int find_no_list(unw_addr_space_t space, unw_word_t *ret_address, void *context)
{
	(void)space, (void)ret_address, (void)context;
	return -UNW_ENOINFO;
}

static int access_fp_register(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value,
			      int write, void *context)
{
	(void)space, (void)number, (void)value, (void)write, (void)context;
	return -UNW_EBADREG;
}

static int refuse_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context)
{
	(void)space, (void)cursor, (void)context;
	return -UNW_EINVAL;
}

static int find_no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t size,
			unw_word_t *ret_offset, void *context)
{
	(void)space, (void)address, (void)name, (void)size, (void)ret_offset, (void)context;
	return -UNW_ENOINFO;
}

/* --- stepping --- */

/* A step of the walk ended: it goes on, the root was reached, or a reason. */
#define STEP_GO   REASON_COUNT
#define STEP_ROOT (REASON_COUNT + 1)

/* Starts anew at a caller of which only these are known; `fp` counts if `fp_is_known`. */
static int restart(struct snapshot_unwinder *unwinder, unw_cursor_t *cursor, uint64_t pc,
		   uint64_t sp, uint64_t fp, bool fp_is_known)
{
	unwinder->is_in_call = true;
	unwinder->registers[PC] = pc - 1; /* libunwind takes it for interrupted */
	unwinder->registers[SP] = sp;
	unwinder->registers[FP] = fp;
	unwinder->known_registers = 1u << PC | 1u << SP | (uint32_t)fp_is_known << FP;
	return unw_init_remote(cursor, unwinder->space, unwinder) ? REASON_BAD_STACK : STEP_GO;
}

/* Does the frame stand in code that nothing calls? */
static bool is_at_entry(const struct frame_lookup *lookup)
{
	struct entry_code code;

	if (!lookup->index)
		return false;
	return (entry_code_find(lookup->index->file, &code) && lookup->offset >= code.start &&
		lookup->offset < code.end) ||
	       entry_code_is_before_context_start(lookup->index->file, lookup->offset);
}

/* Code without CFI: by its frame pointer, if it keeps one. Where the chain ends no root is proven. */
static int step_by_fp(struct snapshot_unwinder *unwinder, unw_cursor_t *cursor, uint64_t sp)
{
	uint64_t fp, caller_fp, pc;

	if (unw_get_reg(cursor, FP, &fp) || fp < sp || !fp ||
	    !read_stack(unwinder, fp, &caller_fp) || !read_stack(unwinder, fp + 8, &pc) || !pc)
		return unwinder->lacks_stack ? REASON_STACK_UNREADABLE : REASON_NO_ROOT;
	return restart(unwinder, cursor, pc, fp + 16, caller_fp, true);
}

/*
 * libunwind ended the stack. That is a root if the return address has no place; it also ends where only the
 * frame pointer has none.
 */
static int judge_end(struct snapshot_unwinder *unwinder, unw_cursor_t *cursor, uint64_t sp)
{
	unw_save_loc_t place;
	uint64_t pc;

	if (unw_get_save_loc(cursor, PC, &place))
		return REASON_BAD_STACK;
	if (place.type == UNW_SLT_NONE)
		return STEP_ROOT;
	if (place.type != UNW_SLT_MEMORY || !read_stack(unwinder, place.u.addr, &pc))
		return REASON_STACK_UNREADABLE;
	return restart(unwinder, cursor, pc, sp, 0, false);
}

/* The step from a frame, whose look-up is done meanwhile. */
static int step(struct snapshot_unwinder *unwinder, unw_cursor_t *cursor, bool is_leaf)
{
	uint64_t sp, caller_sp;
	int result;

	unwinder->step_reads = STEP_MAX_READS;
	unwinder->lookup = (struct frame_lookup){ .result = LOOKUP_NO_CODE };
	if (unw_get_reg(cursor, SP, &sp))
		return REASON_BAD_STACK;
	result = unw_step(cursor);
	if (unwinder->lookup.result == LOOKUP_NO_FILE)
		return REASON_ROWS_MISSING;
	if (unwinder->lookup.result == LOOKUP_NO_CFI && is_at_entry(&unwinder->lookup))
		return STEP_ROOT;
	if (unwinder->lookup.result == LOOKUP_NO_CFI)
		return step_by_fp(unwinder, cursor, sp);
	if (result < 0)
		return unwinder->lacks_stack ? REASON_STACK_UNREADABLE : REASON_BAD_STACK;
	if (unw_get_reg(cursor, SP, &caller_sp))
		return REASON_BAD_STACK;
	/* Stacks ascend, but for a signal handler's own. */
	if (unw_is_signal_frame(cursor) <= 0 &&
	    (caller_sp < sp || (caller_sp == sp && !is_leaf && result)))
		return REASON_BAD_STACK;
	unwinder->is_in_call = false;
	return result ? STEP_GO : judge_end(unwinder, cursor, caller_sp);
}

/* Why the walk ends at an address that lies in none of the mappings. */
static int judge_no_mapping(const struct snapshot *snapshot, uint32_t depth)
{
	if (snapshot->lacks_mappings)
		return REASON_SNAPSHOT_FULL;
	return depth ? REASON_BAD_CALLER : REASON_BAD_LEAF;
}

static int take_frame(struct snapshot_unwinder *unwinder, unw_cursor_t *cursor,
		      struct unwound_stack *stack)
{
	const struct snapshot_mapping *mapping;
	bool is_leaf = stack->depth == 0, is_caller = unwinder->is_in_call, by_fp;
	unw_word_t pc;
	int result;

	if (unw_get_reg(cursor, PC, &pc))
		return REASON_BAD_STACK;
	result = step(unwinder, cursor, is_leaf);
	mapping = unwinder->lookup.mapping;
	if (!mapping)
		return judge_no_mapping(unwinder->snapshot, stack->depth);
	is_caller |= unwinder->lookup.pc == pc - 1;
	if (!is_leaf && !is_caller)
		stack->frames[stack->depth - 1].offset += unwinder->was_caller;
	unwinder->was_caller = is_caller;
	by_fp = result == STEP_GO && unwinder->lookup.result == LOOKUP_NO_CFI;
	stack->may_lack_caller |= by_fp && (is_leaf || !is_caller);
	by_fp &= !(mapping->module & MODULE_ANONYMOUS);
	stack->may_lack_frames |= by_fp && !is_caller;
	stack->frames[stack->depth++] = (struct stack_frame){
		.module = mapping->module,
		.offset = unwinder->lookup.offset,
	};
	return result;
}

void snapshot_unwinder_unwind(struct snapshot_unwinder *unwinder, const struct snapshot *snapshot,
			      struct unwound_stack *ret_stack)
{
	unw_cursor_t cursor;
	int result = STEP_GO;

	ret_stack->depth = 0;
	ret_stack->may_lack_caller = false;
	ret_stack->may_lack_frames = false;
	unwinder->snapshot = snapshot;
	memcpy(unwinder->registers, snapshot->registers, sizeof(unwinder->registers));
	unwinder->known_registers = (1u << SNAPSHOT_REGISTERS) - 1;
	unwinder->is_in_call = snapshot->leaf_is_return;
	unwinder->registers[PC] -= snapshot->leaf_is_return;
	unwinder->lacks_stack = false;
	unwinder->stack_reads = STACK_MAX_READS;
	if (unw_init_remote(&cursor, unwinder->space, unwinder))
		result = REASON_BAD_LEAF;
	while (result == STEP_GO && ret_stack->depth < EVENT_MAX_FRAMES)
		result = take_frame(unwinder, &cursor, ret_stack);
	if (result == STEP_GO)
		result = REASON_MAX_DEPTH;
	ret_stack->reason = result == STEP_ROOT ? REASON_NONE : (enum tick_reason)result;
	ret_stack->lacks_file =
		result == REASON_ROWS_MISSING ? unwinder->lookup.mapping->module : 0;
	ret_stack->lacks_stack = result == REASON_STACK_UNREADABLE && unwinder->lacks_stack;
	unwinder->snapshot = NULL;
}

struct snapshot_unwinder *snapshot_unwinder_new(snapshot_open_fn open, void *context)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = find_no_list,
		.access_mem = access_memory,
		.access_reg = access_register,
		.access_fpreg = access_fp_register,
		.resume = refuse_resume,
		.get_proc_name = find_no_name,
	};
	struct snapshot_unwinder *unwinder = calloc(1, sizeof(*unwinder));

	if (!unwinder)
		return NULL;
	unwinder->open = open;
	unwinder->context = context;
	u64_map_init(&unwinder->numbers);
	unwinder->space = unw_create_addr_space(&accessors, 0);
	if (!unwinder->space) {
		snapshot_unwinder_free(unwinder);
		return NULL;
	}
	/* The same addresses mean other files in the next process. */
	unw_set_caching_policy(unwinder->space, UNW_CACHE_NONE);
	return unwinder;
}

void snapshot_unwinder_free(struct snapshot_unwinder *unwinder)
{
	if (!unwinder)
		return;
	if (unwinder->space)
		unw_destroy_addr_space(unwinder->space);
	forget(unwinder);
	u64_map_release(&unwinder->numbers);
	free(unwinder);
}
