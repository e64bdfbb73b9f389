/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a module's file, compiled in the worker, with the help of its separate debug file where it has next to no call frame
 * information of its own: that is looked for and opened here, read and judged by the worker. What the worker failed at
 * is not asked again: its error is final.
 */
#ifndef HEARTH_PROFILER_ROW_SOURCE_H
#define HEARTH_PROFILER_ROW_SOURCE_H

#include "base/buffer.h"

struct unwind_row_source;
struct worker;

/* For unwind_loader_new(). The worker lives longer. */
struct unwind_row_source row_source_of_worker(struct worker *worker);

/* The vdso's, which are this process's own bytes; errors as of row_compiler_compile(). */
int row_source_compile_vdso(struct buffer *ret_table);

#endif
