/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to draw a profile. One row of render_options.def is one option: its field here, its parser,
 * its default and its line of --help all come from there.
 *
 * Outputs that do not draw (folded) pay no attention to these; what is in a profile is chosen by other words (model/shaping.h). Not thread-safe while being set; const afterwards. Numbers have a
 * point: the program must leave LC_NUMERIC at "C" (setlocale() of LC_CTYPE alone does no harm).
 */
#ifndef HEARTH_RENDER_RENDER_OPTIONS_H
#define HEARTH_RENDER_RENDER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "render/palette.h"

/* The least width of a frame: pixels, or a share of the whole. */
struct render_minimum {
	double value;
	bool is_percent;
};

struct render_colour {
	struct colour colour;
	bool is_set;
};

/* A part of the whole, from 0 to 1. */
struct render_share {
	double value;
	bool is_set;
};

/* The order of what stands side by side. */
enum render_order {
	RENDER_ORDER_UNSAID, /* each output has its own */
	RENDER_ORDER_NAME,
	RENDER_ORDER_TOTAL,
	RENDER_ORDER_TIME,
};

/* The types of the rows, and what a field of each is. Text that was not given is NULL. */
#define RENDER_FIELD_text       char *
#define RENDER_FIELD_font       char *
#define RENDER_FIELD_integer    uint64_t
#define RENDER_FIELD_real       double
#define RENDER_FIELD_minimum    struct render_minimum
#define RENDER_FIELD_palette    enum palette
#define RENDER_FIELD_background struct render_colour
#define RENDER_FIELD_colour     struct render_colour
#define RENDER_FIELD_flag       bool
#define RENDER_FIELD_share      struct render_share
#define RENDER_FIELD_order      enum render_order

struct render_options {
#define RENDER_OPTION(type, name, field, default_, least, most, argument, help) \
	RENDER_FIELD_##type field;
#include "render/render_options.def"
	const char *
		input; /* no option: the name of what is drawn, for where the profile tells none; NULL: none. The caller's */
};

/* Every option at its default: 0 or -ENOMEM (then nothing needs a release). */
int render_options_init(struct render_options *options);
void render_options_release(struct render_options *options);

/* A row, for the command line and for --help. */
struct render_option {
	const char *name;          /* without dashes */
	const char *argument;      /* what --help calls its value; NULL: takes none */
	const char *default_value; /* NULL: none */
	const char *help;
	/* Such rows are no part of --help: */
	bool is_done;        /* hearth does so anyway */
	const char *refused; /* NULL, or why hearth does not do this */
};

extern const struct render_option render_option_table[];
extern const size_t render_option_count;

/*
 * Sets an option from the words of a user; `value` is NULL for a flag. 0, -ENOMEM, or -EINVAL with a
 * static reason in `ret_why`. What was set before is replaced.
 */
int render_option_set(struct render_options *options, const char *name, const char *value,
		      const char **ret_why);

/* The order that is asked for, by whichever of its two options. */
enum render_order render_order_of(const struct render_options *options);
/* As --sort says it; NULL: none is said. */
const char *render_order_name(enum render_order order);

/* The least whole number that is at least this share of the whole. */
uint64_t render_share_ticks(double share, uint64_t whole);

#endif
