/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/go_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* As Go's linker does for .symtab: what the compiler numbers has a middle dot in its name (cmd/link/internal/ld/symtab.go). */
static void replace_middle_dots(struct buffer *name)
{
	static const char dot[] = "\u00b7";
	size_t length = sizeof(dot) - 1, to = 0;

	for (size_t from = 0; from < name->size;) {
		bool is_dot =
			name->size - from >= length && !memcmp(name->data + from, dot, length);

		name->data[to++] = is_dot ? '.' : name->data[from];
		from += is_dot ? length : 1;
	}
	name->size = to;
}

static int source_name(void *source, uint32_t name, struct buffer *to)
{
	struct go_names *go = source;
	int err = go_table_name(&go->table, name, to);

	if (err)
		return err == -EBADMSG ? -ENOENT : err;
	replace_middle_dots(to);
	return 0;
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
