/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/front_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "model/fates.h"
#include "profiler/front_damage.h"
#include "profiler/front_page.h"
#include "store/store_folder.h"
#include "store/store_view.h"

#define SILENT_NS 10000000000u /* it says how it is each second */

static void get_status(void *context, struct api_status *ret_status)
{
	const struct front_store *store = context;
	const uint64_t now_ns = clock_monotonic_ns();
	uint64_t written_ns = now_ns;
	const char *why = "";

	if (!front_page_read(store->page, ret_status, &written_ns)) {
		*ret_status = (struct api_status){ 0 };
		why = "the recorder has said nothing yet";
	} else if (now_ns > written_ns && now_ns - written_ns > SILENT_NS) {
		why = "the recorder says nothing any more";
	}
	ret_status->store.damaged += front_damage_count(store->damage, ret_status->store.oldest_ns);
	if (*why)
		snprintf(ret_status->not_ready, sizeof(ret_status->not_ready), "%s", why);
}

static int settle(void *context, uint64_t until_ns)
{
	const struct front_store *store = context;
	struct api_status status;

	get_status(context, &status);
	if (status.recorded_ns >= until_ns)
		return 0;
	store->end_window(store->context);
	return -EAGAIN;
}

/* --- views --- */

struct front_view {
	const struct front_store *store;
	struct store_view *view;
};

static void note_damage(void *context, const struct slice_entry *slice,
			const struct slice_report *report, int error)
{
	const struct front_store *store = context;

	if (front_damage_note(store->damage, slice, report->damaged, error != 0))
		store->note_damage(store->context, slice, report->damaged, error);
}

static int view_open(void *context, void **ret_view)
{
	const struct front_store *store = context;
	struct front_view *view = malloc(sizeof(*view));
	int error = view ? store_view_new(store->folder, &view->view) : -ENOMEM;

	if (error) {
		free(view);
		return error;
	}
	view->store = store;
	store_view_tell_damage(view->view, note_damage, context);
	*ret_view = view;
	return 0;
}

static void view_close(void *view)
{
	store_view_free(((struct front_view *)view)->view);
	free(view);
}

static struct view_question question_of(const struct api_samples *samples)
{
	return (struct view_question){ { samples->from_ns, samples->to_ns }, samples->filter };
}

static enum view_keeps keeps_of(unsigned int keeps)
{
	if (keeps & API_KEEPS_TIMES)
		return VIEW_KEEPS_TIMES;
	return keeps & API_KEEPS_SAMPLES ? VIEW_KEEPS_LABELS : VIEW_KEEPS_NONE;
}

static int get_profile(void *view, const struct api_samples *samples, unsigned int keeps,
		       struct profile **ret_profile)
{
	const struct view_question question = question_of(samples);

	return store_view_profile(((struct front_view *)view)->view, &question, keeps_of(keeps),
				  ret_profile);
}

/* The largest of those that are named; all others are one. */
static int choose_values(const struct view_values *all, size_t limit, struct arena *memory,
			 struct api_values *ret_values)
{
	struct api_value *chosen = arena_alloc(memory, (all->count + 1) * sizeof(*chosen));
	struct api_values values = { .total_ns = all->total_ns, .others_ns = all->total_ns };

	if (!chosen)
		return -ENOMEM;
	for (size_t i = 0; i < all->count && values.count < limit; i++) {
		if (!all->values[i].text)
			continue;
		chosen[values.count++] =
			(struct api_value){ all->values[i].text, all->values[i].cpu_ns };
		values.others_ns -= all->values[i].cpu_ns;
	}
	values.values = chosen;
	*ret_values = values;
	return 0;
}

static int get_values(void *view, const struct api_samples *samples, enum sample_label label,
		      size_t limit, struct arena *memory, struct api_values *ret_values)
{
	const struct view_question question = question_of(samples);
	struct view_values all;
	int error = store_view_values(((struct front_view *)view)->view, &question, label, memory,
				      &all);

	return error ? error : choose_values(&all, limit, memory, ret_values);
}

static int get_series(void *view, const struct api_samples *samples,
		      const struct api_series_wish *wish, struct arena *memory,
		      struct api_series *ret_series)
{
	const struct view_question question = question_of(samples);
	struct view_series series;
	struct api_line *lines;
	int error = store_view_series(((struct front_view *)view)->view, &question, wish->by,
				      wish->limit, wish->points, memory, &series);

	if (error)
		return error;
	lines = arena_alloc(memory, (series.line_count + 1) * sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < series.line_count; i++)
		lines[i] = (struct api_line){ series.lines[i].value, series.lines[i].cores };
	*ret_series = (struct api_series){
		.start_ns = series.start_ns,
		.step_ns = series.step_ns,
		.points = series.points,
		.total = series.total,
		.others = series.others,
		.lines = lines,
		.line_count = series.line_count,
	};
	return 0;
}

static int get_heat(void *view, const struct api_samples *samples, uint32_t columns, uint32_t rows,
		    struct arena *memory, struct api_heat *ret_heat)
{
	const struct view_question question = question_of(samples);
	uint32_t *counts;
	int error = store_view_heat(((struct front_view *)view)->view, &question, columns, rows,
				    memory, &counts);

	if (error)
		return error;
	*ret_heat = (struct api_heat){
		.start_ns = samples->from_ns,
		.column_ns = (samples->to_ns - samples->from_ns) / columns,
		.columns = columns,
		.rows = rows,
		.counts = counts,
	};
	return 0;
}

/* --- fates --- */

/* What has no row of its own is counted in the last one. */
static void add_reason(struct api_reasons *to, const char *text, size_t size, uint64_t ticks,
		       uint64_t cpu_ns)
{
	static const char others[] = "other";
	struct api_reason *row = &to->rows[API_REASONS_MAX - 1];

	if (to->count < API_REASONS_MAX - 1) {
		row = &to->rows[to->count++];
		snprintf(row->name, sizeof(row->name), "%.*s", (int)size, text);
	} else {
		to->count = API_REASONS_MAX;
		memcpy(row->name, others, sizeof(others));
	}
	row->ticks += ticks;
	row->cpu_ns += cpu_ns;
}

static void tell_fates(const struct view_fates *counted, struct api_fates *ret_fates)
{
	const struct fates *ticks = counted->ticks, *cpu_ns = counted->cpu_ns;

	*ret_fates =
		(struct api_fates){ ticks->due, ticks->complete, cpu_ns->due, cpu_ns->complete };
	for (size_t i = 0; i < ticks->reason_count; i++) {
		const struct fate_reason *reason = &ticks->reasons[i];
		size_t size;
		const char *text = fate_reason_text(counted->words, reason, &size);

		add_reason(reason->fate == FATE_LOST ? &ret_fates->lost : &ret_fates->truncated,
			   text, size, reason->ticks, cpu_ns->reasons[i].ticks);
	}
}

static int get_fates(void *view, const struct api_samples *samples, struct api_fates *ret_fates)
{
	const struct view_question question = question_of(samples);
	struct view_fates counted;
	int error = store_view_fates(((struct front_view *)view)->view, &question, &counted);

	if (error)
		return error;
	tell_fates(&counted, ret_fates);
	view_fates_release(&counted);
	return 0;
}

/* --- lists --- */

/* "nginx (1234)": of which process it tells. */
static const char *text_of(const struct store_event *event, struct arena *memory)
{
	char text[API_TEXT_BYTES];

	if (event->pid == EVENT_NO_PID)
		return event->text;
	snprintf(text, sizeof(text), "%.200s (%u)", event->text, event->pid);
	return arena_string(memory, text, strlen(text));
}

static int get_events(void *view, const struct api_events_wish *wish, struct arena *memory,
		      struct api_events *ret_events)
{
	const struct view_events_question question = {
		.part = { wish->from_ns, wish->to_ns },
		.limit = wish->limit,
		.kind = wish->kind,
		.comm = wish->comm,
	};
	struct store_event *found;
	struct api_event *events;
	size_t count;
	int error = store_view_events(((struct front_view *)view)->view, &question, memory, &found,
				      &count);

	if (error)
		return error;
	events = arena_alloc(memory, (count + 1) * sizeof(*events));
	if (!events)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		events[i] = (struct api_event){ found[i].time_ns, event_kind_name(found[i].kind),
						text_of(&found[i], memory) };
		if (!events[i].text)
			return -ENOMEM;
	}
	*ret_events = (struct api_events){ events, count };
	return 0;
}

/* What is being written follows what was sealed last, up to its last write; of what was set aside only that is known. */
static struct api_span span_of(const struct slice_entry *entry, uint64_t sealed_ns,
			       const struct front_damaged *damaged)
{
	static const enum api_span_state states[] = {
		[SLICE_SEALED] = API_SPAN_SEALED,
		[SLICE_IS_OPEN] = API_SPAN_OPEN,
		[SLICE_SET_ASIDE] = API_SPAN_DAMAGED,
	};
	struct api_span span = { entry->span.start_ns, entry->span.end_ns, entry->bytes,
				 damaged->is_lost ? API_SPAN_DAMAGED : states[entry->state],
				 damaged->chunks };

	if (entry->state == SLICE_SEALED)
		return span;
	span.start_ns = span.end_ns = entry->last_write_ns;
	if (entry->state == SLICE_IS_OPEN && sealed_ns && sealed_ns < entry->last_write_ns)
		span.start_ns = sealed_ns;
	return span;
}

static int get_spans(void *view, struct arena *memory, struct api_spans *ret_spans)
{
	const struct front_view *asked = view;
	struct slice_list list;
	struct api_span *spans;
	struct api_status status;
	uint64_t sealed_ns;
	int error = store_folder_list(asked->store->folder, &list);

	/* Before anything is sealed the open one has all that there is. */
	get_status((void *)asked->store, &status);
	sealed_ns = status.store.oldest_ns;
	spans = error ? NULL : arena_alloc(memory, (list.count + 1) * sizeof(*spans));
	if (!error && !spans)
		error = -ENOMEM;
	for (size_t i = 0; !error && i < list.count; i++) {
		const struct front_damaged damaged =
			front_damage_find(asked->store->damage, list.entries[i].number);

		spans[i] = span_of(&list.entries[i], sealed_ns, &damaged);
		if (list.entries[i].state == SLICE_SEALED)
			sealed_ns = list.entries[i].span.end_ns;
	}
	if (!error)
		*ret_spans = (struct api_spans){ spans, list.count };
	slice_list_release(&list);
	return error;
}

struct api_source front_source(const struct front_store *store)
{
	return (struct api_source){
		.context = (void *)store,
		.status = get_status,
		.settle = settle,
		.view_open = view_open,
		.view_close = view_close,
		.profile = get_profile,
		.values = get_values,
		.series = get_series,
		.heat = get_heat,
		.fates = get_fates,
		.events = get_events,
		.spans = get_spans,
	};
}
