/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of spans in any format, as hearth render makes them; and pprof of what was just recorded. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "http/answer_samples.h"
#include "http/answers.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"
#include "http/media_types.h"
#include "model/cpu_time.h"
#include "model/differential.h"
#include "model/profile.h"
#include "model/profile_scale.h"
#include "model/shape.h"
#include "model/shaping.h"
#include "model/value_choice.h"
#include "render/render.h"
#include "render/render_options.h"

#define NS_PER_SECOND 1000000000u

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* What is asked for: which format, in which shape, drawn how. */
struct output_wish {
	const struct render_format *format;
	struct shaping shaping;
	struct render_options drawing;
};

static void wish_release(struct output_wish *wish)
{
	shaping_release(&wish->shaping);
	render_options_release(&wish->drawing);
}

/* --- words --- */

static bool is_drawing(const char *name)
{
	for (size_t i = 0; i < render_option_count; i++)
		if (!strcmp(render_option_table[i].name, name))
			return true;
	return false;
}

static const struct shaping_word *shaping_word_of(const char *name)
{
	for (size_t i = 0; i < shaping_word_count; i++)
		if (!strcmp(shaping_words[i].name, name))
			return &shaping_words[i];
	return NULL;
}

static bool takes_value(const char *name)
{
	const struct shaping_word *word = shaping_word_of(name);

	if (word)
		return word->argument;
	for (size_t i = 0; i < render_option_count; i++)
		if (!strcmp(render_option_table[i].name, name))
			return render_option_table[i].argument;
	return true;
}

/* A flag is 1, or 0 as if it were not there. */
static int take_word(struct output_wish *wish, const struct http_word *word, const char **ret_why)
{
	const char *value = word->value;

	*ret_why = "there is no such parameter here";
	if (!shaping_word_of(word->name) && !is_drawing(word->name))
		return -EINVAL;
	if (!takes_value(word->name)) {
		*ret_why = "1 or 0";
		if (strcmp(value, "1"))
			return strcmp(value, "0") ? -EINVAL : 0;
		value = NULL;
	}
	return shaping_word_of(word->name)
		       ? shaping_set(&wish->shaping, word->name, value, ret_why)
		       : render_option_set(&wish->drawing, word->name, value, ret_why);
}

/* As the format has a place for it. */
static void fit_lines(struct output_wish *wish)
{
	wish->shaping.keeps_lines = wish->format->tells & RENDER_LINES;
	if (wish->shaping.lines && wish->format->tells & RENDER_LINES_BESIDE) {
		wish->shaping.keeps_lines = true;
		wish->shaping.lines = false;
	}
}

/* 0, -ENOMEM, or -EINVAL: the reply says why. */
static int wish_init(struct output_wish *wish, const struct http_parameters *parameters,
		     struct http_reply *reply)
{
	const char *why = "";
	int error = render_options_init(&wish->drawing);

	wish->format = &render_formats[http_parameters_number(parameters, "format")];
	for (size_t i = 0; i < parameters->word_count && !error; i++) {
		error = take_word(wish, &parameters->words[i], &why);
		if (error == -EINVAL &&
		    http_reply_error(reply, 400, "%.80s: %s", parameters->words[i].name, why))
			error = -ENOMEM;
	}
	fit_lines(wish);
	return error;
}

static unsigned int keeps_of(const struct output_wish *wish)
{
	unsigned int keeps = 0;

	if (wish->format->tells & RENDER_SAMPLES || wish->drawing.flamechart ||
	    shaping_wants_samples(&wish->shaping))
		keeps |= API_KEEPS_SAMPLES;
	if (wish->format->tells & RENDER_TIMES || wish->drawing.flamechart)
		keeps |= API_KEEPS_TIMES;
	return keeps;
}

/* --- making it --- */

static int write_shaped(const struct output_wish *wish, const struct profile *profile,
			struct buffer *to)
{
	_cleanup_(shaped_release) struct shaped shaped = { 0 };
	int error = shape_profile(profile, &wish->shaping, &shaped);

	return error ? error : wish->format->write(shaped.profile, &wish->drawing, to);
}

static int write_profile(struct output_wish *wish, const struct profile *profile, struct buffer *to)
{
	int error = shape_is_needed(profile, &wish->shaping)
			    ? write_shaped(wish, profile, to)
			    : wish->format->write(profile, &wish->drawing, to);

	/* As of a recording: what no tick tells is done without. */
	if (error != -ENODATA || !wish->shaping.by)
		return error;
	free(take_ptr(wish->shaping.by));
	return write_profile(wish, profile, to);
}

/* "hearth-20261128-170000.svg": when it starts, in UTC. */
static void name_file(struct http_reply *reply, const struct output_wish *wish, uint64_t from_ns)
{
	const time_t seconds = (time_t)(from_ns / NS_PER_SECOND);
	struct tm parts;
	char when[32] = "";

	if (gmtime_r(&seconds, &parts))
		strftime(when, sizeof(when), "-%Y%m%d-%H%M%S", &parts);
	snprintf(reply->file_name, sizeof(reply->file_name), "hearth%s%s", when,
		 wish->format->ending);
}

static int tell_failure(const struct output_wish *wish, int error, struct http_reply *reply)
{
	if (error == -ENOENT && wish->shaping.value)
		return http_reply_error(reply, 400, "value: there is none of this name");
	if (error == -EOVERFLOW)
		return http_reply_error(reply, 422, "its values add up to more than 2^63 - 1");
	if (error == -EFBIG)
		return http_reply_error(
			reply, 422,
			"the answer would be too large: ask for a shorter span, or for fewer processes (where)");
	return error;
}

static int reply_profile(const struct http_question *question, struct output_wish *wish,
			 const struct profile *profile, struct http_reply *reply)
{
	const struct media_type *media = media_type_of(wish->format);
	int error;

	reply->type = media->type;
	reply->policy = media->policy;
	if (http_parameters_number(question->parameters, "download"))
		name_file(reply, wish, http_parameters_number(question->parameters, "from"));
	error = write_profile(wish, profile, &reply->body.buffer);
	if (!error)
		error = buffer_error(&reply->body.buffer);
	return error ? tell_failure(wish, error, reply) : 0;
}

int answer_profile(const struct http_question *question, struct http_reply *reply)
{
	_cleanup_(answer_samples_release) struct answer_samples samples = { 0 };
	_cleanup_(cleanup_profile) struct profile *profile = NULL;
	_cleanup_(wish_release) struct output_wish wish = { 0 };
	int error = answer_samples_init(&samples, question, reply);

	if (error || samples.is_refused)
		return error;
	error = wish_init(&wish, question->parameters, reply);
	if (error)
		return error == -EINVAL ? 0 : error;
	error = question->source->profile(question->view, &samples.samples, keeps_of(&wish),
					  &profile);
	return error ? error : reply_profile(question, &wish, profile, reply);
}

/* --- two spans --- */

static void replace(struct profile **profile, struct profile *by)
{
	profile_free(*profile);
	*profile = by;
}

/* To as much as there is after. */
static int normalize(struct profile **before, const struct profile *after)
{
	const uint64_t total = profile_total(*before);
	struct profile *chosen;
	uint32_t count;
	int error;

	profile_values(*before, &count);
	error = count > 1 ? value_choose(*before, 0, &chosen) : 0;
	if (!error && count > 1)
		replace(before, chosen);
	return error || !total ? error : profile_scale(*before, profile_total(after), total);
}

static uint64_t span_ns(const struct http_parameters *parameters, const char *from, const char *to)
{
	return http_parameters_number(parameters, to) - http_parameters_number(parameters, from);
}

/* By what is asked for: to what it is compared with, to as much time, or not at all. */
static int scale_before(const struct http_parameters *parameters, struct profile **before,
			const struct profile *after)
{
	if (http_parameters_number(parameters, "normalize"))
		return normalize(before, after);
	if (!http_parameters_number(parameters, "per-time"))
		return 0;
	return profile_scale(*before, span_ns(parameters, "from", "to"),
			     span_ns(parameters, "before-from", "before-to"));
}

static int compare(const struct http_question *question, struct profile **before,
		   struct profile **after)
{
	struct profile *made;
	int error = cpu_time_settle(*before, *after);

	if (!error)
		error = scale_before(question->parameters, before, *after);
	if (!error)
		error = differential_make(*before, *after, &made);
	if (!error)
		replace(after, made);
	return error;
}

int answer_diff(const struct http_question *question, struct http_reply *reply)
{
	const struct http_parameters *parameters = question->parameters;
	_cleanup_(answer_samples_release) struct answer_samples samples = { 0 };
	_cleanup_(cleanup_profile) struct profile *after = NULL;
	_cleanup_(cleanup_profile) struct profile *before = NULL;
	_cleanup_(wish_release) struct output_wish wish = { 0 };
	struct api_samples earlier;
	int error = answer_samples_init(&samples, question, reply);

	if (error || samples.is_refused)
		return error;
	error = wish_init(&wish, parameters, reply);
	if (error)
		return error == -EINVAL ? 0 : error;
	earlier = samples.samples;
	earlier.from_ns = http_parameters_number(parameters, "before-from");
	earlier.to_ns = http_parameters_number(parameters, "before-to");
	error = question->source->profile(question->view, &samples.samples, keeps_of(&wish),
					  &after);
	if (!error)
		error = question->source->profile(question->view, &earlier,
						  keeps_of(&wish) & ~API_KEEPS_TIMES, &before);
	if (!error)
		error = compare(question, &before, &after);
	if (error == -EINVAL)
		return http_reply_error(reply, 422,
					"the two spans count different things: value takes one");
	if (error == -EOVERFLOW)
		return tell_failure(&wish, error, reply);
	return error ? error : reply_profile(question, &wish, after, reply);
}

/* --- of what was just recorded --- */

/* The terms that stand for parameters of their own; a comma would begin a further one. */
static int add_targets(struct answer_samples *samples, const struct http_parameters *parameters,
		       struct http_reply *reply)
{
	static const char *const names[] = { "pid", "comm" };
	char term[256];
	const char *why;
	int error = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !error; i++) {
		const struct http_parameter_value *value =
			http_parameters_get(parameters, names[i]);

		if (!value->text)
			continue;
		samples->is_refused = strchr(value->text, ',') || strlen(value->text) > 128;
		if (samples->is_refused)
			return http_reply_error(reply, 400,
						"%s: no such name; where=%s~REGEXP may do",
						names[i], names[i]);
		snprintf(term, sizeof(term), "%s=%s", names[i], value->text);
		error = label_filter_add(&samples->filter, term, &why);
	}
	if (samples->filter.count)
		samples->samples.filter = &samples->filter;
	return error;
}

int answer_pprof(const struct http_question *question, struct http_reply *reply)
{
	_cleanup_(answer_samples_release) struct answer_samples samples = { 0 };
	_cleanup_(cleanup_profile) struct profile *profile = NULL;
	_cleanup_(wish_release) struct output_wish wish = {
		.format = render_format_by_name("pprof"),
	};
	int error = answer_samples_init(&samples, question, reply);

	if (!error && !samples.is_refused)
		error = add_targets(&samples, question->parameters, reply);
	if (!error)
		error = render_options_init(&wish.drawing);
	if (error || samples.is_refused)
		return error;
	samples.samples.from_ns = question->from_ns;
	samples.samples.to_ns = question->to_ns;
	fit_lines(&wish);
	error = question->source->profile(question->view, &samples.samples, keeps_of(&wish),
					  &profile);
	if (error)
		return error;
	reply->is_live = true;
	name_file(reply, &wish, question->from_ns);
	error = write_profile(&wish, profile, &reply->body.buffer);
	return error ? tell_failure(&wish, error, reply) : 0;
}
