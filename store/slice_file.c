/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <isa-l/crc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "store/chunk_body.h"
#include "store/slice_mend.h"

#define LAST_VERSION     63                         /* beyond it is none: the head is damaged */
#define LAST_ID          ((uint64_t)INT64_MAX >> 8) /* slice_mend.c finds none beyond it */
#define MENDED_MAX_BYTES ((size_t)1 << 28)
#define WAIT_MS          200 /* for those who read, where they are in the way */

/* Of a database that somebody else made: it has one table, and nothing is to be run. */
static const char schema[] =
	"CREATE TABLE chunk(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, start_ns INTEGER NOT NULL,"
	" end_ns INTEGER NOT NULL, size INTEGER NOT NULL, body_checksum INTEGER NOT NULL,"
	" row_checksum INTEGER NOT NULL, body BLOB NOT NULL)";

#define WINDOW_KIND  "3" /* CHUNK_WINDOW */
#define SEAL_KIND    "4" /* CHUNK_SEAL */
#define WHERE_WINDOW " WHERE kind = " WINDOW_KIND

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

static int error_of(int result)
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

static int run(sqlite3 *database, const char *sql)
{
	return error_of(sqlite3_exec(database, sql, NULL, NULL, NULL));
}

static int read_number(sqlite3 *database, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *statement;
	int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : result == SQLITE_DONE ? -EBADMSG : error_of(result);
}

static bool is_empty(sqlite3 *database)
{
	int64_t tables;

	return !read_number(database, "SELECT count(*) FROM sqlite_master", &tables) && !tables;
}

/* Is it a slice, of a version that is known? */
static int check_version(sqlite3 *database)
{
	int64_t application, version;
	int error = read_number(database, "PRAGMA application_id", &application);

	/* The journal of its creation, the only one, has to be rolled back: there is nothing yet. */
	if (error == -EROFS && sqlite3_extended_errcode(database) == SQLITE_READONLY_ROLLBACK)
		return -ENODATA;
	if (!error)
		error = read_number(database, "PRAGMA user_version", &version);
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

/* What a file says is to be believed no more than it has to. */
static void distrust(sqlite3 *database)
{
	sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static int64_t checksum_of_body(struct bytes packed)
{
	return (int64_t)crc32_gzip_refl(0, packed.data, packed.size);
}

/* Of the numbers before it. */
static int64_t checksum_of_row(const int64_t numbers[NUMBERS])
{
	uint8_t bytes[COLUMN_ROW_CHECKSUM * sizeof(uint64_t)];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((uint64_t)numbers[i / 8] >> i % 8 * 8);
	return (int64_t)crc32_gzip_refl(0, bytes, sizeof(bytes));
}

/* --- writing --- */

struct slice_writer {
	sqlite3 *database;
	bool is_sealed;
	sqlite3_stmt *insert;
	uint64_t next_id, committed_id;
	struct window_span span, committed_span;
};

static int prepare_writer(struct slice_writer *writer)
{
	return error_of(sqlite3_prepare_v3(writer->database,
					   "INSERT INTO chunk VALUES(?, ?, ?, ?, ?, ?, ?, ?)", -1,
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

static int begin_file(sqlite3 *database, const struct opening *opening)
{
	char *sql = sqlite3_mprintf("%s; BEGIN; PRAGMA application_id = %d;"
				    "PRAGMA user_version = %d; %s; COMMIT",
				    opening->modes, SLICE_APPLICATION, opening->version, schema);
	int error = sql ? run(database, sql) : -ENOMEM;

	sqlite3_free(sql);
	return error;
}

static int find_end(struct slice_writer *writer)
{
	int64_t last, start, end, seals;
	int error = read_number(writer->database, "SELECT coalesce(max(id), 0) FROM chunk", &last);

	if (!error)
		error = read_number(writer->database,
				    "SELECT coalesce(min(start_ns), 0) FROM chunk" WHERE_WINDOW,
				    &start);
	if (!error)
		error = read_number(writer->database,
				    "SELECT coalesce(max(end_ns), 0) FROM chunk" WHERE_WINDOW,
				    &end);
	if (!error)
		error = read_number(writer->database,
				    "SELECT count(*) FROM chunk WHERE kind = " SEAL_KIND, &seals);
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
	error = error_of(sqlite3_open_v2(path, &writer->database, flags, NULL));
	if (!error) {
		distrust(writer->database);
		sqlite3_busy_timeout(writer->database,
				     WAIT_MS); /* it may be read while it is empty */
		error = opening->is_new ? begin_file(writer->database, opening)
					: check_version(writer->database);
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

static int create(const char *path, const struct opening *opening, struct slice_writer **ret_writer)
{
	/* SQLite takes what is there. */
	int error, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	error = open_writer(path, opening, ret_writer);
	if (error)
		unlink(path);
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
	return run(writer->database, "BEGIN IMMEDIATE");
}

int slice_commit(struct slice_writer *writer)
{
	int error = run(writer->database, "COMMIT");

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
		[COLUMN_BODY_CHECKSUM] = checksum_of_body(chunk->packed),
	};
	int result = SQLITE_OK;

	numbers[COLUMN_ROW_CHECKSUM] = checksum_of_row(numbers);
	for (int i = 0; i < NUMBERS && result == SQLITE_OK; i++)
		result = sqlite3_bind_int64(writer->insert, i + 1, numbers[i]);
	if (result == SQLITE_OK)
		result = sqlite3_bind_blob64(writer->insert, COLUMN_BODY + 1, chunk->packed.data,
					     chunk->packed.size, SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_step(writer->insert);
	sqlite3_reset(writer->insert);
	sqlite3_clear_bindings(writer->insert);
	return error_of(result);
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
	return error ? error : run(writer->database, "PRAGMA journal_mode = MEMORY");
}

/* --- reading --- */

struct slice_reader {
	char *path;
	sqlite3 *database;
	sqlite3_stmt *select, *select_one;
	bool is_mended; /* the database is one in memory (slice_mend.h) */
};

static int prepare(struct slice_reader *reader, const char *sql, sqlite3_stmt **ret_statement)
{
	return error_of(sqlite3_prepare_v2(reader->database, sql, -1, ret_statement, NULL));
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
	error = error_of(sqlite3_open_v2(name, &reader->database,
					 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL));
	if (!error) {
		distrust(reader->database);
		error = check_version(reader->database);
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
	const struct opening opening = { true, SLICE_VERSION, modes };
	unsigned char *image = NULL;
	sqlite3 *pattern = NULL;
	int error = error_of(sqlite3_open(":memory:", &pattern));

	if (!error)
		error = begin_file(pattern, &opening);
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
		return error_of(result);
	}
	result = sqlite3_deserialize(reader->database, "main", copy, (sqlite3_int64)image->size,
				     (sqlite3_int64)image->size,
				     SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
	distrust(reader->database);
	return result == SQLITE_OK ? prepare_reader(reader) : error_of(result);
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
	return checksum_of_row(numbers) == numbers[COLUMN_ROW_CHECKSUM];
}

/* NULL: it is not what it was. */
static struct bytes take_body(sqlite3_stmt *statement, int64_t checksum)
{
	struct bytes packed = {
		.data = sqlite3_column_blob(statement, COLUMN_BODY),
		.size = (size_t)sqlite3_column_bytes(statement, COLUMN_BODY),
	};

	return checksum_of_body(packed) == checksum ? packed : (struct bytes){ 0 };
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
	error = read_number(reader->database, sql, &id);
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
		return error_of(result);
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
	error = result == SQLITE_DONE ? -EBADMSG : error_of(result);
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
	int error = read_number(reader->database, "SELECT count(*) FROM chunk", &count);

	if (!error)
		error = read_number(reader->database, "SELECT coalesce(max(id), 0) FROM chunk",
				    &last);
	if (!error && count > last)
		error = -EBADMSG;
	*ret_missing = error ? 0 : (uint64_t)(last - count);
	return error;
}

/* More of them may be there than the tree leads to. */
static int look_for_missing(struct slice_reader *reader, uint64_t *ret_missing)
{
	int error = count_missing(reader, ret_missing);

	if ((error == -EBADMSG || *ret_missing) && !mend(reader))
		error = count_missing(reader, ret_missing);
	return error;
}

int slice_read(struct slice_reader *reader, struct window_span part, slice_chunk_fn take,
	       void *context, struct slice_report *ret_report)
{
	struct row_reading reading = { part, take, context, ret_report, false };
	int error;

	*ret_report = (struct slice_report){ 0 };
	error = run(reader->database, "BEGIN"); /* one state of it, whoever writes meanwhile */
	if (!error)
		error = look_for_missing(reader, &ret_report->missing);
	reading.knows_missing = ret_report->missing > 0;
	if (!error)
		error = each_row(reader, 1, take_row, &reading);
	ret_report->is_mended = reader->is_mended;
	sqlite3_exec(reader->database, "COMMIT", NULL, NULL, NULL);
	return error;
}
