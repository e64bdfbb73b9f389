/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all windows of a slice have in common, its first chunk: what their samples count and where they come from (profile.h). A window of which anything of that is
 * different begins another slice. The body, a text being its size and its bytes, of none 0:
 *
 *   fates are known (0 or 1); command, machine, event
 *   values       count, and for each name and unit; 0: samples in count
 */
#ifndef HEARTH_STORE_SLICE_HEAD_H
#define HEARTH_STORE_SLICE_HEAD_H

#include "base/buffer.h"
#include "base/byte_reader.h"

struct profile;

int slice_head_append(const struct profile *profile, struct buffer *to); /* 0 or -ENOMEM */

/* Says it of a profile that has counted nothing: 0, -ENOMEM or -EBADMSG. */
int slice_head_take(struct bytes body, struct profile *profile);

#endif
