/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the windows of a slice refer to: strings, frames, nodes of the stack tree, label sets. Each is written once, in the chunk of the first window that needs it, and
 * known by its number from then on. A chunk says which numbers it begins with, so that a reader who has lost one still knows what the others mean.
 *
 * The body of a chunk, in this order; a reference is a number, or where there may be none the number + 1, and 0 for none:
 *
 *   strings      first, count; the size of each (column), then their bytes
 *   frames       first, count; a column with the kind of each: enum frame_kind, or of those that have no name yet 128, of markers that hold unless a root is below them 129. Then four columns of those
 *                that have a name: name, module?, file?, line; and three of the others: module?, build-id?, offset in the file. What is called what is told by chunks of names (slice_names.h)
 *   nodes        first, count; two columns: parent, frame. Node 0 is the root, and stands in no chunk
 *   label sets   first, count; number of labels; a column for each, by its place in model/sample_labels.def: number + 1 or text?, 0: unknown. Set 0 is the one of which nothing is known, and
 *                stands in no chunk. Version 1 had no number of labels, and seven of them
 */
#ifndef HEARTH_STORE_SLICE_DICTIONARY_H
#define HEARTH_STORE_SLICE_DICTIONARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "store/slice_names.h"

struct profile;

/* How many of each there are. */
struct dictionary_counts {
	uint32_t strings, frames, nodes, labels;
};

/* --- writing --- */

/* Its profile counts nothing: its own numbers are those of the slice. */
struct dictionary_writer {
	struct profile *profile;
	struct dictionary_counts written;
};

int dictionary_writer_init(struct dictionary_writer *writer); /* 0 or -ENOMEM */
void dictionary_writer_release(struct dictionary_writer *writer);

/* Is there anything that no chunk has yet? */
bool dictionary_writer_has_more(const struct dictionary_writer *writer);

/* The body of a chunk with all of that: 0 or -ENOMEM. */
int dictionary_writer_append(const struct dictionary_writer *writer, struct buffer *to);

/* It is on disk. */
void dictionary_writer_settle(struct dictionary_writer *writer);

/* --- reading --- */

/* By number, of each the id in a profile; PROFILE_NONE: its chunk is lost. */
struct dictionary_map {
	struct buffer ids; /* uint32_t */
};

/* Is told of each frame that was kept without a name: its number, build-id (a string of the profile, or PROFILE_NONE), offset, and what chunks told of it: a row of names, or PROFILE_NONE. 0 or an error. */
struct dictionary_places {
	int (*take)(void *context, uint64_t number, uint32_t build_id, uint64_t offset,
		    uint32_t names);
	void *context;
};

struct dictionary_reader {
	const struct dictionary_places *places; /* NULL: nobody asks */
	struct profile *profile;
	struct slice_names names; /* what was told of names; to be taken before the frames are */
	struct dictionary_map strings, frames, nodes, labels;
	struct dictionary_map named; /* per frame its row in `names`, or PROFILE_NONE */
	struct dictionary_map
		proven; /* per node the one that a root below it hangs from: itself, or the parent of a marker that does not hold then */
	struct buffer bases; /* slice_bases.h */
	bool lacks_chunks;   /* numbers may be missing: */
	uint32_t missing;    /* so many do so far */
	bool keeps_places; /* set by the caller: frames without a name stay so, and what was told of names is not used */
};

/* The profile, which keeps samples, stays the caller's. 0 or -ENOMEM; to be released in either case. */
int dictionary_reader_init(struct dictionary_reader *reader, struct profile *profile);
void dictionary_reader_release(struct dictionary_reader *reader);

/* Takes a chunk: 0, -ENOMEM, or -EBADMSG: it is none, and numbers may be missing from now on. */
int dictionary_reader_take(struct dictionary_reader *reader, struct bytes body);
int dictionary_reader_take_version_1(struct dictionary_reader *reader, struct bytes body);

/* The id of a number, PROFILE_NONE: there is none. */
static inline uint32_t dictionary_map_get(const struct dictionary_map *map, uint64_t number)
{
	return number < map->ids.size / sizeof(uint32_t) ? ((const uint32_t *)map->ids.data)[number]
							 : UINT32_MAX;
}

#endif
