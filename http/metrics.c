/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus's text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "http/answers.h"
#include "http/http_reply.h"

#define NS(ns) ((double)(ns) / 1e9)

static void begin_metric(struct buffer *to, const char *name, const char *type, const char *help)
{
	buffer_printf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: quotes, backslashes and ends of lines are escaped; the latter do not survive the cleaning. */
static void append_value(struct buffer *to, const char *text)
{
	_cleanup_(buffer_release) struct buffer clean = { 0 };

	utf8_append_clean(&clean, text, strlen(text), API_NAME_BYTES);
	to->failed |= clean.failed;
	for (size_t i = 0; i < clean.size; i++) {
		if (clean.data[i] == '"' || clean.data[i] == '\\')
			buffer_append_char(to, '\\');
		buffer_append_char(to, clean.data[i]);
	}
}

static void append_ticks(struct buffer *to, const char *fate, const char *reason, uint64_t ticks)
{
	buffer_printf(to, "hearth_ticks_total{fate=\"%s\",reason=\"", fate);
	append_value(to, reason);
	buffer_append_string(to, "\"} ");
	buffer_append_u64(to, ticks);
	buffer_append_char(to, '\n');
}

static void append_reasons(struct buffer *to, const char *fate, const struct api_reasons *reasons)
{
	for (uint64_t i = 0; i < reasons->count && i < API_REASONS_MAX; i++)
		append_ticks(to, fate, reasons->rows[i].name, reasons->rows[i].ticks);
}

static void append_fates(struct buffer *to, const struct api_fates *fates)
{
	begin_metric(to, "hearth_ticks_total", "counter",
		     "ticks by what became of them: they add up to all that were due");
	append_ticks(to, "complete", "none", fates->complete);
	append_reasons(to, "truncated", &fates->truncated);
	append_reasons(to, "lost", &fates->lost);
}

static void append_build(struct buffer *to, const struct api_status *status)
{
	begin_metric(to, "hearth_build_info", "gauge", "1; the version, and the kernel's");
	buffer_append_string(to, "hearth_build_info{version=\"" HEARTH_VERSION "\",kernel=\"");
	append_value(to, status->kernel);
	buffer_append_string(to, "\"} 1\n");
}

static void append_numbers(struct buffer *to, const struct api_status *status,
			   const struct http_counts *counts)
{
#define METRIC(name, type, help, value)     \
	begin_metric(to, name, type, help); \
	buffer_printf(to, "%s %.17g\n", name, (double)(value));
#include "http/metrics.def"
#undef METRIC
}

int answer_metrics(const struct http_question *question, struct http_reply *reply)
{
	struct buffer *to = &reply->body.buffer;
	struct api_status status = { 0 };

	question->source->status(question->source->context, &status);
	append_build(to, &status);
	append_fates(to, &status.fates);
	append_numbers(to, &status, question->counts);
	return 0;
}
