/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which samples of a profile are wanted, by what is known of them (sample_labels.def): "comm=nginx,container~^web" are those of threads that are called nginx in containers that match the
 * regular expression. = and != compare, ~ and !~ match (POSIX, extended); a sample of which the label is not known is not equal to anything and matches nothing. All terms have to be true.
 */
#ifndef HEARTH_MODEL_LABEL_FILTER_H
#define HEARTH_MODEL_LABEL_FILTER_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/samples.h"

struct profile;

#define LABEL_TERMS_MAX 32

struct label_term {
	enum sample_label label;
	bool is_negated, is_regexp;
	char *text;
	regex_t regexp;
};

struct label_filter {
	struct label_term terms[LABEL_TERMS_MAX];
	size_t count;
	char why[256]; /* of the last refusal */
};

/* Zero bytes are a filter that takes all. */
void label_filter_release(struct label_filter *filter);

/* Adds terms, with commas between them: 0, -ENOMEM, or -EINVAL with a reason in `ret_why`, which stays until the next call. */
int label_filter_add(struct label_filter *filter, const char *text, const char **ret_why);

/* Is all of it true of a label set of a profile? 0 or -ENOMEM. */
int label_filter_takes(const struct label_filter *filter, const struct profile *profile,
		       const struct label_set *set, bool *ret_takes);

/* A profile of those samples of one that keeps them: 0 or -ENOMEM. */
int label_filter_apply(const struct label_filter *filter, const struct profile *from,
		       struct profile **ret_profile);

#endif
