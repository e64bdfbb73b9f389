/* SPDX-License-Identifier: Apache-2.0 */
/* What a store (store_folder.h) has of a span, while somebody writes into it or not. */
#ifndef HEARTH_STORE_STORE_READER_H
#define HEARTH_STORE_STORE_READER_H

#include <stdint.h>

#include "base/buffer.h"
#include "store/slice_file.h"
#include "store/slice_window.h"

struct slice_entry;

/*
 * Opens a slice of the folder's list. One that was open, and has another name since it was sealed, is found by its number, and is what the entry tells of then. 0; -ENOENT: it is gone; or an error of
 * slice_file.h.
 */
int store_open_slice(const char *folder, struct slice_entry *entry,
		     struct slice_reader **ret_slice);

/*
 * Something of a slice is not there any more; what is good was taken. `error`: that of its file, -EBADMSG where it is damaged, or 0: only chunks are.
 */
typedef void (*store_damage_fn)(void *context, const struct slice_entry *slice,
				const struct slice_report *report, int error);

/*
 * Appends the chunks that tell of a span (chunk_stream.h). Damage is told, and the rest goes on. 0, -ENOMEM, or the error of opening the folder.
 */
int store_collect(const char *folder, struct window_span part, store_damage_fn damaged,
		  void *context, struct buffer *stream);

/* The same with the chunks of events alone, of which those told of have some event in the span. */
int store_collect_events(const char *folder, struct window_span part, store_damage_fn damaged,
			 void *context, struct buffer *stream);

#endif
