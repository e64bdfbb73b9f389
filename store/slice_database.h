/* SPDX-License-Identifier: Apache-2.0 */
/* What the writing (slice_file.c) and the reading (slice_reader.c) of slices share: the table, its checksums, and what is trusted of a file. Errors are those of slice_file.h. */
#ifndef HEARTH_STORE_SLICE_DATABASE_H
#define HEARTH_STORE_SLICE_DATABASE_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/byte_reader.h"

/* Columns, in their order; parameters of the insertion count from 1. */
enum chunk_column {
	COLUMN_ID,
	COLUMN_KIND,
	COLUMN_START,
	COLUMN_END,
	COLUMN_SIZE,
	COLUMN_BODY_CHECKSUM,
	COLUMN_ROW_CHECKSUM,
	COLUMN_BODY,
	NUMBERS = COLUMN_BODY, /* of a row */
};

int slice_database_error(int result); /* of a result code of SQLite */

int slice_database_run(sqlite3 *database, const char *sql);

/* The number that a query gives; -EBADMSG: it gives none. */
int slice_database_number(sqlite3 *database, const char *sql, int64_t *ret_number);

/* Makes the table of a new one. `modes` are pragmas that come first. */
int slice_database_begin(sqlite3 *database, const char *modes, int version);

/* Is it a slice, of a version that is known? */
int slice_database_check(sqlite3 *database);

/* What a file says is to be believed no more than it has to. */
void slice_database_distrust(sqlite3 *database);

int64_t slice_body_checksum(struct bytes packed);
int64_t slice_row_checksum(const int64_t numbers[NUMBERS]); /* of those before it */

#endif
