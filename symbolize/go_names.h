/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of Go's own table (elf/go_table.h), which stays where strip(1) has been. It says what .symtab says,
 * with two differences: type arguments are not spelled out ("main.f[...]"), and a function written in
 * assembly has no ".abi0" behind its name.
 */
#ifndef HEARTH_SYMBOLIZE_GO_NAMES_H
#define HEARTH_SYMBOLIZE_GO_NAMES_H

#include "elf/elf_file.h"
#include "symbolize/function_source.h"

/* `file` lives longer: 0; -ENOENT: it has no such table that can be read; -ENOMEM; or a read error. */
int go_names_open(struct elf_file *file, struct function_source *ret_source);

#endif
