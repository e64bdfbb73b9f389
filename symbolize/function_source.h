/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells where functions are and what they are called: a symbol table, a file's PLT, Go's table. The search
 * (symbol_search.h) takes any number of them. Functions pass by once, in any order; a name is read only
 * when it is asked for.
 */
#ifndef HEARTH_SYMBOLIZE_FUNCTION_SOURCE_H
#define HEARTH_SYMBOLIZE_FUNCTION_SOURCE_H

#include <stdint.h>

struct buffer;

/* Higher is preferred among symbols at one address. */
enum symbol_binding {
	SYMBOL_LOCAL,
	SYMBOL_WEAK,
	SYMBOL_GLOBAL,
};

struct function_symbol {
	uint64_t start;
	uint64_t end;         /* == start: no size is known */
	uint64_t section_end; /* no function goes on beyond this */
	uint32_t name;        /* for name() below; equal ones are one name */
	enum symbol_binding binding;
};

struct function_source_ops {
	/* The next function: 1; 0 at the end; -ENOMEM, or a read error. */
	int (*next)(void *source, struct function_symbol *ret_symbol);

	/* Replaces the content of `to` by a function's name: 0; -ENOENT: it has none; -ENOMEM, or a read error. */
	int (*name)(void *source, uint32_t name, struct buffer *to);

	void (*free)(void *source);
};

struct function_source {
	const struct function_source_ops *ops;
	void *source;
};

#endif
