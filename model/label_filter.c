/* SPDX-License-Identifier: Apache-2.0 */
#include "model/label_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/frame_copy.h"
#include "model/node_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/regexp.h"
#include "model/value_move.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

static void term_release(struct label_term *term)
{
	if (term->is_regexp)
		regfree(&term->regexp);
	free(term->text);
}

void label_filter_release(struct label_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		term_release(&filter->terms[i]);
	filter->count = 0;
}

/* --- terms --- */

static int refuse(struct label_filter *filter, const char **ret_why)
{
	*ret_why = filter->why;
	return -EINVAL;
}

static int refuse_term(struct label_filter *filter, const char *term, const char **ret_why)
{
	static const char labels[] = ""
#define SAMPLE_LABEL(name, type, meaning) " " #name
#include "model/sample_labels.def"
#undef SAMPLE_LABEL
		;

	snprintf(filter->why, sizeof(filter->why),
		 "\"%.30s\" is no LABEL=VALUE, with =, !=, ~ or !~ and one of these labels:%s",
		 term, labels);
	return refuse(filter, ret_why);
}

static int compile(struct label_filter *filter, struct label_term *term, const char **ret_why)
{
	int error = regcomp(&term->regexp, term->text, REG_EXTENDED | REG_NOSUB);

	term->is_regexp = !error;
	if (!error)
		return 0;
	if (error == REG_ESPACE)
		return -ENOMEM;
	regerror(error, &term->regexp, filter->why, sizeof(filter->why));
	return refuse(filter, ret_why);
}

/* "comm=nginx", which may be changed. */
static int add_term(struct label_filter *filter, char *text, const char **ret_why)
{
	struct label_term *term = &filter->terms[filter->count];
	char *sign = text + strcspn(text, "=~");
	size_t name = (size_t)(sign - text);
	int error = 0;

	*term = (struct label_term){ 0 };
	if (*sign && name && sign[-1] == '!') {
		term->is_negated = true;
		name--;
	}
	if (!*sign || !sign[1] || sample_label_by_name(text, name, &term->label))
		return refuse_term(filter, text, ret_why);
	term->text = strdup(sign + 1);
	if (!term->text)
		return -ENOMEM;
	if (*sign == '~')
		error = compile(filter, term, ret_why);
	if (error)
		term_release(term);
	else
		filter->count++;
	return error;
}

int label_filter_add(struct label_filter *filter, const char *text, const char **ret_why)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *term;
	int error = copy ? 0 : -ENOMEM;

	while (!error && (term = strsep(&rest, ","))) {
		if (filter->count < LABEL_TERMS_MAX) {
			error = add_term(filter, term, ret_why);
			continue;
		}
		snprintf(filter->why, sizeof(filter->why), "more than %d terms", LABEL_TERMS_MAX);
		error = refuse(filter, ret_why);
	}
	return error;
}

/* --- samples --- */

static int check_term(const struct label_term *term, const struct profile *profile,
		      const struct label_set *set, bool *ret_is_true)
{
	uint32_t value = set->values[term->label];
	const char *text;
	char digits[16];
	bool is_met = false;
	int error = 0;

	*ret_is_true = term->is_negated;
	if (value == PROFILE_NONE)
		return 0;
	snprintf(digits, sizeof(digits), "%u", value);
	text = sample_label_is_number(term->label) ? digits : profile_string(profile, value, NULL);
	if (term->is_regexp)
		error = regexp_matches(&term->regexp, text, &is_met);
	else
		is_met = !strcmp(term->text, text);
	*ret_is_true = is_met != term->is_negated;
	return error;
}

int label_filter_takes(const struct label_filter *filter, const struct profile *profile,
		       const struct label_set *set, bool *ret_takes)
{
	bool takes = true;
	int error = 0;

	for (size_t i = 0; i < filter->count && takes && !error; i++)
		error = check_term(&filter->terms[i], profile, set, &takes);
	*ret_takes = takes;
	return error;
}

/* What moves. */
struct filtering {
	bool *sets;      /* per label set: is it wanted? */
	bool *wanted;    /* per node: has it, or has one below it, such a sample? */
	uint32_t *nodes; /* per node its own in the new profile */
};

static int filtering_init(struct filtering *filtering, const struct label_filter *filter,
			  const struct profile *from)
{
	const struct samples *samples = profile_samples(from);
	uint32_t sets = samples_labels_count(samples), nodes = profile_node_count(from);
	int error = 0;

	filtering->sets = malloc(sets * sizeof(*filtering->sets));
	filtering->wanted = calloc(nodes, sizeof(*filtering->wanted));
	filtering->nodes = malloc(nodes * sizeof(*filtering->nodes));
	if (!filtering->sets || !filtering->wanted || !filtering->nodes)
		return -ENOMEM;
	for (uint32_t i = 0; i < sets && !error; i++)
		error = label_filter_takes(filter, from, samples_labels(samples, i),
					   &filtering->sets[i]);
	if (error)
		return error;
	for (size_t i = 0; i < samples_count(samples); i++) {
		struct sample sample = samples_get(samples, i);

		filtering->wanted[sample.node] |= filtering->sets[sample.labels];
	}
	for (uint32_t i = nodes; i-- > 1;)
		if (filtering->wanted[i])
			filtering->wanted[profile_node(from, i)->parent] = true;
	return 0;
}

static void filtering_release(struct filtering *filtering)
{
	free(filtering->sets);
	free(filtering->wanted);
	free(filtering->nodes);
}

static int place(void *context, const struct sample *sample, uint32_t *ret_node)
{
	const struct filtering *filtering = context;

	*ret_node = filtering->sets[sample->labels] ? filtering->nodes[sample->node] : PROFILE_NONE;
	return 0;
}

static int filter_samples(const struct label_filter *filter, const struct profile *from,
			  struct profile *to)
{
	struct filtering filtering = { 0 };
	struct frame_copy copy = { 0 };
	int error = frame_copy_init(&copy, from, to, FRAME_LINES_KEPT, false);

	if (!error)
		error = filtering_init(&filtering, filter, from);
	if (!error)
		error = node_copy(&copy, filtering.wanted, filtering.nodes);
	if (!error)
		error = value_move_samples(from, to, place, &filtering);
	frame_copy_release(&copy);
	filtering_release(&filtering);
	return error;
}

int label_filter_apply(const struct label_filter *filter, const struct profile *from,
		       struct profile **ret_profile)
{
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	int error = to ? 0 : -ENOMEM;

	if (!error && profile_samples(from))
		error = filter_samples(filter, from, to);
	if (!error)
		error = origin_copy_with_before(from, to);
	if (!error)
		*ret_profile = take_ptr(to);
	return error;
}
