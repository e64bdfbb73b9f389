/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the socket (SOCK_SEQPACKET: whole messages) between hearth and its opener, in the machine's byte order:
 *
 *     opener -> hearth   struct opener_hello, once
 *     hearth -> opener   struct opener_question, and the path behind it; with a descriptor where the question is about one
 *     opener -> hearth   struct opener_reply: OPENER_GOES_ON, any number of times
 *     opener -> hearth   struct opener_reply: OPENER_HAS_MAPPED: asks for the program; once for each way to a module
 *     hearth -> opener   a byte, with the program's descriptor
 *     opener -> hearth   struct opener_reply: OPENER_IS_DONE, with the descriptor unless there is an error
 *
 * One question at a time. The program comes only when what might hang is behind: an opener that hangs for good must not hold anything of a recording.
 */
#ifndef HEARTH_WORKER_OPENER_PROTOCOL_H
#define HEARTH_WORKER_OPENER_PROTOCOL_H

#include <limits.h>
#include <stdint.h>

#define OPENER_MAGIC 0x6e65706fu /* "open" */

enum opener_word { OPENER_GOES_ON = 1, OPENER_HAS_MAPPED, OPENER_IS_DONE };

struct opener_hello {
	uint32_t magic;
	int32_t error;   /* 0: it is in its cage */
	char failed[64]; /* else what failed, for the user */
};

struct opener_question {
	uint32_t magic;
	uint32_t pid; /* as struct file_place */
	uint64_t id;
	uint64_t mapping_start, mapping_end;
	uint64_t module;     /* that the file must be */
	uint64_t size;       /* that it must have */
	uint32_t path_bytes; /* with its terminator; 0: not known */
	uint32_t what;       /* enum opener_what */
	uint32_t is_named;   /* by a file, */
	uint32_t named_by;   /* of this user, who may not name every one */
};

#define OPENER_MAX_QUESTION_BYTES (sizeof(struct opener_question) + PATH_MAX)

struct opener_reply {
	uint32_t magic;
	uint32_t word;       /* enum opener_word */
	uint64_t id;         /* of the question */
	int32_t error;       /* 0 or a negative errno, when it is done */
	uint32_t owner;      /* of the file, if it was no module's: st_uid */
	uint64_t written_ns; /* and its st_mtim */
};

_Static_assert(sizeof(struct opener_hello) == 72, "opener_hello is part of the protocol");
_Static_assert(sizeof(struct opener_question) == 64, "so is opener_question");
_Static_assert(sizeof(struct opener_reply) == 32, "and opener_reply");

#endif
