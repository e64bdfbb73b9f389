/* SPDX-License-Identifier: Apache-2.0 */
/* Label sets of one profile in another one. */
#ifndef HEARTH_MODEL_LABEL_COPY_H
#define HEARTH_MODEL_LABEL_COPY_H

#include <stdint.h>

struct profile;

/* Of profiles that keep samples, the first of which has some: per label set of `from` its id in `to`, to be freed. 0 or -ENOMEM. */
int label_copy(const struct profile *from, struct profile *to, uint32_t **ret_labels);

#endif
