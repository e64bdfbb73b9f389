/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/fde_list.h"

#include <errno.h>
#include <stdlib.h>

#define SOURCE_SHIFT 30

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

/* Sources are in the upper bits of the place, so that those above come first. */
static int compare(const struct fde *a, const struct fde *b)
{
	if (a->start != b->start)
		return (a->start > b->start) - (a->start < b->start);
	return (a->place > b->place) - (a->place < b->place);
}

static void sift_down(struct fde *fdes, size_t root, size_t count)
{
	const struct fde fde = fdes[root];
	size_t child;

	while ((child = root * 2 + 1) < count) {
		if (child + 1 < count && compare(&fdes[child], &fdes[child + 1]) < 0)
			child++;
		if (compare(&fde, &fdes[child]) >= 0)
			break;
		fdes[root] = fdes[child];
		root = child;
	}
	fdes[root] = fde;
}

static bool is_sorted(const struct fde_list *list)
{
	for (size_t i = 1; i < list->count; i++) {
		if (compare(&list->fdes[i - 1], &list->fdes[i]) > 0)
			return false;
	}
	return true;
}

/* In place and never slower than n log n: the C library's sort takes as much memory again, or is quadratic. */
static void sort(struct fde_list *list)
{
	if (is_sorted(list))
		return;
	for (size_t i = list->count / 2; i-- > 0;)
		sift_down(list->fdes, i, list->count);
	for (size_t end = list->count; end-- > 1;) {
		const struct fde last = list->fdes[end];

		list->fdes[end] = list->fdes[0];
		list->fdes[0] = last;
		sift_down(list->fdes, 0, end);
	}
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

void fde_list_resolve(struct fde_list *list)
{
	shrink(list);
	sort(list);
	drop_doubles(list);
	cut_ends(list);
}
