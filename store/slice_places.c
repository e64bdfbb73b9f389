/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_places.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/string_pool.h"
#include "model/profile.h"
#include "store/chunk_body.h"
#include "store/chunk_stream.h"
#include "store/slice_dictionary.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

struct finding {
	struct profile *profile;
	struct dictionary_reader dictionary;
	struct string_pool build_ids; /* of modules, in their order */
	struct buffer modules;        /* struct place_module */
	struct buffer places;         /* struct slice_place */
	struct buffer body;
};

/* --- modules --- */

/* The same file may be told of more than once. */
static int take_module(void *context, const struct module_code *code)
{
	struct finding *finding = context;
	struct place_module module = { .count = code->count };
	uint32_t before = finding->build_ids.count, string;
	int error;

	if (strlen(code->build_id) >= sizeof(module.build_id))
		return 0;
	error = string_pool_add(&finding->build_ids, code->build_id, strlen(code->build_id),
				&string);
	if (error || string < before)
		return error;
	memcpy(module.build_id, code->build_id, strlen(code->build_id));
	memcpy(module.segments, code->segments, sizeof(module.segments));
	buffer_append(&finding->modules, &module, sizeof(module));
	return buffer_error(&finding->modules);
}

/* --- places --- */

static void describe_names(const struct finding *finding, uint32_t names, struct slice_place *place)
{
	const struct slice_names *told = &finding->dictionary.names;

	if (names == PROFILE_NONE)
		return;
	place->calls = (uint32_t)slice_names_count(told, names);
	place->is_root = slice_names_is_root(told, names);
	for (size_t i = 0; i < place->calls; i++)
		place->has_file |=
			profile_frame(finding->profile, slice_names_frame(told, names, i))->file !=
			PROFILE_NONE;
}

static int take_place(void *context, uint64_t number, uint32_t build_id, uint64_t offset,
		      uint32_t names)
{
	struct finding *finding = context;
	struct slice_place place = { .number = (uint32_t)number, .offset = offset };
	const char *text;
	size_t size;

	if (build_id == PROFILE_NONE || number > UINT32_MAX)
		return 0;
	text = profile_string(finding->profile, build_id, &size);
	if (!string_pool_find(&finding->build_ids, text, size, &place.module))
		return 0;
	describe_names(finding, names, &place);
	buffer_append(&finding->places, &place, sizeof(place));
	return buffer_error(&finding->places);
}

/* --- chunks --- */

static int take_body(struct finding *finding, enum chunk_kind kind, struct bytes body)
{
	switch (kind) {
	case CHUNK_MODULES:
		return slice_modules_each(body, take_module, finding);
	case CHUNK_NAMES:
		return slice_names_take(&finding->dictionary.names, body);
	case CHUNK_DICTIONARY:
		return dictionary_reader_take(&finding->dictionary, body);
	case CHUNK_DICTIONARY_1:
		return dictionary_reader_take_version_1(&finding->dictionary, body);
	default:
		return 0;
	}
}

static int take_kinds(struct finding *finding, struct bytes stream, bool is_dictionary)
{
	struct stream_record record;
	struct byte_reader reader;
	int error = 0;

	byte_reader_init(&reader, stream);
	while (!error && chunk_stream_next(&reader, &record)) {
		enum chunk_kind kind = record.chunk.kind;

		if (record.begins_slice || record.is_lost ||
		    (kind == CHUNK_DICTIONARY || kind == CHUNK_DICTIONARY_1) != is_dictionary)
			continue;
		error = chunk_body_unpack(record.chunk.packed, record.chunk.size, &finding->body);
		if (!error)
			error = take_body(finding, kind,
					  (struct bytes){ (const uint8_t *)finding->body.data,
							  finding->body.size });
	}
	return !error && reader.failed ? -EBADMSG : error;
}

static int append_found(const struct finding *finding, struct buffer *to)
{
	const struct places_head head = {
		.strings = finding->dictionary.names.strings.size / sizeof(uint32_t),
		.places = finding->places.size / sizeof(struct slice_place),
		.modules = finding->modules.size / sizeof(struct place_module),
	};

	buffer_append(to, &head, sizeof(head));
	buffer_append(to, finding->places.data, finding->places.size);
	buffer_append(to, finding->modules.data, finding->modules.size);
	return buffer_error(to);
}

static void finding_release(struct finding *finding)
{
	dictionary_reader_release(&finding->dictionary);
	string_pool_release(&finding->build_ids);
	buffer_release(&finding->modules);
	buffer_release(&finding->places);
	buffer_release(&finding->body);
}

int slice_places_find(struct bytes stream, struct buffer *to)
{
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	_cleanup_(finding_release) struct finding finding = { .profile = profile };
	const struct dictionary_places places = { take_place, &finding };
	int error = profile ? profile_keep_samples(profile) : -ENOMEM;

	string_pool_init(&finding.build_ids);
	if (error)
		return error;
	error = dictionary_reader_init(&finding.dictionary, profile);
	finding.dictionary.places = &places;
	if (!error)
		error = take_kinds(&finding, stream, false);
	if (!error)
		error = take_kinds(&finding, stream, true);
	return error ? error : append_found(&finding, to);
}

/* --- hearing of it --- */

static bool is_module(const struct place_module *module)
{
	return memchr(module->build_id, '\0', sizeof(module->build_id)) &&
	       module->count <= MODULE_SEGMENTS_MAX;
}

bool slice_places_hear(struct bytes bytes, struct slice_places *ret_places)
{
	struct places_head head;
	struct byte_reader reader;
	struct bytes places, modules;

	byte_reader_init(&reader, bytes);
	byte_reader_copy(&reader, &head, sizeof(head));
	if (reader.failed || head.strings > UINT32_MAX || head.places > bytes.size ||
	    head.modules > bytes.size)
		return false;
	places = byte_reader_take(&reader, head.places * sizeof(struct slice_place));
	modules = byte_reader_take(&reader, head.modules * sizeof(struct place_module));
	*ret_places = (struct slice_places){
		.strings = (uint32_t)head.strings,
		.places = (const struct slice_place *)places.data,
		.count = head.places,
		.modules = (const struct place_module *)modules.data,
		.module_count = head.modules,
	};
	if (reader.failed || reader.offset != bytes.size)
		return false;
	for (size_t i = 0; i < head.modules; i++)
		if (!is_module(&ret_places->modules[i]))
			return false;
	for (size_t i = 0; i < head.places; i++)
		if (ret_places->places[i].module >= head.modules)
			return false;
	return true;
}
