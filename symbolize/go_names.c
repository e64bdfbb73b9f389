/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/go_names.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "elf/go_table.h"

struct go_names {
	struct go_table table;
	uint32_t next; /* number of a function */
};

static void source_free(void *source)
{
	struct go_names *go = source;

	go_table_release(&go->table);
	free(go);
}

/* Functions from the first whose range cannot be read on have no names. */
static int source_next(void *source, struct function_symbol *ret_symbol)
{
	struct go_names *go = source;
	struct go_function function;
	int err;

	if (go->next >= go->table.function_count)
		return 0;
	err = go_table_range(&go->table, go->next, &function);
	if (err)
		return err == -EBADMSG ? 0 : err;
	*ret_symbol = (struct function_symbol){
		.start = function.address,
		.end = function.address + function.size,
		.section_end = function.address,
		.name = go->next++,
		.binding = SYMBOL_LOCAL,
	};
	return 1;
}

static int source_name(void *source, uint32_t name, struct buffer *to)
{
	struct go_names *go = source;
	int err = go_table_name(&go->table, name, to);

	return err == -EBADMSG ? -ENOENT : err;
}

int go_names_open(struct elf_file *file, struct function_source *ret_source)
{
	static const struct function_source_ops ops = {
		.next = source_next,
		.name = source_name,
		.free = source_free,
	};
	struct go_names *go = calloc(1, sizeof(*go));
	int err;

	if (!go)
		return -ENOMEM;
	err = go_table_init(&go->table, file);
	if (err) {
		go_table_release(&go->table);
		free(go);
		return err == -EBADMSG ? -ENOENT : err;
	}
	*ret_source = (struct function_source){ .ops = &ops, .source = go };
	return 0;
}
