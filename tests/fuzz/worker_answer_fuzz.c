/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as the worker's answer, of names or of rows (the first byte chooses): what is heard lies inside, and what
 * does not add up is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/row_table.h"
#include "worker/name_service.h"
#include "worker/row_service.h"

#define NAMES 4 /* that were asked for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear_names(struct bytes bytes)
{
	struct debug_identity wanted;
	struct answer answer;
	size_t sum = 0;

	if (answer_init(&answer, NAMES))
		abort();
	if (!name_service_hear(bytes, &answer, &wanted))
		for (size_t i = 0; i < answer.count; i++)
			for (const struct symbol_name *name = &answer.names[i]; name;
			     name = name->later)
				sum += (name->function ? strlen(name->function) : 0) +
				       (name->file ? strlen(name->file) : 0);
	if (sum > NAMES * bytes.size + bytes.size * bytes.size)
		abort();
	answer_release(&answer);
}

static void hear_rows(struct bytes bytes)
{
	struct debug_identity wanted;
	struct buffer payload = { 0 };
	struct row_table table;

	buffer_append(&payload, bytes.data, bytes.size);
	if (!row_service_hear(&payload, &wanted) &&
	    row_table_open((struct bytes){ (const uint8_t *)payload.data, payload.size }, &table))
		abort();
	buffer_release(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy that is aligned, as the answer is, and ends where its bytes do. */
	uint8_t *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
		hear_names((struct bytes){ copy, size - 1 });
	else
		hear_rows((struct bytes){ copy, size - 1 });
	free(copy);
	return 0;
}
