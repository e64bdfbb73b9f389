/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/row_service.h"

#include <errno.h>
#include <limits.h>
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

/* Behind the table, which so is aligned and needs not be copied. */
struct row_answer_end {
	uint32_t build_id_bytes;
	uint32_t has_link;
	uint32_t crc;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	char link_name[NAME_MAX + 1];
};

/* --- in the worker --- */

static void read_identity(int fd, struct row_identity *ret_identity)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;

	*ret_identity = (struct row_identity){ 0 };
	if (elf_file_open(fd, &file))
		return;
	build_id_read(file, &ret_identity->build_id);
	ret_identity->has_link = !debuglink_read(file, &ret_identity->link);
}

static void write_identity(const struct row_identity *identity, struct buffer *to)
{
	struct row_answer_end end = {
		.build_id_bytes = (uint32_t)identity->build_id.size,
		.has_link = identity->has_link,
		.crc = identity->link.crc,
	};

	memcpy(end.build_id, identity->build_id.bytes, sizeof(end.build_id));
	memcpy(end.link_name, identity->link.name, sizeof(end.link_name));
	buffer_append(to, &end, sizeof(end));
}

static bool lacks_cfi(const struct buffer *table)
{
	return ((const struct row_table_header *)table->data)->unknown_permille >= UNKNOWN_PERMILLE;
}

static int compile_alone(int fd, struct buffer *ret_answer)
{
	struct row_identity identity = { 0 };
	int error = row_compiler_compile(fd, -1, ret_answer);

	if (error)
		return error;
	if (lacks_cfi(ret_answer))
		read_identity(fd, &identity);
	write_identity(&identity, ret_answer);
	return 0;
}

static int compile_with(int fd, const struct row_debug_file *debug_file, struct buffer *ret_answer)
{
	struct row_identity identity;
	struct debug_file_query query = { .build_id = &identity.build_id };
	int error;

	read_identity(fd, &identity);
	query.link = identity.has_link ? &identity.link : NULL;
	if (!debug_file_fits(&query, debug_file->fd, debug_file->way))
		return -ESTALE;
	error = row_compiler_compile(fd, debug_file->fd, ret_answer);
	if (!error)
		write_identity(&identity, ret_answer);
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
			    &(struct row_debug_file){ question->descriptors[1],
						      (enum debug_file_way)asked.way },
			    ret_answer);
}

/* --- whoever asks, and believes nothing --- */

static int take_identity(const struct row_answer_end *end, struct row_identity *ret_identity)
{
	struct row_identity identity = { .has_link = end->has_link != 0 };

	if (end->build_id_bytes > BUILD_ID_MAX_BYTES)
		return -EBADMSG;
	identity.build_id.size = end->build_id_bytes;
	memcpy(identity.build_id.bytes, end->build_id, sizeof(end->build_id));
	if (identity.has_link) {
		memcpy(identity.link.name, end->link_name, sizeof(end->link_name));
		identity.link.crc = end->crc;
		if (identity.link.name[NAME_MAX] || !debuglink_is_base_name(identity.link.name))
			return -EBADMSG;
	}
	*ret_identity = identity;
	return 0;
}

static int take_answer(struct buffer *payload, struct row_identity *ret_identity)
{
	struct row_answer_end end;
	struct row_table table;

	if (payload->size < sizeof(end))
		return -EBADMSG;
	payload->size -= sizeof(end);
	memcpy(&end, payload->data + payload->size, sizeof(end));
	if (row_table_open((struct bytes){ (const uint8_t *)payload->data, payload->size }, &table))
		return -EBADMSG;
	return take_identity(&end, ret_identity);
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

int row_service_ask(struct worker *worker, int fd, const struct row_debug_file *debug_file,
		    struct buffer *ret_table, struct row_identity *ret_identity)
{
	const int descriptors[] = { fd, debug_file->fd };
	const struct row_question asked = { .way = debug_file->way };
	const struct worker_request request = {
		.service = WORKER_ROWS,
		.descriptors = descriptors,
		.descriptor_count = debug_file->fd < 0 ? 1 : 2,
		.payload = { (const uint8_t *)&asked, sizeof(asked) },
		.max_reply_bytes = ROW_TABLE_MAX_BYTES + sizeof(struct row_answer_end),
	};
	struct worker_answer answer;
	int error = worker_ask(worker, &request, &answer);

	if (error)
		return error;
	error = answer.error ? take_error(answer.error)
			     : take_answer(&answer.payload, ret_identity);
	if (error)
		buffer_release(&answer.payload);
	else
		*ret_table = answer.payload;
	return error;
}
