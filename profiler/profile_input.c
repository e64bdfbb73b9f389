/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/profile_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "model/profile_reader.h"

#define CHUNK_BYTES (256u << 10) /* that is read at a time */

DEFINE_CLEANUP(cleanup_reader, struct profile_reader *, profile_reader_free)

static const char *name_of(const char *path)
{
	return profile_input_is_standard(path) ? "standard input" : path;
}

bool profile_input_is_standard(const char *path)
{
	return !strcmp(path, "-") || !strcmp(path, "/dev/stdin");
}

int profile_input_open(struct profile_input *input, const char *path)
{
	int error = 0;

	*input = (struct profile_input){ .name = name_of(path), .perf = { .messages = -1 } };
	input->fd = profile_input_is_standard(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
						    : open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0 || (read(input->fd, NULL, 0) < 0 && errno == EISDIR))
		error = -errno;
	if (!error)
		return perf_data_open(input->name, &input->fd, &input->perf);
	log_error("cannot read %s: %s", input->name, strerror(-error));
	return error;
}

bool profile_input_size(const struct profile_input *input, uint64_t *ret_bytes)
{
	struct stat status;
	const bool is_file = !fstat(input->fd, &status) && S_ISREG(status.st_mode);

	*ret_bytes = is_file ? (uint64_t)status.st_size : 0;
	return is_file;
}

int profile_input_close(struct profile_input *input, int error)
{
	if (input->fd >= 0)
		close(take_fd(&input->fd)); /* perf, if it has more to say, ends by it */
	return perf_data_end(input->name, &input->perf, error);
}

/* --- what is said of it --- */

static const char *unit_of(const struct read_report *report)
{
	return report->format->counts_bytes ? "samples" : "lines";
}

/* "app.pb.gz: byte 12: left out: ..." or "app.folded:12: left out: ..." */
static void warn_of_fault(const char *name, const struct read_report *report,
			  const struct read_fault *fault)
{
	log_warning(report->format->counts_bytes ? "%s: byte %llu: left out: %s"
						 : "%s:%llu: left out: %s",
		    name, (unsigned long long)fault->line, fault->why);
}

/* Nothing is known of it but what it is not. */
static void log_foreign(const char *name, const struct read_report *report)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_append_string(&text, "no profile of a kind that is read (");
	profile_formats_append(&text);
	buffer_append_string(&text, ", perf.data)");
	if (report->foreign)
		buffer_printf(&text, ", but %s", report->foreign);
	else
		buffer_printf(&text, ": no %s: line %llu: %s", report->format->summary,
			      (unsigned long long)report->first[0].line, report->first[0].why);
	log_error("%s: %s", name, buffer_string(&text) ? text.data : "no profile");
}

/* Tells of what was left out. Where most was, the input is something else, and a picture of the rest would look like one of it. */
static int judge(const char *name, const struct read_report *report)
{
	uint64_t left_out = report->faults - report->references;

	if (left_out && !report->stacks && report->format->takes_anything) {
		log_foreign(name, report);
		return -EINVAL;
	}
	if (left_out > report->stacks) {
		log_error("%s: no %s but in %llu of %llu %s; %s %llu: %s", name,
			  report->format->summary, (unsigned long long)report->stacks,
			  (unsigned long long)report->lines, unit_of(report),
			  report->format->counts_bytes ? "byte" : "line",
			  (unsigned long long)report->first[0].line, report->first[0].why);
		return -EINVAL;
	}
	if (report->others_told)
		log_warning("%s: %s", name, report->others_told);
	else if (report->others && report->format->others)
		log_warning("%s: %llu %s left out", name, (unsigned long long)report->others,
			    report->format->others);
	if (report->lost)
		log_warning("%s: perf lost %llu events when it recorded: they are missing here",
			    name, (unsigned long long)report->lost);
	for (uint64_t i = 0; i < report->faults && i < READ_FAULTS_NAMED; i++)
		warn_of_fault(name, report, &report->first[i]);
	if (report->references)
		log_warning(
			"%s: %llu references to what is not there; the samples are kept without",
			name, (unsigned long long)report->references);
	if (left_out)
		log_warning("%s: %llu of %llu %s left out, %llu stacks kept", name,
			    (unsigned long long)left_out, (unsigned long long)report->lines,
			    unit_of(report), (unsigned long long)report->stacks);
	return 0;
}

/* Where the content ends to be what it was, the report's last fault tells. */
static void log_damage(const char *name, const struct read_report *report)
{
	log_error("%s: no %s: byte %llu: %s; %llu samples were read before", name,
		  report->format->summary, (unsigned long long)report->last.line, report->last.why,
		  (unsigned long long)report->stacks);
}

static int fail(const char *name, int error, const struct read_report *report)
{
	const unsigned long long stacks = report->stacks;

	if (error == -EBADMSG)
		log_error(
			"%s: byte %llu: damaged: gzip does not inflate it; %llu stacks were read before",
			name, (unsigned long long)report->gzip_byte, stacks);
	else if (error == -ENODATA)
		log_error(
			"%s: byte %llu: it is cut off: gzip's end is missing; %llu stacks were read before",
			name, (unsigned long long)report->gzip_byte, stacks);
	else if (error == -E2BIG && report->foreign && !report->stacks)
		log_foreign(name, report);
	else if (error == -E2BIG)
		log_error(
			"%s:%llu: a line of more than 64 MiB: no text; %llu stacks were read before",
			name, (unsigned long long)report->lines + 1, stacks);
	else if (error == -ENOMEM)
		log_error("%s: it takes too much memory; %llu stacks were read before", name,
			  stacks);
	else
		log_error("%s: %s", name,
			  error == -ENOEXEC ? "no profile of a kind that is known"
					    : strerror(-error));
	return error;
}

/* --- reading --- */

static int read_all(struct profile_reader *reader, const struct perf_data *perf, int fd)
{
	_cleanup_free_ char *chunk = malloc(CHUNK_BYTES);
	ssize_t got = 1;
	int error = chunk ? 0 : -ENOMEM;

	if (!error && perf->ahead_size)
		error = profile_reader_feed(reader, perf->ahead, perf->ahead_size);
	while (!error && got) {
		got = read(fd, chunk, CHUNK_BYTES);
		if (got < 0 && errno != EINTR)
			error = -errno;
		else if (got > 0)
			error = profile_reader_feed(reader, chunk, (size_t)got);
	}
	return error;
}

static int end(const struct profile_input *input, struct profile_reader *reader, int error,
	       const struct profile_format **ret_format)
{
	struct read_report report = { 0 };

	if (!error)
		error = profile_reader_finish(reader, &report);
	if (!error) {
		*ret_format = report.format;
		/* Where perf gives nothing, it may be about to say why (perf_data_end()). */
		if (!report.stacks && !report.others && !report.faults && !input->perf.perf)
			log_warning("%s: no samples in it", input->name);
		return judge(input->name, &report);
	}
	report = *profile_reader_report(reader);
	if (error != -EPROTO)
		return fail(input->name, error, &report);
	log_damage(input->name, &report);
	return error;
}

int profile_input_read(const struct profile_input *input, int fd, const char *value,
		       struct profile *profile, const struct profile_format **ret_format)
{
	_cleanup_(cleanup_reader) struct profile_reader *reader = profile_reader_new(profile);

	if (!reader)
		return fail(input->name, -ENOMEM, &(struct read_report){ 0 });
	profile_reader_want(reader, value);
	return end(input, reader, read_all(reader, &input->perf, fd), ret_format);
}
