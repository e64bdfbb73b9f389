/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store: a folder of slices (slice_file.h), profiles by the time of the wall clock that they are of.
 *
 *   FOLDER/lock                      held by the one who writes
 *   FOLDER/names.lock                held by the one who exchanges sealed slices for others with better names (slice_rewrite.h), all the time, and, while one that was rolled up takes the place of others, by whoever writes
 *   FOLDER/NUMBER-START-END.slice    a sealed slice, with its span in milliseconds since 1970, rounded outwards; numbers count from 1 in the order in which slices were begun
 *   FOLDER/NUMBER-START-END-LEVEL-FIRST-LAST.slice    one that was rolled up (roll_up.h) of such of the numbers FIRST to LAST as were of a lower level: these count no more, and are not listed, if they lie in its span
 *   FOLDER/NUMBER-open.slice         that which is being written, with SQLite's own files beside it; or what a crash left, until the next one writes
 *   FOLDER/NUMBER-damaged.slice      one that could not be opened then, set aside
 *
 *   FOLDER/rolling.slice             one that is being made of others, or what a crash left of it
 *   FOLDER/naming.slice              a copy of one that is named anew, the same
 *
 * Nothing but the names and the slices tells what there is: no two files have to fit.
 */
#ifndef HEARTH_STORE_STORE_FOLDER_H
#define HEARTH_STORE_STORE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "store/slice_window.h"

#define STORE_ROLLING    "rolling.slice"
#define STORE_NAMING     "naming.slice"
#define STORE_LOCK       "lock"
#define STORE_NAMES_LOCK "names.lock"

struct stat;

enum slice_state { SLICE_SEALED, SLICE_IS_OPEN, SLICE_SET_ASIDE };

struct slice_entry {
	uint64_t number;
	enum slice_state state;
	struct window_span span; /* of a sealed one */
	uint64_t level;          /* of a sealed one: enum roll_up_number */
	uint64_t first, last;    /* of a level: the numbers that it was made of are among these */
	uint64_t bytes;          /* of the file, and of those beside it */
	uint64_t written_ns;     /* when the file was, wall clock */
	uint64_t
		last_write_ns; /* the same, or when what SQLite has beside one that is open was, whichever is later */
};

struct slice_list {
	struct slice_entry *entries; /* by number */
	size_t count;
};

uint64_t store_folder_written_ns(const struct stat *status); /* of its file */

/* 0, -ENOMEM, or the error of opening the folder; to be released in either case. */
int store_folder_list(const char *folder, struct slice_list *ret_list);
void slice_list_release(struct slice_list *list);

/* The same of those that count no more, for others were made of them. */
int store_folder_list_replaced(const char *folder, struct slice_list *ret_list);

/* Takes its file away, and those beside it: 0 or -errno. */
int store_folder_remove(const char *folder, const struct slice_entry *entry);

/* Gives its file another name: 0 or -errno. */
int store_folder_rename(const char *folder, const struct slice_entry *from,
			const struct slice_entry *to);

/* The same to that of a damaged one, and to what SQLite has beside it. */
int store_folder_set_aside(const char *folder, const struct slice_entry *entry);

/* Takes one of the locks, which only the owner of the folder can: 0, -EWOULDBLOCK: somebody holds it, or -errno. It is held until it is closed. */
int store_folder_lock(const char *folder, const char *name, int *ret_lock);

/* "FOLDER/NAME" of an entry's file, to be freed; NULL: out of memory. */
char *store_folder_path(const char *folder, const struct slice_entry *entry);

#endif
