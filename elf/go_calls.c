/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/go_calls.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* Lists that are tried, and functions that are asked for one. */
#define TRIED_LISTS     16
#define ASKED_FUNCTIONS (64u << 10)

/* A list, and the function that it is of. */
struct list {
	uint32_t tree;
	uint64_t function_size;
};

/* The part of the file from an address on, to the end of the segment's bytes. False: it is not in the file. */
static bool part_from(const struct elf_file *file, uint64_t address, struct file_window *ret_part)
{
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		const struct elf_segment *segment = elf_file_segment(file, i);
		uint64_t within = address - segment->address;

		if (segment->type != PT_LOAD || address < segment->address ||
		    within >= segment->file_size || segment->offset > UINT64_MAX - within)
			continue;
		file_window_init(ret_part, file, segment->offset + within,
				 segment->file_size - within);
		return true;
	}
	return false;
}

/* Names follow one another: behind the end of one, or at the very start. */
static int is_name(struct go_table *table, uint32_t offset, bool *ret_is_name)
{
	struct bytes bytes;
	int err = file_window_read(&table->names, offset ? offset - 1 : 0, 2, &bytes);

	if (!err)
		*ret_is_name = bytes.size == 2 && (!offset || !bytes.data[0]) &&
			       bytes.data[offset ? 1 : 0];
	return err;
}

int go_calls_get(struct go_calls *calls, uint32_t tree, uint32_t index, uint64_t function_size,
		 struct go_call *ret_call)
{
	struct go_call_layout layout = go_table_call_layout(calls->table);
	bool is_good = false;
	struct go_call call;
	struct bytes bytes;
	uint32_t line;
	int err;

	err = file_window_read(&calls->lists, tree + (uint64_t)index * layout.bytes, layout.bytes,
			       &bytes);
	if (err)
		return err;
	if (bytes.size < layout.bytes)
		return -EBADMSG;
	memcpy(&call.name, bytes.data + layout.name_at, sizeof(call.name));
	memcpy(&call.place, bytes.data + layout.parent_at, sizeof(call.place));
	memcpy(&line, bytes.data + layout.line_at, sizeof(line));
	err = is_name(calls->table, call.name, &is_good);
	if (err)
		return err;
	if (!is_good || !line || call.place >= function_size)
		return -EBADMSG;
	*ret_call = call;
	return 0;
}

/* The lists of the first functions that have one. */
static int find_lists(struct go_table *table, struct list *lists, size_t *ret_count)
{
	size_t count = 0;

	for (uint32_t i = 0;
	     i < table->function_count && i < ASKED_FUNCTIONS && count < TRIED_LISTS; i++) {
		struct go_function_lines lines;
		struct go_function function;
		int err = go_table_range(table, i, &function);

		if (!err)
			err = go_table_lines(table, i, &lines);
		if (err == -EBADMSG)
			continue;
		if (err)
			return err;
		if (lines.tree != GO_FUNCTION_NO_TREE && lines.calls)
			lists[count++] = (struct list){ lines.tree, function.size };
	}
	*ret_count = count;
	return 0;
}

/* Do all of these read as lists, counted from this address? 0, -ENOENT: no; or the error of a read. */
static int try_address(struct go_calls *calls, uint64_t address, const struct list *lists,
		       size_t count)
{
	struct go_call call;
	int err = 0;

	if (!part_from(calls->table->functab.file, address, &calls->lists))
		return -ENOENT;
	for (size_t i = 0; !err && i < count; i++)
		err = go_calls_get(calls, lists[i].tree, 0, lists[i].function_size, &call);
	if (err)
		go_calls_release(calls);
	return err == -EBADMSG ? -ENOENT : err;
}

int go_calls_init(struct go_calls *calls, struct go_table *table)
{
	struct list lists[TRIED_LISTS];
	struct go_module module;
	size_t count;
	int err;

	*calls = (struct go_calls){ .table = table };
	err = find_lists(table, lists, &count);
	if (err || !count)
		return err;
	err = go_table_module(table, &module);
	if (err)
		return err == -ENOENT || err == -EBADMSG ? 0 : err;
	err = -ENOENT;
	for (size_t i = 0; err == -ENOENT && i < module.behind_count; i++)
		err = try_address(calls, module.behind[i], lists, count);
	return err == -ENOENT ? 0 : err;
}

void go_calls_release(struct go_calls *calls)
{
	file_window_release(&calls->lists);
	*calls = (struct go_calls){ .table = calls->table };
}
