/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a name fits into a width. An argument list gives way first (Mutex::Lock(int) const ->
 * Mutex::Lock), then leading namespaces (absl::lts::Mutex::Lock -> Mutex::Lock), then the middle
 * (Mutex::Lo…ock): the end of a name tells more than its start. Widths are counted in columns of a monospace face; ideographs take two.
 * web/frame_label.js does the same for the width of the window: keep the two in step.
 */
#ifndef HEARTH_RENDER_LABEL_H
#define HEARTH_RENDER_LABEL_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;

#define LABEL_MIN_COLUMNS 3 /* less says nothing */

/* Columns that clean UTF-8 takes. */
size_t label_columns(const char *text, size_t size);

/*
 * Appends what of `text` (clean UTF-8) fits into `columns`; nothing if they are fewer than the
 * least. `cut_right` keeps the start instead of both ends, namespaces and all.
 */
void label_fit(struct buffer *to, const char *text, size_t size, size_t columns, bool cut_right);

#endif
