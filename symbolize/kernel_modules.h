/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel's modules lie, from /proc/modules (kernel/module/procfs.c, m_show()):
 *
 *	nf_tables 303104 12 nft_ct,nft_compat, Live 0xffffffffc0a00000
 *
 * The address is that of the module's text; the size is that of all its parts, which lie apart from
 * Linux 6.4 on, so that a range may reach too far but never ends too early.
 */
#ifndef HEARTH_SYMBOLIZE_KERNEL_MODULES_H
#define HEARTH_SYMBOLIZE_KERNEL_MODULES_H

#include <stddef.h>
#include <stdint.h>

struct kernel_modules;

/* Reads up to `limit` modules; fd -1: a kernel without modules. 0, -ENOMEM, or a read error. */
int kernel_modules_read(int fd, size_t limit, struct kernel_modules **ret_modules);
void kernel_modules_free(struct kernel_modules *modules);

/* One of them, ascending by where they start. */
struct kernel_module {
	const char *name;
	uint64_t start, size;
};

size_t kernel_modules_count(const struct kernel_modules *modules);
struct kernel_module kernel_modules_get(const struct kernel_modules *modules, size_t index);

/* The name of the module that starts last before the address, if its range holds it; or NULL. */
const char *kernel_modules_find(const struct kernel_modules *modules, uint64_t address);

#endif
