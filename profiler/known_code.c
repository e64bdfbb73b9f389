/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/known_code.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/code_segments.h"
#include "store/store_writer.h"

_Static_assert((int)CODE_SEGMENTS_MAX == (int)MODULE_SEGMENTS_MAX, "a store has room for them");

void known_code_init(struct known_code *code)
{
	*code = (struct known_code){ 0 };
	string_pool_init(&code->build_ids);
}

void known_code_release(struct known_code *code)
{
	string_pool_release(&code->build_ids);
	buffer_release(&code->segments);
}

int known_code_add(struct known_code *code, const char *build_id,
		   const struct code_segments *segments)
{
	uint32_t before = code->build_ids.count, string;
	int error;

	if (!segments->count)
		return 0;
	error = string_pool_add(&code->build_ids, build_id, strlen(build_id), &string);
	if (error || string < before)
		return error;
	buffer_append(&code->segments, segments, sizeof(*segments));
	return buffer_error(&code->segments);
}

static struct module_code module_of(const struct known_code *code, uint32_t string)
{
	const struct code_segments *segments =
		&((const struct code_segments *)code->segments.data)[string];
	struct module_code module = { .build_id = string_pool_get(&code->build_ids, string, NULL),
				      .count = segments->count };

	for (size_t i = 0; i < module.count; i++)
		module.segments[i] = (struct module_segment){ segments->list[i].offset,
							      segments->list[i].address,
							      segments->list[i].size };
	return module;
}

int known_code_tell(struct known_code *code, struct store_writer *writer)
{
	uint32_t count = (uint32_t)(code->segments.size / sizeof(struct code_segments));
	_cleanup_(buffer_release) struct buffer modules = { 0 };
	int error;

	if (code->slice != store_writer_slice(writer))
		code->told = 0;
	code->slice = store_writer_slice(writer);
	if (code->told == count)
		return 0;
	for (uint32_t i = code->told; i < count; i++) {
		const struct module_code module = module_of(code, i);

		buffer_append(&modules, &module, sizeof(module));
	}
	error = buffer_error(&modules);
	if (!error)
		error = store_writer_add_modules(writer, (const struct module_code *)modules.data,
						 count - code->told);
	if (!error)
		code->told = count;
	return error;
}
