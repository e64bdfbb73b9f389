/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as one block of bytes, for the page (web/profile_data.js reads it).
 *
 * The block is "HPB1" and then sections: a tag of four letters, the size of what follows, and that. A reader
 * passes over tags that it does not know, so that sections can be added. Numbers are LEB128: seven bits a byte, the lowest first, the
 * top bit set in all but the last. A text is its size in bytes and clean UTF-8 (base/utf8.h). A column is
 * its size in bytes and one number per item.
 *
 *   info  count, then per fact two texts, its key and its value: what the profile is of and how to draw it
 *   kind  count, then per kind of frame its name
 *   strs  count of strings, ascending by their bytes; the column of bytes that each shares with
 *         the one before; the column of the sizes of the rest; all the rests
 *   fram  count of frames, ascending by name, kind, module, source file and line; columns: the name's string as its distance from that of the frame
 *         before (zigzag: 0, -1, 1, -2, ... as 0, 1, 2, 3, ...); the module's string + 1, 0 for none; the kind
 *   line  if any is known: columns: per frame its source file's string + 1, 0 for none; the line, 0 for none
 *   look  count of ramps, per ramp its name and 16 shades of 12 bytes: fill and ink in light, fill and ink in dark, each
 *         red, green, blue; columns: per frame its ramp and its shade
 *   tree  the root's own ticks; count of the other nodes, in the order of a walk from the root, children as they came; columns: how
 *         many levels up from the node before the parent is (0: that node itself), the frame, the ticks that ended here
 *   thrd  if threads or times are known: count of names, per name its text; count of threads, the one with the most ticks first; columns: the
 *         name + 1, the process's ID + 1, the thread's ID + 1 (0: not known), how many rows of smpl are its; how many threads with few ticks are together in
 *         the last one (0: none are)
 *   time  if times are known: nanoseconds of a slot; when slot 0 begins, in nanoseconds of the profile's clock; count of slots; how many times wider the
 *         slots are than they would be of fewer samples; nanoseconds of the narrowest cell that a timeline of it may have, which is of whole slots. Slots of a flame
 *         chart are of 1 microsecond and its cells of 2 or 20 milliseconds, else a cell is a slot and of these
 *   smpl  beside thrd: columns of rows, which stand by thread, node and slot: the node (its index in the walk, the root's is 0) as its distance from that
 *         of the row before of the same thread (or from 0); the slot + 1, 0 for none, as its distance from that of the row before of the same thread and node (or
 *         from 0); the ticks. A sample that weighs nanoseconds has rows in all slots that it lasts, of a flame chart one in each cell
 *   fate  1 if the fates are known, else 0; ticks due, complete, truncated, lost; count of reasons, per reason
 *         its fate (1 truncated, 2 lost), its text, its ticks
 *
 * Nodes below which no tick ended are left out. Names are cut to PROFILE_BLOCK_NAME_MAX bytes.
 */
#ifndef HEARTH_RENDER_PROFILE_BLOCK_H
#define HEARTH_RENDER_PROFILE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct profile;
struct render_options;

#define PROFILE_BLOCK_MAGIC    "HPB1"
#define PROFILE_BLOCK_NAME_MAX 4096

/*
 * With more threads those with the fewest ticks are told together; with more rows of samples slots are wider (and cells, where samples last so long that they
 * alone would make too many); where even that does not do, samples are left out.
 */
#define PROFILE_BLOCK_THREADS_MAX 10000u
#define PROFILE_BLOCK_ROWS_MAX    ((size_t)1 << 20)

/* The pieces of a block, for whoever appends a section. */
void profile_block_number(struct buffer *to, uint64_t value);
void profile_block_text(struct buffer *to, const char *text); /* NULL as "" */
void profile_block_bytes(struct buffer *to, const char *text, size_t size);
/* Appends a section; its content is the caller's. */
void profile_block_section(struct buffer *to, const char tag[5], const struct buffer *content);
/* Appends a column, or any run of bytes with its size ahead. */
void profile_block_column(struct buffer *to, const struct buffer *column);

/* 0 or -ENOMEM. */
int profile_block_write(const struct profile *profile, const struct render_options *options,
			struct buffer *to);

#endif
