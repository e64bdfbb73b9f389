/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a module's file, with the help of its separate debug file where it has no CFI of its own. */
#ifndef HEARTH_PROFILER_ROW_SOURCE_H
#define HEARTH_PROFILER_ROW_SOURCE_H

#include "base/buffer.h"

/* As row_compiler_compile(), whose debug file is looked for where there is one for symbols. */
int row_source_compile(int fd, struct buffer *ret_table);

#endif
