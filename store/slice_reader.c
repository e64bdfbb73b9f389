/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of slice_file.h. */
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "store/slice_database.h"
#include "store/slice_file.h"
#include "store/slice_mend.h"

#define LAST_ID          ((uint64_t)INT64_MAX >> 8) /* slice_mend.c finds none beyond it */
#define MENDED_MAX_BYTES ((size_t)1 << 28)

struct slice_reader {
	char *path;
	sqlite3 *database;
	sqlite3_stmt *select, *select_one;
	bool is_mended; /* the database is one in memory (slice_mend.h) */
};

static int prepare(struct slice_reader *reader, const char *sql, sqlite3_stmt **ret_statement)
{
	return slice_database_error(
		sqlite3_prepare_v2(reader->database, sql, -1, ret_statement, NULL));
}

static int prepare_reader(struct slice_reader *reader)
{
	int error =
		prepare(reader, "SELECT * FROM chunk WHERE id >= ? ORDER BY id", &reader->select);

	return error ? error
		     : prepare(reader, "SELECT * FROM chunk WHERE id = ?", &reader->select_one);
}

static void close_database(struct slice_reader *reader)
{
	sqlite3_finalize(take_ptr(reader->select));
	sqlite3_finalize(take_ptr(reader->select_one));
	sqlite3_close(take_ptr(reader->database));
}

void slice_reader_free(struct slice_reader *reader)
{
	if (!reader)
		return;
	close_database(reader);
	free(reader->path);
	free(reader);
}

static int open_database(struct slice_reader *reader, const char *name, int flags)
{
	int error;

	close_database(reader);
	error = slice_database_error(sqlite3_open_v2(
		name, &reader->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL));
	if (!error) {
		slice_database_distrust(reader->database);
		error = slice_database_check(reader->database);
	}
	return error ? error : prepare_reader(reader);
}

/* Of a slice that nobody writes: the last one who wrote took its journal away, even where the seal failed. One without anything in it is that of a reader who failed. */
static bool has_no_journal(const char *path)
{
	_cleanup_free_ char *journal = NULL;
	struct stat status;

	if (asprintf(&journal, "%s-wal", path) < 0)
		return false;
	return stat(journal, &status) ? errno == ENOENT : !status.st_size;
}

/* sqlite.org/uri.html: no file beside it is asked for. */
static int open_immutable(struct slice_reader *reader)
{
	_cleanup_(buffer_release) struct buffer uri = { 0 };

	buffer_append_string(&uri, *reader->path == '/' ? "file://" : "file:");
	for (const char *at = reader->path; *at; at++)
		if (strchr("%?#", *at))
			buffer_printf(&uri, "%%%02X", (unsigned int)*at);
		else
			buffer_append_char(&uri, *at);
	buffer_append_string(&uri, "?immutable=1");
	return buffer_error(&uri) ? -ENOMEM
				  : open_database(reader, buffer_string(&uri), SQLITE_OPEN_URI);
}

/* --- what is damaged --- */

/* The first page of a slice with so large pages. */
static int make_first_page(const char *modes, size_t size, struct buffer *page)
{
	unsigned char *image = NULL;
	sqlite3 *pattern = NULL;
	int error = slice_database_error(sqlite3_open(":memory:", &pattern));

	if (!error)
		error = slice_database_begin(pattern, modes, SLICE_VERSION);
	if (!error)
		image = sqlite3_serialize(pattern, "main", NULL, 0);
	if (image)
		buffer_append(page, image, size);
	else if (!error)
		error = -ENOMEM;
	sqlite3_free(image);
	sqlite3_close(pattern);
	return error ? error : buffer_error(page);
}

static const struct {
	size_t size;
	const char *modes;
} page_sizes[] = { { 512, "PRAGMA page_size = 512" }, { 1024, "PRAGMA page_size = 1024" } };

/* By what is found of it: what it says itself may be wrong. */
static int mend_image(const struct buffer *file, struct buffer *mended)
{
	size_t most = 0;

	for (size_t i = 0; i < sizeof(page_sizes) / sizeof(*page_sizes); i++) {
		_cleanup_(buffer_release) struct buffer page = { 0 };
		struct buffer image = { 0 };
		size_t rows = 0;
		int error = make_first_page(page_sizes[i].modes, page_sizes[i].size, &page);

		buffer_append(&image, file->data, file->size);
		if (!error)
			error = buffer_error(&image);
		if (!error)
			error = slice_mend(&image,
					   (struct bytes){ (const uint8_t *)page.data, page.size },
					   &rows);
		if (!error && rows > most) {
			buffer_release(mended);
			*mended = image;
			image = (struct buffer){ 0 };
			most = rows;
		}
		buffer_release(&image);
		if (error && error != -EBADMSG)
			return error;
	}
	return most ? 0 : -EBADMSG;
}

static int open_image(struct slice_reader *reader, const struct buffer *image)
{
	unsigned char *copy = sqlite3_malloc64(image->size);
	int result;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, image->data, image->size);
	close_database(reader);
	result = sqlite3_open(":memory:", &reader->database);
	if (result != SQLITE_OK) {
		sqlite3_free(copy);
		return slice_database_error(result);
	}
	result = sqlite3_deserialize(reader->database, "main", copy, (sqlite3_int64)image->size,
				     (sqlite3_int64)image->size,
				     SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
	slice_database_distrust(reader->database);
	return result == SQLITE_OK ? prepare_reader(reader) : slice_database_error(result);
}

/* -EBADMSG: it is one that was mended, or that somebody writes, or no slice, or memory is not enough for it: the others are to be read. */
static int mend(struct slice_reader *reader)
{
	_cleanup_(buffer_release) struct buffer file = { 0 };
	_cleanup_(buffer_release) struct buffer image = { 0 };
	int error;

	if (reader->is_mended || !has_no_journal(reader->path))
		return -EBADMSG;
	error = buffer_read_file(&file, reader->path, MENDED_MAX_BYTES);
	if (!error)
		error = mend_image(&file, &image);
	if (!error)
		error = open_image(reader, &image);
	reader->is_mended = !error;
	return error == -EFBIG || error == -ENOMEM ? -EBADMSG : error;
}

/* --- rows --- */

/* The chunk of a statement's row, without its body. False: the row is not what it was. */
static bool take_numbers(sqlite3_stmt *statement, struct slice_chunk *ret_chunk,
			 int64_t *ret_body_checksum)
{
	int64_t numbers[NUMBERS];

	for (int i = 0; i < NUMBERS; i++)
		numbers[i] = sqlite3_column_int64(statement, i);
	*ret_chunk = (struct slice_chunk){
		.id = (uint64_t)numbers[COLUMN_ID],
		.kind = (enum chunk_kind)numbers[COLUMN_KIND],
		.span = { (uint64_t)numbers[COLUMN_START], (uint64_t)numbers[COLUMN_END] },
		.size = (uint64_t)numbers[COLUMN_SIZE],
	};
	*ret_body_checksum = numbers[COLUMN_BODY_CHECKSUM];
	return slice_row_checksum(numbers) == numbers[COLUMN_ROW_CHECKSUM];
}

/* NULL: it is not what it was. */
static struct bytes take_body(sqlite3_stmt *statement, int64_t checksum)
{
	struct bytes packed = {
		.data = sqlite3_column_blob(statement, COLUMN_BODY),
		.size = (size_t)sqlite3_column_bytes(statement, COLUMN_BODY),
	};

	return slice_body_checksum(packed) == checksum ? packed : (struct bytes){ 0 };
}

/* NULL: here so many rows are missing, or, where that is 0, one is there and cannot be read. */
typedef int (*row_fn)(void *context, sqlite3_stmt *row, uint64_t missing);

static void begin_rows(struct slice_reader *reader, uint64_t id)
{
	sqlite3_reset(reader->select);
	sqlite3_bind_int64(reader->select, 1, (int64_t)id);
}

/* 0: there is none. */
static int find_row(struct slice_reader *reader, uint64_t from, uint64_t *ret_id)
{
	char sql[96];
	int64_t id = 0;
	int error;

	snprintf(sql, sizeof(sql), "SELECT coalesce(min(id), 0) FROM chunk WHERE id >= %" PRIu64,
		 from);
	error = slice_database_number(reader->database, sql, &id);
	*ret_id = (uint64_t)id;
	return error;
}

static int tell_gap(uint64_t next, uint64_t id, row_fn take, void *context)
{
	return id > next ? take(context, NULL, id - next) : 0;
}

/* Where SQLite does not get on: the first time it is mended, and read on from there; then it is that row alone. */
static int get_over(struct slice_reader *reader, uint64_t *next, row_fn take, void *context)
{
	uint64_t id;
	int error;

	if (!reader->is_mended)
		return mend(reader);
	error = find_row(reader, *next, &id);
	if (!error && id && (id < *next || id > LAST_ID)) /* the rows are in no order */
		error = -EBADMSG;
	if (!error && id)
		error = tell_gap(*next, id, take, context);
	if (!error && id)
		error = take(context, NULL, 0);
	*next = id ? id + 1 : INT64_MAX;
	return error;
}

/* Numbers have no gap, and where the tree is damaged one may come twice. */
static int check_step(int result, const struct slice_reader *reader, uint64_t next,
		      uint64_t *ret_id)
{
	if (result != SQLITE_ROW)
		return slice_database_error(result);
	*ret_id = (uint64_t)sqlite3_column_int64(reader->select, COLUMN_ID);
	return *ret_id == next || (reader->is_mended && *ret_id > next && *ret_id <= LAST_ID)
		       ? 0
		       : -EBADMSG;
}

static int each_row(struct slice_reader *reader, uint64_t from, row_fn take, void *context)
{
	uint64_t next = from, id = 0;
	int error = 0, result;

	begin_rows(reader, next);
	while (!error && (result = sqlite3_step(reader->select)) != SQLITE_DONE) {
		error = check_step(result, reader, next, &id);
		if (error == -EBADMSG) {
			error = get_over(reader, &next, take, context);
			begin_rows(reader, next);
			continue;
		}
		if (!error)
			error = tell_gap(next, id, take, context);
		if (!error)
			error = take(context, reader->select, 0);
		next = id + 1;
	}
	sqlite3_reset(reader->select);
	return error;
}

/* --- opening --- */

static int note_whole(void *context, sqlite3_stmt *row, uint64_t missing)
{
	bool *is_whole = context;
	struct slice_chunk chunk;
	int64_t checksum;

	(void)missing;
	*is_whole |= row && take_numbers(row, &chunk, &checksum);
	return 0;
}

/* What was not a slice has no row that is what it was. */
static int open_mended(struct slice_reader *reader)
{
	bool is_slice = false;
	int error = mend(reader);

	if (!error)
		error = each_row(reader, 1, note_whole, &is_slice);
	return error ? error : is_slice ? 0 : -EBADMSG;
}

/* In WAL mode SQLite makes files beside it, which a full disk, or a folder of somebody else, does not let it. */
static int open_any(struct slice_reader *reader)
{
	int error = open_database(reader, reader->path, 0);

	switch (error) {
	case -ENOSPC:
	case -EIO:
	case -EACCES:
	case -EROFS:
	case -ENOENT:
		if (has_no_journal(reader->path) && !access(reader->path, R_OK))
			error = open_immutable(reader);
		break;
	default:
		break;
	}
	if (error == -ENOENT && !access(reader->path, F_OK)) /* it is what belongs beside it */
		error = -EACCES;
	return error == -EBADMSG ? open_mended(reader) : error;
}

int slice_open(const char *path, struct slice_reader **ret_reader)
{
	struct slice_reader *reader = calloc(1, sizeof(*reader));
	int error = -ENOMEM;

	if (reader)
		reader->path = strdup(path);
	if (reader && reader->path)
		error = open_any(reader);
	if (!error)
		*ret_reader = reader;
	else
		slice_reader_free(reader);
	return error;
}

/* --- chunks --- */

struct row_reading {
	struct window_span part;
	slice_chunk_fn take;
	void *context;
	struct slice_report *report;
	bool knows_missing; /* the report has them */
};

/* What is missing its neighbours' numbers tell. */
static int take_row_of_numbers(void *context, sqlite3_stmt *row, uint64_t missing)
{
	const struct row_reading *reading = context;
	struct slice_chunk chunk;
	int64_t checksum;

	(void)missing;
	if (!row)
		return 0;
	if (!take_numbers(row, &chunk, &checksum))
		chunk.kind = (enum chunk_kind)0;
	return reading->take(reading->context, &chunk);
}

int slice_each_row(struct slice_reader *reader, uint64_t from_id, slice_chunk_fn take,
		   void *context)
{
	struct row_reading reading = { .take = take, .context = context };

	return each_row(reader, from_id, take_row_of_numbers, &reading);
}

/* `ret_is_there`: what was found of it goes to `take`, whose error is none of the file. */
static int read_chunk(struct slice_reader *reader, uint64_t id, slice_chunk_fn take, void *context,
		      bool *ret_is_there)
{
	struct slice_chunk chunk;
	int64_t checksum;
	int result, error;

	sqlite3_bind_int64(reader->select_one, 1, (int64_t)id);
	result = sqlite3_step(reader->select_one);
	error = result == SQLITE_DONE ? -EBADMSG : slice_database_error(result);
	if (!error && !take_numbers(reader->select_one, &chunk, &checksum))
		error = -EBADMSG;
	*ret_is_there = !error;
	if (!error)
		chunk.packed = take_body(reader->select_one, checksum);
	if (!error)
		error = chunk.packed.data ? take(context, &chunk) : -EBADMSG;
	sqlite3_reset(reader->select_one);
	return error;
}

int slice_read_chunk(struct slice_reader *reader, uint64_t id, slice_chunk_fn take, void *context)
{
	bool is_there;
	int error = read_chunk(reader, id, take, context, &is_there);

	if (error == -EBADMSG && !is_there && !mend(reader))
		error = read_chunk(reader, id, take, context, &is_there);
	return error;
}

static bool is_wanted(const struct slice_chunk *chunk, struct window_span part)
{
	return chunk->kind != CHUNK_WINDOW ||
	       (chunk->span.end_ns > part.start_ns && chunk->span.start_ns < part.end_ns);
}

static int take_lost(const struct row_reading *reading, uint64_t missing)
{
	struct slice_report *report = reading->report;

	if (!missing) {
		report->chunks++;
		report->damaged++;
	} else if (!reading->knows_missing) {
		report->missing += missing;
	}
	return reading->take(reading->context, &(struct slice_chunk){ 0 });
}

static int take_row(void *context, sqlite3_stmt *row, uint64_t missing)
{
	const struct row_reading *reading = context;
	struct slice_report *report = reading->report;
	struct slice_chunk chunk;
	int64_t checksum;
	bool is_whole;

	if (!row)
		return take_lost(reading, missing);
	is_whole = take_numbers(row, &chunk, &checksum);
	if (is_whole && !is_wanted(&chunk, reading->part))
		return 0;
	if (is_whole)
		chunk.packed = take_body(row, checksum);
	report->chunks++;
	report->damaged += !chunk.packed.data;
	report->is_sealed |= chunk.packed.data && chunk.kind == CHUNK_SEAL;
	return reading->take(reading->context, &chunk);
}

/* Of those that are to be there, up to the last one. -EBADMSG: more are there than can be. */
static int count_missing(struct slice_reader *reader, uint64_t *ret_missing)
{
	int64_t count, last;
	int error = slice_database_number(reader->database, "SELECT count(*) FROM chunk", &count);

	if (!error)
		error = slice_database_number(reader->database,
					      "SELECT coalesce(max(id), 0) FROM chunk", &last);
	if (!error && count > last)
		error = -EBADMSG;
	*ret_missing = error ? 0 : (uint64_t)(last - count);
	return error;
}

static bool ends_with_seal(const struct slice_reader *reader)
{
	int64_t kind;

	return !slice_database_number(reader->database,
				      "SELECT kind FROM chunk ORDER BY id DESC LIMIT 1", &kind) &&
	       kind == CHUNK_SEAL;
}

/* More of them may be there than the tree leads to, the seal among them. */
static int look_for_missing(struct slice_reader *reader, uint64_t *ret_missing)
{
	int error = count_missing(reader, ret_missing);

	if ((error == -EBADMSG || *ret_missing || !ends_with_seal(reader)) && !mend(reader))
		error = count_missing(reader, ret_missing);
	return error;
}

int slice_read(struct slice_reader *reader, struct window_span part, slice_chunk_fn take,
	       void *context, struct slice_report *ret_report)
{
	struct row_reading reading = { part, take, context, ret_report, false };
	int error;

	*ret_report = (struct slice_report){ 0 };
	error = slice_database_run(reader->database,
				   "BEGIN"); /* one state of it, whoever writes meanwhile */
	if (!error)
		error = look_for_missing(reader, &ret_report->missing);
	reading.knows_missing = ret_report->missing > 0;
	if (!error)
		error = each_row(reader, 1, take_row, &reading);
	/* One that is not sealed, and has all its rows, was only looked at. */
	ret_report->is_mended = reader->is_mended && (ret_report->is_sealed ||
						      ret_report->damaged || ret_report->missing);
	sqlite3_exec(reader->database, "COMMIT", NULL, NULL, NULL);
	return error;
}
