/* SPDX-License-Identifier: Apache-2.0 */
/* What there is in the store: its parts, and what happened. */
#include "http/answers.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"
#include "http/json_answer.h"

static const char *name_of(enum api_span_state state)
{
	switch (state) {
	case API_SPAN_SEALED:
		return "sealed";
	case API_SPAN_OPEN:
		return "open";
	case API_SPAN_DAMAGED:
		break;
	}
	return "damaged";
}

static void append_spans(struct json_answer *json, const struct api_spans *spans)
{
	json_open(json, '{');
	json_key(json, "spans");
	json_open(json, '[');
	for (size_t i = 0; i < spans->count; i++) {
		json_open(json, '{');
		json_pair_ms(json, "start_ms", spans->spans[i].start_ns);
		json_pair_ms(json, "end_ms", spans->spans[i].end_ns);
		json_pair_number(json, "bytes", spans->spans[i].bytes);
		json_pair_text(json, "state", name_of(spans->spans[i].state));
		json_pair_number(json, "damaged", spans->spans[i].damaged);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

int answer_spans(const struct http_question *question, struct http_reply *reply)
{
	struct json_answer json = json_answer_begin(&reply->body.buffer);
	struct api_spans spans;
	int error = question->source->spans(question->view, question->memory, &spans);

	if (!error)
		append_spans(&json, &spans);
	return error;
}

static void append_events(struct json_answer *json, const struct api_events *events)
{
	json_open(json, '{');
	json_key(json, "events");
	json_open(json, '[');
	for (size_t i = 0; i < events->count; i++) {
		json_open(json, '{');
		json_pair_ms(json, "time_ms", events->events[i].time_ns);
		json_pair_text(json, "kind", events->events[i].kind);
		json_pair_text(json, "text", events->events[i].text);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

int answer_events(const struct http_question *question, struct http_reply *reply)
{
	const struct http_parameters *parameters = question->parameters;
	const struct api_events_wish wish = {
		.from_ns = http_parameters_number(parameters, "from"),
		.to_ns = http_parameters_number(parameters, "to"),
		.limit = (size_t)http_parameters_number(parameters, "limit"),
		.kind = http_parameters_get(parameters, "kind")->text,
		.comm = http_parameters_get(parameters, "comm")->text,
	};
	struct json_answer json = json_answer_begin(&reply->body.buffer);
	struct api_events events;
	int error = question->source->events(question->view, &wish, question->memory, &events);

	if (!error)
		append_events(&json, &events);
	return error;
}
