/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions hold these addresses? Symbols pass by once, in any order and from any number of
 * sources, and only the best one for each asked address is kept: memory grows with the question and not
 * with the file, and no table needs sorting.
 *
 * The rules, where wrong is worse than unknown:
 *  - A symbol with a size holds the addresses from its start up to its end, and none behind it.
 *  - A symbol without one (assembly code) holds what follows it in its section up to where any other
 *    function starts or ends, and only what no symbol with a size holds.
 *  - What a symbol with a size of a preferred source (a lower rank) holds, no other source names.
 *  - Of several that hold an address the one that starts last (the innermost) is taken. Among those
 *    that start there: global before weak before local, then fewer leading underscores, then the name.
 */
#ifndef HEARTH_SYMBOLIZE_SYMBOL_SEARCH_H
#define HEARTH_SYMBOLIZE_SYMBOL_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolize/symbol_table.h"

/* More than these in one search is refused. */
#define SYMBOL_SEARCH_MAX_ADDRESSES (16u << 20)

struct symbol_search;

/* `addresses` ascending, copied: 0, -EINVAL: not ascending, -E2BIG: too many, -ENOMEM. */
int symbol_search_new(const uint64_t *addresses, size_t count, struct symbol_search **ret_search);
void symbol_search_free(struct symbol_search *search);

/* Symbol tables are preferred to whatever else names functions. */
#define SYMBOL_SEARCH_RANK_TABLE 0

/*
 * Passes all functions of one source by, which the search owns from now on, whatever comes of it. 0;
 * -E2BIG: too many sources, or one made to be expensive, whose functions overlap without end; -ENOMEM; or a read
 * error. After an error the search is of no use any more.
 */
int symbol_search_source(struct symbol_search *search, struct function_source source, uint8_t rank);

/*
 * The same for a symbol table; `file` is used until symbol_search_free(). -EINVAL: not a symbol table, and
 * nothing has happened.
 */
int symbol_search_table(struct symbol_search *search, const struct elf_file *file,
			const struct elf_section *section);

/* To be called once after the last source, before asking. */
void symbol_search_finish(struct symbol_search *search);

struct buffer;

/*
 * The function that holds the address with this index: its start, and its name in place of the content
 * of `name`. 0; -ENOENT: none is known; -ENOMEM; or a read error.
 */
int symbol_search_name(const struct symbol_search *search, size_t index, struct buffer *name,
		       uint64_t *ret_start);

/* Do both addresses lie in one function, so that one name serves both? */
bool symbol_search_same(const struct symbol_search *search, size_t a, size_t b);

#endif
