/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/label_filter.h"
#include "model/profile.h"
#include "store/store_folder.h"
#include "store/view_private.h"

#define LOADS 3 /* a slice gets another name once, when it is sealed */

/* --- the view --- */

static int make_words(struct store_view *view)
{
	int error;

	view->words = profile_new();
	error = view->words ? profile_keep_samples(view->words) : -ENOMEM;
	if (error)
		profile_free(take_ptr(view->words));
	return error;
}

static void forget_slices(struct store_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		view_slice_release(&view->slices[i]);
	free(view->slices);
	view->slices = NULL;
	view->count = 0;
	view_sums_release(&view->sums);
}

int store_view_new(const char *folder, struct store_view **ret_view)
{
	struct store_view *view = calloc(1, sizeof(*view));
	int error = view ? make_words(view) : -ENOMEM;

	if (!error)
		view->folder = strdup(folder);
	if (!error && !view->folder)
		error = -ENOMEM;
	if (error)
		store_view_free(view);
	else
		*ret_view = view;
	return error;
}

void store_view_free(struct store_view *view)
{
	if (!view)
		return;
	forget_slices(view);
	profile_free(view->words);
	free(view->folder);
	free(view);
}

void store_view_tell_damage(struct store_view *view, store_damage_fn damaged, void *context)
{
	view->damaged = damaged;
	view->context = context;
}

/* --- loading --- */

static void forget_slice(struct store_view *view, struct view_slice *slice)
{
	view_sums_forget(&view->sums, slice->entry.number);
	view_slice_release(slice);
}

/* By one with better names (slice_rewrite.h). */
static bool was_replaced(const struct slice_entry *old, const struct slice_entry *new)
{
	return old->number == new->number &&
	       old->state == SLICE_SEALED &&new->state == SLICE_SEALED &&
	       old->written_ns != new->written_ns;
}

/* Those of both that have one number go on. */
static int take_list(struct store_view *view, const struct slice_list *list)
{
	struct view_slice *slices = calloc(list->count + 1, sizeof(*slices));
	size_t old = 0, count = 0;

	if (!slices)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		if (list->entries[i].state == SLICE_SET_ASIDE)
			continue;
		while (old < view->count &&
		       view->slices[old].entry.number < list->entries[i].number)
			forget_slice(view, &view->slices[old++]);
		if (old < view->count && was_replaced(&view->slices[old].entry, &list->entries[i]))
			forget_slice(view, &view->slices[old]);
		if (old < view->count && view->slices[old].entry.number == list->entries[i].number)
			slices[count] = view->slices[old++];
		slices[count++].entry = list->entries[i];
	}
	while (old < view->count)
		forget_slice(view, &view->slices[old++]);
	free(view->slices);
	view->slices = slices;
	view->count = count;
	return 0;
}

static int refresh(struct store_view *view)
{
	struct slice_list list;
	int error = store_folder_list(view->folder, &list);

	if (!error)
		error = take_list(view, &list);
	slice_list_release(&list);
	return error;
}

static void forget(struct store_view *view)
{
	forget_slices(view);
	profile_free(take_ptr(view->words));
}

static bool is_full(const struct store_view *view)
{
	const struct samples *samples = profile_samples(view->words);

	return profile_node_count(view->words) > VIEW_MAX_NODES ||
	       (samples && samples_labels_count(samples) > VIEW_MAX_LABEL_SETS);
}

/* Words to add to: those that are there, if there is room for more. */
static int prepare(struct store_view *view)
{
	if (view->words && is_full(view))
		forget(view);
	return view->words ? 0 : make_words(view);
}

static bool may_have_part(const struct slice_entry *entry, struct window_span part)
{
	return entry->state == SLICE_IS_OPEN ||
	       (entry->span.end_ns > part.start_ns && entry->span.start_ns < part.end_ns);
}

/* Where names came, what was decoded with others goes. */
static int load_slice(struct store_view *view, struct view_slice *slice)
{
	const uint64_t begun = slice->begun;
	int error = view_slice_load(slice, view->folder, view->words);

	if (slice->begun != begun)
		view_sums_forget(&view->sums, slice->entry.number);
	return error;
}

/* -ENOENT: one is not there any more. What cannot be read is left out. */
static int load_slices(struct store_view *view, struct window_span part)
{
	int result = 0;

	for (size_t i = 0; i < view->count; i++) {
		int error = 0;

		if (may_have_part(&view->slices[i].entry, part))
			error = load_slice(view, &view->slices[i]);
		if (error == -ENOMEM)
			return error;
		if (error == -ENOENT)
			result = error;
	}
	return result;
}

int view_load(struct store_view *view, struct window_span part)
{
	int error = prepare(view), loaded = -ENOENT;

	for (int i = 0; i < LOADS && loaded == -ENOENT && !error; i++) {
		error = refresh(view);
		if (!error)
			loaded = load_slices(view, part);
	}
	return error ? error : loaded == -ENOMEM ? loaded : 0;
}

bool view_reads(const struct view_slice *slice, struct window_span part)
{
	return slice->head && may_have_part(&slice->entry, part) &&
	       view_slice_counts_samples(slice);
}

int view_read(struct store_view *view, struct window_span part, enum view_depth depth,
	      const struct view_sink *sink)
{
	view_sums_next_question(&view->sums);
	for (size_t i = 0; i < view->count; i++) {
		struct view_slice *slice = &view->slices[i];
		int error = view_reads(slice, part) ? view_slice_read(slice, view->folder, part,
								      depth, &view->sums, sink)
						    : 0;

		if (error == -ENOMEM || error == -EOVERFLOW)
			return error;
		if (error)
			slice->error = error;
	}
	return 0;
}

/* --- ending --- */

/* Why nothing of it can be read. One that is written may be out of reach for a moment, and one that is sealed in use or gone. */
static int lasting_error(const struct view_slice *slice)
{
	if (slice->entry.state != SLICE_SEALED)
		return 0;
	switch (slice->error) {
	case -EBADMSG:
	case -EIO:
	case -EACCES:
	case -ENODATA:
	case -ENOTSUP:
		return slice->error;
	default:
		return 0;
	}
}

int view_end(struct store_view *view, int error)
{
	for (size_t i = 0; i < view->count && view->damaged; i++) {
		const struct view_slice *slice = &view->slices[i];
		const struct slice_report report = { .damaged = slice->damaged };

		if (slice->damaged || lasting_error(slice))
			view->damaged(view->context, &slice->entry, &report, lasting_error(slice));
	}
	if (error == -ENOMEM)
		forget(view);
	return error;
}

/* --- which samples --- */

int view_choice_init(struct view_choice *choice, const struct store_view *view,
		     const struct label_filter *filter)
{
	const struct samples *samples = profile_samples(view->words);
	const uint32_t count = samples ? samples_labels_count(samples) : 1;

	*choice = (struct view_choice){ .filter = filter, .words = view->words };
	if (!filter || !filter->count)
		return 0;
	choice->known = calloc(count, sizeof(*choice->known));
	return choice->known ? 0 : -ENOMEM;
}

void view_choice_release(struct view_choice *choice)
{
	free(choice->known);
}

static int look_at_set(const struct view_choice *choice, uint32_t labels, bool *ret_takes)
{
	static const struct label_set unknown = { { [0 ... SAMPLE_LABEL_COUNT - 1] =
							    PROFILE_NONE } };
	const struct samples *samples = profile_samples(choice->words);

	return label_filter_takes(choice->filter, choice->words,
				  samples ? samples_labels(samples, labels) : &unknown, ret_takes);
}

bool view_choice_find(struct view_choice *choice, uint32_t labels)
{
	bool takes = false;
	int error = look_at_set(choice, labels, &takes);

	if (error)
		choice->error = error;
	choice->known[labels] = takes && !error ? VIEW_TAKES : VIEW_LEAVES;
	return choice->known[labels] == VIEW_TAKES;
}

bool view_label_is_fine(enum sample_label label)
{
	return label == SAMPLE_LABEL_cpu || label == SAMPLE_LABEL_tid;
}

bool view_filter_is_fine(const struct label_filter *filter)
{
	for (size_t i = 0; filter && i < filter->count; i++)
		if (view_label_is_fine(filter->terms[i].label))
			return true;
	return false;
}

/* --- events --- */

#define TEXT_LEAST 16 /* a comm */

/* Where a place of the ring has its text, again and again. */
struct event_text {
	char *bytes;
	size_t room;
};

/* The last ones that were met of those that are asked for, in a ring. */
struct last_events {
	const char *kind, *comm;
	struct store_event *events;
	struct event_text *texts;
	size_t limit, met;
	struct arena *memory;
};

static bool is_of_kind(const struct store_event *event, const char *kind)
{
	const bool is_other = kind && *kind == '!';
	const char *begin = kind ? kind + is_other : "";

	return !strncmp(event_kind_name(event->kind), begin, strlen(begin)) != is_other;
}

static bool is_of_process(const struct store_event *event, struct bytes text, const char *comm)
{
	return !comm || (event->pid != EVENT_NO_PID && text.size == strlen(comm) &&
			 !memcmp(text.data, comm, text.size));
}

static int keep_text(struct event_text *kept, struct bytes text, struct arena *memory)
{
	const size_t size = text.size < VIEW_TEXT_BYTES ? text.size : VIEW_TEXT_BYTES - 1;
	size_t room = kept->room ? kept->room : TEXT_LEAST;

	while (room <= size)
		room *= 2;
	if (room > kept->room)
		*kept = (struct event_text){ arena_alloc(memory, room), room };
	if (!kept->bytes)
		return -ENOMEM;
	memcpy(kept->bytes, text.data, size);
	kept->bytes[size] = '\0';
	return 0;
}

static int keep_event(void *context, const struct store_event *event, struct bytes text)
{
	struct last_events *last = context;
	const size_t place = last->met % last->limit;
	struct event_text *kept = &last->texts[place];
	int error;

	if (!is_of_kind(event, last->kind) || !is_of_process(event, text, last->comm))
		return 0;
	if (last->met++ < last->limit)
		*kept = (struct event_text){ 0 };
	error = keep_text(kept, text, last->memory);
	last->events[place] = *event;
	last->events[place].text = kept->bytes;
	return error;
}

static int compare_events(const void *left, const void *right)
{
	const struct store_event *a = left, *b = right;

	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

static int find_events(struct store_view *view, const struct view_events_question *question,
		       struct arena *memory, struct store_event **ret_events, size_t *ret_count)
{
	const size_t limit = question->limit;
	struct last_events last = { .kind = question->kind,
				    .comm = question->comm,
				    .limit = limit ? limit : 1,
				    .memory = memory };
	int error = view_load(view, question->part);

	last.events = arena_alloc(memory, last.limit * sizeof(*last.events));
	last.texts = arena_alloc(memory, last.limit * sizeof(*last.texts));
	if (!last.events || !last.texts)
		error = -ENOMEM;
	for (size_t i = 0; i < view->count && !error; i++) {
		int met = view->slices[i].head
				  ? view_slice_events(&view->slices[i], view->folder,
						      question->part, keep_event, &last)
				  : 0;

		error = met == -ENOMEM ? met : 0;
		if (met && !error)
			view->slices[i].error = met;
	}
	if (error)
		return error;
	*ret_count = !limit ? 0 : last.met < limit ? last.met : limit;
	if (*ret_count)
		qsort(last.events, *ret_count, sizeof(*last.events), compare_events);
	*ret_events = last.events;
	return 0;
}

int store_view_events(struct store_view *view, const struct view_events_question *question,
		      struct arena *memory, struct store_event **ret_events, size_t *ret_count)
{
	return view_end(view, find_events(view, question, memory, ret_events, ret_count));
}
