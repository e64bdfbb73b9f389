/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the ticks of a store: by ticks and by CPU time, whichever rates they were taken at, from windows and from sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "model/fates.h"
#include "model/label_filter.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/slice_sums.h"
#include "store/store_view.h"
#include "tests/unit/store_place.h"

#define RATE_HZ  50
#define OTHER_HZ 25
#define TICK_NS  (SECOND_NS / RATE_HZ)

/* Of each window. */
#define COMPLETE  11
#define TRUNCATED 3
#define LOST      2
#define TICKS     (COMPLETE + TRUNCATED + LOST)

static void add_ticks(struct profile *profile, const char *marker, const char *comm, uint64_t ticks)
{
	struct sample sample = { .node = PROFILE_ROOT, .time_ns = SAMPLE_NO_TIME };
	struct label_set set;
	uint32_t frame;

	memset(&set, 0xff, sizeof(set));
	assert_int_equal(
		profile_intern(profile, comm, strlen(comm), &set.values[SAMPLE_LABEL_comm]), 0);
	assert_int_equal(profile_add_labels(profile, &set, &sample.labels), 0);
	if (marker) {
		assert_int_equal(profile_add_named(profile, marker, NULL, FRAME_MARKER, &frame), 0);
		assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &sample.node), 0);
	}
	assert_int_equal(profile_add_named(profile, "work", NULL, FRAME_NATIVE, &frame), 0);
	assert_int_equal(profile_add_child(profile, sample.node, frame, &sample.node), 0);
	assert_int_equal(profile_add_sample(profile, &sample, &ticks), 0);
}

static void add_windows(struct store_writer *writer, uint64_t first, uint64_t end, uint64_t rate_hz)
{
	for (uint64_t window = first; window < end; window++) {
		const struct window_times times = times_of(window);
		struct profile *profile = profile_new();

		assert_int_equal(profile_keep_samples(profile), 0);
		profile_origin(profile)->rate_hz = rate_hz;
		add_ticks(profile, NULL, "app", COMPLETE);
		add_ticks(profile, "[truncated:no_root]", "app", TRUNCATED);
		add_ticks(profile, "[lost:ring_full]", "other", LOST);
		assert_int_equal(store_writer_add(writer, &times, profile), 0);
		profile_free(profile);
	}
}

static uint64_t reason_of(const struct view_fates *counted, const struct fates *fates,
			  const char *text)
{
	for (size_t i = 0; i < fates->reason_count; i++) {
		size_t size;
		const char *reason = fate_reason_text(counted->words, &fates->reasons[i], &size);

		if (size == strlen(text) && !memcmp(reason, text, size))
			return fates->reasons[i].ticks;
	}
	return 0;
}

/* `windows` of them, whose ticks stand for so much time in all. */
static void assert_fates(const struct view_fates *counted, uint64_t windows, uint64_t weight_ns)
{
	const struct fates *ticks = counted->ticks, *cpu_ns = counted->cpu_ns;

	assert_int_equal(ticks->due, windows * TICKS);
	assert_int_equal(ticks->complete, windows * COMPLETE);
	assert_int_equal(ticks->truncated, windows * TRUNCATED);
	assert_int_equal(ticks->lost, windows * LOST);
	assert_int_equal(cpu_ns->due, TICKS * weight_ns);
	assert_int_equal(cpu_ns->complete, COMPLETE * weight_ns);
	assert_int_equal(ticks->reason_count, cpu_ns->reason_count);
	assert_int_equal(reason_of(counted, ticks, "no_root"), windows * TRUNCATED);
	assert_int_equal(reason_of(counted, cpu_ns, "no_root"), TRUNCATED * weight_ns);
	assert_int_equal(reason_of(counted, ticks, "ring_full"), windows * LOST);
	assert_int_equal(reason_of(counted, cpu_ns, "ring_full"), LOST * weight_ns);
}

static struct view_fates ask(struct store_view *view, uint64_t first, uint64_t end)
{
	const struct view_question question = { .part = { span_of(first).start_ns,
							  span_of(end).start_ns } };
	struct view_fates counted;

	assert_int_equal(store_view_fates(view, &question, &counted), 0);
	return counted;
}

static void test_ticks_and_their_time(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	const uint64_t half = SLICE_SUMS_WINDOWS + 3, all = 2 * half;
	struct store_view *view;
	struct view_fates counted;

	add_windows(writer, 0, half, RATE_HZ);
	add_windows(writer, half, all, OTHER_HZ);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(store_view_new(place->folder, &view), 0);
	for (size_t i = 0; i < 2; i++) { /* the second time from what is kept */
		counted = ask(view, 0, all);
		assert_fates(&counted, all, half * TICK_NS + half * 2 * TICK_NS);
		view_fates_release(&counted);
		counted = ask(view, half, half + 1);
		assert_fates(&counted, 1, 2 * TICK_NS);
		view_fates_release(&counted);
	}
	counted = ask(view, all, all + 1);
	assert_int_equal(counted.ticks->due, 0);
	assert_int_equal(counted.cpu_ns->due, 0);
	view_fates_release(&counted);
	store_view_free(view);
}

static void test_of_what_a_filter_takes(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct view_question question = { .part = { 0, UINT64_MAX } };
	struct label_filter filter = { 0 };
	struct view_fates counted;
	struct store_view *view;
	const char *why;

	add_windows(writer, 0, 2, RATE_HZ);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(store_view_new(place->folder, &view), 0);
	assert_int_equal(label_filter_add(&filter, "comm=app", &why), 0);
	question.filter = &filter;
	assert_int_equal(store_view_fates(view, &question, &counted), 0);
	assert_int_equal(counted.ticks->due, 2 * (COMPLETE + TRUNCATED));
	assert_int_equal(counted.ticks->lost, 0);
	assert_int_equal(counted.cpu_ns->due, 2 * (COMPLETE + TRUNCATED) * TICK_NS);
	view_fates_release(&counted);
	label_filter_release(&filter);
	store_view_free(view);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(test_ticks_and_their_time),
		IN_PLACE(test_of_what_a_filter_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
