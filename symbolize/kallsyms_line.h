/* SPDX-License-Identifier: Apache-2.0 */
/* One line of /proc/kallsyms (kernel/kallsyms.c, s_show()): address, type, name, module. */
#ifndef HEARTH_SYMBOLIZE_KALLSYMS_LINE_H
#define HEARTH_SYMBOLIZE_KALLSYMS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

struct kallsyms_line {
	uint64_t address;
	struct bytes name;
	struct bytes module; /* without brackets; empty: the kernel itself */
	char type;           /* as nm(1) prints it */
};

/* Parses a line without its newline; false: it is none. */
bool kallsyms_line_parse(struct bytes line, struct kallsyms_line *ret_line);

/* Hexadecimal digits up to the first other character, at most 16; `ret_size` may be 0. */
uint64_t kallsyms_hex(struct bytes text, size_t *ret_size);

typedef void (*kallsyms_line_fn)(struct bytes line, void *context);

/*
 * Calls `each` for every line that the descriptor gives; lines over 4 KiB are passed over. 0, -ENOMEM, or
 * a read error.
 */
int kallsyms_each_line(int fd, kallsyms_line_fn each, void *context);

#endif
