/* SPDX-License-Identifier: Apache-2.0 */
/* Asked addresses in ascending order, each as often as it was asked for. */
#ifndef HEARTH_SYMBOLIZE_ASCENDING_H
#define HEARTH_SYMBOLIZE_ASCENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool ascending_is(const uint64_t *addresses, size_t count);

/* The index of the first address that is not below `address`; `count` if all are. */
size_t ascending_first_from(const uint64_t *addresses, size_t count, uint64_t address);

#endif
