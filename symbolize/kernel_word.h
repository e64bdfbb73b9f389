/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of an address of its code in its own stack traces (lib/vsprintf.c, "%pS"):
 *
 *	do_one_initcall+0x4a/0x2e0
 *	nft_do_chain+0x10/0x5d0 [nf_tables]
 *	bpf_prog_6deef7357e7b4530_tick+0x11/0x25
 *	0xffffffffc0fe0000
 *
 * Of several functions at one address it names one: weak ones and those with more underscores last
 * (scripts/kallsyms.c, compare_symbols()).
 */
#ifndef HEARTH_SYMBOLIZE_KERNEL_WORD_H
#define HEARTH_SYMBOLIZE_KERNEL_WORD_H

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_WORD_NAME_BYTES   512 /* KSYM_NAME_LEN */
#define KERNEL_WORD_MODULE_BYTES 64

struct kernel_word {
	char function[KERNEL_WORD_NAME_BYTES];
	char module
		[KERNEL_WORD_MODULE_BYTES]; /* as /proc/kallsyms has it; "kernel" where it has none */
	uint64_t start;                     /* of the function */
	bool is_made;                       /* while the kernel ran: a BPF program or trampoline */
};

/* Parses what was said of `address`. False: nothing of a function. */
bool kernel_word_parse(const char *text, uint64_t address, struct kernel_word *ret_word);

#endif
