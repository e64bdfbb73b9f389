/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/bpftrace_reader.h"
#include "model/cpuprofile_reader.h"
#include "model/firefox_reader.h"
#include "model/folded_reader.h"
#include "model/foreign_kind.h"
#include "model/perf_script_reader.h"
#include "model/pprof_reader.h"
#include "model/profile.h"
#include "model/speedscope_reader.h"

#define SNIFFED_BYTES  (64u << 10)  /* by which the kind is told */
#define INFLATED_BYTES (256u << 10) /* handed on at a time */

/* RFC 1952, 2.3.1. */
static const char gzip_magic[] = { 0x1f, (char)0x8b };

#define GZIP_WINDOW (15 + 16) /* zlib.h, inflateInit2(): of gzip, the largest */

static const struct profile_format *const formats[] = {
#define PROFILE_FORMAT(format) &format,
#include "model/readers.def"
#undef PROFILE_FORMAT
};

struct profile_reader {
	struct profile *profile;
	const struct profile_format *format; /* NULL: not told yet */
	void *state;                         /* of the format */
	struct buffer sniffed;               /* what came until then */
	struct read_report report;
	bool is_begun, is_gzip;
	bool has_ended; /* a member of gzip, behind which another one may come */
	struct buffer magic;
	uint64_t compressed; /* bytes of earlier pieces */
	z_stream stream;
	char *inflated;
};

void read_report_add(struct read_report *report, uint64_t line, const char *why)
{
	report->last = (struct read_fault){ line, why };
	if (report->faults < READ_FAULTS_NAMED)
		report->first[report->faults] = report->last;
	report->faults++;
}

void read_report_add_reference(struct read_report *report, uint64_t line, const char *why)
{
	report->references++;
	read_report_add(report, line, why);
}

void profile_formats_append(struct buffer *to)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		buffer_append_string(to, i ? ", " : "");
		buffer_append_string(to, formats[i]->name);
	}
}

struct profile_reader *profile_reader_new(struct profile *profile)
{
	struct profile_reader *reader = calloc(1, sizeof(*reader));

	if (reader)
		reader->profile = profile;
	return reader;
}

void profile_reader_free(struct profile_reader *reader)
{
	if (!reader)
		return;
	if (reader->state)
		reader->format->free(reader->state);
	if (reader->is_gzip)
		inflateEnd(&reader->stream);
	buffer_release(&reader->sniffed);
	buffer_release(&reader->magic);
	free(reader->inflated);
	free(reader);
}

void profile_reader_want(struct profile_reader *reader, const char *value)
{
	reader->report.wanted = value;
}

/* --- the kind --- */

static int recognise(struct profile_reader *reader)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i]->recognises(reader->sniffed.data, reader->sniffed.size)) {
			reader->format = reader->report.format = formats[i];
			if (formats[i]->takes_anything)
				reader->report.foreign =
					foreign_kind(reader->sniffed.data, reader->sniffed.size);
			reader->state = formats[i]->begin(reader->profile, &reader->report);
			return reader->state ? 0 : -ENOMEM;
		}
	return -ENOEXEC;
}

/* What editors set ahead of a text is no part of its first name. */
static size_t byte_order_mark(const struct profile_reader *reader)
{
	static const char mark[] = { '\xef', '\xbb', '\xbf' };

	return !reader->format->counts_bytes && reader->sniffed.size >= sizeof(mark) &&
			       !memcmp(reader->sniffed.data, mark, sizeof(mark))
		       ? sizeof(mark)
		       : 0;
}

static int begin(struct profile_reader *reader)
{
	int error = recognise(reader);
	size_t mark = error ? 0 : byte_order_mark(reader);

	if (!error)
		error = reader->format->feed(reader->state, reader->sniffed.data + mark,
					     reader->sniffed.size - mark);
	buffer_release(&reader->sniffed);
	return error;
}

/* What is not compressed, or not any more. */
static int feed_plain(struct profile_reader *reader, const char *bytes, size_t size)
{
	if (reader->state)
		return reader->format->feed(reader->state, bytes, size);
	buffer_append(&reader->sniffed, bytes, size);
	if (buffer_error(&reader->sniffed))
		return -ENOMEM;
	return reader->sniffed.size < SNIFFED_BYTES ? 0 : begin(reader);
}

/* --- gzip --- */

static int begin_inflating(struct profile_reader *reader)
{
	reader->inflated = malloc(INFLATED_BYTES);
	if (!reader->inflated || inflateInit2(&reader->stream, GZIP_WINDOW) != Z_OK)
		return -ENOMEM;
	reader->is_gzip = true;
	return 0;
}

static void skip_zeros(z_stream *stream)
{
	while (stream->avail_in && !*stream->next_in) {
		stream->next_in++;
		stream->avail_in--;
	}
}

static int inflate_some(struct profile_reader *reader)
{
	z_stream *stream = &reader->stream;
	int result;

	if (reader->has_ended && inflateReset(stream) != Z_OK)
		return -EBADMSG;
	stream->next_out = (Bytef *)reader->inflated;
	stream->avail_out = INFLATED_BYTES;
	result = inflate(stream, Z_NO_FLUSH);
	reader->has_ended = result == Z_STREAM_END;
	if (result == Z_MEM_ERROR)
		return -ENOMEM;
	return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR ? 0 : -EBADMSG;
}

static int feed_gzip(struct profile_reader *reader, const char *bytes, size_t size)
{
	z_stream *stream = &reader->stream;
	bool is_full = false;

	stream->next_in = (Bytef *)bytes;
	for (stream->avail_in = (uInt)size; stream->avail_in || is_full;) {
		int error;

		if (reader->has_ended)
			skip_zeros(stream);
		if (!stream->avail_in && !is_full)
			break;
		error = inflate_some(reader);
		reader->report.gzip_byte = reader->compressed + size - stream->avail_in;
		/* At the end nothing is held back. */
		is_full = !stream->avail_out && !reader->has_ended;
		if (!error)
			error = feed_plain(reader, reader->inflated,
					   INFLATED_BYTES - stream->avail_out);
		if (error)
			return error;
	}
	reader->compressed += size;
	return 0;
}

/* --- all of it --- */

static int feed(struct profile_reader *reader, const char *bytes, size_t size)
{
	while (reader->is_gzip && size > UINT32_MAX) {
		int error = feed_gzip(reader, bytes, UINT32_MAX);

		if (error)
			return error;
		bytes += UINT32_MAX;
		size -= UINT32_MAX;
	}
	return reader->is_gzip ? feed_gzip(reader, bytes, size) : feed_plain(reader, bytes, size);
}

static bool begins_as_gzip(const struct buffer *bytes)
{
	return bytes->size >= sizeof(gzip_magic) &&
	       !memcmp(bytes->data, gzip_magic, sizeof(gzip_magic));
}

/* By the first two bytes. */
static int begin_input(struct profile_reader *reader)
{
	int error = begins_as_gzip(&reader->magic) ? begin_inflating(reader) : 0;

	reader->is_begun = true;
	return error ? error : feed(reader, reader->magic.data, reader->magic.size);
}

int profile_reader_feed(struct profile_reader *reader, const char *bytes, size_t size)
{
	if (reader->is_begun)
		return feed(reader, bytes, size);
	buffer_append(&reader->magic, bytes, size);
	if (buffer_error(&reader->magic))
		return -ENOMEM;
	return reader->magic.size < sizeof(gzip_magic) ? 0 : begin_input(reader);
}

static int finish(struct profile_reader *reader)
{
	int error = reader->is_begun ? 0 : begin_input(reader);

	if (!error && !reader->state && reader->sniffed.size)
		error = begin(reader);
	if (!error && reader->is_gzip && !reader->has_ended)
		error = -ENODATA;
	return error || !reader->state ? error : reader->format->finish(reader->state);
}

int profile_reader_finish(struct profile_reader *reader, struct read_report *ret_report)
{
	int error = finish(reader);

	if (!error) /* else stacks may still be added meanwhile */
		profile_settle(reader->profile);
	*ret_report = reader->report;
	return error;
}

const struct read_report *profile_reader_report(const struct profile_reader *reader)
{
	return &reader->report;
}

DEFINE_CLEANUP(cleanup_reader, struct profile_reader *, profile_reader_free)

int profile_read(struct profile *profile, const char *bytes, size_t size,
		 struct read_report *ret_report)
{
	_cleanup_(cleanup_reader) struct profile_reader *reader = profile_reader_new(profile);
	int error = reader ? profile_reader_feed(reader, bytes, size) : -ENOMEM;

	if (!error) {
		error = profile_reader_finish(reader, ret_report);
		ret_report->others_told = NULL;
	}
	return error;
}
