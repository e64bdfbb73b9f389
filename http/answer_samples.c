/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer_samples.h"

#include <errno.h>

#include "http/answers.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"

int answer_samples_init(struct answer_samples *samples, const struct http_question *question,
			struct http_reply *reply)
{
	const struct http_parameters *parameters = question->parameters;
	const char *why = "";
	int error = 0;

	*samples = (struct answer_samples){
		.samples = { http_parameters_number(parameters, "from"),
			     http_parameters_number(parameters, "to"), NULL },
	};
	for (size_t i = 0; i < parameters->term_count && !error; i++)
		error = label_filter_add(&samples->filter, parameters->terms[i].value, &why);
	if (samples->filter.count)
		samples->samples.filter = &samples->filter;
	if (error != -EINVAL)
		return error;
	samples->is_refused = true;
	return http_reply_error(reply, 400, "where: %s", why);
}

void answer_samples_release(struct answer_samples *samples)
{
	label_filter_release(&samples->filter);
}
