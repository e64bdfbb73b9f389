/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "symbolize/alias_order.h"
#include "symbolize/ascending.h"
#include "symbolize/kallsyms_line.h"
#include "symbolize/kernel_modules.h"

static const char kernel_module[] = "kernel";

/*
 * The best symbol at or before one address. While lines pass by, a symbol is kept only at the first
 * address at or behind it; finish() carries it on to the following ones.
 */
struct slot {
	uint64_t address;
	char *names; /* function, 0, module, 0; on the heap, or of an earlier slot */
	uint32_t capacity;
	uint32_t function_size;
	uint8_t rank; /* 0: nothing there yet */
	bool borrowed;
};

/* Higher is preferred among symbols at one address. */
enum rank {
	RANK_NONE,
	RANK_MARK, /* ends functions, and is none */
	RANK_LOCAL,
	RANK_WEAK,
	RANK_GLOBAL,
};

struct kallsyms {
	uint64_t *addresses;
	struct slot *slots;
	size_t count;
	size_t last; /* the slot of the last line: the next one is nearly always there too */
	uint64_t kernel_end; /* the highest symbol of the kernel itself */
	size_t lines;
	bool any_address;
	bool out_of_memory;
	struct kernel_modules *modules;
};

/* --- life cycle --- */

DEFINE_CLEANUP(cleanup_kallsyms, struct kallsyms *, kallsyms_free)

static struct kallsyms *kallsyms_new(const uint64_t *addresses, size_t count)
{
	_cleanup_(cleanup_kallsyms) struct kallsyms *kallsyms = calloc(1, sizeof(*kallsyms));

	if (!kallsyms)
		return NULL;
	kallsyms->addresses = malloc((count + 1) * sizeof(*addresses));
	kallsyms->slots = calloc(count + 1, sizeof(*kallsyms->slots));
	if (!kallsyms->addresses || !kallsyms->slots)
		return NULL;
	if (count)
		memcpy(kallsyms->addresses, addresses, count * sizeof(*addresses));
	kallsyms->count = count;
	return take_ptr(kallsyms);
}

void kallsyms_free(struct kallsyms *kallsyms)
{
	if (!kallsyms)
		return;
	for (size_t i = 0; kallsyms->slots && i < kallsyms->count; i++) {
		if (!kallsyms->slots[i].borrowed)
			free(kallsyms->slots[i].names);
	}
	kernel_modules_free(kallsyms->modules);
	free(kallsyms->addresses);
	free(kallsyms->slots);
	free(kallsyms);
}

/* --- lines passing by --- */

static bool ends_with(struct bytes name, const char *end)
{
	size_t size = strlen(end);

	return name.size >= size && !memcmp(name.data + name.size - size, end, size);
}

static bool equals(struct bytes name, const char *string)
{
	return name.size == strlen(string) && !memcmp(name.data, string, name.size);
}

static bool is_mark(struct bytes name)
{
	static const char *const marks[] = { "_text", "_stext", "_etext", "_sinittext",
					     "_einittext" };

	if (name.data[0] != '_')
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (equals(name, marks[i]))
			return true;
	}
	return name.size > 2 && name.data[1] == '_' &&
	       (ends_with(name, "text_start") || ends_with(name, "text_end") ||
		ends_with(name, "_thunk_start") || ends_with(name, "_thunk_end"));
}

bool kallsyms_is_mark(const char *name)
{
	return *name && is_mark((struct bytes){ (const uint8_t *)name, strlen(name) });
}

static enum rank rank_of(const struct kallsyms_line *line)
{
	if (line->type != 'T' && line->type != 't' && line->type != 'W' && line->type != 'w')
		return RANK_MARK;
	if (is_mark(line->name))
		return RANK_MARK;
	if (line->type == 't')
		return RANK_LOCAL;
	return line->type == 'T' ? RANK_GLOBAL : RANK_WEAK;
}

static bool is_better(const struct kallsyms_line *line, enum rank rank, const struct slot *slot)
{
	if (!slot->rank || line->address != slot->address)
		return !slot->rank || line->address > slot->address;
	if (rank != slot->rank)
		return rank > slot->rank;
	return alias_order_compare(line->name, (struct bytes){ (const uint8_t *)slot->names,
							       slot->function_size }) < 0;
}

/* A slot sees many symbols before its best one, so its memory is used again. */
static bool keep(struct slot *slot, const struct kallsyms_line *line, enum rank rank)
{
	size_t size = line->name.size + 1 + line->module.size + 1;

	if (size > slot->capacity) {
		size_t capacity = size < 64 ? 64 : size;
		char *names = realloc(slot->names, capacity);

		if (!names)
			return false;
		slot->names = names;
		slot->capacity = capacity;
	}
	memcpy(slot->names, line->name.data, line->name.size);
	slot->names[line->name.size] = '\0';
	if (line->module.size)
		memcpy(slot->names + line->name.size + 1, line->module.data, line->module.size);
	slot->names[size - 1] = '\0';
	slot->address = line->address;
	slot->function_size = line->name.size;
	slot->rank = rank;
	return true;
}

/* Is `index` the first asked address at or behind `address`? */
static bool is_first_from(const struct kallsyms *kallsyms, size_t index, uint64_t address)
{
	return (!index || kallsyms->addresses[index - 1] < address) &&
	       (index == kallsyms->count || kallsyms->addresses[index] >= address);
}

/* The lines are nearly always in order, so the slot of the last one is looked at first. */
static size_t first_from(const struct kallsyms *kallsyms, uint64_t address)
{
	if (is_first_from(kallsyms, kallsyms->last, address))
		return kallsyms->last;
	return ascending_first_from(kallsyms->addresses, kallsyms->count, address);
}

static void add_line(struct bytes text, void *context)
{
	struct kallsyms *kallsyms = context;
	struct kallsyms_line line;
	enum rank rank;

	if (!kallsyms_line_parse(text, &line))
		return;
	kallsyms->lines++;
	/* Absolute symbols are no addresses: offsets of per-CPU variables, constants. */
	if (!line.address || line.type == 'A' || line.type == 'a')
		return;
	kallsyms->any_address = true;
	if (!line.module.size && line.address > kallsyms->kernel_end)
		kallsyms->kernel_end = line.address;
	kallsyms->last = first_from(kallsyms, line.address);
	if (kallsyms->last == kallsyms->count)
		return;
	rank = rank_of(&line);
	if (is_better(&line, rank, &kallsyms->slots[kallsyms->last]) &&
	    !keep(&kallsyms->slots[kallsyms->last], &line, rank))
		kallsyms->out_of_memory = true;
}

static void carry_on(struct slot *slot, const struct slot *before)
{
	if (!before->rank || (slot->rank && slot->address >= before->address))
		return;
	free(slot->names);
	*slot = *before;
	slot->borrowed = true;
}

static void finish(struct kallsyms *kallsyms)
{
	for (size_t i = 1; i < kallsyms->count; i++)
		carry_on(&kallsyms->slots[i], &kallsyms->slots[i - 1]);
}

int kallsyms_find(int symbols_fd, int modules_fd, const uint64_t *addresses, size_t count,
		  struct kallsyms **ret_kallsyms)
{
	_cleanup_(cleanup_kallsyms) struct kallsyms *kallsyms = NULL;
	int err;

	if (count > KALLSYMS_MAX_ADDRESSES)
		return -E2BIG;
	if (!ascending_is(addresses, count))
		return -EINVAL;
	kallsyms = kallsyms_new(addresses, count);
	if (!kallsyms)
		return -ENOMEM;
	err = kallsyms_each_line(symbols_fd, add_line, kallsyms);
	if (!err && kallsyms->out_of_memory)
		err = -ENOMEM;
	if (!err && !kallsyms->any_address)
		err = kallsyms->lines ? -EPERM : -ENODATA;
	if (!err)
		err = kernel_modules_read(modules_fd, KALLSYMS_MAX_MODULES, &kallsyms->modules);
	if (err)
		return err;
	finish(kallsyms);
	*ret_kallsyms = take_ptr(kallsyms);
	return 0;
}

/* --- asking --- */

static const char *module_of(const struct slot *slot)
{
	return slot->names + slot->function_size + 1;
}

/* [bpf], [__builtin__kprobes] and the like: no module, but code that was made at run time. */
static bool is_made_code(const char *module)
{
	return !strcmp(module, "bpf") || !strncmp(module, "__builtin__", 11);
}

/*
 * Does made code reach from its symbol to the address? A module's range may reach too far and hold
 * both, but none may start in between.
 */
static bool in_made_code(const struct kallsyms *kallsyms, const struct slot *slot, uint64_t address)
{
	return is_made_code(module_of(slot)) && address - slot->address < KALLSYMS_MAX_MADE_BYTES &&
	       kernel_modules_find(kallsyms->modules, address) ==
		       kernel_modules_find(kallsyms->modules, slot->address);
}

/* The module that an address lies in, given the symbol before it; NULL: in none. */
static const char *module_at(const struct kallsyms *kallsyms, const struct slot *slot,
			     uint64_t address)
{
	const char *in_range;

	if (in_made_code(kallsyms, slot, address))
		return module_of(slot);
	in_range = kernel_modules_find(kallsyms->modules, address);
	if (in_range)
		return in_range;
	return !*module_of(slot) && address < kallsyms->kernel_end ? kernel_module : NULL;
}

struct kallsyms_symbol kallsyms_get(const struct kallsyms *kallsyms, size_t index)
{
	const struct slot *slot = &kallsyms->slots[index];
	struct kallsyms_symbol symbol = { 0 };
	const char *own;

	if (!slot->rank)
		return symbol;
	own = *module_of(slot) ? module_of(slot) : kernel_module;
	symbol.module = module_at(kallsyms, slot, kallsyms->addresses[index]);
	symbol.is_made = symbol.module && is_made_code(symbol.module);
	if (!symbol.module || strcmp(symbol.module, own) || slot->rank == RANK_MARK)
		return symbol;
	symbol.function = slot->names;
	symbol.start = slot->address;
	return symbol;
}
