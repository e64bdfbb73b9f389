/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_shrink.h"

#include <stdlib.h>

#include "store/store_folder.h"

static uint64_t end_of(const struct slice_entry *entry)
{
	return entry->state == SLICE_SEALED ? entry->span.end_ns : entry->written_ns;
}

/* The oldest first; the one that is open last. */
static int compare_ages(const void *left, const void *right)
{
	const struct slice_entry *a = left, *b = right;

	if ((a->state == SLICE_IS_OPEN) != (b->state == SLICE_IS_OPEN))
		return a->state == SLICE_IS_OPEN ? 1 : -1;
	return (end_of(a) > end_of(b)) - (end_of(a) < end_of(b));
}

static int shrink(const char *folder, struct slice_list *list, uint64_t oldest_ns,
		  uint64_t max_bytes, struct shrunk *shrunk)
{
	int error = 0;

	if (list->count)
		qsort(list->entries, list->count, sizeof(*list->entries), compare_ages);
	for (size_t i = 0; i < list->count; i++)
		shrunk->left_bytes += list->entries[i].bytes;
	shrunk->left = list->count;
	for (size_t i = 0; i < list->count && !error; i++) {
		const struct slice_entry *entry = &list->entries[i];

		if (entry->state == SLICE_IS_OPEN ||
		    (end_of(entry) >= oldest_ns && shrunk->left_bytes <= max_bytes))
			break;
		error = store_folder_remove(folder, entry);
		if (error)
			break;
		shrunk->removed++;
		shrunk->removed_bytes += entry->bytes;
		shrunk->left--;
		shrunk->left_bytes -= entry->bytes;
	}
	return error;
}

int store_folder_shrink(const char *folder, uint64_t oldest_ns, uint64_t max_bytes,
			struct shrunk *ret_shrunk)
{
	struct slice_list list;
	int error = store_folder_list(folder, &list);

	*ret_shrunk = (struct shrunk){ 0 };
	if (!error)
		error = shrink(folder, &list, oldest_ns, max_bytes, ret_shrunk);
	slice_list_release(&list);
	return error;
}
