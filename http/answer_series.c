/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time along time, and by label. */
#include "http/answer_samples.h"
#include "http/answers.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"
#include "http/json_answer.h"

static void append_labels(struct json_answer *json)
{
	json_open(json, '{');
	json_key(json, "labels");
	json_open(json, '[');
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++) {
		json_open(json, '{');
		json_pair_text(json, "name", sample_label_name(label));
		json_pair_text(json, "meaning", sample_label_meaning(label));
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

static void append_values(struct json_answer *json, const char *name,
			  const struct api_values *values)
{
	json_open(json, '{');
	json_pair_text(json, "name", name);
	json_pair_number(json, "total_ns", values->total_ns);
	json_key(json, "values");
	json_open(json, '[');
	for (size_t i = 0; i < values->count; i++) {
		json_open(json, '{');
		json_pair_text(json, "value", values->values[i].text);
		json_pair_number(json, "cpu_ns", values->values[i].cpu_ns);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_pair_number(json, "others_ns", values->others_ns);
	json_close(json, '}');
}

int answer_labels(const struct http_question *question, struct http_reply *reply)
{
	const struct http_parameters *parameters = question->parameters;
	struct json_answer json = json_answer_begin(&reply->body.buffer);
	enum sample_label label = (enum sample_label)http_parameters_number(parameters, "name");
	_cleanup_(answer_samples_release) struct answer_samples samples = { 0 };
	struct api_values values;
	int error;

	if (!http_parameters_has(parameters, "name")) {
		append_labels(&json);
		return 0;
	}
	error = answer_samples_init(&samples, question, reply);
	if (error || samples.is_refused)
		return error;
	error = question->source->values(question->view, &samples.samples, label,
					 (size_t)http_parameters_number(parameters, "limit"),
					 question->memory, &values);
	if (!error)
		append_values(&json, sample_label_name(label), &values);
	return error;
}

static void append_cores(struct json_answer *json, const char *key, const double *cores,
			 uint32_t points)
{
	json_key(json, key);
	json_open(json, '[');
	for (uint32_t i = 0; i < points; i++)
		json_real(json, cores[i]);
	json_close(json, ']');
}

static void append_series(struct json_answer *json, const struct api_series *series)
{
	json_open(json, '{');
	json_pair_ms(json, "start_ms", series->start_ns);
	json_pair_ms(json, "step_ms", series->step_ns);
	json_pair_number(json, "points", series->points);
	append_cores(json, "total", series->total, series->points);
	json_key(json, "series");
	json_open(json, '[');
	for (size_t i = 0; i < series->line_count; i++) {
		json_open(json, '{');
		json_pair_text(json, "value", series->lines[i].value);
		append_cores(json, "cores", series->lines[i].cores, series->points);
		json_close(json, '}');
	}
	json_close(json, ']');
	append_cores(json, "others", series->others, series->points);
	json_close(json, '}');
}

int answer_series(const struct http_question *question, struct http_reply *reply)
{
	const struct http_parameters *parameters = question->parameters;
	const struct api_series_wish wish = {
		.by = (enum sample_label)http_parameters_number(parameters, "by"),
		.limit = (uint32_t)http_parameters_number(parameters, "limit"),
		.points = (uint32_t)http_parameters_number(parameters, "points"),
	};
	struct json_answer json = json_answer_begin(&reply->body.buffer);
	_cleanup_(answer_samples_release) struct answer_samples samples = { 0 };
	struct api_series series;
	int error = answer_samples_init(&samples, question, reply);

	if (error || samples.is_refused)
		return error;
	error = question->source->series(question->view, &samples.samples, &wish, question->memory,
					 &series);
	if (!error)
		append_series(&json, &series);
	return error;
}

static void append_heat(struct json_answer *json, const struct api_heat *heat)
{
	const size_t count = (size_t)heat->columns * heat->rows;
	uint32_t max = 0;

	for (size_t i = 0; i < count; i++)
		max = heat->counts[i] > max ? heat->counts[i] : max;
	json_open(json, '{');
	json_pair_ms(json, "start_ms", heat->start_ns);
	json_pair_ms(json, "column_ms", heat->column_ns);
	json_pair_number(json, "rows", heat->rows);
	json_pair_number(json, "max", max);
	json_key(json, "counts");
	json_open(json, '[');
	for (uint32_t column = 0; column < heat->columns; column++) {
		json_open(json, '[');
		for (uint32_t row = 0; row < heat->rows; row++)
			json_number(json, heat->counts[(size_t)column * heat->rows + row]);
		json_close(json, ']');
	}
	json_close(json, ']');
	json_close(json, '}');
}

int answer_heat(const struct http_question *question, struct http_reply *reply)
{
	const struct http_parameters *parameters = question->parameters;
	struct json_answer json = json_answer_begin(&reply->body.buffer);
	_cleanup_(answer_samples_release) struct answer_samples samples = { 0 };
	struct api_heat heat;
	int error = answer_samples_init(&samples, question, reply);

	if (error || samples.is_refused)
		return error;
	error = question->source->heat(question->view, &samples.samples,
				       (uint32_t)http_parameters_number(parameters, "columns"),
				       (uint32_t)http_parameters_number(parameters, "rows"),
				       question->memory, &heat);
	if (!error)
		append_heat(&json, &heat);
	return error;
}
