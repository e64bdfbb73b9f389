/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as a call graph for KCachegrind and callgrind_annotate (valgrind's manual, "Callgrind Format Specification"). Functions are those of
 * function_totals.h, with the lines where they were and called, as far as these are known; "all" calls what the stacks begin with.
 *
 * What a function costs with all that it calls, readers add up from the calls to it. So a call costs nothing where a caller further out is the
 * function already: then the sum is the function's total, recursion counted once. How often something was called, no sample tells: it says 1.
 */
#ifndef HEARTH_RENDER_CALLGRIND_WRITER_H
#define HEARTH_RENDER_CALLGRIND_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM; `options` may be NULL. */
int callgrind_write(const struct profile *profile, const struct render_options *options,
		    struct buffer *to);

#endif
