/* SPDX-License-Identifier: Apache-2.0 */
/* regexec(3) with its errors: glibc's says of want of memory that nothing matches. */
#ifndef HEARTH_MODEL_REGEXP_H
#define HEARTH_MODEL_REGEXP_H

#include <regex.h>
#include <stdbool.h>

/* 0 or -ENOMEM. The expression was compiled without registers (REG_NOSUB). */
int regexp_matches(const regex_t *regexp, const char *text, bool *ret_matches);

#endif
