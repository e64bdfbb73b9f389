/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_database.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <stdbool.h>

#include "store/slice_file.h"

#define LAST_VERSION 255 /* beyond it is none: the head is damaged */

/* Of a database that somebody else made: it has one table, and nothing is to be run. */
static const char schema[] =
	"CREATE TABLE chunk(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, start_ns INTEGER NOT NULL,"
	" end_ns INTEGER NOT NULL, size INTEGER NOT NULL, body_checksum INTEGER NOT NULL,"
	" row_checksum INTEGER NOT NULL, body BLOB NOT NULL)";

int slice_database_error(int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return errno == EACCES ? -EACCES : -ENOENT;
	case SQLITE_IOERR:
		return -EIO;
	default: /* also what only another schema than ours leads to */
		return -EBADMSG;
	}
}

int slice_database_run(sqlite3 *database, const char *sql)
{
	return slice_database_error(sqlite3_exec(database, sql, NULL, NULL, NULL));
}

int slice_database_number(sqlite3 *database, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *statement;
	int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW    ? 0
	       : result == SQLITE_DONE ? -EBADMSG
				       : slice_database_error(result);
}

static bool is_empty(sqlite3 *database)
{
	int64_t tables;

	return !slice_database_number(database, "SELECT count(*) FROM sqlite_master", &tables) &&
	       !tables;
}

int slice_database_check(sqlite3 *database)
{
	int64_t application, version;
	int error = slice_database_number(database, "PRAGMA application_id", &application);

	/* The journal of its creation, the only one, has to be rolled back: there is nothing yet. */
	if (error == -EROFS && sqlite3_extended_errcode(database) == SQLITE_READONLY_ROLLBACK)
		return -ENODATA;
	if (!error)
		error = slice_database_number(database, "PRAGMA user_version", &version);
	if (error)
		return error;
	if (!application && !version && is_empty(database))
		return -ENODATA;
	if (application != SLICE_APPLICATION || version < 1)
		return -EBADMSG;
	if (version > LAST_VERSION)
		return -EBADMSG;
	return version > SLICE_VERSION ? -ENOTSUP : 0;
}

void slice_database_distrust(sqlite3 *database)
{
	sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

int64_t slice_body_checksum(struct bytes packed)
{
	return (int64_t)crc32_gzip_refl(0, packed.data, packed.size);
}

int64_t slice_row_checksum(const int64_t numbers[NUMBERS])
{
	uint8_t bytes[COLUMN_ROW_CHECKSUM * sizeof(uint64_t)];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((uint64_t)numbers[i / 8] >> i % 8 * 8);
	return (int64_t)crc32_gzip_refl(0, bytes, sizeof(bytes));
}

int slice_database_begin(sqlite3 *database, const char *modes, int version)
{
	char *sql = sqlite3_mprintf("%s; BEGIN; PRAGMA application_id = %d;"
				    "PRAGMA user_version = %d; %s; COMMIT",
				    modes, SLICE_APPLICATION, version, schema);
	int error = sql ? slice_database_run(database, sql) : -ENOMEM;

	sqlite3_free(sql);
	return error;
}
