/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel functions, from /proc/kallsyms and /proc/modules.
 *
 * kallsyms has a line for each symbol (some 120,000 of them), in no order that may be relied upon:
 *
 *	ffffffff81000450 t do_one_initcall
 *	ffffffffc0201000 t nft_do_chain	[nf_tables]
 *
 * The lines pass by once, and for each asked address only the best symbol at or before it is kept.
 * Sizes are not given. A function ends where any other symbol starts; beyond the last symbol of the
 * kernel, and beyond the end of its module, nothing has a name. Code that the kernel makes while it runs
 * ([bpf], [__builtin__ftrace]) is in no module's range: there a function is taken to end after
 * KALLSYMS_MAX_MADE_BYTES at the latest. Marks of the linker (_etext, __sched_text_start) are no
 * functions, but end one.
 */
#ifndef HEARTH_SYMBOLIZE_KALLSYMS_H
#define HEARTH_SYMBOLIZE_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than these in one question is refused. */
#define KALLSYMS_MAX_ADDRESSES (1u << 20)

/* Of the lines of /proc/modules, more are not looked at. */
#define KALLSYMS_MAX_MODULES 4096

/* BPF programs are compiled to some 5 bytes an instruction, most have far fewer than 3,000. */
#define KALLSYMS_MAX_MADE_BYTES (16u << 10)

struct kallsyms_symbol {
	const char *function; /* NULL: unknown */
	const char *module;   /* "kernel" or the module's name; NULL: in none; may be known alone */
	uint64_t start;       /* of the function */
	bool is_made;         /* while the kernel ran: [bpf], [__builtin__ftrace] and the like */
};

struct kallsyms;

/*
 * Looks addresses (ascending, and only used during the call) up in what the two descriptors give;
 * `modules_fd` -1: there are no modules. 0; -EPERM: the kernel hides its addresses from us
 * (kernel.kptr_restrict); -ENODATA: no symbols; -EINVAL: not ascending; -E2BIG; -ENOMEM; or a read error.
 */
int kallsyms_find(int symbols_fd, int modules_fd, const uint64_t *addresses, size_t count,
		  struct kallsyms **ret_kallsyms);
void kallsyms_free(struct kallsyms *kallsyms);

/* A symbol of the linker's scripts (include/asm-generic/vmlinux.lds.h) that looks like a function. */
bool kallsyms_is_mark(const char *name);

/* The answer for the address with this index; its strings live as long as `kallsyms`. */
struct kallsyms_symbol kallsyms_get(const struct kallsyms *kallsyms, size_t index);

#endif
