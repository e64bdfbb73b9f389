/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts of memory and of files, as people write them: "500M", "2G", in binary multiples. */
#ifndef HEARTH_BASE_BYTE_SIZE_H
#define HEARTH_BASE_BYTE_SIZE_H

#include <stdint.h>

/* 0, or -EINVAL with a reason in `ret_why`. */
int byte_size_parse(const char *text, uint64_t *ret_bytes, const char **ret_why);

#endif
