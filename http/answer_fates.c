/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_string.h"
#include "http/answer_samples.h"
#include "http/answers.h"
#include "http/http_reply.h"
#include "http/json_answer.h"
#include "http/json_fates.h"

/* Reasons are words of the recorder; what comes out of a store may be anything. */
static void append_reasons(struct json_answer *json, const char *fate,
			   const struct api_reasons *reasons)
{
	json_key(json, fate);
	json_open(json, '{');
	for (uint64_t i = 0; i < reasons->count && i < API_REASONS_MAX; i++) {
		json_raw(json, "");
		json_append_string(json->to, reasons->rows[i].name, API_NAME_BYTES);
		buffer_append_char(json->to, ':');
		buffer_append_u64(json->to, reasons->rows[i].ticks);
	}
	json_close(json, '}');
}

void json_append_fates(struct json_answer *json, const struct api_fates *fates)
{
	json_open(json, '{');
	json_pair_number(json, "due", fates->due);
	json_pair_number(json, "complete", fates->complete);
	append_reasons(json, "truncated", &fates->truncated);
	append_reasons(json, "lost", &fates->lost);
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
		json_append_fates(&json, &fates);
	return error;
}
