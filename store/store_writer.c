/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "store/chunk_body.h"
#include "store/chunk_stream.h"
#include "store/slice_dictionary.h"
#include "store/event_list.h"
#include "store/slice_file.h"
#include "store/slice_head.h"
#include "store/slice_rolling.h"
#include "store/slice_sums.h"
#include "store/store_folder.h"

#define FOLDER_MODE 0755

#define PASSED_OVER_NS 3600000000000u

struct store_writer {
	char *folder;
	int lock;
	uint64_t next_number;
	struct slice_entry entry;   /* of the slice that is open */
	struct slice_writer *slice; /* NULL: none is */
	bool adds_window;           /* what is told stands in its commit */
	struct window_span window;  /* that was added last */
	struct dictionary_writer dictionary;
	struct buffer head; /* what the slice begins with */
	struct buffer
		told; /* bool, per frame of the dictionary: it needs no name, or a chunk tells of it */
	struct names_writer names; /* of the slice */
	struct slice_sums sums;    /* the same */
	struct event_list events;  /* that are on no disk yet */
	struct buffer passed_over; /* struct passed_over */
	struct buffer body, packed;
};

static struct bytes bytes_of(const struct buffer *buffer)
{
	return (struct bytes){ (const uint8_t *)buffer->data, buffer->size };
}

/* --- the slice that is open --- */

static void drop_slice(struct store_writer *writer)
{
	slice_writer_free(take_ptr(writer->slice));
	dictionary_writer_release(&writer->dictionary);
	slice_sums_clear(&writer->sums);
	names_writer_release(&writer->names);
	names_writer_init(&writer->names);
	buffer_clear(&writer->told);
}

/* One without a window is not kept. */
static int end_file(const char *folder, const struct slice_entry *entry, struct slice_writer *slice)
{
	_cleanup_free_ char *path = store_folder_path(folder, entry);
	struct slice_entry sealed = {
		.number = entry->number,
		.state = SLICE_SEALED,
		.span = slice_writer_span(slice),
	};
	int error = slice_seal(slice);

	slice_writer_free(slice);
	if (error)
		return error == -EBUSY ? 0 : error; /* it is sealed when the next one writes */
	if (!sealed.span.start_ns)
		return path && !unlink(path) ? 0 : path ? -errno : -ENOMEM;
	return store_folder_rename(folder, entry, &sealed);
}

static int put(struct store_writer *writer, enum chunk_kind kind, struct window_span span,
	       const struct buffer *body)
{
	int error = chunk_body_pack(bytes_of(body), &writer->packed);

	return error ? error
		     : slice_put(writer->slice, kind, span, body->size, bytes_of(&writer->packed));
}

/* A sum and its series. */
static int put_sum(struct store_writer *writer, struct sum_writer *sum, enum chunk_kind rows,
		   enum chunk_kind series)
{
	int error;

	buffer_clear(&writer->body);
	error = sum_writer_append(sum, &writer->body);
	if (!error)
		error = put(writer, rows, sum->span, &writer->body);
	buffer_clear(&writer->body);
	if (!error)
		error = sum_writer_append_series(sum, &writer->body);
	return error ? error : put(writer, series, sum->span, &writer->body);
}

/* The windows since the sum before. */
static int put_run(struct store_writer *writer)
{
	int error = 0;

	if (slice_sums_has_run(&writer->sums))
		error = put_sum(writer, &writer->sums.run, CHUNK_SUM, CHUNK_SERIES);
	return error ? error : slice_sums_end_run(&writer->sums);
}

static int put_events(struct store_writer *writer)
{
	const struct event_list *list = &writer->events;
	int error;

	if (!list->count)
		return 0;
	buffer_clear(&writer->body);
	error = slice_events_append(event_list_get(list), list->count, &writer->body);
	return error ? error
		     : put(writer, CHUNK_EVENTS,
			   slice_events_span(event_list_get(list), list->count), &writer->body);
}

static int put_sums(struct store_writer *writer)
{
	int error = put_run(writer);

	if (!error && slice_sums_has_whole(&writer->sums))
		error = put_sum(writer, &writer->sums.whole, CHUNK_SLICE_SUM, CHUNK_SLICE_SERIES);
	return error;
}

typedef int (*append_fn)(struct store_writer *writer);

/* In a commit of its own: without it the slice is whole. False: it is not there. */
static bool add_last(struct store_writer *writer, append_fn append)
{
	if (!writer->slice || slice_begin(writer->slice))
		return false;
	if (!append(writer))
		return !slice_commit(writer->slice);
	slice_roll_back(writer->slice);
	return false;
}

/* As it is on disk. */
static int cut_slice(struct store_writer *writer)
{
	int error = writer->slice
			    ? end_file(writer->folder, &writer->entry, take_ptr(writer->slice))
			    : 0;

	drop_slice(writer);
	return error;
}

/* What makes it fast comes last. Events that wait are of the next window, in another slice. */
static int end_slice(struct store_writer *writer)
{
	add_last(writer, put_sums);
	return cut_slice(writer);
}

/* No window comes that events could wait for. */
static int end_last_slice(struct store_writer *writer)
{
	if (add_last(writer, put_events))
		event_list_clear(&writer->events);
	return end_slice(writer);
}

static int put_head(struct store_writer *writer, const struct buffer *head)
{
	int error = slice_begin(writer->slice);

	if (!error)
		error = put(writer, CHUNK_HEAD, (struct window_span){ 0 }, head);
	if (!error)
		return slice_commit(writer->slice);
	slice_roll_back(writer->slice);
	return error;
}

static int create_slice(struct store_writer *writer)
{
	_cleanup_free_ char *path = NULL;

	writer->entry =
		(struct slice_entry){ .number = writer->next_number++, .state = SLICE_IS_OPEN };
	path = store_folder_path(writer->folder, &writer->entry);
	return path ? slice_create(path, &writer->slice) : -ENOMEM;
}

static int begin_slice(struct store_writer *writer, const struct buffer *head)
{
	int error = dictionary_writer_init(&writer->dictionary);

	if (!error)
		error = create_slice(writer);
	if (!error)
		error = put_head(writer, head);
	if (error) {
		drop_slice(writer);
		return error;
	}
	buffer_clear(&writer->head);
	buffer_append(&writer->head, head->data, head->size);
	return buffer_error(&writer->head);
}

static bool belongs_into(const struct store_writer *writer, struct window_span span,
			 const struct buffer *head)
{
	struct window_span open;

	if (writer->head.size != head->size ||
	    (head->size && memcmp(writer->head.data, head->data, head->size)))
		return false;
	open = slice_writer_span(writer->slice);
	return !open.start_ns ||
	       (span.end_ns >= open.start_ns && span.end_ns - open.start_ns <= STORE_SLICE_NS &&
		span.start_ns >= open.start_ns &&
		profile_node_count(writer->dictionary.profile) < STORE_SLICE_NODES);
}

/* The one that is open, if the window belongs into it, or another one. */
static int choose_slice(struct store_writer *writer, struct window_span span,
			const struct buffer *head)
{
	int error;

	if (writer->slice && belongs_into(writer, span, head))
		return 0;
	error = end_slice(writer);
	return error ? error : begin_slice(writer, head);
}

bool store_writer_has_room(const struct store_writer *writer, struct window_span span,
			   const struct profile *profile)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };

	if (!writer->slice)
		return true;
	return !slice_head_append(profile, &head) && belongs_into(writer, span, &head);
}

/* --- windows --- */

static int put_window(struct store_writer *writer, const struct window_times *times,
		      const struct profile *profile)
{
	struct dictionary_writer *dictionary = &writer->dictionary;
	_cleanup_(buffer_release) struct buffer words = { 0 };
	struct sum_writer *sum;
	int error = 0;

	if (slice_sums_wants_end(&writer->sums, profile))
		error = put_run(writer);
	if (error)
		return error;
	sum = slice_sums_choose(&writer->sums, profile);
	buffer_clear(&writer->body);
	error = window_append(times, profile, dictionary, sum, &writer->body);
	if (!error && dictionary_writer_has_more(dictionary)) {
		error = dictionary_writer_append(dictionary, &words);
		if (!error)
			error = put(writer, CHUNK_DICTIONARY, times->span, &words);
	}
	if (!error)
		error = put(writer, CHUNK_WINDOW, times->span, &writer->body);
	return error ? error : put_events(writer);
}

static int tell_of_window(struct store_writer *writer, window_tell_fn tell, void *context)
{
	int error;

	dictionary_writer_settle(&writer->dictionary);
	writer->adds_window = true;
	error = tell(context, writer);
	writer->adds_window = false;
	return error;
}

/* After an error the dictionary has what no chunk has: the slice ends with what it had before. */
int store_writer_add_told(struct store_writer *writer, const struct window_times *times,
			  const struct profile *profile, window_tell_fn tell, void *context)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };
	int error = slice_head_append(profile, &head);

	if (!error)
		error = choose_slice(writer, times->span, &head);
	if (!error)
		error = slice_begin(writer->slice);
	if (error)
		return error;
	writer->window = times->span;
	error = put_window(writer, times, profile);
	if (!error)
		error = tell_of_window(writer, tell, context);
	if (error)
		slice_roll_back(writer->slice);
	else
		error = slice_commit(writer->slice);
	if (error) {
		cut_slice(writer); /* the first error is the one that tells */
		return error;
	}
	event_list_clear(&writer->events);
	return 0;
}

static int tell_nothing(void *context, struct store_writer *writer)
{
	(void)context;
	(void)writer;
	return 0;
}

int store_writer_add(struct store_writer *writer, const struct window_times *times,
		     const struct profile *profile)
{
	return store_writer_add_told(writer, times, profile, tell_nothing, NULL);
}

/* --- what is told of windows --- */

/* In a commit of its own, if it is in none. */
static int put_told(struct store_writer *writer, enum chunk_kind kind)
{
	int error = writer->adds_window ? 0 : slice_begin(writer->slice);

	if (error)
		return error;
	error = put(writer, kind, writer->window, &writer->body);
	if (writer->adds_window)
		return error;
	if (!error)
		return slice_commit(writer->slice);
	slice_roll_back(writer->slice);
	return error;
}

/* --- names --- */

/* Up to the frames that are on disk by now. */
static int note_frames(struct store_writer *writer)
{
	const struct profile *profile = writer->dictionary.profile;
	uint32_t count = writer->dictionary.written.frames;

	while (writer->told.size < count) {
		uint32_t frame = (uint32_t)writer->told.size;
		bool is_told = profile_frame(profile, frame)->kind != FRAME_UNNAMED;

		buffer_append(&writer->told, &is_told, sizeof(is_told));
		if (buffer_error(&writer->told))
			return -ENOMEM;
	}
	return 0;
}

static struct frame_address address_of(const struct profile *profile, uint32_t frame)
{
	const struct frame_place *place = profile_place(profile, frame);

	return (struct frame_address){
		.module = place->module == PROFILE_NONE
				  ? NULL
				  : profile_string(profile, place->module, NULL),
		.build_id = place->build_id == PROFILE_NONE
				    ? NULL
				    : profile_string(profile, place->build_id, NULL),
		.offset = place->offset,
	};
}

int store_writer_each_unnamed(struct store_writer *writer, frame_address_fn take, void *context)
{
	int error = writer->slice ? note_frames(writer) : 0;

	if (error || !writer->slice)
		return error;
	for (uint32_t i = 0; i < writer->told.size && !error; i++) {
		struct frame_address address;

		if (writer->told.data[i])
			continue;
		address = address_of(writer->dictionary.profile, i);
		error = take(context, &address);
	}
	return error;
}

/* Those that the slice has on disk; the others are of no use to it. */
static size_t find_frames(const struct store_writer *writer, const struct address_names *names,
			  size_t count, struct named_frame *frames)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct frame_address *address = &names[i].address;
		uint32_t number;

		if (profile_find_unnamed(writer->dictionary.profile, address->module,
					 address->build_id, address->offset, &number) &&
		    number < writer->told.size)
			frames[found++] = (struct named_frame){ number, names[i].is_root,
								names[i].names, names[i].count };
	}
	return found;
}

static int put_names(struct store_writer *writer, const struct named_frame *frames, size_t count)
{
	int error;

	buffer_clear(&writer->body);
	error = names_writer_append(&writer->names, frames, count, &writer->body);
	if (!error)
		error = put_told(writer, CHUNK_NAMES);
	if (!error)
		names_writer_settle(&writer->names);
	return error;
}

int store_writer_add_names(struct store_writer *writer, const struct address_names *names,
			   size_t count)
{
	_cleanup_free_ struct named_frame *frames = malloc((count + 1) * sizeof(*frames));
	size_t found;
	int error = frames ? 0 : -ENOMEM;

	if (error || !writer->slice)
		return error;
	error = note_frames(writer);
	if (error)
		return error;
	found = find_frames(writer, names, count, frames);
	if (found)
		error = put_names(writer, frames, found);
	for (size_t i = 0; i < found && !error; i++)
		writer->told.data[frames[i].number] = true;
	return error;
}

uint64_t store_writer_slice(const struct store_writer *writer)
{
	return writer->entry.number;
}

int store_writer_add_modules(struct store_writer *writer, const struct module_code *modules,
			     size_t count)
{
	int error;

	if (!writer->slice || !count)
		return 0;
	buffer_clear(&writer->body);
	error = slice_modules_append(modules, count, &writer->body);
	return error ? error : put_told(writer, CHUNK_MODULES);
}

/* --- events --- */

int store_writer_add_events(struct store_writer *writer, const struct store_event *events,
			    size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		error = event_list_add(&writer->events, &events[i]);
	return error;
}

/* --- slices that were made elsewhere --- */

static bool is_of_slice(const struct stream_record *record)
{
	return !record->begins_slice && !record->is_lost &&
	       record->chunk.span.start_ns <= record->chunk.span.end_ns &&
	       record->chunk.span.end_ns <= INT64_MAX && chunk_stream_may_have(record->chunk.kind);
}

/* The chunks up to the next slice. */
static int put_chunks(struct store_writer *writer, struct byte_reader *reader)
{
	struct byte_reader ahead = *reader;
	struct stream_record record;
	int error = 0;

	while (!error && chunk_stream_next(&ahead, &record) && !record.begins_slice) {
		*reader = ahead;
		error = is_of_slice(&record)
				? slice_put(writer->slice, record.chunk.kind, record.chunk.span,
					    record.chunk.size, record.chunk.packed)
				: -EBADMSG;
	}
	return !error && ahead.failed ? -EBADMSG : error;
}

static int add_slice(struct store_writer *writer, struct byte_reader *reader)
{
	int error = create_slice(writer), ended;

	if (error)
		return error;
	error = slice_begin(writer->slice);
	if (!error)
		error = put_chunks(writer, reader);
	if (!error)
		error = slice_commit(writer->slice);
	else
		slice_roll_back(writer->slice);
	ended = cut_slice(writer);
	return error ? error : ended;
}

int store_writer_add_slices(struct store_writer *writer, struct bytes stream)
{
	struct stream_record record;
	struct byte_reader reader;
	int error = end_last_slice(writer);

	byte_reader_init(&reader, stream);
	while (!error && chunk_stream_next(&reader, &record))
		error = record.begins_slice ? add_slice(writer, &reader) : -EBADMSG;
	return !error && reader.failed ? -EBADMSG : error;
}

/* --- taking slices away --- */

static int seal_file(const char *folder, const struct slice_entry *entry)
{
	_cleanup_free_ char *path = store_folder_path(folder, entry);
	struct slice_writer *slice;
	int error = path ? slice_reopen(path, &slice) : -ENOMEM;

	return error ? error : end_file(folder, entry, slice);
}

/* Those that somebody read, or for which the disk was too full, when they were to be sealed, which it may be still; of several errors the first one. One that is damaged or empty stays, until the next one who opens the store looks after it. */
static int seal_others(const struct store_writer *writer)
{
	struct slice_list list;
	int result = store_folder_list(writer->folder, &list);

	for (size_t i = 0; i < list.count; i++) {
		const struct slice_entry *entry = &list.entries[i];
		int error = 0;

		if (entry->state == SLICE_IS_OPEN &&
		    !(writer->slice && entry->number == writer->entry.number))
			error = seal_file(writer->folder, entry);
		if (error == -EBADMSG || error == -ENODATA || error == -EBUSY || error == -ENOSPC ||
		    error == -EIO)
			error = 0;
		if (!result)
			result = error;
	}
	slice_list_release(&list);
	return result;
}

int store_writer_shrink(struct store_writer *writer, uint64_t oldest_ns, uint64_t max_bytes,
			struct shrunk *ret_shrunk)
{
	int left = seal_others(writer);
	int error = store_folder_shrink(writer->folder, oldest_ns, max_bytes, ret_shrunk);

	return error ? error : left;
}

/* --- rolling up --- */

/* Slices that could not be made into another one. */
struct passed_over {
	uint64_t number, until_ns;
	enum roll_up_number level;
};

struct choosing {
	const struct store_writer *writer;
	uint64_t now_ns;
};

static bool passes_over(void *context, const struct slice_entry *slice, enum roll_up_number level)
{
	const struct choosing *choosing = context;
	const struct buffer *all = &choosing->writer->passed_over;
	const struct passed_over *passed = (const struct passed_over *)all->data;

	for (size_t i = 0; i < all->size / sizeof(*passed); i++)
		if (passed[i].number == slice->number && passed[i].level == level &&
		    passed[i].until_ns > choosing->now_ns)
			return true;
	return false;
}

int store_writer_remove_replaced(struct store_writer *writer)
{
	struct slice_list list;
	int error = store_folder_list_replaced(writer->folder, &list);

	for (size_t i = 0; i < list.count && !error; i++)
		error = store_folder_remove(writer->folder, &list.entries[i]);
	slice_list_release(&list);
	return error;
}

int store_writer_begin_rolling(struct store_writer *writer, const struct roll_up_ages *ages,
			       uint64_t now_ns, struct slice_rolling *ret_rolling)
{
	struct choosing choosing = { writer, now_ns };
	struct slice_rolling rolling = { .folder = writer->folder };
	struct slice_list list = { 0 };
	_cleanup_close_ int lock = -1;
	int error = store_folder_lock(writer->folder, STORE_NAMES_LOCK, &lock);

	if (!error)
		error = store_writer_remove_replaced(writer);
	if (!error)
		error = store_folder_list(writer->folder, &list);
	if (!error)
		error = roll_up_choose(&list, ages, now_ns, passes_over, &choosing, &rolling.group);
	slice_list_release(&list);
	if (error)
		return error;
	if (rolling.group.count)
		rolling.entry = (struct slice_entry){
			.number = writer->next_number++,
			.state = SLICE_SEALED,
			.level = rolling.group.level->number,
		};
	*ret_rolling = rolling;
	return 0;
}

static void forget_passed_over(struct store_writer *writer, uint64_t now_ns)
{
	struct passed_over *passed = (struct passed_over *)writer->passed_over.data;
	const size_t count = writer->passed_over.size / sizeof(*passed);
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		if (passed[i].until_ns > now_ns)
			passed[left++] = passed[i];
	writer->passed_over.size = left * sizeof(*passed);
}

static int pass_over(struct store_writer *writer, uint64_t now_ns,
		     const struct slice_rolling *rolling)
{
	const size_t to_blame = rolling->taken < rolling->group.count ? rolling->taken : 0;
	const struct passed_over passed = {
		.number = rolling->group.slices[to_blame].number,
		.until_ns = now_ns + PASSED_OVER_NS,
		.level = rolling->group.level->number,
	};

	forget_passed_over(writer, now_ns);
	buffer_append(&writer->passed_over, &passed, sizeof(passed));
	return buffer_error(&writer->passed_over);
}

/* One that is as it was is passed over; where another one has changed the store meanwhile, nothing is to blame. */
int store_writer_end_rolling(struct store_writer *writer, uint64_t now_ns,
			     struct slice_rolling *rolling)
{
	int error = slice_rolling_settle(rolling), passed = 0;

	if (error && error != -ESTALE && error != -EAGAIN && rolling->group.count)
		passed = pass_over(writer, now_ns, rolling);
	slice_rolling_release(rolling);
	return passed ? passed : error;
}

/* --- the folder --- */

static int make_folder(const char *folder)
{
	return mkdir(folder, FOLDER_MODE) && errno != EEXIST ? -errno : 0;
}

/* What a crash left; what is damaged is set aside, and for what a full or failing disk does not let be sealed the writer looks again, as it goes on (store_writer_shrink()). */
static int seal_left(const char *folder, const struct slice_entry *entry, size_t *set_aside)
{
	int error = seal_file(folder, entry);

	switch (error) {
	case -ENODATA:
		return store_folder_remove(folder, entry);
	case -EBADMSG:
		++*set_aside;
		return store_folder_set_aside(folder, entry);
	case -ENOSPC:
	case -EIO:
	case -EBUSY:
		return 0;
	default:
		return error;
	}
}

static int look_around(struct store_writer *writer, size_t *set_aside)
{
	struct slice_list list;
	int error = store_folder_list(writer->folder, &list);

	for (size_t i = 0; i < list.count && !error; i++) {
		if (list.entries[i].number >= writer->next_number)
			writer->next_number = list.entries[i].number + 1;
		if (list.entries[i].state == SLICE_IS_OPEN)
			error = seal_left(writer->folder, &list.entries[i], set_aside);
	}
	slice_list_release(&list);
	return error ? error : store_writer_remove_replaced(writer);
}

static void writer_free(struct store_writer *writer)
{
	drop_slice(writer);
	cleanup_close(&writer->lock);
	buffer_release(&writer->head);
	buffer_release(&writer->told);
	slice_sums_release(&writer->sums);
	names_writer_release(&writer->names);
	event_list_release(&writer->events);
	buffer_release(&writer->passed_over);
	buffer_release(&writer->body);
	buffer_release(&writer->packed);
	free(writer->folder);
	free(writer);
}

int store_writer_open(const char *folder, struct store_writer **ret_writer, size_t *ret_set_aside)
{
	struct store_writer *writer = calloc(1, sizeof(*writer));
	size_t set_aside = 0;
	int error;

	if (!writer)
		return -ENOMEM;
	writer->lock = -1;
	slice_sums_init(&writer->sums);
	names_writer_init(&writer->names);
	writer->next_number = 1;
	writer->folder = strdup(folder);
	error = writer->folder ? make_folder(folder) : -ENOMEM;
	if (!error)
		error = store_folder_lock(writer->folder, STORE_LOCK, &writer->lock);
	if (!error)
		error = look_around(writer, &set_aside);
	if (error) {
		writer_free(writer);
		return error;
	}
	*ret_writer = writer;
	*ret_set_aside = set_aside;
	return 0;
}

int store_writer_close(struct store_writer *writer)
{
	int error = end_last_slice(writer);

	writer_free(writer);
	return error;
}
