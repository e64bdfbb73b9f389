/* SPDX-License-Identifier: Apache-2.0 */
/* Writing; slice_reader.c reads. */
#include "store/slice_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "store/chunk_body.h"
#include "store/slice_database.h"

#define WAIT_MS 200 /* for those who read, where they are in the way */

#define WINDOW_KIND  "3" /* CHUNK_WINDOW */
#define SEAL_KIND    "4" /* CHUNK_SEAL */
#define WHERE_WINDOW " WHERE kind = " WINDOW_KIND

struct slice_writer {
	sqlite3 *database;
	bool is_sealed;
	sqlite3_stmt *insert;
	uint64_t next_id, committed_id;
	struct window_span span, committed_span;
};

static int prepare_writer(struct slice_writer *writer)
{
	return slice_database_error(sqlite3_prepare_v3(
		writer->database, "INSERT INTO chunk VALUES(?, ?, ?, ?, ?, ?, ?, ?)", -1,
		SQLITE_PREPARE_PERSISTENT, &writer->insert, NULL));
}

/* How a slice is opened for writing. */
struct opening {
	bool is_new;
	int version;
	const char *modes;
};

static const struct opening as_it_is = { 0 };
static const struct opening recorded = {
	true, SLICE_VERSION_RECORDED,
	"PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"
};
/* Written once, and nobody else knows of it: what there was before is nothing. */
static const struct opening rolled = {
	true, SLICE_VERSION,
	"PRAGMA page_size = 1024; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL"
};

static int find_end(struct slice_writer *writer)
{
	int64_t last, start, end, seals;
	int error = slice_database_number(writer->database,
					  "SELECT coalesce(max(id), 0) FROM chunk", &last);

	if (!error)
		error = slice_database_number(
			writer->database,
			"SELECT coalesce(min(start_ns), 0) FROM chunk" WHERE_WINDOW, &start);
	if (!error)
		error = slice_database_number(
			writer->database, "SELECT coalesce(max(end_ns), 0) FROM chunk" WHERE_WINDOW,
			&end);
	if (!error)
		error = slice_database_number(writer->database,
					      "SELECT count(*) FROM chunk WHERE kind = " SEAL_KIND,
					      &seals);
	if (error)
		return error;
	writer->is_sealed = seals > 0;
	writer->next_id = writer->committed_id = (uint64_t)last + 1;
	writer->span = writer->committed_span =
		(struct window_span){ (uint64_t)start, (uint64_t)end };
	return 0;
}

static int open_writer(const char *path, const struct opening *opening,
		       struct slice_writer **ret_writer)
{
	struct slice_writer *writer = calloc(1, sizeof(*writer));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, error;

	if (!writer)
		return -ENOMEM;
	writer->next_id = writer->committed_id = 1;
	if (opening->is_new)
		flags |= SQLITE_OPEN_CREATE;
	error = slice_database_error(sqlite3_open_v2(path, &writer->database, flags, NULL));
	if (!error) {
		slice_database_distrust(writer->database);
		sqlite3_busy_timeout(writer->database,
				     WAIT_MS); /* it may be read while it is empty */
		error = opening->is_new ? slice_database_begin(writer->database, opening->modes,
							       opening->version)
					: slice_database_check(writer->database);
	}
	if (!error && !opening->is_new)
		error = find_end(writer);
	if (!error)
		error = prepare_writer(writer);
	if (!error)
		sqlite3_busy_timeout(writer->database, 0);
	if (!error)
		*ret_writer = writer;
	else
		slice_writer_free(writer);
	return error;
}

/* One that has the same number later would be read with it. */
static void remove_beside(const char *path)
{
	static const char *const endings[] = { "-wal", "-shm", "-journal" };
	char name[PATH_MAX];

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (snprintf(name, sizeof(name), "%s%s", path, endings[i]) < (int)sizeof(name))
			unlink(name); /* there may be none */
}

static int create(const char *path, const struct opening *opening, struct slice_writer **ret_writer)
{
	/* SQLite takes what is there. */
	int error, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	remove_beside(path); /* that one who failed has left */
	error = open_writer(path, opening, ret_writer);
	if (error) {
		unlink(path);
		remove_beside(path);
	}
	return error;
}

int slice_create(const char *path, struct slice_writer **ret_writer)
{
	return create(path, &recorded, ret_writer);
}

int slice_create_rolled(const char *path, struct slice_writer **ret_writer)
{
	return create(path, &rolled, ret_writer);
}

int slice_reopen(const char *path, struct slice_writer **ret_writer)
{
	return open_writer(path, &as_it_is, ret_writer);
}

void slice_writer_free(struct slice_writer *writer)
{
	if (!writer)
		return;
	sqlite3_finalize(writer->insert);
	sqlite3_close(writer->database);
	free(writer);
}

struct window_span slice_writer_span(const struct slice_writer *writer)
{
	return writer->committed_span;
}

int slice_begin(struct slice_writer *writer)
{
	return slice_database_run(writer->database, "BEGIN IMMEDIATE");
}

int slice_commit(struct slice_writer *writer)
{
	int error = slice_database_run(writer->database, "COMMIT");

	if (error) {
		slice_roll_back(writer);
		return error;
	}
	writer->committed_id = writer->next_id;
	writer->committed_span = writer->span;
	return 0;
}

void slice_roll_back(struct slice_writer *writer)
{
	sqlite3_exec(writer->database, "ROLLBACK", NULL, NULL, NULL);
	writer->next_id = writer->committed_id;
	writer->span = writer->committed_span;
}

static int insert(struct slice_writer *writer, const struct slice_chunk *chunk)
{
	int64_t numbers[NUMBERS] = {
		[COLUMN_ID] = (int64_t)chunk->id,
		[COLUMN_KIND] = chunk->kind,
		[COLUMN_START] = (int64_t)chunk->span.start_ns,
		[COLUMN_END] = (int64_t)chunk->span.end_ns,
		[COLUMN_SIZE] = (int64_t)chunk->size,
		[COLUMN_BODY_CHECKSUM] = slice_body_checksum(chunk->packed),
	};
	int result = SQLITE_OK;

	numbers[COLUMN_ROW_CHECKSUM] = slice_row_checksum(numbers);
	for (int i = 0; i < NUMBERS && result == SQLITE_OK; i++)
		result = sqlite3_bind_int64(writer->insert, i + 1, numbers[i]);
	if (result == SQLITE_OK)
		result = sqlite3_bind_blob64(writer->insert, COLUMN_BODY + 1, chunk->packed.data,
					     chunk->packed.size, SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_step(writer->insert);
	sqlite3_reset(writer->insert);
	sqlite3_clear_bindings(writer->insert);
	return slice_database_error(result);
}

static void extend(struct window_span *span, struct window_span by)
{
	if (!span->start_ns || by.start_ns < span->start_ns)
		span->start_ns = by.start_ns;
	if (by.end_ns > span->end_ns)
		span->end_ns = by.end_ns;
}

int slice_put(struct slice_writer *writer, enum chunk_kind kind, struct window_span span,
	      uint64_t size, struct bytes packed)
{
	const struct slice_chunk chunk = { writer->next_id, kind, span, size, packed };
	int error = insert(writer, &chunk);

	if (error)
		return error;
	writer->next_id++;
	if (kind == CHUNK_WINDOW)
		extend(&writer->span, span);
	return 0;
}

/* Of no bytes. */
static int put_seal(struct slice_writer *writer)
{
	_cleanup_(buffer_release) struct buffer packed = { 0 };
	int error = chunk_body_pack((struct bytes){ 0 }, &packed);

	if (!error)
		error = slice_begin(writer);
	if (error)
		return error;
	error = slice_put(writer, CHUNK_SEAL, writer->span, 0,
			  (struct bytes){ (const uint8_t *)packed.data, packed.size });
	if (error) {
		slice_roll_back(writer);
		return error;
	}
	error = slice_commit(writer);
	writer->is_sealed = !error;
	return error;
}

int slice_seal(struct slice_writer *writer)
{
	int error = writer->is_sealed ? 0 : put_seal(writer);

	/* It waits for those who read. Of the head's one sector there is no journal on disk: whoever reads what a crash left there could not roll it back. */
	sqlite3_busy_timeout(writer->database, WAIT_MS);
	return error ? error : slice_database_run(writer->database, "PRAGMA journal_mode = MEMORY");
}
