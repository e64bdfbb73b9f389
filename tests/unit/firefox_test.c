/* SPDX-License-Identifier: Apache-2.0 */
/* firefox_reader.c and firefox_writer.c: tables of the profile and of threads, columns in any order; what cannot be is left out; what hearth wrote comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "render/firefox_writer.h"
#include "render/folded_writer.h"

#define META(more) "{\"meta\":{\"preprocessedProfileVersion\":70" more "}"
#define FUNCS \
	"\"funcTable\":{\"name\":[1,2],\"resource\":[-1,0],\"source\":[null,0],\"lineNumber\":[null,4]}"
#define TABLES                                                                                        \
	"\"stringArray\":[\"libc.so\",\"main\",\"read\",\"/src/x.c\"],"                               \
	"\"stackTable\":{\"frame\":[0,1,1],\"prefixOffset\":[0,1,1]},"                                \
	"\"frameTable\":{\"func\":[0,1],\"category\":[0,1],\"line\":[null,7],\"lib\":[-1,-1]}," FUNCS \
	","                                                                                           \
	"\"resourceTable\":{\"name\":[0],\"type\":[1]},\"sources\":{\"filename\":[3]}"

static struct profile *read_text(const char *text, bool keeps, struct read_report *report)
{
	struct profile *profile = profile_new();

	if (keeps)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), report), 0);
	assert_string_equal(report->format->name, "firefox");
	return profile;
}

static void assert_reads(const char *text, const char *folded, uint64_t faults, uint64_t others)
{
	struct buffer written = { 0 };
	struct read_report report;
	struct profile *profile = read_text(text, false, &report);

	assert_int_equal(folded_write(profile, NULL, &written), 0);
	assert_string_equal(written.size ? buffer_string(&written) : "", folded);
	assert_int_equal(report.faults, faults);
	assert_int_equal(report.others, others);
	profile_free(profile);
	buffer_release(&written);
}

static void threads_share_tables(void **state)
{
	struct read_report report;
	struct profile *profile = read_text(
		META(",\"startTimeAsClockMonotonicNanosecondsSinceBoot\":1000,\"categories\":[{\"name\":\"User\"},{\"name\":\"Kernel\"}]") ",\"threads\":[{\"name\":\"GeckoMain\",\"pid\":\"12.1\",\"tid\":14,\"samples\":{\"stack\":[1,0],\"time\":[0.5,2]}},"
																	   "{\"name\":\"Worker\",\"pid\":12,\"tid\":\"x\",\"samples\":{\"weight\":[3,4],\"stack\":[2,null],\"timeDeltas\":[1,1]}}],"
																	   "\"shared\":{" TABLES
																	   "}}",
		true, &report);
	static const uint64_t times[] = { 501000, 2001000, 1001000, 2001000 };
	static const uint64_t weights[] = { 1, 1, 3, 4 };
	static const uint32_t tids[] = { 14, 14, PROFILE_NONE, PROFILE_NONE };
	const struct samples *samples = profile_samples(profile);
	const struct frame *frame;

	(void)state;
	assert_int_equal(report.faults, 0);
	assert_int_equal(samples_count(samples), 4);
	for (size_t i = 0; i < 4; i++) {
		struct sample sample = samples_get(samples, i);

		assert_int_equal(sample.time_ns, times[i]);
		assert_int_equal(samples_value(samples, i, 0), weights[i]);
		assert_int_equal(samples_labels(samples, sample.labels)->values[SAMPLE_LABEL_pid],
				 12);
		assert_int_equal(samples_labels(samples, sample.labels)->values[SAMPLE_LABEL_tid],
				 tids[i]);
	}
	frame = profile_frame(profile, profile_node(profile, samples_get(samples, 0).node)->frame);
	assert_int_equal(frame->kind, FRAME_KERNEL);
	assert_int_equal(frame->line, 7);
	assert_string_equal(profile_string(profile, frame->name, NULL), "read");
	assert_string_equal(profile_string(profile, frame->module, NULL), "libc.so");
	assert_string_equal(profile_string(profile, frame->file, NULL), "/src/x.c");
	profile_free(profile);
}

/* Until version 59 threads had tables of their own, callers by index, and the file's name with the function. */
static void threads_have_tables_of_their_own(void **state)
{
	(void)state;
	assert_reads(
		META("") ",\"threads\":[{\"name\":\"nothing\",\"stringArray\":[\"no\"],\"stackTable\":{\"frame\":[5]}},"
			 "{\"stringArray\":[\"a\",\"b\"],\"stackTable\":{\"frame\":[0,1],\"prefix\":[null,0]},"
			 "\"frameTable\":{\"func\":[0,1]},\"funcTable\":{\"name\":[0,1]},\"samples\":{\"stack\":[1,1]}},"
			 "{\"stackTable\":{\"prefix\":[null],\"frame\":[0]},\"frameTable\":{\"func\":[0]},"
			 "\"funcTable\":{\"name\":[1]},\"samples\":{\"stack\":[0]}},"
			 "{\"samples\":{\"stack\":[1]}}],\"shared\":{" TABLES "}}",
		"a;b 2\nmain 1\nmain;read 1\n", 0, 0);
}

static void weights_have_a_unit(void **state)
{
	struct read_report report;
	struct profile *profile = read_text(
		META("") ",\"shared\":{" TABLES "},\"threads\":["
			 "{\"samples\":{\"stack\":[0,0],\"weight\":[1.5,0],\"weightType\":\"tracing-ms\"}},"
			 "{\"samples\":{\"stack\":[1],\"weight\":[1],\"weightType\":\"bytes\"}}]}",
		false, &report);
	uint32_t count;

	(void)state;
	assert_int_equal(profile_total(profile), 1500000);
	assert_string_equal(profile_string(profile, profile_values(profile, &count)->unit, NULL),
			    "nanoseconds");
	assert_int_equal(report.others, 1);
	profile_free(profile);
}

static void what_cannot_be_is_left_out(void **state)
{
	(void)state;
	assert_reads(
		META("") ",\"shared\":{" TABLES
			 "},\"threads\":[{\"samples\":{\"stack\":[1,3,-1,1e300,0,0],"
			 "\"weight\":[1,1,1,1,-1,null]}},{\"samples\":{\"stack\":[1,1,0,0],\"weight\":[1,1,1]}}]}",
		"main 1\nmain;read 3\n", 6, 0);
	/* Callers that do not stand before what they call, frames that are not there, functions without a name. */
	assert_reads(
		META("") ",\"shared\":{\"stringArray\":[7,\"f\"],\"stackTable\":{\"prefix\":[1,1,null,2,null],\"frame\":[0,0,0,9,1]},"
			 "\"frameTable\":{\"func\":[1,5]},\"funcTable\":{\"name\":[0,1]}},"
			 "\"threads\":[{\"samples\":{\"stack\":[0,1,2,3,4,4,4]}}]}",
		"[unknown] 3\nf 1\n", 3, 0);
	assert_reads(
		META("") ",\"shared\":{\"stackTable\":{\"prefixOffset\":[1,2,0],\"frame\":[0,0,0]},"
			 "\"frameTable\":{\"func\":[0]}},\"threads\":[{\"samples\":{\"stack\":[0,1,2,2,2]}}]}",
		"[unknown] 3\n", 2, 0);
}

static void folded_stacks_survive(void **state)
{
	static const char text[] =
		"p 1\np;[libc.so];x y 4\np;[lost:late] 2\np;a_[j];\"b\\c\";d_[i];k_[k] 9007199254740991\n";
	struct buffer json = { 0 };
	struct read_report report;
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(firefox_write(profile, NULL, &json), 0);
	profile_free(profile);
	profile = read_text(buffer_string(&json), true, &report);
	assert_true(profile_origin(profile)->fates_are_known);
	assert_false(samples_have_times(profile_samples(profile)));
	profile_free(profile);
	assert_reads(buffer_string(&json), text, 0, 0);
	buffer_release(&json);
}

static void samples_survive(void **state)
{
	static const char script[] =
		"app 12/14 [000]  3.500001:    1010 cpu-clock:u: \n\t 401 main (/bin/app)\n\n"
		"app 12/15 [000]  3.6:    7 cpu-clock:u: \n\t 401 main (/bin/app)\n\n"
		"app 12/14 [000]  3.4:    30 cpu-clock:u: \n\t 401 g (/bin/app)\n\n";
	static const uint64_t times[] = { 3400000000, 3500001000, 3600000000 };
	static const uint32_t tids[] = { 14, 14, 15 };
	struct buffer json = { 0 };
	struct read_report report;
	struct profile *profile = profile_new();
	const struct samples *samples;

	(void)state;
	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, script, strlen(script), &report), 0);
	assert_int_equal(firefox_write(profile, NULL, &json), 0);
	profile_free(profile);
	profile = read_text(buffer_string(&json), true, &report);
	samples = profile_samples(profile);
	assert_int_equal(samples_count(samples), 3);
	for (size_t i = 0; i < 3; i++) {
		struct sample sample = samples_get(samples, i);
		const struct label_set *set = samples_labels(samples, sample.labels);
		const struct frame *frame =
			profile_frame(profile, profile_node(profile, sample.node)->frame);

		assert_int_equal(sample.time_ns, times[i]);
		assert_int_equal(set->values[SAMPLE_LABEL_pid], 12);
		assert_int_equal(set->values[SAMPLE_LABEL_tid], tids[i]);
		assert_string_equal(profile_string(profile, set->values[SAMPLE_LABEL_comm], NULL),
				    "app");
		assert_string_equal(profile_string(profile, frame->module, NULL), "app");
	}
	profile_free(profile);
	buffer_release(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_tables),
		cmocka_unit_test(threads_have_tables_of_their_own),
		cmocka_unit_test(weights_have_a_unit),
		cmocka_unit_test(what_cannot_be_is_left_out),
		cmocka_unit_test(folded_stacks_survive),
		cmocka_unit_test(samples_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
