/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/fde_list.h"

#include <errno.h>
#include <stdlib.h>

#define SOURCE_SHIFT 30

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

_Static_assert(CFI_SECTION_MAX_BYTES <= 1u << SOURCE_SHIFT, "an offset fits beside the source");
_Static_assert(FDE_LIST_MAX_SOURCES <= 4, "a source fits beside the offset");

uint32_t fde_source(const struct fde *fde)
{
	return fde->place >> SOURCE_SHIFT;
}

uint64_t fde_offset(const struct fde *fde)
{
	return fde->place & ((1u << SOURCE_SHIFT) - 1);
}

void fde_list_init(struct fde_list *list)
{
	*list = (struct fde_list){ 0 };
}

void fde_list_release(struct fde_list *list)
{
	free(list->fdes);
	fde_list_init(list);
}

/* --- collecting --- */

/* By half, not twice: the list is the largest thing that compiling needs. */
static int grow(struct fde_list *list)
{
	size_t capacity = list->capacity + list->capacity / 2 + 64;
	struct fde *fdes;

	if (list->count == FDE_LIST_MAX)
		return -EFBIG;
	fdes = realloc(list->fdes, capacity * sizeof(*fdes));
	if (!fdes)
		return -ENOMEM;
	list->fdes = fdes;
	list->capacity = capacity;
	return 0;
}

static int add(struct fde_list *list, const struct fde *fde)
{
	int err = list->count == list->capacity || list->count == FDE_LIST_MAX ? grow(list) : 0;

	if (!err)
		list->fdes[list->count++] = *fde;
	return err;
}

/* What lies outside the text is the FDE of a function that the linker left out. */
int fde_list_add(struct fde_list *list, uint64_t address, uint64_t size, uint32_t source_number,
		 uint32_t offset, struct text_map *text)
{
	uint32_t place = source_number << SOURCE_SHIFT | offset;
	uint64_t start, end;

	if (!size || !text_map_find(text, address, &start, &end))
		return 0;
	if (size > end - start)
		size = end - start;
	if (size > UINT32_MAX) {
		list->refused++;
		return 0;
	}
	return add(list, &(struct fde){ .start = start, .size = size, .place = place });
}

/* The entry's own trouble; any other error ends the compiling. */
static bool is_refusal(int err)
{
	return err == -EBADMSG || err == -EOPNOTSUPP || err == -E2BIG;
}

static int collect_entry(struct fde_list *list, struct cfi_source *source,
			 const struct cfi_entry *entry, uint32_t source_number,
			 struct text_map *text)
{
	const struct cfi_cie *cie;
	struct cfi_fde range;
	int err = cfi_source_cie(source, entry, &cie);

	if (!err)
		err = cfi_fde_read_range(&source->section, entry, cie, &range);
	if (!err)
		return fde_list_add(list, range.address, range.size, source_number, entry->offset,
				    text);
	if (!is_refusal(err))
		return err;
	list->refused++;
	return 0;
}

int fde_list_collect(struct fde_list *list, struct cfi_source *source, uint32_t source_number,
		     struct text_map *text)
{
	struct cfi_entry entry = { 0 };
	int err;

	for (;;) {
		err = cfi_entry_next(&source->section, entry.end, &entry);
		if (err)
			break;
		if (entry.is_cie)
			continue;
		err = collect_entry(list, source, &entry, source_number, text);
		if (err)
			return err;
	}
	if (err == -EBADMSG)
		list->refused++;
	return err == -ENODATA || err == -EBADMSG ? 0 : err;
}

/* --- sorting --- */

/* In the order of their starts; of the same start as they were added, which is the order of their places. */
static bool is_sorted(const struct fde_list *list)
{
	for (size_t i = 1; i < list->count; i++) {
		if (list->fdes[i - 1].start > list->fdes[i].start)
			return false;
	}
	return true;
}

static uint32_t digit(const struct fde *fde, unsigned int shift)
{
	return fde->start >> shift & (DIGITS - 1);
}

/* By one digit of their starts; those that have the same one stay in their order. */
static void sort_by_digit(const struct fde *from, struct fde *to, size_t count, unsigned int shift)
{
	uint32_t places[DIGITS] = { 0 }, place = 0;

	for (size_t i = 0; i < count; i++)
		places[digit(&from[i], shift)]++;
	for (size_t i = 0; i < DIGITS; i++) {
		uint32_t next = place + places[i];

		places[i] = place;
		place = next;
	}
	for (size_t i = 0; i < count; i++)
		to[places[digit(&from[i], shift)]++] = from[i];
}

static uint64_t last_start(const struct fde_list *list)
{
	uint64_t last = 0;

	for (size_t i = 0; i < list->count; i++)
		last = list->fdes[i].start > last ? list->fdes[i].start : last;
	return last;
}

/*
 * Digit by digit, the lowest first: the order in a section is that of the object files, whose functions lie in
 * several parts of the text, so that comparing would take n log n. It takes as much memory again, before the
 * rows need any.
 */
static int sort(struct fde_list *list)
{
	uint64_t last = last_start(list);
	struct fde *sorted;

	if (is_sorted(list))
		return 0;
	sorted = malloc(list->count * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (unsigned int shift = 0; shift < 64 && last >> shift; shift += DIGIT_BITS) {
		struct fde *fdes = list->fdes;

		sort_by_digit(fdes, sorted, list->count, shift);
		list->fdes = sorted;
		sorted = fdes;
	}
	list->capacity = list->count;
	free(sorted);
	return 0;
}

/* --- overlaps --- */

static void drop_doubles(struct fde_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct fde *last = kept ? &list->fdes[kept - 1] : NULL;

		if (last && last->start == list->fdes[i].start &&
		    fde_source(last) == fde_source(&list->fdes[i]))
			list->overlapping++;
		else
			list->fdes[kept++] = list->fdes[i];
	}
	list->count = kept;
}

static void cut_ends(struct fde_list *list)
{
	uint64_t next[FDE_LIST_MAX_SOURCES]; /* where the next FDE of each source begins */

	for (size_t i = 0; i < FDE_LIST_MAX_SOURCES; i++)
		next[i] = UINT64_MAX;
	for (size_t i = list->count; i-- > 0;) {
		struct fde *fde = &list->fdes[i];
		uint64_t end = fde->start + fde->size;

		for (uint32_t source = 0; source <= fde_source(fde); source++) {
			if (next[source] < end)
				end = next[source];
		}
		if (end < fde->start + fde->size)
			list->overlapping++;
		fde->size = end - fde->start;
		next[fde_source(fde)] = fde->start;
	}
}

/* What was taken in advance is given back before the rows need room. */
static void shrink(struct fde_list *list)
{
	struct fde *fdes = realloc(list->fdes, (list->count + 1) * sizeof(*fdes));

	if (!fdes)
		return;
	list->fdes = fdes;
	list->capacity = list->count + 1;
}

int fde_list_resolve(struct fde_list *list)
{
	int err;

	shrink(list);
	err = sort(list);
	if (err)
		return err;
	drop_doubles(list);
	cut_ends(list);
	return 0;
}
