/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pprof_references.h"

#include <stdbool.h>

#include "base/protobuf.h"
#include "model/pprof.h"
#include "model/pprof_tables.h"
#include "model/profile_reader.h"

#define ITSELF 0 /* the profile's field is the number, and no message that has it */

/* What refers to a string: a field of the profile, and the one in it. */
static const struct {
	uint32_t field, inner;
	const char *why;
} references[] = {
	{ PPROF_SAMPLE_TYPE, PPROF_TYPE_NAME, "the name of a type: there is no such string" },
	{ PPROF_SAMPLE_TYPE, PPROF_TYPE_UNIT, "the unit of a type: there is no such string" },
	{ PPROF_PERIOD_TYPE, PPROF_TYPE_UNIT, "the unit of the period: there is no such string" },
	{ PPROF_DEFAULT_TYPE, ITSELF, "the default type: there is no such string" },
	{ PPROF_COMMENT, ITSELF, "a comment: there is no such string" },
	{ PPROF_MAPPING, PPROF_MAPPING_FILE, "the file of a mapping: there is no such string" },
	{ PPROF_FUNCTION, PPROF_FUNCTION_NAME, "the name of a function: there is no such string" },
	{ PPROF_FUNCTION, PPROF_FUNCTION_SYSTEM_NAME,
	  "the system's name of a function: there is no such string" },
	{ PPROF_FUNCTION, PPROF_FUNCTION_FILE, "the file of a function: there is no such string" },
};

struct search {
	const struct pprof_tables *tables;
	struct read_report *report;
	uint64_t offset; /* of the field of the profile */
};

static void check_string(const struct search *search, uint32_t field, uint32_t inner,
			 uint64_t index)
{
	if (pprof_tables_has_string(search->tables, index))
		return;
	for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++)
		if (references[i].field == field && references[i].inner == inner)
			read_report_add_reference(search->report, search->offset,
						  references[i].why);
}

static void check_numbers(const struct search *search, const struct protobuf_field *field)
{
	struct byte_reader numbers;
	uint64_t index;

	if (field->type != PROTOBUF_BYTES) {
		check_string(search, field->number, ITSELF, field->value);
		return;
	}
	byte_reader_init(&numbers, field->bytes);
	while (protobuf_next_packed(&numbers, &index))
		check_string(search, field->number, ITSELF, index);
}

static void check_line(const struct search *search, struct bytes line)
{
	struct protobuf_field field;
	struct byte_reader fields;

	byte_reader_init(&fields, line);
	while (protobuf_next(&fields, &field))
		if (field.number == PPROF_LINE_FUNCTION &&
		    !pprof_tables_has_function(search->tables, field.value))
			read_report_add_reference(search->report, search->offset,
						  "a function that is not there");
}

static void check_message(const struct search *search, const struct protobuf_field *message)
{
	struct protobuf_field field;
	struct byte_reader fields;

	byte_reader_init(&fields, message->bytes);
	while (protobuf_next(&fields, &field))
		if (message->number != PPROF_LOCATION)
			check_string(search, message->number, field.number, field.value);
		else if (field.number == PPROF_LOCATION_LINE && field.type == PROTOBUF_BYTES)
			check_line(search, field.bytes);
}

void pprof_references_report(const struct pprof_tables *tables, struct bytes raw,
			     struct read_report *report)
{
	struct search search = { .tables = tables, .report = report };
	struct protobuf_field field;
	struct byte_reader fields;

	byte_reader_init(&fields, raw);
	while (protobuf_next(&fields, &field)) {
		if (field.number == PPROF_COMMENT || field.number == PPROF_DEFAULT_TYPE)
			check_numbers(&search, &field);
		else if (field.number != PPROF_SAMPLE && field.number != PPROF_STRING &&
			 field.type == PROTOBUF_BYTES)
			check_message(&search, &field);
		search.offset = fields.offset;
	}
}
