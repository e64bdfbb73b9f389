/* SPDX-License-Identifier: Apache-2.0 */
/* output.c: of ticks that are recorded nothing is kept that the output does not tell, and none is lost for what they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "profiler/output.h"

struct wanted {
	const char *format, *by;
	bool flamechart;
	bool samples, tid, cpu, user, cgroup, exe, machine, time;
};

static void assert_wanted(const struct wanted *wanted)
{
	const struct output output = {
		.format = render_format_by_name(wanted->format),
		.shaping.by = (char *)wanted->by,
		.drawing.flamechart = wanted->flamechart,
	};
	const struct tick_labels labels = output_labels(&output);

	assert_int_equal(output_wants_samples(&output), wanted->samples);
	assert_int_equal(labels.tid, wanted->tid);
	assert_int_equal(labels.cpu, wanted->cpu);
	assert_int_equal(labels.user, wanted->user);
	assert_int_equal(labels.cgroup, wanted->cgroup);
	assert_int_equal(labels.exe, wanted->exe);
	assert_int_equal(labels.machine, wanted->machine);
	assert_int_equal(labels.time, wanted->time);
}

static void formats_get_what_they_tell(void **state)
{
	static const struct wanted cases[] = {
		{ "svg", .samples = false },
		{ "folded", .samples = false },
		{ "json", .samples = false },
		{ "html", .samples = true, .tid = true, .time = true },
		{ "pprof", .samples = true, .tid = true, .cpu = true, .user = true, .cgroup = true,
		  .exe = true, .machine = true },
		{ "speedscope", .samples = true, .tid = true, .time = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_wanted(&cases[i]);
}

static void heads_get_their_label(void **state)
{
	static const struct wanted cases[] = {
		{ "svg", "none", .samples = true },
		{ "svg", "comm", .samples = true },
		{ "svg", "pid", .samples = true },
		{ "svg", "tid", .samples = true, .tid = true },
		{ "folded", "cpu", .samples = true, .cpu = true },
		{ "folded", "user", .samples = true, .user = true },
		{ "top", "cgroup", .samples = true, .cgroup = true },
		{ "tree", "container", .samples = true, .cgroup = true },
		{ "svg", "image", .samples = true, .cgroup = true },
		{ "svg", "pod", .samples = true, .cgroup = true },
		{ "svg", "namespace", .samples = true, .cgroup = true },
		{ "svg", "exe", .samples = true, .exe = true },
		{ "svg", "host", .samples = true, .machine = true },
		{ "svg", "kernel", .samples = true, .machine = true },
		{ "html", "cpu", .samples = true, .tid = true, .cpu = true, .time = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_wanted(&cases[i]);
}

static void a_chart_gets_times(void **state)
{
	(void)state;
	assert_wanted(&(struct wanted){ "svg", .flamechart = true, .samples = true, .time = true });
}

/* Stacks that are headed by a label which no sample tells: 0 or the error, and what was made. */
static int make_by_cpu(bool is_of_recording, struct buffer *to)
{
	static const char text[] = "p;main 3\n";
	const struct output output = {
		.format = render_format_by_name("folded"),
		.shaping.by = (char *)"cpu",
		.is_of_recording = is_of_recording,
	};
	struct profile *profile = profile_new();
	struct read_report report;
	int error;

	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	error = output_make(&output, profile, to);
	profile_free(profile);
	return error;
}

/* An input can be rendered again; ticks do not come again. */
static void a_recording_is_written_whatever_it_does_not_tell(void **state)
{
	struct buffer made = { 0 };

	(void)state;
	assert_int_equal(make_by_cpu(false, &made), -ENODATA);
	assert_int_equal(made.size, 0);
	assert_int_equal(make_by_cpu(true, &made), 0);
	assert_string_equal(buffer_string(&made), "p;main 3\n");
	buffer_release(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_get_what_they_tell),
		cmocka_unit_test(heads_get_their_label),
		cmocka_unit_test(a_chart_gets_times),
		cmocka_unit_test(a_recording_is_written_whatever_it_does_not_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
