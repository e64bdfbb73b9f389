/* SPDX-License-Identifier: Apache-2.0 */
#include "render/pprof_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/gzip_writer.h"
#include "base/protobuf.h"
#include "base/string_pool.h"
#include "base/u64_map.h"
#include "base/utf8.h"
#include "model/fates.h"
#include "model/pprof.h"
#include "model/profile.h"
#include "model/samples.h"
#include "render/pprof_locations.h"
#include "render/pprof_path.h"
#include "render/readable.h"
#include "render/sample_groups.h"

#define NS_PER_SECOND 1000000000u
#define SAMPLES       "samples" /* how the value is called that counts them */

struct pprof_writer {
	const struct profile *profile;
	struct gzip_writer gzip;
	struct buffer message; /* the field that is being written */
	struct buffer part;    /* one inside it */
	struct buffer clean;   /* a string */
	struct string_pool strings;
	struct pprof_locations locations;
	struct pprof_path path;       /* of the sample */
	struct u64_map functions;     /* name << 32 | file -> ID */
	struct buffer function_files; /* struct function */
	struct u64_map mappings;      /* string -> ID */
	struct buffer mapping_files;  /* uint32_t: strings */
	struct buffer labels;         /* the fields of all label sets, as they stand in a sample */
	struct buffer label_ends;     /* size_t per set: where its fields end */
	bool has_time;                /* a second value, the CPU time of its ticks */
	int error;
};

struct function {
	uint32_t name, file; /* strings of the output */
};

static void note(struct pprof_writer *writer, int error)
{
	if (!writer->error)
		writer->error = error;
}

/* --- strings --- */

/* Clean text: a string of a message is UTF-8. */
static uint32_t add_string(struct pprof_writer *writer, const char *text, size_t size)
{
	struct buffer *clean = &writer->clean;
	uint32_t id = 0;

	buffer_clear(clean);
	utf8_append_clean(clean, text, size, SIZE_MAX);
	note(writer, buffer_error(clean));
	if (!writer->error)
		note(writer, string_pool_add(&writer->strings, clean->size ? clean->data : "",
					     clean->size, &id));
	return id;
}

static uint32_t add_word(struct pprof_writer *writer, const char *word)
{
	return add_string(writer, word, strlen(word));
}

static uint32_t add_string_of(struct pprof_writer *writer, const struct profile *profile,
			      uint32_t string)
{
	size_t size;
	const char *text;

	if (string == PROFILE_NONE)
		return 0;
	text = profile_string(profile, string, &size);
	return add_string(writer, text, size);
}

/* --- fields of the profile --- */

static void append_message(struct pprof_writer *writer)
{
	note(writer, buffer_error(&writer->message));
	if (!writer->error)
		gzip_writer_append(&writer->gzip, writer->message.data, writer->message.size);
	buffer_clear(&writer->message);
}

static void end_message(struct pprof_writer *writer, enum pprof_profile_field number)
{
	uint8_t head[2 * PROTOBUF_VARINT_MAX_BYTES];
	uint8_t *end = protobuf_put_head(head, number, writer->message.size);

	gzip_writer_append(&writer->gzip, head, (size_t)(end - head));
	append_message(writer);
}

static void write_type(struct pprof_writer *writer, enum pprof_profile_field number, uint32_t name,
		       uint32_t unit)
{
	protobuf_append_number(&writer->message, PPROF_TYPE_NAME, name);
	protobuf_append_number(&writer->message, PPROF_TYPE_UNIT, unit);
	end_message(writer, number);
}

/* Of several, pprof takes the last one where none is said to count: of samples and their time, it shall do so; of others, the first one counts. */
static void write_default_type(struct pprof_writer *writer, const struct value_type *types,
			       uint32_t count)
{
	const char *first =
		count > 1 ? profile_string(writer->profile, types[0].name, NULL) : SAMPLES;

	if (!strcmp(first, SAMPLES))
		return;
	protobuf_append_number(&writer->message, PPROF_DEFAULT_TYPE, add_word(writer, first));
	append_message(writer);
}

static void write_types(struct pprof_writer *writer)
{
	uint32_t count;
	const struct value_type *types = profile_values(writer->profile, &count);

	for (uint32_t i = 0; i < count; i++)
		write_type(writer, PPROF_SAMPLE_TYPE,
			   add_string_of(writer, writer->profile, types[i].name),
			   add_string_of(writer, writer->profile, types[i].unit));
	if (!count)
		write_type(writer, PPROF_SAMPLE_TYPE, add_word(writer, SAMPLES),
			   add_word(writer, "count"));
	if (writer->has_time)
		write_type(writer, PPROF_SAMPLE_TYPE, add_word(writer, "cpu"),
			   add_word(writer, "nanoseconds"));
	write_default_type(writer, types, count);
}

/* --- samples --- */

static uint8_t *put_values(const struct pprof_writer *writer, const uint64_t *values,
			   uint32_t count, uint8_t *to)
{
	uint8_t bytes[(PROFILE_VALUES_MAX + 1) * PROTOBUF_VARINT_MAX_BYTES], *end = bytes;

	for (uint32_t i = 0; i < count; i++)
		end = protobuf_put(end, values[i]);
	if (writer->has_time) {
		uint64_t ns =
			readable_ticks_ns(values[0], profile_origin_of(writer->profile)->rate_hz);

		end = protobuf_put(end, ns < INT64_MAX ? ns : INT64_MAX);
	}
	to = protobuf_put_head(to, PPROF_SAMPLE_VALUE, (size_t)(end - bytes));
	return mempcpy(to, bytes, (size_t)(end - bytes));
}

/* Numbers are written as text: pprof takes a number of 0, which a CPU may have, for none. */
static uint32_t label_text(struct pprof_writer *writer, enum sample_label label, uint32_t value)
{
	struct buffer digits = { 0 };
	uint32_t text;

	if (!sample_label_is_number(label))
		return add_string_of(writer, writer->profile, value);
	buffer_append_u64(&digits, value);
	note(writer, buffer_error(&digits));
	text = writer->error ? 0 : add_string(writer, digits.data, digits.size);
	buffer_release(&digits);
	return text;
}

static void append_labels(struct pprof_writer *writer, const struct label_set *set)
{
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++) {
		if (set->values[label] == PROFILE_NONE)
			continue;
		buffer_clear(&writer->part);
		protobuf_append_number(&writer->part, PPROF_LABEL_KEY,
				       add_word(writer, sample_label_name(label)));
		protobuf_append_number(&writer->part, PPROF_LABEL_TEXT,
				       label_text(writer, label, set->values[label]));
		protobuf_append_bytes(&writer->labels, PPROF_SAMPLE_LABEL, writer->part.data,
				      writer->part.size);
		note(writer, buffer_error(&writer->part));
	}
}

/* Each set once: there are many samples of each. */
static void make_labels(struct pprof_writer *writer, const struct samples *samples)
{
	uint32_t count = samples ? samples_labels_count(samples) : 0;

	for (uint32_t i = 0; i < count; i++) {
		append_labels(writer, samples_labels(samples, i));
		buffer_append(&writer->label_ends, &writer->labels.size, sizeof(size_t));
	}
	note(writer, buffer_error(&writer->labels));
	note(writer, buffer_error(&writer->label_ends));
}

/* The unknown one, which is the first, has none. */
static struct bytes label_fields(const struct pprof_writer *writer, uint32_t set)
{
	const size_t *ends = (const size_t *)writer->label_ends.data;

	if (set == LABELS_UNKNOWN)
		return (struct bytes){ 0 };
	return (struct bytes){ (const uint8_t *)writer->labels.data + ends[set - 1],
			       ends[set] - ends[set - 1] };
}

/* Its parts one by one, without putting them together first: nearly all of a profile is its samples. */
static void write_sample(struct pprof_writer *writer, const struct sample_group *group,
			 uint32_t value_count)
{
	uint8_t head[4 * PROTOBUF_VARINT_MAX_BYTES], *head_end = head;
	uint8_t list_head[2 * PROTOBUF_VARINT_MAX_BYTES], *list_head_end = list_head;
	uint8_t values[(PROFILE_VALUES_MAX + 3) * PROTOBUF_VARINT_MAX_BYTES];
	uint8_t *values_end = put_values(writer, group->values, value_count, values);
	struct bytes labels = label_fields(writer, group->labels), list = { 0 };
	int error = pprof_path_make(&writer->path, &writer->locations, group->node, &list.data,
				    &list.size);

	if (error) {
		note(writer, error);
		return;
	}
	if (list.size)
		list_head_end = protobuf_put_head(list_head, PPROF_SAMPLE_LOCATION, list.size);
	head_end = protobuf_put_head(head, PPROF_SAMPLE,
				     (size_t)(list_head_end - list_head) + list.size +
					     (size_t)(values_end - values) + labels.size);
	head_end = mempcpy(head_end, list_head, (size_t)(list_head_end - list_head));
	gzip_writer_append(&writer->gzip, head, (size_t)(head_end - head));
	gzip_writer_append(&writer->gzip, list.data, list.size);
	gzip_writer_append(&writer->gzip, values, (size_t)(values_end - values));
	gzip_writer_append(&writer->gzip, labels.data, labels.size);
}

static void write_samples(struct pprof_writer *writer, struct sample_groups *groups)
{
	struct sample_group group;

	make_labels(writer, groups->samples);
	while (!writer->error && sample_groups_next(groups, &group))
		write_sample(writer, &group, sample_groups_values(groups));
}

/* --- tables --- */

static uint32_t find_mapping(struct pprof_writer *writer, const struct frame *frame)
{
	uint32_t file, id;

	buffer_clear(&writer->part);
	pprof_append_mapping(&writer->part, writer->profile, frame);
	note(writer, buffer_error(&writer->part));
	if (writer->error)
		return 0;
	file = add_string(writer, writer->part.data, writer->part.size);
	id = u64_map_get(&writer->mappings, file);
	if (id != U64_MAP_ABSENT)
		return id;
	buffer_append(&writer->mapping_files, &file, sizeof(file));
	id = (uint32_t)(writer->mapping_files.size / sizeof(file));
	note(writer, buffer_error(&writer->mapping_files));
	note(writer, u64_map_set(&writer->mappings, file, id));
	return id;
}

static uint32_t find_function(struct pprof_writer *writer, const struct frame *frame)
{
	struct function function = { add_string_of(writer, writer->profile, frame->name),
				     add_string_of(writer, writer->profile, frame->file) };
	uint64_t key = (uint64_t)function.name << 32 | function.file;
	uint32_t id = u64_map_get(&writer->functions, key);

	if (id != U64_MAP_ABSENT)
		return id;
	buffer_append(&writer->function_files, &function, sizeof(function));
	id = (uint32_t)(writer->function_files.size / sizeof(function));
	note(writer, buffer_error(&writer->function_files));
	note(writer, u64_map_set(&writer->functions, key, id));
	return id;
}

static void append_line(struct pprof_writer *writer, const struct frame *frame)
{
	uint32_t function = find_function(writer, frame);

	buffer_clear(&writer->part);
	protobuf_append_number(&writer->part, PPROF_LINE_FUNCTION, function);
	protobuf_append_number(&writer->part, PPROF_LINE_NUMBER, frame->line);
	protobuf_append_bytes(&writer->message, PPROF_LOCATION_LINE, writer->part.data,
			      writer->part.size);
	note(writer, buffer_error(&writer->part));
}

/* The mapping is that of the outermost frame, which is the last line. */
static void append_location(struct pprof_writer *writer, uint32_t id)
{
	const struct pprof_location_entry *entry = pprof_locations_get(&writer->locations, id);
	const struct pprof_location_entry *outermost = entry;

	while (outermost->outer)
		outermost = pprof_locations_get(&writer->locations, outermost->outer);
	protobuf_append_number(&writer->message, PPROF_LOCATION_ID, id);
	protobuf_append_number(
		&writer->message, PPROF_LOCATION_MAPPING,
		find_mapping(writer, profile_frame(writer->profile, outermost->frame)));
	append_line(writer, profile_frame(writer->profile, entry->frame));
	while (entry->outer) {
		entry = pprof_locations_get(&writer->locations, entry->outer);
		append_line(writer, profile_frame(writer->profile, entry->frame));
	}
}

static void write_locations(struct pprof_writer *writer)
{
	size_t count = pprof_locations_count(&writer->locations);

	for (uint32_t id = 1; id <= count && !writer->error; id++) {
		append_location(writer, id);
		end_message(writer, PPROF_LOCATION);
	}
}

/* With what pprof would else look for in files of the same name. */
static void write_mappings(struct pprof_writer *writer)
{
	const uint32_t *files = (const uint32_t *)writer->mapping_files.data;
	size_t count = writer->mapping_files.size / sizeof(*files);

	for (size_t i = 0; i < count; i++) {
		protobuf_append_number(&writer->message, PPROF_MAPPING_ID, i + 1);
		protobuf_append_number(&writer->message, PPROF_MAPPING_FILE, files[i]);
		for (uint32_t has = PPROF_MAPPING_HAS_FUNCTIONS; has <= PPROF_MAPPING_HAS_INLINED;
		     has++)
			protobuf_append_number(&writer->message, has, true);
		end_message(writer, PPROF_MAPPING);
	}
}

static void write_functions(struct pprof_writer *writer)
{
	const struct function *functions = (const struct function *)writer->function_files.data;
	size_t count = writer->function_files.size / sizeof(*functions);

	for (size_t i = 0; i < count; i++) {
		protobuf_append_number(&writer->message, PPROF_FUNCTION_ID, i + 1);
		protobuf_append_number(&writer->message, PPROF_FUNCTION_NAME, functions[i].name);
		protobuf_append_number(&writer->message, PPROF_FUNCTION_SYSTEM_NAME,
				       functions[i].name);
		protobuf_append_number(&writer->message, PPROF_FUNCTION_FILE, functions[i].file);
		end_message(writer, PPROF_FUNCTION);
	}
}

static void write_strings(struct pprof_writer *writer)
{
	for (uint32_t i = 0; i < writer->strings.count; i++) {
		size_t size;
		const char *text = string_pool_get(&writer->strings, i, &size);

		buffer_append(&writer->message, text, size);
		end_message(writer, PPROF_STRING);
	}
}

/* --- where it comes from --- */

static void write_comment(struct pprof_writer *writer, const char *prefix, const char *text)
{
	struct buffer comment = { 0 };

	if (text) {
		buffer_append_string(&comment, prefix);
		buffer_append_string(&comment, text);
		note(writer, buffer_error(&comment));
		protobuf_append_number(
			&writer->message, PPROF_COMMENT,
			writer->error ? 0 : add_string(writer, comment.data, comment.size));
	}
	buffer_release(&comment);
}

static int write_fates(struct pprof_writer *writer)
{
	struct buffer text = { 0 };
	struct fates fates;
	int error = profile_fates(writer->profile, &fates);

	if (error)
		return error;
	buffer_printf(&text, "due %llu, complete %llu, truncated %llu, lost %llu",
		      (unsigned long long)fates.due, (unsigned long long)fates.complete,
		      (unsigned long long)fates.truncated, (unsigned long long)fates.lost);
	write_comment(writer, PPROF_COMMENT_FATES, buffer_string(&text));
	error = buffer_error(&text);
	buffer_release(&text);
	return error;
}

static int write_origin(struct pprof_writer *writer)
{
	const struct profile_origin *origin = profile_origin_of(writer->profile);
	int error = 0;

	protobuf_append_number(&writer->message, PPROF_TIME_NS, origin->time_unix_ns);
	protobuf_append_number(&writer->message, PPROF_DURATION_NS, origin->duration_ns);
	append_message(writer);
	if (origin->rate_hz) {
		write_type(writer, PPROF_PERIOD_TYPE, add_word(writer, "cpu"),
			   add_word(writer, "nanoseconds"));
		protobuf_append_number(&writer->message, PPROF_PERIOD,
				       NS_PER_SECOND / origin->rate_hz);
	}
	write_comment(writer, PPROF_COMMENT_COMMAND, origin->command);
	write_comment(writer, PPROF_COMMENT_MACHINE, origin->machine);
	write_comment(writer, PPROF_COMMENT_EVENT, origin->event);
	if (origin->fates_are_known)
		error = write_fates(writer);
	append_message(writer);
	return error;
}

/* --- all of it --- */

/* Samples first, and the strings last, as pprof itself does. What the tables have is found on the way. */
static int write_all(struct pprof_writer *writer)
{
	_cleanup_(sample_groups_release) struct sample_groups groups = { 0 };
	int error = sample_groups_init(&groups, writer->profile);

	if (!error)
		error = pprof_locations_init(&writer->locations, writer->profile);
	if (error)
		return error;
	add_word(writer, ""); /* string 0 is none */
	write_types(writer);
	write_samples(writer, &groups);
	write_locations(writer);
	write_mappings(writer);
	write_functions(writer);
	error = write_origin(writer);
	write_strings(writer);
	if (!error)
		error = writer->error;
	return error ? error : gzip_writer_finish(&writer->gzip);
}

static void writer_release(struct pprof_writer *writer)
{
	gzip_writer_release(&writer->gzip);
	buffer_release(&writer->message);
	buffer_release(&writer->part);
	buffer_release(&writer->clean);
	buffer_release(&writer->labels);
	buffer_release(&writer->label_ends);
	string_pool_release(&writer->strings);
	pprof_locations_release(&writer->locations);
	pprof_path_release(&writer->path);
	u64_map_release(&writer->functions);
	buffer_release(&writer->function_files);
	u64_map_release(&writer->mappings);
	buffer_release(&writer->mapping_files);
}

int pprof_write(const struct profile *profile, const struct render_options *options,
		struct buffer *to)
{
	struct pprof_writer writer = { .profile = profile };
	uint32_t types;
	int error = gzip_writer_init(&writer.gzip, to);

	(void)options;
	if (error)
		return error;
	string_pool_init(&writer.strings);
	u64_map_init(&writer.functions);
	u64_map_init(&writer.mappings);
	profile_values(profile, &types);
	writer.has_time = !types && profile_origin_of(profile)->rate_hz;
	error = write_all(&writer);
	writer_release(&writer);
	return error;
}
