/* SPDX-License-Identifier: Apache-2.0 */
/* What hearth is and does, by what its recorder says of itself. */
#include <string.h>

#include "http/answers.h"
#include "http/http_reply.h"
#include "http/json_answer.h"
#include "http/json_fates.h"

static void append_store(struct json_answer *json, const struct api_status *status)
{
	json_key(json, "store");
	json_open(json, '{');
	json_pair_text(json, "folder", status->store.folder);
	json_pair_number(json, "bytes", status->store.bytes);
	json_pair_number(json, "slices", status->store.slices);
	json_pair_number(json, "damaged", status->store.damaged);
	if (status->store.newest_ns) {
		json_pair_ms(json, "oldest_ms", status->store.oldest_ns);
		json_pair_ms(json, "newest_ms", status->store.newest_ns);
	} else {
		json_pair_text(json, "oldest_ms", NULL);
		json_pair_text(json, "newest_ms", NULL);
	}
	json_pair_text(json, "error", *status->store.error ? status->store.error : NULL);
	json_close(json, '}');
}

static void append_cost(struct json_answer *json, const struct api_status *status)
{
	json_key(json, "cost");
	json_open(json, '{');
	json_pair_real(json, "cpu_percent", status->cost.cpu_percent);
	json_pair_real(json, "bpf_percent", status->cost.bpf_percent);
	json_pair_number(json, "memory_bytes", status->cost.memory_bytes);
	json_pair_number(json, "files", status->cost.files);
	json_close(json, '}');
	json_key(json, "budget");
	json_open(json, '{');
	json_pair_real(json, "cpu_percent", status->budget.cpu_percent);
	json_pair_number(json, "memory_bytes", status->budget.memory_bytes);
	json_close(json, '}');
}

int answer_status(const struct http_question *question, struct http_reply *reply)
{
	struct json_answer json = json_answer_begin(&reply->body.buffer);
	struct api_status status = { 0 };

	question->source->status(question->source->context, &status);
	json_open(&json, '{');
	json_pair_text(&json, "version", HEARTH_VERSION);
	json_pair_text(&json, "host", status.host);
	json_pair_text(&json, "kernel", status.kernel);
	json_pair_ms(&json, "now_ms", question->now_ns);
	json_pair_ms(&json, "start_ms", status.start_ns);
	json_pair_real(&json, "rate_hz", status.rate_hz);
	json_pair_real(&json, "rate_wanted_hz", status.rate_wanted_hz);
	json_pair_ms(&json, "window_ms", status.window_ns);
	json_pair_number(&json, "windows", status.windows);
	json_pair_number(&json, "windows_lost", status.windows_lost);
	json_pair_text(&json, "not_ready", *status.not_ready ? status.not_ready : NULL);
	append_store(&json, &status);
	json_key(&json, "fates");
	json_append_fates(&json, &status.fates);
	append_cost(&json, &status);
	json_close(&json, '}');
	return 0;
}

int answer_health(const struct http_question *question, struct http_reply *reply)
{
	(void)question;
	buffer_append_string(&reply->body.buffer, "ok\n");
	return 0;
}

int answer_ready(const struct http_question *question, struct http_reply *reply)
{
	struct api_status status = { 0 };

	question->source->status(question->source->context, &status);
	reply->status = *status.not_ready ? 503 : 200;
	buffer_append_string(&reply->body.buffer, *status.not_ready ? status.not_ready : "ok");
	buffer_append_string(&reply->body.buffer, "\n");
	return 0;
}
