/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slice of the store on disk: an SQLite database (sqlite.org/fileformat2.html) whose application ID is SLICE_APPLICATION and whose user version is SLICE_VERSION,
 * with one table:
 *
 *   chunk   id        from 1 on, without a gap: what a chunk refers to stands before it
 *           kind      number of chunk_kinds.def
 *           start_ns  of the window that it is of, and the end: nanoseconds since 1970 of the wall clock
 *           end_ns
 *           size      of the body before it was compressed
 *           body_checksum  CRC-32 (zlib) of the body as it stands here
 *           row_checksum   CRC-32 of all numbers before, eight bytes each, the lowest first
 *           body      compressed by zlib; the last column, so that who passes over it does not read it
 *
 * Version 1 knew less kinds of chunk; its slices are read as they are. Only slices that are rolled up (roll_up.h) are of version 3. While it is written it is in WAL mode, each commit synced, with pages of 512 bytes: a window of some 2 kB then costs half of what larger ones do. A sealed one is a single file that
 * needs no other beside it. One process writes; any number read, and hold nobody up.
 */
#ifndef HEARTH_STORE_SLICE_FILE_H
#define HEARTH_STORE_SLICE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "store/slice_window.h"

#define SLICE_APPLICATION      0x48525448 /* "HRTH" */
#define SLICE_VERSION          3
#define SLICE_VERSION_RECORDED 2 /* of what is not rolled up */

enum chunk_kind {
#define CHUNK_KIND(constant, number, name) constant = number,
#include "store/chunk_kinds.def"
#undef CHUNK_KIND
};

/*
 * Errors of all functions: -ENOMEM, -ENOSPC, -EIO, -EACCES, -EROFS, -EBUSY, -ENOENT, and -EBADMSG: it is damaged, or no slice. -ENOTSUP: of a newer version than this
 * hearth's. -ENODATA: it was created, and nothing of it is there yet, as of one who was killed then.
 */

/* --- writing --- */

struct slice_writer;

/* A new file: also -EEXIST. */
int slice_create(const char *path, struct slice_writer **ret_writer);

/* One whose chunks are put at once: it is of use when it is sealed, and to be taken away if it is not. */
int slice_create_rolled(const char *path, struct slice_writer **ret_writer);

/* Opens one that was left without a seal, as after a crash; what was committed is there. */
int slice_reopen(const char *path, struct slice_writer **ret_writer);

/* Closes it, as it is. */
void slice_writer_free(struct slice_writer *writer);

/* Chunks between these stand in the file together, or, where anything fails, none of them does. */
int slice_begin(struct slice_writer *writer);
int slice_put(struct slice_writer *writer, enum chunk_kind kind, struct window_span span,
	      uint64_t size, struct bytes packed); /* chunk_body.h */
int slice_commit(struct slice_writer *writer);
void slice_roll_back(struct slice_writer *writer);

/* Adds the seal, if there is none, and makes a single file of it. -EBUSY: somebody reads it; to be done again later. */
int slice_seal(struct slice_writer *writer);

/* Of its windows; start 0: there is none. */
struct window_span slice_writer_span(const struct slice_writer *writer);

/* --- reading --- */

struct slice_reader;

/* Where no file can be made beside it, as on a full disk, one that nobody writes is read too. What SQLite does not read of such a one, because its head or tree is damaged, is read from memory (slice_mend.h). */
int slice_open(const char *path, struct slice_reader **ret_reader);
void slice_reader_free(struct slice_reader *reader);

/* A chunk, whose body is valid during the call. */
struct slice_chunk {
	uint64_t id;
	enum chunk_kind kind;
	struct window_span span;
	uint64_t size;       /* of the body */
	struct bytes packed; /* chunk_body.h; NULL: it is damaged, and the rest need not be true */
};

/* Anything but 0 ends the reading, and is its error. */
typedef int (*slice_chunk_fn)(void *context, const struct slice_chunk *chunk);

/*
 * Calls `take` for the chunks from an ID on, in their order, whose bodies are not read: `packed` is NULL of all. One whose row is damaged has kind 0. 0, an error, or the result of `take`.
 */
int slice_each_row(struct slice_reader *reader, uint64_t from_id, slice_chunk_fn take,
		   void *context);

/* Calls `take` for one chunk: -EBADMSG: it is damaged, or there is none. */
int slice_read_chunk(struct slice_reader *reader, uint64_t id, slice_chunk_fn take, void *context);

/* What reading met. */
struct slice_report {
	uint64_t chunks;  /* that were read */
	uint64_t damaged; /* of them: whose bodies are not what they were */
	uint64_t
		missing; /* that should be there and are not; in their place, or ahead of the first one, one without a body is taken */
	bool is_sealed;
	bool is_mended; /* the file of a sealed one is damaged, whatever could be read */
};

/*
 * Calls `take` for all chunks but the windows, and for those windows that have a part in common with `part`, in their order. Damage of the file itself that could not be mended ends it
 * with -EBADMSG: what was read before is good.
 */
int slice_read(struct slice_reader *reader, struct window_span part, slice_chunk_fn take,
	       void *context, struct slice_report *ret_report);

#endif
