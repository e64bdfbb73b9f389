/* SPDX-License-Identifier: Apache-2.0 */
/* Adds profiles to a store (store_folder.h), into the slice that is open. */
#ifndef HEARTH_STORE_STORE_WRITER_H
#define HEARTH_STORE_STORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/slice_events.h"
#include "store/slice_modules.h"
#include "store/slice_names.h"
#include "store/slice_window.h"
#include "store/store_shrink.h"

struct profile;
struct roll_up_ages;
struct slice_rolling;
struct store_writer;

/* A slice is full with so long a span, or so many nodes in its dictionary, whichever is first: some 40 MB of memory while it is open. */
#ifndef STORE_SLICE_NS /* a figure has shorter ones */
#define STORE_SLICE_NS 3600000000000u
#endif
#define STORE_SLICE_NODES (1u << 20)

#define STORE_EVENTS_MAX (1u << 16) /* that wait for a window; of more the first ones are lost */

/*
 * Makes the folder if it is not there, and seals what was left open. 0, -EWOULDBLOCK: somebody else writes into it, or an error of mkdir(), open() or slice_file.h. `ret_set_aside`: so many slices could
 * not be sealed.
 */
int store_writer_open(const char *folder, struct store_writer **ret_writer, size_t *ret_set_aside);

/* Seals the slice that is open, if there is one. 0 or an error; the writer is gone in either case. */
int store_writer_close(struct store_writer *writer);

/*
 * Adds a profile, which keeps its samples, as a window (slice_window.h). It is on disk when this returns, or, after an error of slice_file.h, nothing of it is.
 */
int store_writer_add(struct store_writer *writer, const struct window_times *times,
		     const struct profile *profile);

/* Tells what is known of a window by store_writer_add_names() and store_writer_add_modules(): 0, or why it is not to be kept. */
typedef int (*window_tell_fn)(void *context, struct store_writer *writer);

/* As store_writer_add(), and what `tell` adds meanwhile is on disk together with the window, or nothing of both. */
int store_writer_add_told(struct store_writer *writer, const struct window_times *times,
			  const struct profile *profile, window_tell_fn tell, void *context);

/*
 * Adds events: they are on disk with the next window, or when the slice that is open ends, whichever is first. 0 or -ENOMEM.
 */
int store_writer_add_events(struct store_writer *writer, const struct store_event *events,
			    size_t count);

/* Does a window go into the slice that is open? Else the slice is sealed when it is added, with the names that it has by then. True where none is open. */
bool store_writer_has_room(const struct store_writer *writer, struct window_span span,
			   const struct profile *profile);

/* Where the code of a frame lies that had no name (profile_add_unnamed()). */
struct frame_address {
	const char *module, *build_id; /* NULL: unknown */
	uint64_t offset;
};

/* Anything but 0 ends it, and is its result. The address is valid during the call, which adds nothing. */
typedef int (*frame_address_fn)(void *context, const struct frame_address *address);

/* Calls `take` for the frames of the slice that is open of which no chunk of names tells: 0, -ENOMEM, or the result of `take`. */
int store_writer_each_unnamed(struct store_writer *writer, frame_address_fn take, void *context);

/* What lies at an address: the function whose code it is, then those that were inlined there, the outermost first. */
struct address_names {
	struct frame_address address;
	bool is_root; /* a program or thread starts there */
	const struct frame_name *names;
	size_t count; /* 0: no name is known, and it is not asked for any more in this slice */
};

/*
 * Tells of names as one chunk of the slice that is open; addresses that this has not are passed over. What was told of them before holds no more. It is on disk when this returns,
 * or, after an error of slice_file.h, nothing of it is, and the slice goes on. Each slice needs its names again: after a window was added, ask store_writer_each_unnamed().
 */
int store_writer_add_names(struct store_writer *writer, const struct address_names *names,
			   size_t count);

/* Number of the slice that was begun last, 0: none was. */
uint64_t store_writer_slice(const struct store_writer *writer);

/*
 * Tells where the code of files lies, as one chunk of the slice that is open: each slice needs it again. It is on disk when this returns, or, after an error of slice_file.h, nothing of it is, and the slice
 * goes on.
 */
int store_writer_add_modules(struct store_writer *writer, const struct module_code *modules,
			     size_t count);

/*
 * Adds slices that were made elsewhere (chunk_stream.h), each sealed at once. What their chunks say is not looked at: whoever reads them checks it. 0, -EBADMSG: it is no stream of whole
 * chunks; or an error of slice_file.h, after which those before are there.
 */
int store_writer_add_slices(struct store_writer *writer, struct bytes stream);

/*
 * Chooses slices that are old enough to become one: 0 or -errno; -EAGAIN: somebody makes names better, and it would be in vain. `ret_rolling` is to be run (slice_rolling.h), if its group is not empty, then to be ended here; before that no other one is begun. Slices that others
 * were made of before are taken away.
 */
int store_writer_begin_rolling(struct store_writer *writer, const struct roll_up_ages *ages,
			       uint64_t now_ns, struct slice_rolling *ret_rolling);

/*
 * Puts what was made in its place, and gives the rest up. 0, or an error: nothing has changed, and the slice to blame is not looked at again for an hour. -EAGAIN, -ESTALE: as slice_rolling_settle(), and it is to be
 * made anew.
 */
int store_writer_end_rolling(struct store_writer *writer, uint64_t now_ns,
			     struct slice_rolling *rolling);

/* Takes away what was replaced: 0 or -errno. */
int store_writer_remove_replaced(struct store_writer *writer);

/*
 * Seals what somebody read when it was to be sealed, if nobody does now, and takes slices away that ended before `oldest_ns`, and then, the oldest first, as many
 * more as it takes for the others to have `max_bytes` or less. Those that are set aside are as old as their files; those that are open stay. 0, -errno, or an error of slice_file.h.
 */
int store_writer_shrink(struct store_writer *writer, uint64_t oldest_ns, uint64_t max_bytes,
			struct shrunk *ret_shrunk);

#endif
