/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of the running kernel's types (its BTF) those that a BPF object names, for libbpf to relocate the object by (CO-RE). It
 * would read all 120,000 and look through them for each type that the object names, which takes longer than the
 * kernel's verifier does.
 *
 * The path is for libbpf's `btf_custom_path`, which is said before the object can be asked what it names: so the file is
 * empty at first. Not thread-safe.
 */
#ifndef HEARTH_PROFILER_KERNEL_TYPES_H
#define HEARTH_PROFILER_KERNEL_TYPES_H

#include "base/buffer.h"
#include "base/byte_reader.h"

struct btf;

struct kernel_types {
	int fd;
	char path[32];
};

/* An empty file in memory; release it also after a failure. */
int kernel_types_init(struct kernel_types *types);
void kernel_types_release(struct kernel_types *types);

/*
 * Fills the file for an object whose own types are `object`: 0; a negative errno, as -ENOENT where the kernel has no BTF. Where
 * its BTF has something that is not known here, the file has all of it.
 */
int kernel_types_fill(const struct kernel_types *types, const struct btf *object);

/*
 * Appends to `selected` a BTF of those types of `whole`, another one, whose names `object` has (what stands behind ___ is no
 * part of a name), with all that lies inside them. Pointers there are to void. -EOPNOTSUPP: `whole` is of a form that is
 * not known here.
 */
int kernel_types_select(struct bytes whole, const struct btf *object, struct buffer *selected);

#endif
