/* SPDX-License-Identifier: Apache-2.0 */
/* Where a profile comes from, said by one that was made of it. */
#ifndef HEARTH_MODEL_ORIGIN_COPY_H
#define HEARTH_MODEL_ORIGIN_COPY_H

struct profile;

int origin_copy(const struct profile *from, struct profile *to); /* 0 or -ENOMEM */

/* The same once all is counted in `to`, of the same kind: where it holds less than `from`, its origin says how much that was (`before`). */
int origin_copy_with_before(const struct profile *from, struct profile *to);

#endif
