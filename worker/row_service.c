/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/row_service.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

/* So much of its code nothing tells anything of that it is worth looking for another file. */
#define UNKNOWN_PERMILLE 250

/* The request's payload. */
struct row_question {
	uint32_t way; /* enum debug_file_way, with a second descriptor */
};

/* --- in the worker --- */

static void read_identity(int fd, struct debug_identity *ret_identity)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;

	*ret_identity = (struct debug_identity){ 0 };
	if (!elf_file_open(fd, &file))
		debug_identity_read(file, ret_identity);
}

/* Behind the table, which so is aligned and needs not be copied. */
static void say_identity(const struct debug_identity *identity, struct buffer *to)
{
	struct debug_identity_said said;

	debug_identity_say(identity, &said);
	buffer_append(to, &said, sizeof(said));
}

static bool lacks_cfi(const struct buffer *table)
{
	return ((const struct row_table_header *)table->data)->unknown_permille >= UNKNOWN_PERMILLE;
}

static int compile_alone(int fd, struct buffer *ret_answer)
{
	struct debug_identity identity = { 0 };
	int error = row_compiler_compile(fd, -1, ret_answer);

	if (error)
		return error;
	if (lacks_cfi(ret_answer))
		read_identity(fd, &identity);
	say_identity(&identity, ret_answer);
	return 0;
}

static int compile_with(int fd, const struct debug_candidate *debug_file, struct buffer *ret_answer)
{
	struct debug_identity identity;
	int error;

	read_identity(fd, &identity);
	if (!debug_identity_fits(&identity, debug_file))
		return -ESTALE;
	error = row_compiler_compile(fd, debug_file->fd, ret_answer);
	if (!error)
		say_identity(&identity, ret_answer);
	return error;
}

int row_service_answer(const struct worker_question *question, struct buffer *ret_answer)
{
	struct row_question asked;
	struct byte_reader reader;

	byte_reader_init(&reader, question->payload);
	if (!byte_reader_copy(&reader, &asked, sizeof(asked)) || question->descriptors[0] < 0)
		return -EINVAL;
	if (question->descriptors[1] < 0)
		return compile_alone(question->descriptors[0], ret_answer);
	return compile_with(question->descriptors[0],
			    &(struct debug_candidate){ question->descriptors[1],
						       (enum debug_file_way)asked.way },
			    ret_answer);
}

/* --- whoever asks, and believes nothing --- */

int row_service_hear(struct buffer *payload, struct debug_identity *ret_identity)
{
	struct debug_identity_said said;
	struct row_table table;

	if (payload->size < sizeof(said))
		return -EBADMSG;
	payload->size -= sizeof(said);
	memcpy(&said, payload->data + payload->size, sizeof(said));
	if (row_table_open((struct bytes){ (const uint8_t *)payload->data, payload->size }, &table))
		return -EBADMSG;
	return debug_identity_hear(&said, ret_identity) ? 0 : -EBADMSG;
}

/* Its errors are its word, too: none may be taken for one that passes with time. */
static int take_error(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOEXEC:
	case -EOPNOTSUPP:
	case -EFBIG:
	case -ESTALE:
		return error;
	case -ENOMEM:
		return -EFBIG;
	default:
		return -EIO;
	}
}

int row_service_ask(struct worker *worker, int fd, const struct debug_candidate *debug_file,
		    struct buffer *ret_table, struct debug_identity *ret_identity)
{
	const int descriptors[] = { fd, debug_file->fd };
	const struct row_question asked = { .way = debug_file->way };
	const struct worker_request request = {
		.service = WORKER_ROWS,
		.descriptors = descriptors,
		.descriptor_count = debug_file->fd < 0 ? 1 : 2,
		.payload = { (const uint8_t *)&asked, sizeof(asked) },
		.max_reply_bytes = ROW_TABLE_MAX_BYTES + sizeof(struct debug_identity_said),
	};
	struct worker_answer answer;
	int error = worker_ask(worker, &request, &answer);

	if (error)
		return error;
	error = answer.error ? take_error(answer.error)
			     : row_service_hear(&answer.payload, ret_identity);
	if (error)
		buffer_release(&answer.payload);
	else
		*ret_table = answer.payload;
	return error;
}
