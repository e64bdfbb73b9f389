/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compresses by gzip what comes in pieces, so that only the compressed bytes are ever all in memory. No time and no name stand in the head: the same
 * bytes give the same on processors of one kind (ISA-L compresses a little better where it has SSE 4.2). What came before is compressed by a thread beside while more comes.
 */
#ifndef HEARTH_BASE_GZIP_WRITER_H
#define HEARTH_BASE_GZIP_WRITER_H

#include <isa-l/igzip_lib.h>
#include <stdint.h>

#include "base/beside.h"
#include "base/buffer.h"

/* It stays where it was initialised. */
struct gzip_writer {
	struct buffer *to;
	struct buffer pending; /* small pieces are joined */
	struct buffer full;    /* what is being compressed */
	struct buffer made;    /* of it */
	struct isal_zstream stream;
	uint8_t *level; /* memory of its level's */
	struct beside beside;
	int error;
};

/* 0 or -ENOMEM. What is compressed is appended to `to`, by the thread that calls. */
int gzip_writer_init(struct gzip_writer *writer, struct buffer *to);
void gzip_writer_release(struct gzip_writer *writer);

void gzip_writer_append(struct gzip_writer *writer, const void *bytes, size_t size);
int gzip_writer_finish(struct gzip_writer *writer); /* 0 or -ENOMEM, of all before, too */

#endif
