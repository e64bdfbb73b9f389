/* SPDX-License-Identifier: Apache-2.0 */
/* Where a profile goes, in which shape and in which format: -o, --format, the words of shaping and the drawing options. */
#ifndef HEARTH_PROFILER_OUTPUT_H
#define HEARTH_PROFILER_OUTPUT_H

#include "base/buffer.h"
#include "model/shaping.h"
#include "profiler/options.h"
#include "profiler/tick_counts.h"
#include "render/render.h"
#include "render/render_options.h"

struct output_file;
struct profile;

struct output {
	const char *path;                   /* NULL: the command's default */
	const struct render_format *format; /* NULL: by the path's ending */
	bool is_of_recording; /* whose ticks do not come again: what they do not tell is done without */
	struct shaping shaping;
	struct render_options drawing;
	struct option_row *shaping_rows, *drawing_rows; /* for the parser */
};

int output_init(struct output *output); /* 0 or -ENOMEM */
void output_release(struct output *output);

/* The rows for -o and --format, whose context is a struct output; and those of shaping and drawing. */
extern const struct option_row output_rows[];
extern const size_t output_row_count;
struct option_table output_shaping_table(struct output *output);
struct option_table output_drawing_table(struct output *output);

/*
 * Decides path and format and sees whether the path can be written, before any work is done for it:
 * 0, or -errno after logging.
 */
int output_check(struct output *output, const char *default_path);

/* Is the profile to keep its samples (samples.h)? Once the format is decided. */
bool output_wants_samples(const struct output *output);
bool output_wants_times(const struct output *output);  /* of them */
bool output_wants_values(const struct output *output); /* beside the first one */
/* Of ticks that are recorded for it. */
struct tick_labels output_labels(const struct output *output);

/* Are the files and lines of frames told? The same. */
bool output_wants_lines(const struct output *output);

/*
 * Shapes the profile and makes the output of it, and logs what was taken out: 0, or -errno after logging, but for the error of a
 * drain, which told itself.
 */
int output_make(const struct output *output, const struct profile *profile, struct buffer *to);

/* Where what is made goes, piece by piece: begun before it, ended behind it, and then it is said. */
struct output_delivery {
	const struct output *output;
	struct output_file *file;
	struct buffer_drain drain; /* logs its errors */
};

int output_delivery_init(struct output_delivery *delivery,
			 const struct output *output); /* 0 or -errno after logging */
void output_delivery_release(struct output_delivery *delivery);
int output_delivery_end(struct output_delivery *delivery); /* 0 or -errno after logging */

/* All of it. */
int output_write(const struct output *output, const struct profile *profile);

/* Writes bytes as a file, whole or not at all: 0, or -errno after logging. */
int output_write_bytes(const char *path, const void *bytes, size_t size);

#endif
