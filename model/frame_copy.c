/* SPDX-License-Identifier: Apache-2.0 */
#include "model/frame_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"

int frame_copy_init(struct frame_copy *copy, const struct profile *from, struct profile *to,
		    enum frame_lines_way way, bool strips_modules)
{
	size_t count = profile_frame_count(from);

	*copy = (struct frame_copy){ .from = from,
				     .to = to,
				     .frames = malloc((count + 1) * sizeof(*copy->frames)) };
	if (!copy->frames)
		return -ENOMEM;
	memset(copy->frames, 0xff, count * sizeof(*copy->frames)); /* every one PROFILE_NONE */
	return frame_lines_init(&copy->lines, from, way, strips_modules);
}

void frame_copy_release(struct frame_copy *copy)
{
	free(copy->frames);
	frame_lines_release(&copy->lines);
}

static int add_place(struct frame_copy *copy, struct frame_place place, uint32_t *ret_frame)
{
	int error = profile_copy_string(copy->to, copy->from, &place.module);

	if (!error)
		error = profile_copy_string(copy->to, copy->from, &place.build_id);
	return error ? error : profile_add_place(copy->to, place, ret_frame);
}

static int add(struct frame_copy *copy, struct frame frame, uint32_t *ret_frame)
{
	int error = frame_lines_settle(&copy->lines, copy->to, &frame);

	if (copy->lines.strips_modules)
		frame.module = PROFILE_NONE;
	if (!error)
		error = profile_copy_string(copy->to, copy->from, &frame.module);
	return error ? error : profile_add_frame(copy->to, frame, ret_frame);
}

int frame_copy_add(struct frame_copy *copy, uint32_t frame, uint32_t *ret_frame)
{
	int error;

	if (copy->frames[frame] != PROFILE_NONE)
		error = 0;
	else if (profile_frame(copy->from, frame)->kind == FRAME_UNNAMED)
		error = add_place(copy, *profile_place(copy->from, frame), &copy->frames[frame]);
	else
		error = add(copy, *profile_frame(copy->from, frame), &copy->frames[frame]);
	if (!error)
		*ret_frame = copy->frames[frame];
	return error;
}
