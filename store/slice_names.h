/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What frames are called that had no name when their window was kept (slice_dictionary.h): a chunk that stands anywhere behind them. Of each it tells a chain: the function whose code it
 * is, and then those that the compiler inlined there, the outermost first; or nothing, which says that no name is known. Of what several chunks of a slice tell of a frame the last one holds, so
 * that names may get better. The body, a reference being the number of a string, or where there may be none the number + 1, and 0 for none:
 *
 *   strings   first, count; the size of each (column), then their bytes. Their numbers go on from chunk to chunk of a slice, so that each stands there once
 *   frames    count; two columns: number in the dictionary, names in the chain * 2 + 1 for a root: a program or thread starts there
 *   names     count; three columns: function, file?, line
 */
#ifndef HEARTH_STORE_SLICE_NAMES_H
#define HEARTH_STORE_SLICE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/string_pool.h"
#include "base/u64_map.h"

struct profile;

/* How much is told of a frame. */
struct chain_worth {
	size_t calls; /* 0: no name is known */
	bool has_file;
};

/* With lines it is better than without, however many calls there are. */
static inline bool chain_is_better(struct chain_worth chain, struct chain_worth known)
{
	if (!chain.calls || (known.has_file && !chain.has_file))
		return false;
	return chain.calls > known.calls || (chain.has_file && !known.has_file);
}

/* --- writing --- */

struct frame_name {
	const char *function;
	const char *file; /* NULL: unknown */
	uint32_t line;    /* 0: unknown */
};

/* A frame of the dictionary. */
struct named_frame {
	uint32_t number;
	bool is_root;
	const struct frame_name *names; /* the chain */
	size_t count;                   /* 0: no name is known */
};

/* The strings of a slice's chunks. */
struct names_writer {
	struct string_pool strings;
	uint32_t written;
};

void names_writer_init(struct names_writer *writer);
void names_writer_release(struct names_writer *writer);

/* The body of a chunk: 0 or -ENOMEM. */
int names_writer_append(struct names_writer *writer, const struct named_frame *frames, size_t count,
			struct buffer *to);

/* It is on disk. */
void names_writer_settle(struct names_writer *writer);

/* --- reading --- */

/* What chunks told, whose strings are those of a profile. */
struct slice_names {
	struct profile *profile;
	struct u64_map by_number; /* row by a frame's number */
	struct buffer rows, links;
	struct buffer strings; /* id by number, PROFILE_NONE: its chunk is lost */
	uint32_t missing;      /* so many of them */
	uint64_t lowest;       /* number of a frame that was told of since the caller set it */
};

/* The profile stays the caller's. */
void slice_names_init(struct slice_names *names, struct profile *profile);
void slice_names_release(struct slice_names *names);

/* Takes a chunk: 0, -ENOMEM, or -EBADMSG: it is none, and nothing was taken but strings. */
int slice_names_take(struct slice_names *names, struct bytes body);

/* The row of a frame by its number, PROFILE_NONE: nothing was told of it. */
uint32_t slice_names_find(const struct slice_names *names, uint64_t number);

size_t slice_names_count(const struct slice_names *names, uint32_t row); /* of the chain */
bool slice_names_is_root(const struct slice_names *names, uint32_t row);

/* A name of a row's chain, by strings of the profile; PROFILE_NONE: no file is known. */
struct told_name {
	uint32_t function, file, line;
};
struct told_name slice_names_get(const struct slice_names *names, uint32_t row, size_t index);

/* Makes frames of a row's chain, which is not empty, in the profile, all of them of a module (PROFILE_NONE: unknown); the first one of them: 0 or -ENOMEM. */
int slice_names_add_frames(struct slice_names *names, uint32_t row, uint32_t module,
			   uint32_t *ret_frame);

/* The frame that was made of a name of the chain. */
uint32_t slice_names_frame(const struct slice_names *names, uint32_t row, size_t index);

#endif
