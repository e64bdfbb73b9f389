/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a module's file, compiled in the worker, with the help of its separate debug file where it has next to no call frame
 * information of its own: that is looked for here, opened by the opener, read and judged by the worker. What the worker failed at
 * is not asked again: its error is final.
 */
#ifndef HEARTH_PROFILER_ROW_SOURCE_H
#define HEARTH_PROFILER_ROW_SOURCE_H

#include "base/buffer.h"

struct local_files;
struct opener;
struct unwind_row_source;
struct worker;

/* Whom it asks; nobody else does meanwhile. No opener: debug files are opened here. */
struct row_source {
	struct worker *worker;
	struct opener *opener;
	struct local_files *local_files;
};

/* For unwind_loader_new(). The source lives longer. */
struct unwind_row_source row_source_of_worker(struct row_source *source);

/* The vdso's, which are this process's own bytes; errors as of row_compiler_compile(). */
int row_source_compile_vdso(struct buffer *ret_table);

#endif
