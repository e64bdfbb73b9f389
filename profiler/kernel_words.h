/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own words for addresses of its code, by a BPF program (bpf/kernel_words.bpf.c). It is loaded for the first question and
 * stays for the next ones, for loading it takes ten times as long as an answer. One thread at a time.
 */
#ifndef HEARTH_PROFILER_KERNEL_WORDS_H
#define HEARTH_PROFILER_KERNEL_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct kernel_words_source;

struct kernel_words_list {
	const char **texts; /* for each address, as symbol_kernel_code.words */
	struct arena strings;
};

/* NULL: out of memory. Freeing it unloads the program. */
struct kernel_words_source *kernel_words_source_new(void);
void kernel_words_source_free(struct kernel_words_source *source);

/*
 * Asks for `count` addresses: 0; -ENOMEM; or why the kernel cannot be asked, as loading a program may fail: the next question tries
 * again. Release the list after 0.
 */
int kernel_words_ask(struct kernel_words_source *source, const uint64_t *addresses, size_t count,
		     struct kernel_words_list *ret_list);
void kernel_words_release(struct kernel_words_list *list);

#endif
