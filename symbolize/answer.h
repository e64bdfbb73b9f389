/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer while it is made: one name for each asked address, and the strings that the names point to.
 * All of it lives until answer_release(). Names that nobody sets stay unknown.
 */
#ifndef HEARTH_SYMBOLIZE_ANSWER_H
#define HEARTH_SYMBOLIZE_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/string_pool.h"
#include "elf/build_id.h"
#include "elf/code_segments.h"
#include "symbolize/demangle.h"
#include "symbolize/symbolizer.h"

struct answer {
	struct symbol_name *names;
	size_t count;
	struct string_pool strings;
	struct arena more;             /* names that later and inlined point to */
	struct build_id build_id;      /* size 0: none */
	struct code_segments segments; /* of the file */
	enum demangle_mode demangle;
	struct symbol_file_use files;
	int debug_info_error; /* as in struct symbol_reply */
};

int answer_init(struct answer *answer,
		size_t count); /* 0 or -ENOMEM; names are demangled in full */
void answer_release(struct answer *answer);

/* Keeps a string: 0 or -ENOMEM. */
int answer_keep(struct answer *answer, const char *string, const char **ret_kept);

/* Demangles a name as answer->demangle says, and keeps it: 0 or -ENOMEM. */
int answer_keep_demangled(struct answer *answer, const char *name, const char **ret_kept);

/* Adds what follows a name in time: 0 or -ENOMEM. */
int answer_add_later(struct answer *answer, struct symbol_name *name,
		     struct symbol_name **ret_later);

/* Adds a call that was inlined into a name's code: 0 or -ENOMEM. */
int answer_add_inlined(struct answer *answer, struct symbol_name *name,
		       struct symbol_name **ret_inlined);

/* Addresses in ascending order, each with its place in the request. */
struct asked_addresses {
	uint64_t *addresses;
	size_t *places;
	size_t count;
};

int asked_addresses_init(struct asked_addresses *asked, size_t limit); /* 0 or -ENOMEM */
void asked_addresses_release(struct asked_addresses *asked);

/* Adds one, up to the limit. */
void asked_addresses_add(struct asked_addresses *asked, uint64_t address, size_t place);
int asked_addresses_sort(struct asked_addresses *asked); /* 0 or -ENOMEM */

#endif
