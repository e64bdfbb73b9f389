/* SPDX-License-Identifier: Apache-2.0 */
/* One profile as a slice of its own: the chunks of it, as chunk_stream.h has them, made where no file may be opened. */
#ifndef HEARTH_STORE_SLICE_MAKING_H
#define HEARTH_STORE_SLICE_MAKING_H

#include "base/buffer.h"
#include "store/slice_window.h"

struct profile;

/* Of a profile that keeps its samples: 0, -ENOMEM, or -EFBIG: it is too large for a chunk. */
int slice_make(const struct window_times *times, const struct profile *profile,
	       struct buffer *stream);

#endif
