/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function's frames differ by the line that was executed. Outputs show functions, so that such frames are merged, or the lines, and then they
 * are a part of the names.
 */
#ifndef HEARTH_MODEL_FRAME_LINES_H
#define HEARTH_MODEL_FRAME_LINES_H

#include <stdbool.h>

struct profile;

/*
 * A new profile without lines, if there are any in this one, else NULL: 0 or -ENOMEM. Frames that differ by their line only are one, which
 * has its file if all agree; or, `by_line`, each is called "NAME (FILE:LINE)", with the file's base name. Ticks and the order
 * of arrival stay; the origin stays behind.
 */
int frame_lines_settle(const struct profile *profile, bool by_line, struct profile **ret_settled);

#endif
