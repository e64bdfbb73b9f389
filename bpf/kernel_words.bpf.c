// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of kernel code, asked of the kernel: it finds an address in its own table in a microsecond, where whoever reads
 * /proc/kallsyms has it write out all of that, some 10 MB.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/events.h"

char LICENSE[] SEC("license") = "GPL";

/* Set before each run; `batch` is the answer as well. */
__u32 count;
struct kernel_words batch[KERNEL_WORDS_BATCH];

static const char with_module[] = "%pS";

static long name_address(__u32 i, void *context)
{
	struct kernel_words *words = &batch[i & (KERNEL_WORDS_BATCH - 1)];

	(void)context;
	bpf_snprintf(words->text, sizeof(words->text), with_module, &words->address,
		     sizeof(words->address));
	return 0;
}

SEC("syscall")
int name_kernel_code(void *context)
{
	(void)context;
	bpf_loop(count, name_address, NULL, 0);
	return 0;
}
