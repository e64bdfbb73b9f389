/* SPDX-License-Identifier: Apache-2.0 */
/* perf_script_reader.c and perf_script_line.c: every choice of fields, and names that look like something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "model/perf_script_line.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "render/folded_writer.h"

#define FRAMES                                                \
	"\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n" \
	"\t          401136 main+0x16 (/usr/bin/app)\n"

/* As folded stacks. */
static void assert_reads_with(const char *text, const char *folded, uint64_t faults,
			      uint64_t others)
{
	struct profile *profile = profile_new();
	struct read_report report;
	struct buffer written = { 0 };

	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_string_equal(report.format->name, "perf-script");
	assert_int_equal(folded_write(profile, NULL, &written), 0);
	assert_string_equal(buffer_string(&written), folded);
	assert_int_equal(report.faults, faults);
	assert_int_equal(report.others, others);
	buffer_release(&written);
	profile_free(profile);
}

static void assert_reads(const char *text, const char *folded)
{
	assert_reads_with(text, folded, 0, 0);
}

/* The first line of a sample, and what its comm and event are. */
static void every_layout_of_a_sample(void **state)
{
	static const struct {
		const char *line, *comm, *event;
	} samples[] = {
		{ "app 12 1000.000022: 1001001 cpu-clock:", "app", "cpu-clock" },
		{ "app 12 1000.000022: cpu-clock:", "app", "cpu-clock" },
		{ "app 12/14 [010] 1000.000022:    1001001 cycles:u: ", "app", "cycles:u" },
		{ "   Web Content  1333/1336  [010]  1000.000022:  1 cpu-clock:pppH: ",
		  "Web Content", "cpu-clock:pppH" },
		{ "app 12 [000] 1.5: sched:sched_switch: prev_comm=x prev_pid=3", "app",
		  "sched:sched_switch" },
		{ "a b (c) [0] 7 8/9 [000] 1.5: 1 cycles:", "a b (c) [0] 7", "cycles" },
		{ "kworker/0:1 12 [000] 1.5: 1 cycles:", "kworker/0:1", "cycles" },
		{ "12 34 1.5: 1 cycles:", "12", "cycles" },
		{ ":-1    -1 [000] 1.5: 1 cycles:", ":-1", "cycles" },
		{ "             :-1  4883/-1    [000] 1.5: 1 cycles:", ":-1", "cycles" },
		{ ":-1 -1/-1 1.5: 1 cycles:", ":-1", "cycles" },
		{ "a -b- 12 1.5: 1 cycles:", "a -b-", "cycles" },
		{ "app [001] 1.5: 1 cycles:", "app", "cycles" },
		{ "app 12 cycles:", "app", "cycles" },
		{ "app 12", "app", "" },
		{ "app 12 1.5:", "app", "" },
		{ "swapper 0 [003] 5.5: 1 cycles: ffffffff81 idle ([kernel.kallsyms])", "swapper",
		  "cycles" },
		{ "app 12 [000] K     5.5: 1 cycles:", "app", "cycles" },
		{ "app 12/14 KE 5.5: 1 cycles:", "app", "cycles" },
		{ "U 12 [000] 5.5: 1 cycles:", "U", "cycles" },
		{ "app 5.5: 1 cycles:", "app", "cycles" },
		{ "12/14 [000] 5.5: 1 cycles:", "12/14", "cycles" },
		{ "12 5.5: cycles:", "12", "cycles" },
		{ "#1 12 5.5: 1 cycles:", "#1", "cycles" },
		{ "app 12    1001001 cycles:", "app", "cycles" },
		{ "app 12/14    7 cycles:", "app", "cycles" },
		{ "app 12 [000]    1001001 cycles:u:", "app", "cycles:u" },
		{ "GC Thread 3  1234 cycles:", "GC Thread 3", "cycles" },
		{ "GC Thread 3  1234    1001001 cycles:", "GC Thread 3", "cycles" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct script_text line = { samples[i].line, strlen(samples[i].line) };
		struct script_sample sample;

		if (!perf_script_sample(line, &sample))
			fail_msg("none: %s", line.start);
		if (sample.comm.size != strlen(samples[i].comm) ||
		    memcmp(sample.comm.start, samples[i].comm, sample.comm.size) != 0)
			fail_msg("comm '%.*s' of: %s", (int)sample.comm.size, sample.comm.start,
				 line.start);
		if (sample.event.size != strlen(samples[i].event) ||
		    memcmp(sample.event.start, samples[i].event, sample.event.size) != 0)
			fail_msg("event '%.*s' of: %s", (int)sample.event.size, sample.event.start,
				 line.start);
	}
}

static void a_task_that_was_gone_has_no_id(void **state)
{
	static const struct {
		const char *line;
		uint32_t pid, tid;
	} samples[] = {
		{ ":-1 -1 [000] 1.5: 1 cycles:", UINT32_MAX, UINT32_MAX },
		{ ":-1 -1/-1 [000] 1.5: 1 cycles:", UINT32_MAX, UINT32_MAX },
		{ ":-1 4883/-1 [000] 1.5: 1 cycles:", 4883, UINT32_MAX },
		{ "app 12 [000] 1.5: 1 cycles:", UINT32_MAX, 12 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct script_text line = { samples[i].line, strlen(samples[i].line) };
		struct script_sample sample;
		struct script_numbers numbers;

		assert_true(perf_script_sample(line, &sample));
		numbers = perf_script_numbers(&sample);
		assert_int_equal(numbers.pid, samples[i].pid);
		assert_int_equal(numbers.tid, samples[i].tid);
	}
}

static void what_is_no_sample(void **state)
{
	static const char *const lines[] = { "", "app", "  ", "a;b;c 12 13 x", ":", "1.5:", "12" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct script_sample sample;

		if (perf_script_sample((struct script_text){ lines[i], strlen(lines[i]) }, &sample))
			fail_msg("a sample: '%s'", lines[i]);
	}
}

static void every_layout_of_a_frame(void **state)
{
	static const struct {
		const char *line, *symbol, *object;
	} frames[] = {
		{ "\t401136 main+0x16 (/usr/bin/app)", "main", "/usr/bin/app" },
		{ "\t401136 main (/usr/bin/app)", "main", "/usr/bin/app" },
		{ "\t401136 main+0x16", "main", "" },
		{ "\tmain+0x16 (/usr/bin/app)", "main", "/usr/bin/app" },
		{ "\tadd (/usr/bin/app)", "add", "/usr/bin/app" },
		{ "\t401136 (/usr/bin/app)", "", "/usr/bin/app" },
		{ "\t401136", "", "" },
		{ "\t401136 [unknown] ([unknown])", "[unknown]", "[unknown]" },
		{ "\t401136 [unknown] (/my dir/a (b)/app)", "[unknown]", "/my dir/a (b)/app" },
		{ "\t401136 main (/usr/bin/app (deleted))", "main", "/usr/bin/app (deleted)" },
		{ "\t401136 operator new(unsigned long)+0x5 (/usr/lib/l.so)",
		  "operator new(unsigned long)", "/usr/lib/l.so" },
		{ "\t401136 void n::(anonymous namespace)::f<t>(t&&)+0x16 (/l.so)",
		  "void n::(anonymous namespace)::f<t>(t&&)", "/l.so" },
		{ "\t401136 operator+0xff+0x1 (/l.so)", "operator+0xff", "/l.so" },
		{ "\t401136 f (inlined)", "f", "inlined" },
		{ "\t401136 f+0x5 (/l.so.6+0x2724a)", "f", "/l.so.6" },
		{ "\tffffffff81 do_x+0x1 ([kernel.kallsyms])\r", "do_x", "[kernel.kallsyms]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		const struct script_text line = { frames[i].line, strlen(frames[i].line) };
		struct script_frame frame;

		if (!perf_script_frame(line, &frame))
			fail_msg("none: %s", line.start);
		if (frame.symbol.size != strlen(frames[i].symbol) ||
		    memcmp(frame.symbol.start, frames[i].symbol, frame.symbol.size) != 0)
			fail_msg("symbol '%.*s' of: %s", (int)frame.symbol.size, frame.symbol.start,
				 line.start);
		if (frame.object.size != strlen(frames[i].object) ||
		    memcmp(frame.object.start, frames[i].object, frame.object.size) != 0)
			fail_msg("object '%.*s' of: %s", (int)frame.object.size, frame.object.start,
				 line.start);
	}
}

static void stacks_are_turned_and_counted(void **state)
{
	(void)state;
	assert_reads("app 12 1.5: 1 cycles:\n" FRAMES "\n"
		     "app 12 1.6: 7 cycles:\n" FRAMES "\n"
		     "app 12 1.7: 1 cycles:\n\t401136 main+0x20 (/usr/bin/app)\n",
		     "app;main 1\napp;main;f 2\n");
}

static void kinds_are_told_by_the_object(void **state)
{
	(void)state;
	assert_reads("app 12 1.5: 1 cycles:\n"
		     "\tffffffffc0 nft_do+0x1 ([nf_tables])\n"
		     "\tffffffff81 do_x+0x1 ([kernel.kallsyms])\n"
		     "\tffffffff82 [unknown] ([kernel.kallsyms])\n"
		     "\t7fff01 __vdso_clock_gettime+0x3 ([vdso])\n"
		     "\t7f04 in+0x1 (inlined)\n"
		     "\t7f03 Ljava/lang/String;::hash+0x1 (/tmp/perf-12.map)\n"
		     "\t7f02 [unknown] (/usr/lib/libc.so.6)\n"
		     "\t7f01 [unknown] ([unknown])\n"
		     "\t401136 main (/usr/bin/app)\n",
		     "app;main;[unknown];[libc.so.6];Ljava/lang/String:::hash_[j];in_[i];"
		     "__vdso_clock_gettime;[kernel.kallsyms]_[k];do_x_[k];nft_do_[k] 1\n");
}

/* Units of others would be added to it. */
static void the_first_event_counts(void **state)
{
	(void)state;
	assert_reads_with("app 12 1.5: 1 cycles:\n" FRAMES "\n"
			  "app 12 1.6: 1 page-faults:\n" FRAMES "\n"
			  "app 12 1.7: 1 cycles:\n" FRAMES,
			  "app;main;f 2\n", 0, 1);
}

static void comments_and_source_lines_are_passed_over(void **state)
{
	(void)state;
	assert_reads("# ========\n# captured on    : Sat Nov 28\n# cmdline : perf record -g\n#\n"
		     "app 12 1.5: 1 cycles:\n"
		     "\t401136 main+0x16 (/usr/bin/app)\n"
		     "  main.c:12\n"
		     "\t401055 _start+0x25 (/usr/bin/app)\n"
		     "  start.S:115\n\n",
		     "app;_start;main 1\n");
}

static void samples_without_stacks(void **state)
{
	(void)state;
	assert_reads("app 12 1.5: 1 cycles:\nb c 13 1.6: 1 cycles:\n\napp 12 1.7: 1 cycles:\n",
		     "app 2\nb c 1\n");
}

/* perf record without -g, perf script -G. */
static void a_frame_on_the_line_of_its_sample(void **state)
{
	(void)state;
	assert_reads(
		"     swapper     0 [000] 69141.4:    5025125 cpu-clock:  ffffffff821f236b halt+0xb ([kernel.kallsyms])\n"
		"       b (x)  5499 [001] 69227.5:    5025125 cpu-clock:      55c9f10e213a inner+0x11 (/tmp/b (x))\n"
		"       b (x)  5499 [001] 69227.6:    5025125 cpu-clock:      55c9f10e213a inner+0x12 (/tmp/b (x))\n"
		"           c     7 [001] 69227.6:    5025125 cpu-clock:            401136 [unknown] ([unknown])\n",
		"b (x);inner 2\nc;[unknown] 1\nswapper;halt_[k] 1\n");
	assert_reads(
		"   app 12 1.5:            401136 main (/usr/bin/app)\n   app 12 1.6:            401136 main (/usr/bin/app)\n",
		"app;main 2\n");
	assert_reads("   app 12 1.5: 7 cycles:            401136\n", "app;[unknown] 1\n");
	assert_reads("   app 12    7000000 cycles:            401136 main (/usr/bin/app)\n"
		     "   app 12    7000000 cycles:            401136 main (/usr/bin/app)\n",
		     "app;main 2\n");
	assert_reads(
		"   app 12 cycles:            401136 main\n   app 12 cycles:            401136 main\n",
		"app;main 2\n");
	assert_reads("   app 12 1.5: 7 cycles:            401136 main+0x6\n", "app;main 1\n");
	assert_reads(
		"   app 12 1.5: 7 cycles:                 0          401136 main+0x6 (/usr/bin/app)\n",
		"app;main 1\n");
}

/* What an event tells of itself is no frame. */
static void what_tracepoints_tell(void **state)
{
	(void)state;
	assert_reads(
		"   app 12 [000] 1.5: sched:sched_switch: prev_comm=x prev_pid=1 ==> next_comm=y (0)\n"
		"   app 12 [000] 1.6: sched:sched_switch: 12 add (3)\n"
		"   app 12 [000] 1.7: sched:sched_switch: 1234 b\n",
		"app 3\n");
}

static void any_choice_of_fields(void **state)
{
	(void)state;
	assert_reads("app 12 \n\t401136 main+0x1\n\napp 12 \n\t401136 main+0x2\n", "app;main 2\n");
	assert_reads("app 1.5: 1 cycles:\n" FRAMES, "app;main;f 1\n");
	assert_reads("12/14 1.5: 1 cycles:\n" FRAMES, "12/14;main;f 1\n");
	assert_reads("app 12 [000] K     1.5: 1 cycles:\n" FRAMES, "app;main;f 1\n");
	assert_reads("# comment\n#1 12 1.5: 1 cycles:\n" FRAMES "\n#1 12 1.6: 1 cycles:\n" FRAMES,
		     "#1;main;f 2\n");
}

/* --show-mmap-events, --show-task-events */
static void records_are_no_samples(void **state)
{
	(void)state;
	assert_reads(
		"swapper     0 [000]     0.000000: PERF_RECORD_MMAP -1/0: [0xffffffff81000000(0x12090c8) @ 0]: x [kernel.kallsyms]_text\n"
		"app 12 [000] 1.000000: PERF_RECORD_COMM: app:12/12\n"
		"app 12 1.5: 1 cycles:\n" FRAMES "\n"
		"app 12 [000] 1.6: PERF_RECORD_FORK(1:1):(0:0)\n"
		"app 12 1.7: 1 cycles:\n" FRAMES,
		"app;main;f 2\n");
}

static void lost_events_are_counted(void **state)
{
	const char *text = "app 12 1.5: 1 cycles:\n" FRAMES "\n"
			   "app 12 [000] 1.6: PERF_RECORD_LOST lost 70\n"
			   "     app    12 1.6: PERF_RECORD_LOST lost 6\n"
			   "app 12 [000] 1.6: PERF_RECORD_LOST lost many\n"
			   "app 12 1.7: 1 cycles:\n" FRAMES;
	struct profile *profile = profile_new();
	struct read_report report;

	(void)state;
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(report.lost, 76);
	assert_int_equal(report.stacks, 2);
	profile_free(profile);
}

static void a_deep_stack_keeps_its_root(void **state)
{
	struct buffer text = { 0 };
	struct profile *profile = profile_new();
	struct read_report report;

	(void)state;
	buffer_append_string(&text, "app 12 1.5: 1 cycles:\n");
	for (int i = 0; i < 100000; i++)
		buffer_append_string(&text, "\t401136 f (/usr/bin/app)\n");
	assert_int_equal(profile_read(profile, text.data, text.size, &report), 0);
	assert_int_equal(profile_node_count(profile), 100002);
	profile_free(profile);
	buffer_release(&text);
}

static void without_times(void **state)
{
	(void)state;
	assert_reads("app 12 \n\t401136 main (/usr/bin/app)\n\nb 12/13 \n\tmain (/usr/bin/app)\n",
		     "app;main 1\nb;main 1\n");
}

static void what_is_neither_is_told(void **state)
{
	(void)state;
	assert_reads_with("app 12 1.5: 1 cycles:\n" FRAMES "\nnonsense\n" FRAMES "\n"
			  "app 12 1.6: 1 cycles:\n" FRAMES,
			  "app;main;f 2\n", 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_of_a_sample),
		cmocka_unit_test(a_task_that_was_gone_has_no_id),
		cmocka_unit_test(what_is_no_sample),
		cmocka_unit_test(every_layout_of_a_frame),
		cmocka_unit_test(stacks_are_turned_and_counted),
		cmocka_unit_test(kinds_are_told_by_the_object),
		cmocka_unit_test(the_first_event_counts),
		cmocka_unit_test(comments_and_source_lines_are_passed_over),
		cmocka_unit_test(samples_without_stacks),
		cmocka_unit_test(a_frame_on_the_line_of_its_sample),
		cmocka_unit_test(what_tracepoints_tell),
		cmocka_unit_test(any_choice_of_fields),
		cmocka_unit_test(records_are_no_samples),
		cmocka_unit_test(lost_events_are_counted),
		cmocka_unit_test(a_deep_stack_keeps_its_root),
		cmocka_unit_test(without_times),
		cmocka_unit_test(what_is_neither_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
