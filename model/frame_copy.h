/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of one profile in another one, each copied when it is first needed. */
#ifndef HEARTH_MODEL_FRAME_COPY_H
#define HEARTH_MODEL_FRAME_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/frame_lines.h"

struct profile;

struct frame_copy {
	const struct profile *from;
	struct profile *to;
	uint32_t *frames; /* per frame of `from`: its id in `to`, or PROFILE_NONE */
	struct frame_lines lines;
};

/* Both profiles stay the caller's. `strips_modules`: copies have none. 0 or -ENOMEM; to be released in either case. */
int frame_copy_init(struct frame_copy *copy, const struct profile *from, struct profile *to,
		    enum frame_lines_way way, bool strips_modules);
void frame_copy_release(struct frame_copy *copy);

/* The id in `to` of a frame of `from`: 0 or -ENOMEM. */
int frame_copy_add(struct frame_copy *copy, uint32_t frame, uint32_t *ret_frame);

#endif
