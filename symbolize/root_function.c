/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/root_function.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "elf/elf_dynamic.h"

enum root_where {
	ROOT_ENTRY,
	ROOT_LIBC,
	ROOT_LOADER,
	ROOT_ANY,
};

static const struct {
	const char *name;
	enum root_where where;
} roots[] = {
#define ROOT(name, where) { name, ROOT_##where },
#include "symbolize/roots.def"
#undef ROOT
};

static bool starts_with(const char *string, const char *start)
{
	return !strncmp(string, start, strlen(start));
}

/*
 * libc.so.6 (glibc), libc.musl-ARCH.so.1 and libc.so (musl, Android). In musl the dynamic linker is the
 * C library; glibc's is ld-linux-ARCH.so.N, ld64.so.N or ld.so.1.
 */
void root_file_init(struct root_file *root_file, const struct elf_file *file)
{
	char soname[NAME_MAX + 1];
	bool named = !elf_dynamic_soname(file, soname, sizeof(soname));

	*root_file = (struct root_file){
		.entry = elf_file_entry(file),
		.is_program = elf_dynamic_is_program(file),
		.is_libc = (named && starts_with(soname, "libc.")) ||
			   elf_dynamic_is_static_program(file),
		.is_loader = named && (starts_with(soname, "ld-linux") ||
				       starts_with(soname, "ld64.") || starts_with(soname, "ld.")),
	};
}

static bool counts_here(const struct root_file *root_file, enum root_where where, uint64_t start)
{
	switch (where) {
	case ROOT_ENTRY:
		return start == root_file->entry;
	case ROOT_LIBC:
		return root_file->is_libc;
	case ROOT_LOADER:
		return root_file->is_loader;
	case ROOT_ANY:
		return true;
	}
	return false;
}

bool root_function_is(const struct root_file *root_file, const char *name, uint64_t start)
{
	if (root_file->is_program && root_file->entry && start == root_file->entry)
		return true;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (counts_here(root_file, roots[i].where, start) && !strcmp(name, roots[i].name))
			return true;
	}
	return false;
}
