/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a row table (row_table.h) from rules that come in the order of the file's text, whoever finds them:
 * the CFI of row_compiler.c, or what else tells how some code is unwound. Not thread-safe.
 */
#ifndef HEARTH_UNWIND_ROW_TABLE_BUILDER_H
#define HEARTH_UNWIND_ROW_TABLE_BUILDER_H

#include "base/buffer.h"
#include "unwind/row_table.h"

struct row_table_builder;

/* Writes to `to`, which lives longer and must be empty. NULL: out of memory. */
struct row_table_builder *row_table_builder_new(struct buffer *to);
void row_table_builder_free(struct row_table_builder *builder);

/*
 * From `offset` on, up to the next call's, the rule is this. Offsets never go down; of several calls with
 * one offset the last counts; equal neighbours are merged. Text begins with the first call and ends with the
 * last one, whose rule is UNWIND_NO_CFI. Errors are kept until the end. Gives the rule's number.
 */
uint32_t row_table_builder_add(struct row_table_builder *builder, uint64_t offset,
			       const struct unwind_rule *rule);

/* The same for a rule that was added before, by its number: faster. */
void row_table_builder_add_number(struct row_table_builder *builder, uint64_t offset,
				  uint32_t number);

/* 0, or what row_table_builder_finish() will give for good: nothing that is added counts any more. */
int row_table_builder_error(const struct row_table_builder *builder);

/*
 * Writes what is left and the header, of which `statistics` gives what this cannot know. 0; -EFBIG: beyond
 * ROW_TABLE_MAX_BYTES or ROW_TABLE_MAX_BLOCKS; -EINVAL: an offset went down; -ENOMEM.
 */
int row_table_builder_finish(struct row_table_builder *builder,
			     const struct row_table_header *statistics);

#endif
