/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/symbol_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/cleanup.h"
#include "symbolize/alias_order.h"
#include "symbolize/ascending.h"

/* The file's two tables, its debug file's two, what is made of other things, and some to spare. */
#define MAX_SOURCES 12

/*
 * A symbol costs a step for each asked address that it holds. Real tables stay far below this many
 * steps for each symbol and address; functions that all hold everything would not.
 */
#define MAX_STEPS_EACH 64

/* Steps that reading a name counts for. */
#define STEPS_OF_NAME 4

struct candidate {
	uint64_t start;
	uint64_t end;
	uint32_t name;
	uint8_t source; /* index into `sources` */
	uint8_t binding;
	bool found;
};

/*
 * What is kept for one address. `sized` is the best symbol with a size that holds it. The other two are
 * kept only at the first address behind the place in question while symbols pass by, and are carried on
 * to the following ones by symbol_search_finish().
 */
struct slot {
	struct candidate sized;
	struct candidate
		unsized;   /* the best among the last ones that start at or before the address */
	uint64_t boundary; /* the last place at or before it where any function starts or ends */
};

/* A name that was read for a comparison: the next address in the same functions asks for it again. */
struct cached_name {
	struct buffer bytes;
	uint32_t name;
	uint8_t source;
	bool valid;
};

struct symbol_search {
	uint64_t *addresses;
	struct slot *slots;
	size_t count;
	struct {
		struct function_source from;
		uint8_t rank;
	} sources[MAX_SOURCES];
	size_t source_count;
	uint64_t steps;
	uint64_t symbols;
	struct cached_name cached[2]; /* the two sides of the last comparison */
};

/* --- life cycle --- */

DEFINE_CLEANUP(cleanup_search, struct symbol_search *, symbol_search_free)

int symbol_search_new(const uint64_t *addresses, size_t count, struct symbol_search **ret_search)
{
	_cleanup_(cleanup_search) struct symbol_search *search = NULL;

	if (count > SYMBOL_SEARCH_MAX_ADDRESSES)
		return -E2BIG;
	if (!ascending_is(addresses, count))
		return -EINVAL;
	search = calloc(1, sizeof(*search));
	if (!search)
		return -ENOMEM;
	search->addresses = malloc((count + 1) * sizeof(*search->addresses));
	search->slots = calloc(count + 1, sizeof(*search->slots));
	if (!search->addresses || !search->slots)
		return -ENOMEM;
	if (count)
		memcpy(search->addresses, addresses, count * sizeof(*addresses));
	search->count = count;
	*ret_search = take_ptr(search);
	return 0;
}

static void source_free(struct function_source source)
{
	source.ops->free(source.source);
}

void symbol_search_free(struct symbol_search *search)
{
	if (!search)
		return;
	for (size_t i = 0; i < search->source_count; i++)
		source_free(search->sources[i].from);
	buffer_release(&search->cached[0].bytes);
	buffer_release(&search->cached[1].bytes);
	free(search->addresses);
	free(search->slots);
	free(search);
}

/* --- preference --- */

static int candidate_name(const struct symbol_search *search, const struct candidate *candidate,
			  struct buffer *name)
{
	const struct function_source *from = &search->sources[candidate->source].from;

	return from->ops->name(from->source, candidate->name, name);
}

/* An unreadable name counts as empty. */
static struct bytes name_for_comparison(struct symbol_search *search,
					const struct candidate *candidate,
					struct cached_name *cached)
{
	if (!cached->valid || cached->source != candidate->source ||
	    cached->name != candidate->name) {
		search->steps += STEPS_OF_NAME;
		if (candidate_name(search, candidate, &cached->bytes))
			buffer_clear(&cached->bytes);
		cached->source = candidate->source;
		cached->name = candidate->name;
		cached->valid = true;
	}
	return (struct bytes){ (const uint8_t *)cached->bytes.data, cached->bytes.size };
}

/* An empty one loses. */
static int compare_names(struct symbol_search *search, const struct candidate *a,
			 const struct candidate *b)
{
	struct bytes a_name = name_for_comparison(search, a, &search->cached[0]);
	struct bytes b_name = name_for_comparison(search, b, &search->cached[1]);

	if (!a_name.size || !b_name.size)
		return (a_name.size < b_name.size) - (a_name.size > b_name.size);
	return alias_order_compare(a_name, b_name);
}

static bool is_better(struct symbol_search *search, const struct candidate *new,
		      const struct candidate *old)
{
	uint8_t new_rank = search->sources[new->source].rank;
	uint8_t old_rank = search->sources[old->source].rank;

	if (old->found && new_rank != old_rank)
		return new_rank < old_rank;
	if (!old->found || new->start != old->start)
		return !old->found || new->start > old->start;
	if (new->binding != old->binding)
		return new->binding > old->binding;
	if (new->source == old->source &&new->name == old->name)
		return false;
	return compare_names(search, new, old) < 0;
}

static void offer(struct symbol_search *search, const struct candidate *new, struct candidate *best)
{
	search->steps++;
	if (is_better(search, new, best))
		*best = *new;
}

/* --- symbols passing by --- */

/* The slot behind the last address exists too: what ends up there concerns nobody. */
static void add_boundary(struct symbol_search *search, size_t index, uint64_t address)
{
	if (search->slots[index].boundary < address)
		search->slots[index].boundary = address;
}

static void add_symbol(struct symbol_search *search, const struct function_symbol *symbol)
{
	bool has_size = symbol->end > symbol->start;
	struct candidate candidate = {
		.start = symbol->start,
		.end = has_size ? symbol->end : symbol->section_end,
		.name = symbol->name,
		.source = search->source_count - 1,
		.binding = symbol->binding,
		.found = true,
	};
	size_t i = ascending_first_from(search->addresses, search->count, symbol->start);

	add_boundary(search, i, symbol->start);
	if (!has_size) {
		if (i < search->count)
			offer(search, &candidate, &search->slots[i].unsized);
		return;
	}
	for (; i < search->count && search->addresses[i] < symbol->end; i++)
		offer(search, &candidate, &search->slots[i].sized);
	add_boundary(search, i, symbol->end);
}

static bool too_expensive(const struct symbol_search *search)
{
	return search->steps / MAX_STEPS_EACH > search->symbols + search->count + 1024;
}

int symbol_search_source(struct symbol_search *search, struct function_source source, uint8_t rank)
{
	struct function_symbol symbol;
	int err;

	if (search->source_count == MAX_SOURCES) {
		source_free(source);
		return -E2BIG;
	}
	search->sources[search->source_count].from = source;
	search->sources[search->source_count++].rank = rank;
	while ((err = source.ops->next(source.source, &symbol)) > 0) {
		search->symbols++;
		add_symbol(search, &symbol);
		if (too_expensive(search))
			return -E2BIG;
	}
	return err;
}

int symbol_search_table(struct symbol_search *search, const struct elf_file *file,
			const struct elf_section *section)
{
	struct symbol_table *table;
	int err = symbol_table_new(file, section, &table);

	return err ? err
		   : symbol_search_source(search, symbol_table_source(table),
					  SYMBOL_SEARCH_RANK_TABLE);
}

void symbol_search_finish(struct symbol_search *search)
{
	for (size_t i = 1; i < search->count; i++) {
		struct slot *slot = &search->slots[i];
		const struct slot *before = &search->slots[i - 1];

		if (slot->boundary < before->boundary)
			slot->boundary = before->boundary;
		if (before->unsized.found)
			offer(search, &before->unsized, &slot->unsized);
	}
}

/* --- asking --- */

static const struct candidate *best_of(const struct symbol_search *search, size_t index)
{
	const struct slot *slot = &search->slots[index];

	if (slot->sized.found)
		return &slot->sized;
	if (slot->unsized.found && slot->unsized.start >= slot->boundary &&
	    search->addresses[index] < slot->unsized.end)
		return &slot->unsized;
	return NULL;
}

int symbol_search_name(const struct symbol_search *search, size_t index, struct buffer *name,
		       uint64_t *ret_start)
{
	const struct candidate *best = best_of(search, index);
	int err = best ? candidate_name(search, best, name) : -ENOENT;

	if (err)
		return err;
	*ret_start = best->start;
	return 0;
}

bool symbol_search_same(const struct symbol_search *search, size_t a, size_t b)
{
	const struct candidate *best_a = best_of(search, a);
	const struct candidate *best_b = best_of(search, b);

	return best_a && best_b && best_a->source == best_b->source &&
	       best_a->name == best_b->name && best_a->start == best_b->start;
}
