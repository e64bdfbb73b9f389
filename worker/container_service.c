/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/container_service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

/* The request's payload: this, the IDs, and of each file a struct file_head and its bytes. */
struct container_question {
	uint32_t container_count, file_count;
};

struct file_head {
	uint32_t container;
	uint32_t size;
};

/* The answer's payload: of each container each field, terminated. */

/* --- in the worker --- */

static int read_file(struct byte_reader *reader, struct container_words *containers, size_t count)
{
	struct file_head head;
	struct bytes file;

	if (!byte_reader_copy(reader, &head, sizeof(head)))
		return -EINVAL;
	file = byte_reader_take(reader, head.size);
	if (reader->failed)
		return -EINVAL;
	if (head.container == CONTAINER_SERVICE_ANY)
		return container_words_read(file, containers, count);
	return head.container < count ? container_words_read(file, &containers[head.container], 1)
				      : 0;
}

int container_service_answer(const struct worker_question *question, struct buffer *ret_answer)
{
	_cleanup_free_ struct container_words *containers = NULL;
	struct container_question asked;
	struct byte_reader reader;
	int error = 0;

	byte_reader_init(&reader, question->payload);
	if (!byte_reader_copy(&reader, &asked, sizeof(asked)) ||
	    asked.container_count > CONTAINER_SERVICE_MAX_CONTAINERS)
		return -EINVAL;
	containers = calloc(asked.container_count + 1, sizeof(*containers));
	if (!containers)
		return -ENOMEM;
	for (uint32_t i = 0; i < asked.container_count; i++)
		byte_reader_copy(&reader, containers[i].id, CONTAINER_ID_MAX);
	for (uint32_t i = 0; i < asked.file_count && !error; i++)
		error = read_file(&reader, containers, asked.container_count);
	if (error)
		return error;
	for (uint32_t i = 0; i < asked.container_count; i++)
		for (size_t field = 0; field < CONTAINER_FIELDS; field++) {
			const char *text = containers[i].words[field].text;

			buffer_append(ret_answer, text, strlen(text) + 1);
		}
	return buffer_error(ret_answer);
}

/* --- whoever asks, and believes nothing --- */

static int hear(struct byte_reader *reader, struct container_words *containers, size_t count,
		bool fills_in)
{
	for (size_t i = 0; i < count; i++)
		for (size_t field = 0; field < CONTAINER_FIELDS; field++) {
			const char *text = byte_reader_string(reader);

			if (!text || strlen(text) > CONTAINER_WORD_MAX)
				return -EBADMSG;
			if (fills_in)
				memcpy(containers[i].words[field].text, text, strlen(text) + 1);
		}
	return reader->offset == reader->bytes.size ? 0 : -EBADMSG;
}

int container_service_hear(struct bytes payload, struct container_words *containers, size_t count)
{
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, payload);
	error = hear(&reader, containers, count, false);
	if (error)
		return error;
	byte_reader_init(&reader, payload);
	return hear(&reader, containers, count, true);
}

static int make_question(const struct container_service_file *files, size_t file_count,
			 const struct container_words *containers, size_t count,
			 struct buffer *question)
{
	const struct container_question asked = { (uint32_t)count, (uint32_t)file_count };

	buffer_append(question, &asked, sizeof(asked));
	for (size_t i = 0; i < count; i++)
		buffer_append(question, containers[i].id, CONTAINER_ID_MAX);
	for (size_t i = 0; i < file_count; i++) {
		const struct file_head head = { files[i].container, (uint32_t)files[i].bytes.size };

		buffer_append(question, &head, sizeof(head));
		buffer_append(question, files[i].bytes.data, files[i].bytes.size);
	}
	return buffer_error(question);
}

static bool are_users(const struct container_service_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].is_users)
			return true;
	return false;
}

int container_service_ask(struct worker *worker, const struct container_service_file *files,
			  size_t file_count, struct container_words *containers, size_t count)
{
	_cleanup_(buffer_release) struct buffer question = { 0 };
	struct worker_request request = {
		.service = WORKER_CONTAINERS,
		.is_anybodys = are_users(files, file_count),
		.max_reply_bytes = count * CONTAINER_FIELDS * (CONTAINER_WORD_MAX + 1),
	};
	struct worker_answer answer;
	int error;

	if (count > CONTAINER_SERVICE_MAX_CONTAINERS)
		return -E2BIG;
	error = make_question(files, file_count, containers, count, &question);
	if (error)
		return error;
	request.payload = (struct bytes){ (const uint8_t *)question.data, question.size };
	error = worker_ask(worker, &request, &answer);
	if (error)
		return error;
	error = answer.error ? -EBADMSG
			     : container_service_hear(
				       (struct bytes){ (const uint8_t *)answer.payload.data,
						       answer.payload.size },
				       containers, count);
	buffer_release(&answer.payload);
	return error;
}
