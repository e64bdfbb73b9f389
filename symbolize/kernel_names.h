/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for kernel addresses: by what is known of code that came and went (code_history.h), where it tells of an address, else by
 * what the kernel itself says of it now (kernel_word.h); what that does not know (trampolines of ftrace and kprobes), and all
 * where it was not asked, by /proc/kallsyms as it is now. Where changes were missed, code that was made at run time has no name.
 */
#ifndef HEARTH_SYMBOLIZE_KERNEL_NAMES_H
#define HEARTH_SYMBOLIZE_KERNEL_NAMES_H

struct answer;
struct symbol_request;

/*
 * Answers a SYMBOL_KERNEL request: 0; as code_history_resolve(); or, where the kernel was not asked, -ENOENT: there is no
 * /proc/kallsyms, or as kallsyms_find().
 */
int kernel_names_answer(const struct symbol_request *request, struct answer *answer);

#endif
