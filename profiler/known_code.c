/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/known_code.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/code_segments.h"
#include "store/store_writer.h"

_Static_assert((int)CODE_SEGMENTS_MAX == (int)MODULE_SEGMENTS_MAX, "a store has room for them");

struct known_file {
	struct code_segments segments;
	uint64_t met,
		told; /* slices, 0: none: whose windows have it, the last of them; and that was told of it */
};

void known_code_init(struct known_code *code)
{
	*code = (struct known_code){ 0 };
	string_pool_init(&code->build_ids);
}

void known_code_release(struct known_code *code)
{
	string_pool_release(&code->build_ids);
	buffer_release(&code->files);
}

int known_code_add(struct known_code *code, const char *build_id,
		   const struct code_segments *segments)
{
	const struct known_file file = { .segments = *segments };
	uint32_t before = code->build_ids.count, string;
	int error;

	if (!segments->count)
		return 0;
	error = string_pool_add(&code->build_ids, build_id, strlen(build_id), &string);
	if (error || string < before)
		return error;
	buffer_append(&code->files, &file, sizeof(file));
	return buffer_error(&code->files);
}

static struct known_file *files_of(const struct known_code *code, size_t *ret_count)
{
	*ret_count = code->files.size / sizeof(struct known_file);
	return (struct known_file *)code->files.data;
}

void known_code_meet(struct known_code *code, const char *build_id, uint64_t slice)
{
	size_t count;
	struct known_file *files = files_of(code, &count);
	uint32_t string;

	if (string_pool_find(&code->build_ids, build_id, strlen(build_id), &string) &&
	    string < count)
		files[string].met = slice;
}

static struct module_code module_of(const struct known_code *code, const struct known_file *file,
				    uint32_t string)
{
	const struct code_segments *segments = &file->segments;
	struct module_code module = { .build_id = string_pool_get(&code->build_ids, string, NULL),
				      .count = segments->count };

	for (size_t i = 0; i < module.count; i++)
		module.segments[i] = (struct module_segment){ segments->list[i].offset,
							      segments->list[i].address,
							      segments->list[i].size };
	return module;
}

static bool is_news(const struct known_file *file, uint64_t slice)
{
	return file->met == slice && file->told != slice;
}

int known_code_tell(struct known_code *code, struct store_writer *writer)
{
	uint64_t slice = store_writer_slice(writer);
	size_t count;
	struct known_file *files = files_of(code, &count);
	_cleanup_(buffer_release) struct buffer modules = { 0 };
	int error;

	for (size_t i = 0; i < count; i++) {
		struct module_code module;

		if (!is_news(&files[i], slice))
			continue;
		module = module_of(code, &files[i], (uint32_t)i);
		buffer_append(&modules, &module, sizeof(module));
	}
	error = buffer_error(&modules);
	if (!error && modules.size)
		error = store_writer_add_modules(writer, (const struct module_code *)modules.data,
						 modules.size / sizeof(struct module_code));
	for (size_t i = 0; i < count && !error; i++)
		if (is_news(&files[i], slice))
			files[i].told = slice;
	return error;
}
