/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own words for addresses of its code, by a BPF program that is loaded for the question
 * (bpf/kernel_words.bpf.c). Not thread-safe.
 */
#ifndef HEARTH_PROFILER_KERNEL_WORDS_H
#define HEARTH_PROFILER_KERNEL_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct kernel_words_list {
	const char **texts; /* for each address, as symbol_kernel_code.words */
	struct arena strings;
};

/*
 * Asks for `count` addresses: 0; -ENOMEM; or why the kernel cannot be asked, as loading a program may fail. Release the list
 * after 0.
 */
int kernel_words_ask(const uint64_t *addresses, size_t count, struct kernel_words_list *ret_list);
void kernel_words_release(struct kernel_words_list *list);

#endif
