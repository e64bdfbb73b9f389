/* SPDX-License-Identifier: Apache-2.0 */
/* The samples that a request means: its span, and the filter of its terms. */
#ifndef HEARTH_HTTP_ANSWER_SAMPLES_H
#define HEARTH_HTTP_ANSWER_SAMPLES_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "http/api_source.h"
#include "model/label_filter.h"

struct http_question;
struct http_reply;

struct answer_samples {
	struct api_samples samples; /* points to the filter: it stays where it was initialised */
	struct label_filter filter;
	bool is_refused; /* the reply says why */
};

/* 0 or -ENOMEM. Zero bytes can be released, too. */
int answer_samples_init(struct answer_samples *samples, const struct http_question *question,
			struct http_reply *reply);
void answer_samples_release(struct answer_samples *samples);

#endif
