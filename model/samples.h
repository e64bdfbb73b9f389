/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single samples of a profile, where somebody asked for them: of each its node of the stack tree, what is known of it (a label
 * set), when it was, and its values. The tree alone (profile.h) needs none of this.
 *
 * The table is of columns, and one that says nothing yet does not exist: a sample takes 8 bytes, 8 more once a time is known of any, and 8 more for
 * each value once any counts other than one. So 10 million samples with a time are 160 MB. Label sets are interned: 52 bytes and some 16 of a
 * hash table, once each. What is not known of a sample is PROFILE_NONE in its label set, SAMPLE_NO_TIME in its time.
 */
#ifndef HEARTH_MODEL_SAMPLES_H
#define HEARTH_MODEL_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sample_label {
#define SAMPLE_LABEL(name, type, meaning) SAMPLE_LABEL_##name,
#include "model/sample_labels.def"
#undef SAMPLE_LABEL
	SAMPLE_LABEL_COUNT
};

const char *sample_label_name(enum sample_label label);
const char *sample_label_meaning(enum sample_label label);
bool sample_label_is_number(enum sample_label label);
/* -EINVAL: there is none of that name. */
int sample_label_by_name(const char *name, size_t size, enum sample_label *ret_label);

/* Per label a number or the id of a string, or PROFILE_NONE. */
struct label_set {
	uint32_t values[SAMPLE_LABEL_COUNT];
};

#define LABELS_UNKNOWN 0u /* the set of which nothing is known; every table has it */

#define SAMPLE_NO_TIME UINT64_MAX

struct sample {
	uint32_t node;
	uint32_t labels;  /* id of a label set */
	uint64_t time_ns; /* by the clock of where it comes from, or SAMPLE_NO_TIME */
};

#define SAMPLES_MAX (UINT32_MAX / 2)

struct samples;

struct samples *samples_new(uint32_t value_count); /* NULL: out of memory */
void samples_free(struct samples *samples);

/* Interns a label set: 0 or -ENOMEM. */
int samples_add_labels(struct samples *samples, const struct label_set *set, uint32_t *ret_id);
const struct label_set *samples_labels(const struct samples *samples, uint32_t id);
uint32_t samples_labels_count(const struct samples *samples);

/* With as many values as the table has a sample: 0, or -ENOMEM, also when there are SAMPLES_MAX. */
int samples_add(struct samples *samples, struct sample sample, const uint64_t *values);

/* From now on a sample has so many values, at least as many as before; those that there are have 0 of the new ones. 0 or -ENOMEM. */
int samples_extend_values(struct samples *samples, uint32_t value_count);
void samples_forget_times(struct samples *samples);

/* Gives a sample other values, in place. */
typedef void (*sample_change_fn)(void *context, const struct sample *sample, uint64_t *values);

/* Of each sample; those whose values are all 0 then are samples no more. 0, or -ENOMEM and nothing was changed. */
int samples_change(struct samples *samples, sample_change_fn change, void *context);

size_t samples_count(const struct samples *samples);
uint32_t samples_value_count(const struct samples *samples);

/* But for their times: do they tell more than the nodes of their profile, which count their first values? */
bool samples_tell_more(const struct samples *samples);
bool samples_have_times(const struct samples *samples); /* of any */
struct sample samples_get(const struct samples *samples, size_t index);
uint64_t samples_value(const struct samples *samples, size_t index, uint32_t value);

/* Before values are added up, of a table or of none: 0, or -EOVERFLOW: those of one kind come to more than 2^63 - 1. (Of the first kind no profile takes so many.) */
int samples_check_sums(const struct samples *samples);

#endif
