/* SPDX-License-Identifier: Apache-2.0 */
/* What the slices have that are to be one (roll_up.h): their words in one profile, how much each of these counts, and their windows. */
#ifndef HEARTH_STORE_ROLL_UP_SOURCES_H
#define HEARTH_STORE_ROLL_UP_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/string_pool.h"
#include "store/event_list.h"
#include "store/slice_dictionary.h"
#include "store/slice_names.h"
#include "store/store_folder.h"

/* The best that was told of a frame that has no name: a part of the links. */
struct told_frame {
	uint32_t first, count;
	bool is_told, is_root;
};

struct roll_up_group;

struct roll_up_sources {
	const char *folder;
	const struct slice_entry *slices;
	const _Atomic bool *stops; /* or NULL */
	size_t count;
	struct profile *words;                  /* frames without a name stay so */
	struct dictionary_reader *dictionaries; /* per slice: its numbers in the words */
	size_t begun;                           /* of these */
	struct buffer head;                     /* the body that all of them have */
	struct buffer self,
		label_self; /* uint64_t, per node and label set: samples that end there, or have it */
	struct buffer
		label_tops; /* uint32_t, per label set: a child of the root that one of its samples hangs from */
	struct buffer told;           /* struct told_frame, per frame, of the first ones */
	struct buffer links;          /* struct told_name */
	struct string_pool build_ids; /* of modules, in their order */
	struct buffer modules;        /* struct module_code, of which the build-id is not set */
	struct event_list events;
	uint64_t total; /* samples */
};

/*
 * Reads all but samples and times, of so many of the first ones as count the same, and have no more nodes together than there is to be room for. 0, -ENOMEM, -ECANCELED: the group stops, -EINVAL: they have several
 * values, -EBADMSG: the slice `ret_bad` is damaged, or another error of slice_file.h; to be released in either case. Group and folder stay the caller's.
 */
int roll_up_sources_read(struct roll_up_sources *sources, const char *folder,
			 const struct roll_up_group *group, size_t *ret_bad);
void roll_up_sources_release(struct roll_up_sources *sources);

/* Ids are those of the words; anything but 0 ends the reading, and is its result. */
struct roll_up_sink {
	void *context;
	int (*window)(void *context, struct window_span span, const struct window_report *report);
	int (*sample)(void *context, const struct sample *sample, uint64_t value);
};

/* Calls for each window, and then for each of its samples, of nodes and label sets for which there is a count: 0, the sink's result, -ECANCELED, or an error of slice_file.h. */
int roll_up_sources_each(const struct roll_up_sources *sources, const struct roll_up_sink *sink);

#endif
