/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pprof_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/protobuf.h"
#include "model/differential.h"
#include "model/pprof.h"
#include "model/pprof_references.h"
#include "model/pprof_tables.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "model/stack_batch.h"

#define MAX_BYTES ((size_t)2 << 30) /* no message is larger */

/* So many nodes of the tree, and so many for each byte, an input may mean: more are not to be had of an honest one. */
#define LEAST_NODES    4096
#define NODES_PER_BYTE 2

/* A location of the stack before, from the root on. */
struct place {
	uint32_t tail;   /* where it begins, in bytes from the end of the list */
	uint32_t frames; /* so many does the stack have with it */
};

/* One of the sample that is read. */
struct listed {
	uint32_t location; /* index in the tables */
	uint32_t at;       /* in the list */
};

/* A sample whose stack is in the batch. */
struct batched_sample {
	uint64_t offset; /* in the input */
	uint32_t labels;
};

struct pprof_reader {
	struct profile *profile;
	struct read_report *report;
	struct buffer raw;
	struct pprof_tables tables;
	uint64_t types[PROFILE_VALUES_MAX]
		      [2]; /* string indexes of name and unit, in the input's order */
	uint32_t type_count;
	uint64_t
		default_type; /* string index of the name of the one that counts; 0: none is said to */
	uint32_t counted;     /* its number: the profile has it first */
	uint64_t period_type[2]; /* likewise */
	int64_t period;
	uint32_t sample_count;
	struct buffer
		stack; /* struct listed: the sample's locations that the one before does not have, leaf first */
	struct bytes before;  /* the list of locations of the sample before */
	struct buffer places; /* struct place, of its locations */
	struct stack_batch batch;
	struct buffer
		batched; /* struct batched_sample: of the stacks of the batch, by their numbers */
	struct buffer values; /* uint64_t: of each of these, one per type */
};

static uint64_t offset_of(const struct pprof_reader *reader, const void *place)
{
	return (uint64_t)((const char *)place - reader->raw.data);
}

/* --- the fields of the profile --- */

static int read_pair(struct bytes bytes, uint64_t ret_pair[2])
{
	struct protobuf_field field;
	struct byte_reader reader;

	ret_pair[0] = ret_pair[1] = 0;
	byte_reader_init(&reader, bytes);
	while (protobuf_next(&reader, &field))
		if (field.number == PPROF_TYPE_NAME || field.number == PPROF_TYPE_UNIT)
			ret_pair[field.number == PPROF_TYPE_UNIT] = field.value;
	return reader.failed ? -EPROTO : 0;
}

static int take_field(struct pprof_reader *reader, const struct protobuf_field *field)
{
	struct profile_origin *origin = profile_origin(reader->profile);

	switch (field->number) {
	case PPROF_SAMPLE_TYPE:
		if (field->type != PROTOBUF_BYTES || reader->type_count == PROFILE_VALUES_MAX)
			return -EPROTO;
		return read_pair(field->bytes, reader->types[reader->type_count++]);
	case PPROF_SAMPLE:
		reader->sample_count++;
		return 0;
	case PPROF_TIME_NS:
		origin->time_unix_ns = field->value;
		return 0;
	case PPROF_DURATION_NS:
		origin->duration_ns = field->value;
		return 0;
	case PPROF_PERIOD_TYPE:
		return field->type == PROTOBUF_BYTES ? read_pair(field->bytes, reader->period_type)
						     : -EPROTO;
	case PPROF_PERIOD:
		reader->period = (int64_t)field->value;
		return 0;
	case PPROF_DEFAULT_TYPE:
		reader->default_type = field->value;
		return 0;
	default:
		return pprof_tables_take(&reader->tables, field);
	}
}

static int take_fields(struct pprof_reader *reader)
{
	struct bytes raw = { (const uint8_t *)reader->raw.data, reader->raw.size };
	struct protobuf_field field;
	struct byte_reader fields;
	size_t start = 0;
	int error = 0;

	for (byte_reader_init(&fields, raw); !error && protobuf_next(&fields, &field);) {
		error = take_field(reader, &field);
		if (!error)
			start = fields.offset;
	}
	if (fields.failed)
		error = -EPROTO;
	if (error == -EPROTO)
		read_report_add(reader->report, start,
				"no field of a pprof profile, or one that is cut off");
	return error;
}

/* --- what it says of itself --- */

static bool is(struct bytes text, const char *what)
{
	return text.size == strlen(what) && (!text.size || !memcmp(text.data, what, text.size));
}

static bool is_type(struct pprof_reader *reader, uint32_t type, struct bytes name)
{
	struct bytes text = pprof_tables_string(&reader->tables, reader->types[type][0]);

	return text.size == name.size && !memcmp(text.data, name.data, name.size);
}

/* Which type counts: the one that is said to, else, as pprof has it, the last one, but for samples, which have their time behind them. */
static uint32_t find_counted(struct pprof_reader *reader)
{
	struct bytes wanted = pprof_tables_string(&reader->tables, reader->default_type);
	const struct bytes samples = { (const uint8_t *)"samples", strlen("samples") };

	for (uint32_t i = 0; i < reader->type_count && wanted.size; i++)
		if (is_type(reader, i, wanted))
			return i;
	return is_type(reader, 0, samples) ? 0 : reader->type_count - 1;
}

/* Where the profile has the input's value: the one that counts first, and then the others. */
static uint32_t place_of_value(const struct pprof_reader *reader, uint32_t value)
{
	if (value == reader->counted)
		return 0;
	return value < reader->counted ? value + 1 : value;
}

static int intern_text(struct pprof_reader *reader, uint64_t index, uint32_t *ret_string)
{
	struct bytes text = pprof_tables_string(&reader->tables, index);

	return profile_intern(reader->profile, (const char *)text.data, text.size, ret_string);
}

static int name_values(struct pprof_reader *reader)
{
	struct value_type types[PROFILE_VALUES_MAX];
	int error = 0;

	reader->counted = find_counted(reader);
	for (uint32_t i = 0; i < reader->type_count && !error; i++) {
		struct value_type *type = &types[place_of_value(reader, i)];

		error = intern_text(reader, reader->types[i][0], &type->name);
		if (!error)
			error = intern_text(reader, reader->types[i][1], &type->unit);
	}
	if (!error)
		error = profile_set_values(reader->profile, types, reader->type_count);
	if (!error && differential_is(reader->profile))
		error = profile_keep_samples(reader->profile);
	return error;
}

#define NS_PER_SECOND 1000000000

static void take_rate(struct pprof_reader *reader)
{
	struct bytes unit = pprof_tables_string(&reader->tables, reader->period_type[1]);
	int64_t period = reader->period;

	if (period > 0 && period <= NS_PER_SECOND && is(unit, "nanoseconds"))
		profile_origin(reader->profile)->rate_hz =
			(uint64_t)((NS_PER_SECOND + period / 2) / period);
}

static int take_text(struct bytes text, const char *prefix, char **text_of_origin)
{
	size_t size = strlen(prefix);

	if (*text_of_origin || text.size < size || memcmp(text.data, prefix, size) != 0)
		return 0;
	*text_of_origin = strndup((const char *)text.data + size, text.size - size);
	return *text_of_origin ? 0 : -ENOMEM;
}

static int take_comment(struct pprof_reader *reader, uint64_t index)
{
	struct profile_origin *origin = profile_origin(reader->profile);
	struct bytes text = pprof_tables_string(&reader->tables, index);
	size_t fates = strlen(PPROF_COMMENT_FATES);
	int error = take_text(text, PPROF_COMMENT_COMMAND, &origin->command);

	if (!error)
		error = take_text(text, PPROF_COMMENT_MACHINE, &origin->machine);
	if (!error)
		error = take_text(text, PPROF_COMMENT_EVENT, &origin->event);
	if (text.size > fates && !memcmp(text.data, PPROF_COMMENT_FATES, fates))
		origin->fates_are_known = true;
	return error;
}

/* Numbers stand packed or not, whatever the schema says. */
static struct bytes packed_of(const struct protobuf_field *field, uint8_t *room)
{
	if (field->type == PROTOBUF_BYTES)
		return field->bytes;
	return (struct bytes){ room, (size_t)(protobuf_put(room, field->value) - room) };
}

static int take_comments(struct pprof_reader *reader, const struct protobuf_field *field)
{
	uint8_t room[PROTOBUF_VARINT_MAX_BYTES];
	struct byte_reader numbers;
	uint64_t index;
	int error = 0;

	byte_reader_init(&numbers, packed_of(field, room));
	while (!error && protobuf_next_packed(&numbers, &index))
		error = take_comment(reader, index);
	return error;
}

/* --- samples --- */

/* While one is read. */
struct reading {
	uint64_t values[PROFILE_VALUES_MAX];
	uint32_t value_count;
	struct label_set labels;
	struct bytes locations; /* the list, of a sample that has one */
	uint32_t lists;
	size_t kept;     /* locations that the sample before has, too */
	const char *why; /* it is left out; NULL: it is not */
};

static void take_locations(struct pprof_reader *reader, struct bytes list, struct reading *reading)
{
	const struct pprof_location *first =
		(const struct pprof_location *)reader->tables.locations.data;
	size_t count = reader->stack.size / sizeof(struct listed);
	struct byte_reader numbers;
	struct listed *stack;
	uint64_t id;

	/* Each takes a byte at least. */
	if (list.size && !buffer_extend(&reader->stack, list.size * sizeof(*stack)))
		return;
	stack = (struct listed *)reader->stack.data;
	byte_reader_init(&numbers, list);
	for (uint32_t at = 0; protobuf_next_packed(&numbers, &id); at = (uint32_t)numbers.offset) {
		const struct pprof_location *found = pprof_tables_location(&reader->tables, id);

		if (!found) {
			reading->why = "a location that is not there";
			break;
		}
		stack[count++] = (struct listed){ (uint32_t)(found - first), at };
	}
	reader->stack.size = count * sizeof(*stack);
	if (numbers.failed)
		reading->why = "a list of locations that is none";
}

static void take_values(const struct pprof_reader *reader, const struct protobuf_field *field,
			struct reading *reading)
{
	uint8_t room[PROTOBUF_VARINT_MAX_BYTES];
	struct byte_reader numbers;
	uint64_t value;

	byte_reader_init(&numbers, packed_of(field, room));
	while (protobuf_next_packed(&numbers, &value)) {
		if (value > INT64_MAX)
			reading->why = "a negative value: of a difference";
		if (reading->value_count < reader->type_count)
			reading->values[place_of_value(reader, reading->value_count)] = value;
		reading->value_count++;
	}
	if (numbers.failed)
		reading->why = "a list of values that is none";
}

/* "12"; PROFILE_NONE: no number, or too large. */
static uint32_t parse_number(struct bytes text)
{
	uint64_t number = 0;

	if (!text.size || text.size > 10)
		return PROFILE_NONE;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return PROFILE_NONE;
		number = number * 10 + (uint64_t)(text.data[i] - '0');
	}
	return number < PROFILE_NONE ? (uint32_t)number : PROFILE_NONE;
}

static int set_label(struct pprof_reader *reader, struct reading *reading, enum sample_label label,
		     struct bytes text, uint64_t number)
{
	uint32_t *value = &reading->labels.values[label];

	if (sample_label_is_number(label)) {
		*value = text.size               ? parse_number(text)
			 : number < PROFILE_NONE ? (uint32_t)number
						 : PROFILE_NONE;
		return 0;
	}
	return text.size
		       ? profile_intern(reader->profile, (const char *)text.data, text.size, value)
		       : 0;
}

/* Of those that the model has; other ones are the application's own, and are left out. */
static int take_label(struct pprof_reader *reader, struct bytes bytes, struct reading *reading)
{
	uint64_t key_index = 0, text_index = 0, number = 0;
	struct protobuf_field field;
	struct byte_reader fields;
	enum sample_label label;
	struct bytes key;

	byte_reader_init(&fields, bytes);
	while (protobuf_next(&fields, &field)) {
		if (field.number == PPROF_LABEL_KEY)
			key_index = field.value;
		else if (field.number == PPROF_LABEL_TEXT)
			text_index = field.value;
		else if (field.number == PPROF_LABEL_NUMBER)
			number = field.value;
	}
	if (!pprof_tables_has_string(&reader->tables, key_index) ||
	    !pprof_tables_has_string(&reader->tables, text_index))
		read_report_add_reference(reader->report, offset_of(reader, bytes.data),
					  "a label: there is no such string");
	key = pprof_tables_string(&reader->tables, key_index);
	if (fields.failed || sample_label_by_name((const char *)key.data, key.size, &label))
		return 0;
	return set_label(reader, reading, label, pprof_tables_string(&reader->tables, text_index),
			 number);
}

/* With how many bytes both end. */
static size_t common_tail(struct bytes a, struct bytes b)
{
	size_t most = a.size < b.size ? a.size : b.size, tail = 0;
	const uint8_t *a_end, *b_end;

	if (!most)
		return 0;
	a_end = a.data + a.size;
	b_end = b.data + b.size;
	while (tail + sizeof(uint64_t) <= most &&
	       !memcmp(a_end - tail - sizeof(uint64_t), b_end - tail - sizeof(uint64_t),
		       sizeof(uint64_t)))
		tail += sizeof(uint64_t);
	while (tail < most && a_end[-1 - (ptrdiff_t)tail] == b_end[-1 - (ptrdiff_t)tail])
		tail++;
	return tail;
}

/* How many locations of the sample before, from the root on, a list has, too: they are the same bytes at its end, and a number begins there. */
static size_t common_places(const struct pprof_reader *reader, struct bytes list)
{
	const struct place *places = (const struct place *)reader->places.data;
	size_t count = reader->places.size / sizeof(*places), kept = 0;
	size_t tail = common_tail(list, reader->before);

	while (kept < count && places[kept].tail <= tail)
		kept++;
	if (kept && places[kept - 1].tail < list.size &&
	    list.data[list.size - places[kept - 1].tail - 1] & 0x80)
		kept--;
	return kept;
}

/* A list alone is seen in place, so that what the one before has, too, is not looked at again. */
static void take_list(struct pprof_reader *reader, struct reading *reading)
{
	const struct place *places = (const struct place *)reader->places.data;
	struct bytes further = reading->locations;
	size_t kept = common_places(reader, further);

	if (kept)
		further.size -= places[kept - 1].tail;
	reading->kept = kept;
	take_locations(reader, further, reading);
}

/* Several lists, or numbers that are none: one behind the other. */
static void take_lists(struct pprof_reader *reader, struct bytes sample, struct reading *reading)
{
	uint8_t room[PROTOBUF_VARINT_MAX_BYTES];
	struct protobuf_field field;
	struct byte_reader fields;

	byte_reader_init(&fields, sample);
	while (!reading->why && protobuf_next(&fields, &field))
		if (field.number == PPROF_SAMPLE_LOCATION)
			take_locations(reader, packed_of(&field, room), reading);
}

static int take_sample_field(struct pprof_reader *reader, const struct protobuf_field *field,
			     struct reading *reading)
{
	switch (field->number) {
	case PPROF_SAMPLE_LOCATION:
		reading->locations = field->bytes;
		reading->lists += field->type == PROTOBUF_BYTES ? 1 : 2;
		return 0;
	case PPROF_SAMPLE_VALUE:
		take_values(reader, field, reading);
		return 0;
	case PPROF_SAMPLE_LABEL:
		if (profile_keeps_samples(reader->profile) && field->type == PROTOBUF_BYTES)
			return take_label(reader, field->bytes, reading);
		return 0;
	default:
		return 0;
	}
}

static int read_sample(struct pprof_reader *reader, struct bytes bytes, struct reading *reading)
{
	struct protobuf_field field;
	struct byte_reader fields;
	int error = 0;

	buffer_clear(&reader->stack);
	byte_reader_init(&fields, bytes);
	while (!error && !reading->why && protobuf_next(&fields, &field))
		error = take_sample_field(reader, &field, reading);
	if (fields.failed)
		reading->why = "a sample that is none";
	else if (!reading->why && reading->lists == 1)
		take_list(reader, reading);
	else if (!reading->why)
		take_lists(reader, bytes, reading);
	if (!reading->why && reading->value_count != reader->type_count)
		reading->why = "as many values as the profile has types are not there";
	return error ? error : buffer_error(&reader->stack);
}

static const char too_many_frames[] = "more frames than an input of this size can mean";

static void push_frames(struct pprof_reader *reader, uint32_t index)
{
	const struct pprof_location *location =
		(const struct pprof_location *)reader->tables.locations.data + index;
	const uint32_t *frames = (const uint32_t *)reader->tables.frames.data + location->first;

	for (uint32_t i = 0; i < location->count; i++)
		stack_batch_push(&reader->batch, frames[i]);
}

/* Where there is room for one more. */
static void push_place(struct pprof_reader *reader, const struct reading *reading, uint32_t at)
{
	struct place *places = (struct place *)reader->places.data;
	size_t count = reader->places.size / sizeof(*places);

	places[count] = (struct place){ (uint32_t)reading->locations.size - at,
					(uint32_t)stack_batch_depth(&reader->batch) };
	reader->places.size += sizeof(*places);
}

/* Its frames, from the root on. */
static int put_stack(struct pprof_reader *reader, struct reading *reading)
{
	const struct listed *stack = (const struct listed *)reader->stack.data;
	size_t further = reader->stack.size / sizeof(*stack);
	const struct place *places;
	bool is_alone = reading->lists == 1;

	buffer_reserve(&reader->places, (reading->kept + further) * sizeof(*places));
	if (buffer_error(&reader->places))
		return -ENOMEM;
	places = (const struct place *)reader->places.data;
	stack_batch_keep(&reader->batch, reading->kept ? places[reading->kept - 1].frames : 0);
	reader->places.size = reading->kept * sizeof(*places);
	reader->before = is_alone ? reading->locations : (struct bytes){ 0 };
	for (size_t i = further; i-- && !reading->why;) {
		push_frames(reader, stack[i].location);
		if (is_alone)
			push_place(reader, reading, stack[i].at);
		/* There is no path of more nodes than all. */
		if (stack_batch_depth(&reader->batch) > reader->batch.max_nodes)
			reading->why = too_many_frames;
	}
	if (reading->why) {
		stack_batch_drop(&reader->batch);
		reader->places.size = 0;
		reader->before = (struct bytes){ 0 };
	}
	return 0;
}

/* Those of a stack of the batch, by its number. */
static uint64_t *values_of(const struct pprof_reader *reader, uint32_t number)
{
	return (uint64_t *)reader->values.data + (size_t)number * reader->type_count;
}

static int count_sample(void *context, uint32_t number, uint32_t node)
{
	struct pprof_reader *reader = context;
	const struct batched_sample *batched =
		(const struct batched_sample *)reader->batched.data + number;
	struct sample sample = { node, batched->labels, SAMPLE_NO_TIME };
	int error = -E2BIG;

	if (node != PROFILE_NONE)
		error = profile_add_sample(reader->profile, &sample, values_of(reader, number));
	if (error != -E2BIG && error != -EOVERFLOW)
		return error;
	reader->report->stacks--;
	read_report_add(reader->report, batched->offset,
			error == -E2BIG ? too_many_frames
					: "the values add up to more than 2^63 - 1");
	return 0;
}

/* What is told of it when it is added. */
static int put_sample(struct pprof_reader *reader, struct bytes bytes,
		      const struct reading *reading)
{
	size_t number = stack_batch_number(&reader->batch);
	size_t values = reader->type_count * sizeof(*reading->values);
	struct batched_sample *batched;

	if (buffer_make_size(&reader->batched, (number + 1) * sizeof(*batched)) ||
	    buffer_make_size(&reader->values, (number + 1) * values))
		return -ENOMEM;
	batched = (struct batched_sample *)reader->batched.data + number;
	*batched = (struct batched_sample){ offset_of(reader, bytes.data), LABELS_UNKNOWN };
	memcpy(values_of(reader, (uint32_t)number), reading->values, values);
	if (!profile_keeps_samples(reader->profile))
		return 0;
	return profile_add_labels(reader->profile, &reading->labels, &batched->labels);
}

static int add_sample(struct pprof_reader *reader, struct bytes bytes, struct reading *reading)
{
	int error = put_stack(reader, reading);

	if (!error && !reading->why)
		error = put_sample(reader, bytes, reading);
	if (error || reading->why)
		return error;
	reader->report->stacks++; /* until it turns out that it cannot be counted */
	return stack_batch_end(&reader->batch);
}

/* The report is in the order of samples. */
static int leave_out(struct pprof_reader *reader, struct bytes bytes, const char *why)
{
	int error = stack_batch_add_all(&reader->batch);

	read_report_add(reader->report, offset_of(reader, bytes.data), why);
	return error;
}

static int take_sample(struct pprof_reader *reader, struct bytes bytes)
{
	struct reading reading = { .why = NULL };
	int error;

	memset(&reading.labels, 0xff, sizeof(reading.labels)); /* every label PROFILE_NONE */
	reader->report->lines++;
	error = read_sample(reader, bytes, &reading);
	if (!error && !reading.why)
		error = add_sample(reader, bytes, &reading);
	return !error && reading.why ? leave_out(reader, bytes, reading.why) : error;
}

/* What refers to the tables. */
static int take_references(struct pprof_reader *reader)
{
	struct bytes raw = { (const uint8_t *)reader->raw.data, reader->raw.size };
	struct protobuf_field field;
	struct byte_reader fields;
	int error = 0;

	for (byte_reader_init(&fields, raw); !error && protobuf_next(&fields, &field);) {
		if (field.number == PPROF_SAMPLE && field.type == PROTOBUF_BYTES)
			error = take_sample(reader, field.bytes);
		else if (field.number == PPROF_COMMENT)
			error = take_comments(reader, &field);
	}
	if (!error)
		error = stack_batch_add_all(&reader->batch);
	if (!error && reader->tables.has_missed)
		pprof_references_report(&reader->tables, raw, reader->report);
	return error;
}

/* --- the format --- */

#define LAST_INNER_FIELD PPROF_MAPPING_HAS_INLINED /* no message inside has a greater number */

static bool is_inner_message(struct bytes bytes)
{
	struct protobuf_field inner;
	struct byte_reader fields;

	for (byte_reader_init(&fields, bytes); protobuf_next(&fields, &inner);)
		if (inner.number > LAST_INNER_FIELD)
			return false;
	return !fields.failed;
}

/* Of the type that its number has, and if it is a message then one. */
static bool can_be_field(const struct protobuf_field *field, bool *ret_is_message)
{
	*ret_is_message = false;
	switch (field->number) {
	case PPROF_SAMPLE_TYPE:
	case PPROF_SAMPLE:
	case PPROF_MAPPING:
	case PPROF_LOCATION:
	case PPROF_FUNCTION:
	case PPROF_PERIOD_TYPE:
		*ret_is_message = field->type == PROTOBUF_BYTES && field->bytes.size;
		return field->type == PROTOBUF_BYTES && is_inner_message(field->bytes);
	case PPROF_STRING:
		return field->type == PROTOBUF_BYTES;
	case PPROF_COMMENT:
		return field->type == PROTOBUF_BYTES || field->type == PROTOBUF_VARINT;
	default:
		return field->number <= PPROF_DOC_URL && field->type == PROTOBUF_VARINT;
	}
}

/*
 * It has no magic, and its fields come in any order. So all that is there must be its fields, with a message among them: a text's first bytes
 * are hardly ever one.
 */
static bool recognises(const char *bytes, size_t size)
{
	struct protobuf_field field;
	struct byte_reader fields;
	bool has_message = false, is_message;

	byte_reader_init(&fields, (struct bytes){ (const uint8_t *)bytes, size });
	while (protobuf_next(&fields, &field)) {
		if (!can_be_field(&field, &is_message))
			return false;
		has_message |= is_message;
	}
	return has_message;
}

static void release(void *state)
{
	struct pprof_reader *reader = state;

	buffer_release(&reader->raw);
	buffer_release(&reader->stack);
	buffer_release(&reader->places);
	buffer_release(&reader->batched);
	buffer_release(&reader->values);
	stack_batch_release(&reader->batch);
	pprof_tables_release(&reader->tables);
	free(reader);
}

static void *begin(struct profile *profile, struct read_report *report)
{
	struct pprof_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->profile = profile;
	reader->report = report;
	pprof_tables_init(&reader->tables);
	if (!stack_batch_init(&reader->batch, profile, count_sample, reader))
		return reader;
	release(reader);
	return NULL;
}

static int feed(void *state, const char *bytes, size_t size)
{
	struct pprof_reader *reader = state;

	if (size > MAX_BYTES - reader->raw.size) {
		read_report_add(reader->report, MAX_BYTES, "more than 2 GiB: no message");
		return -EPROTO;
	}
	buffer_append(&reader->raw, bytes, size);
	return buffer_error(&reader->raw);
}

static int finish(void *state)
{
	struct pprof_reader *reader = state;
	int error = take_fields(reader);

	reader->batch.max_nodes = LEAST_NODES + NODES_PER_BYTE * (uint64_t)reader->raw.size;
	if (!error && !reader->type_count) {
		read_report_add(reader->report, reader->raw.size, "it has no type of samples");
		error = -EPROTO;
	}
	if (!error)
		error = name_values(reader);
	if (!error)
		error = pprof_tables_resolve(&reader->tables, reader->profile);
	if (error)
		return error;
	take_rate(reader);
	/* Each distinct stack branches off once at most. */
	error = profile_reserve_branches(reader->profile, reader->sample_count);
	return error ? error : take_references(reader);
}

const struct profile_format pprof_format = {
	.name = "pprof",
	.summary = "pprof profile",
	.counts_bytes = true,
	.recognises = recognises,
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.free = release,
};
