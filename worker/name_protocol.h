/* SPDX-License-Identifier: Apache-2.0 */
/* What the two sides of name_service.h say to each other, which are the same program: numbers in the host's byte order. */
#ifndef HEARTH_WORKER_NAME_PROTOCOL_H
#define HEARTH_WORKER_NAME_PROTOCOL_H

#include <stdint.h>

#include "elf/code_segments.h"
#include "symbolize/symbolizer.h"
#include "worker/debug_identity.h"

/*
 * The request's payload, with the descriptors of a file, its debug file, the supplementary file of their DWARF and the package of its split units, of which any may be missing, and
 * files of single ones, or of a jitdump and a perf map: this, addresses, looks at the jitdump and at the perf map, the ids of the single units.
 */
struct name_question {
	uint32_t space; /* enum symbol_space */
	uint32_t way;   /* enum debug_file_way, with a debug file */
	uint32_t address_count, dump_looks, map_looks;
	uint32_t has_dump;
	uint32_t with_inlined, with_lines;
	uint32_t demangle; /* enum demangle_mode */
	uint32_t has_debug_file, has_supplement;
	uint32_t lacks_supplement; /* there is none: inlined calls are read as far as that goes */
	uint32_t has_package;
	uint32_t are_virtual, reserved;
	uint64_t split_file_count;
	uint64_t start_ns, deadline_ns;
};

#define NAME_NONE UINT32_MAX

/* A name, of which the strings lie behind all of them. */
struct name_said {
	uint64_t offset, since_ns;
	uint32_t function; /* where its string begins, NAME_NONE: unknown */
	uint32_t later;    /* so many later ones are next in their list */
	uint32_t inlined;  /* and then so many inlined ones, from the outermost on */
	uint32_t is_root;
	uint32_t file; /* as `function`: the source file */
	uint32_t line;
};

/* A wish (struct split_wish). */
struct split_said {
	uint64_t id;
	uint32_t path; /* where its string begins */
	uint32_t reserved;
};

/* The reply's payload: this, the names of the addresses, what these count, wishes, strings with their ends. */
struct name_answer {
	/* Of the file what may be looked for, of whatever has the DWARF its supplementary file; of the latter only the build-id. */
	struct debug_identity_said wanted, has;
	uint64_t wants_package;
	uint64_t debug_info_errno; /* of struct symbol_reply, positive */
	uint64_t name_count, more_count, split_file_count, string_bytes;
	struct symbol_file_use files;
	struct code_segments segments; /* of the file */
};

_Static_assert(sizeof(struct name_question) % 8 == 0 && sizeof(struct name_answer) % 8 == 0 &&
		       sizeof(struct name_said) % 8 == 0 && sizeof(struct code_look) % 8 == 0 &&
		       sizeof(struct split_said) % 8 == 0,
	       "what follows each is aligned");

#endif
