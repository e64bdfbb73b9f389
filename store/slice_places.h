/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places in files of a slice's frames that were kept without names, with what they are called by now: what is needed to name them anew. Decoding is for who has nothing to lose
 * (chunk_stream.h), and what it finds is handed on as bytes, in the host's order: a head, then places, then modules.
 */
#ifndef HEARTH_STORE_SLICE_PLACES_H
#define HEARTH_STORE_SLICE_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "store/slice_modules.h"

#define PLACE_DIGITS_BYTES 136 /* of a build-id, with its end */

struct places_head {
	uint64_t strings; /* of the slice's chunks of names */
	uint64_t places, modules;
};

struct slice_place {
	uint64_t offset; /* in the file */
	uint32_t number; /* of the frame */
	uint32_t module;
	uint32_t calls; /* names in its chain; 0: none is known */
	uint32_t has_file, is_root;
	uint32_t reserved;
};

struct place_module {
	char build_id[PLACE_DIGITS_BYTES]; /* digits, terminated */
	uint64_t count;
	struct module_segment segments[MODULE_SEGMENTS_MAX];
};

/* Those of which it is known where their code lies. `stream`: the chunks of one slice, of which windows are not needed. 0, -ENOMEM or -EBADMSG. */
int slice_places_find(struct bytes stream, struct buffer *to);

/* What was found, as it was handed on: */
struct slice_places {
	uint32_t strings;
	const struct slice_place *places;
	size_t count;
	const struct place_module *modules;
	size_t module_count;
};

/* False: it does not add up. The bytes are aligned for 64 bits, and are pointed to. */
bool slice_places_hear(struct bytes bytes, struct slice_places *ret_places);

#endif
