/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_string.h"
#include "http/answer_samples.h"
#include "http/answers.h"
#include "http/http_reply.h"
#include "http/json_answer.h"
#include "http/json_fates.h"

/* Reasons are words of the recorder; what comes out of a store may be anything. */
static void append_reasons(struct json_answer *json, const char *fate,
			   const struct api_reasons *reasons, bool as_time)
{
	json_key(json, fate);
	json_open(json, '{');
	for (uint64_t i = 0; i < reasons->count && i < API_REASONS_MAX; i++) {
		const struct api_reason *row = &reasons->rows[i];

		json_raw(json, "");
		json_append_string(json->to, row->name, API_NAME_BYTES);
		buffer_append_char(json->to, ':');
		json->has_before = false;
		if (as_time)
			json_ms(json, row->cpu_ns);
		else
			json_number(json, row->ticks);
	}
	json_close(json, '}');
}

static void append_ticks(struct json_answer *json, const struct api_fates *fates)
{
	json_pair_number(json, "due", fates->due);
	json_pair_number(json, "complete", fates->complete);
	append_reasons(json, "truncated", &fates->truncated, false);
	append_reasons(json, "lost", &fates->lost, false);
}

void json_append_fates(struct json_answer *json, const struct api_fates *fates)
{
	json_open(json, '{');
	append_ticks(json, fates);
	json_close(json, '}');
}

/* Beside the ticks, which are of windows of any rates, the time that they stand for. */
static void append_both(struct json_answer *json, const struct api_fates *fates)
{
	json_open(json, '{');
	append_ticks(json, fates);
	json_key(json, "cpu_ms");
	json_open(json, '{');
	json_pair_ms(json, "due", fates->due_ns);
	json_pair_ms(json, "complete", fates->complete_ns);
	append_reasons(json, "truncated", &fates->truncated, true);
	append_reasons(json, "lost", &fates->lost, true);
	json_close(json, '}');
	json_close(json, '}');
}

int answer_fates(const struct http_question *question, struct http_reply *reply)
{
	struct json_answer json = json_answer_begin(&reply->body.buffer);
	_cleanup_(answer_samples_release) struct answer_samples samples = { 0 };
	struct api_fates fates;
	int error = answer_samples_init(&samples, question, reply);

	if (error || samples.is_refused)
		return error;
	error = question->source->fates(question->view, &samples.samples, &fates);
	if (!error)
		append_both(&json, &fates);
	return error;
}
