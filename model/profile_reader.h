/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a profile. Each kind of input is one row of model/readers.def and one file; which one it is, is found from the content. Bytes come in
 * pieces, so that an input of any size is read in as much memory as its profile takes; what gzip compressed is
 * inflated on the way.
 *
 * What is not of its form is left out, counted and named in the report: nothing is dropped silently. Readers never log and touch no file.
 */
#ifndef HEARTH_MODEL_PROFILE_READER_H
#define HEARTH_MODEL_PROFILE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct profile;

#define READ_FAULTS_NAMED 8

/* What was left out. */
struct read_fault {
	uint64_t line;   /* from 1; or the byte's offset, where the format counts bytes */
	const char *why; /* static text */
};

struct read_report {
	const char *
		wanted; /* asked, not told: the value that is to count; NULL: the first one. It matters where samples are of several kinds */
	const struct profile_format *format; /* NULL: there was nothing to tell it by */
	const char *
		foreign; /* where that takes anything: what it looks like; NULL: text (foreign_kind.h) */
	uint64_t lines;  /* all, blank ones too; where the format counts bytes, samples */
	uint64_t stacks; /* kept */
	uint64_t others; /* as the format calls them, left out */
	const char *
		others_told; /* in words of the reader's instead, as long as that is there; NULL: none */
	uint64_t lost;   /* events that the recorder tells it lost, and that are not in the input */
	uint64_t faults; /* of which the first few are named */
	uint64_t
		references; /* of the faults: what refers to nothing; the samples that have it are kept without it */
	uint64_t gzip_byte; /* of -EBADMSG and -ENODATA: the byte of the compressed input */
	struct read_fault first[READ_FAULTS_NAMED];
	struct read_fault last;
};

/* For readers. */
void read_report_add(struct read_report *report, uint64_t line, const char *why);
void read_report_add_reference(struct read_report *report, uint64_t line, const char *why);

/* A kind of input. */
struct profile_format {
	const char *name;
	const char *summary; /* for --help */
	const char *
		others; /* what is counted and left out: "threads of another unit than the first one"; NULL: nothing */
	bool has_machine_clock; /* times are those of a clock of the machine, so that those of two inputs can be compared */
	bool takes_anything; /* that no other one recognises */
	bool counts_bytes;   /* it is no text: faults are told by the offset of a byte */
	/* Is it this one, by how it begins? Rows are asked in their order. */
	bool (*recognises)(const char *bytes, size_t size);
	/* A state that adds to the profile and the report, which live longer: NULL: out of memory. */
	void *(*begin)(struct profile *profile, struct read_report *report);
	int (*feed)(void *state, const char *bytes, size_t size);
	int (*finish)(void *state);
	void (*free)(void *state);
};

/* Their names, "pprof, speedscope". */
void profile_formats_append(struct buffer *to);

struct profile_reader;

/* Reads into a profile, which lives longer. NULL: out of memory. */
struct profile_reader *profile_reader_new(struct profile *profile);
void profile_reader_free(struct profile_reader *reader);

/* Before anything is fed: the value that is to count (of several kinds of samples, those that have it); it stays the caller's. */
void profile_reader_want(struct profile_reader *reader, const char *value);

/* 0; -ENOEXEC: no kind that is known; -EBADMSG: damaged in compression (behind its end zeros may follow, as they do on tapes, and other members); -E2BIG: a line without an end (line_splitter.h); -EPROTO: from the place on that the report's last fault names, it is not what it was; -ENOMEM. Nothing is fed after an error. */
int profile_reader_feed(struct profile_reader *reader, const char *bytes, size_t size);

/* The end of the input: errors as above, -ENODATA: it ends within what gzip compressed. The report is as far as it came, in any case. */
int profile_reader_finish(struct profile_reader *reader, struct read_report *ret_report);

/* As far as it came; also behind an error. */
const struct read_report *profile_reader_report(const struct profile_reader *reader);

/* All of it, from memory. */
int profile_read(struct profile *profile, const char *bytes, size_t size,
		 struct read_report *ret_report);

#endif
