/* SPDX-License-Identifier: Apache-2.0 */
/* speedscope_reader.c: both types of profile, in any order of the document; what is none is refused or left out where it stands. */
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
#include "model/samples.h"
#include "render/folded_writer.h"
#include "render/speedscope_writer.h"

#define SCHEMA "\"$schema\":\"https://www.speedscope.app/file-format-schema.json\""
#define FRAMES \
	"\"shared\":{\"frames\":[{\"name\":\"a\"},{\"name\":\"b_[k]\",\"file\":\"x.c\",\"line\":3},{\"name\":\"c\"}]}"

static void assert_reads(const char *text, const char *folded, uint64_t faults, uint64_t others)
{
	struct profile *profile = profile_new();
	struct buffer written = { 0 };
	struct read_report report;

	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_string_equal(report.format->name, "speedscope");
	assert_int_equal(folded_write(profile, NULL, &written), 0);
	if (written.size || *folded)
		assert_string_equal(buffer_string(&written), folded);
	assert_int_equal(report.faults, faults);
	assert_int_equal(report.lines, report.stacks + report.faults);
	assert_int_equal(report.others, others);
	profile_free(profile);
	buffer_release(&written);
}

static void sampled_profiles_are_read(void **state)
{
	(void)state;
	assert_reads(
		"{" SCHEMA "," FRAMES
		",\"profiles\":[{\"type\":\"sampled\",\"unit\":\"none\",\"startValue\":0,\"endValue\":6,"
		"\"samples\":[[0,1],[0,2],[0,1]],\"weights\":[1,2,3]}]}",
		"a;b_[k] 4\na;c 2\n", 0, 0);
}

/* Each is told. */
static void samples_without_a_weight_are_left_out(void **state)
{
	(void)state;
	assert_reads("{" SCHEMA "," FRAMES
		     ",\"profiles\":[{\"samples\":[[0],[0],[0,1],[0,2],[2]],\"weights\":[1,2]}]}",
		     "a 3\n", 3, 0);
}

/* Of frames that tell them: the file, and the line if that is one. */
static void files_and_lines_are_read(void **state)
{
	const char *text = "{" SCHEMA ",\"shared\":{\"frames\":[{\"name\":\"p\"},{\"name\":\"a\"},"
			   "{\"line\":3,\"file\":\"/src/x.c\",\"name\":\"b\"},"
			   "{\"name\":\"c\",\"file\":\"y.c\",\"line\":-1}]},"
			   "\"profiles\":[{\"samples\":[[0,1,2,3]],\"weights\":[1]}]}";
	static const struct {
		const char *file;
		uint32_t line;
	} expected[] = { { NULL, 0 }, { NULL, 0 }, { "/src/x.c", 3 }, { "y.c", 0 } };
	struct profile *profile = profile_new();
	struct read_report report;

	(void)state;
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	for (uint32_t node = 1; node <= 4; node++) {
		const struct frame *frame =
			profile_frame(profile, profile_node(profile, node)->frame);

		assert_int_equal(frame->line, expected[node - 1].line);
		if (expected[node - 1].file)
			assert_string_equal(profile_string(profile, frame->file, NULL),
					    expected[node - 1].file);
		else
			assert_int_equal(frame->file, PROFILE_NONE);
	}
	profile_free(profile);
}

/* As speedscope itself writes them: what profiles refer to stands behind them. */
static void evented_profiles_are_read(void **state)
{
	(void)state;
	assert_reads(
		"{\"exporter\":\"speedscope@1.20.0\",\"profiles\":[{\"type\":\"evented\",\"unit\":\"milliseconds\","
		"\"events\":[{\"type\":\"O\",\"frame\":0,\"at\":0},{\"type\":\"O\",\"frame\":1,\"at\":0.5},"
		"{\"type\":\"C\",\"frame\":1,\"at\":2},{\"type\":\"C\",\"frame\":0,\"at\":2.25}]}]," FRAMES
		"," SCHEMA "}",
		"a 750000\na;b_[k] 1500000\n", 0, 0);
}

/* Of each sample its time, or SAMPLE_NO_TIME, and its thread's name, or "". */
static void assert_times(const char *profiles, const uint64_t *times, const char *const *comms,
			 size_t count)
{
	struct profile *profile = profile_new();
	struct buffer text = { 0 };
	struct read_report report;
	const struct samples *samples;

	buffer_printf(&text, "{%s,%s,\"profiles\":[%s]}", SCHEMA, FRAMES, profiles);
	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text.data, text.size, &report), 0);
	samples = profile_samples(profile);
	assert_int_equal(samples_count(samples), count);
	for (size_t i = 0; i < count; i++) {
		struct sample sample = samples_get(samples, i);
		uint32_t comm = samples_labels(samples, sample.labels)->values[SAMPLE_LABEL_comm];

		assert_int_equal(sample.time_ns, times[i]);
		assert_string_equal(comm == PROFILE_NONE ? "" : profile_string(profile, comm, NULL),
				    comms[i]);
	}
	buffer_release(&text);
	profile_free(profile);
}

/* From where they start on, one behind the other; what weighs nothing is none. */
static void where_weights_are_time_samples_have_times(void **state)
{
	static const char *const nobody[] = { "", "", "", "" }, *const two[] = { "x", "y" };
	static const uint64_t sampled[] = { 5000000, 6500000, 8500000 },
			      evented[] = { 0, 500, 2000 }, threads[] = { 0, 7 },
			      none[] = { SAMPLE_NO_TIME, SAMPLE_NO_TIME };

	(void)state;
	assert_times("{\"unit\":\"milliseconds\",\"startValue\":5,"
		     "\"samples\":[[0],[1],[2],[0],[1]],\"weights\":[1.5,0,2,-1,3]}",
		     sampled, nobody, 3);
	assert_times(
		"{\"unit\":\"microseconds\",\"events\":["
		"{\"type\":\"O\",\"frame\":0,\"at\":0},{\"type\":\"O\",\"frame\":1,\"at\":0.5},"
		"{\"type\":\"C\",\"frame\":1,\"at\":2},{\"type\":\"C\",\"frame\":0,\"at\":2.25}]}",
		evented, nobody, 3);
	assert_times("{\"name\":\"x\",\"unit\":\"nanoseconds\",\"samples\":[[0]],\"weights\":[3]},"
		     "{\"name\":\"y\",\"unit\":\"nanoseconds\",\"startValue\":7,"
		     "\"samples\":[[0]],\"weights\":[3]}",
		     threads, two, 2);
	assert_times("{\"unit\":\"none\",\"samples\":[[0],[1]],\"weights\":[1,2]}", none, nobody,
		     2);
	assert_times("{\"unit\":\"bytes\",\"samples\":[[0],[1]],\"weights\":[1,2]}", none, nobody,
		     2);
	assert_times("{\"unit\":\"seconds\",\"timesFollowWeights\":1,"
		     "\"samples\":[[0],[1]],\"weights\":[1,2]}",
		     none, nobody, 2);
}

/* The axis of all is moved, so that what was first is first. One of more than 2^63 - 1 ns is none. */
static void times_before_0_keep_their_order(void **state)
{
	static const char *const nobody[] = { "", "", "" }, *const two[] = { "x", "y" };
	static const uint64_t crossing[] = { 0, 50, 150 }, threads[] = { 107, 0 },
			      none[] = { SAMPLE_NO_TIME, SAMPLE_NO_TIME };

	(void)state;
	assert_times("{\"unit\":\"nanoseconds\",\"startValue\":-100,"
		     "\"samples\":[[0,1],[0,2],[0]],\"weights\":[50,100,1]}",
		     crossing, nobody, 3);
	assert_times("{\"name\":\"x\",\"unit\":\"nanoseconds\",\"startValue\":7,"
		     "\"samples\":[[0]],\"weights\":[3]},"
		     "{\"name\":\"y\",\"unit\":\"microseconds\",\"events\":["
		     "{\"type\":\"O\",\"frame\":0,\"at\":-0.1},"
		     "{\"type\":\"C\",\"frame\":0,\"at\":2}]}",
		     threads, two, 2);
	assert_times("{\"unit\":\"seconds\",\"startValue\":-9e9,"
		     "\"samples\":[[0],[1]],\"weights\":[9e9,1]}",
		     (const uint64_t[]){ 0, UINT64_C(9000000000000000000) }, nobody, 2);
	assert_times("{\"unit\":\"seconds\",\"startValue\":-9.3e9,"
		     "\"samples\":[[0],[1]],\"weights\":[1024,1]},"
		     "{\"unit\":\"seconds\",\"startValue\":1e300}",
		     (const uint64_t[]){ 0, UINT64_C(1024000000000) }, nobody, 2);
	assert_times("{\"unit\":\"seconds\",\"startValue\":-9.3e9,"
		     "\"samples\":[[0]],\"weights\":[1]},"
		     "{\"unit\":\"seconds\",\"startValue\":9,\"samples\":[[0]],\"weights\":[1]}",
		     none, nobody, 2);
	assert_times("{\"unit\":\"seconds\",\"startValue\":-1e999,"
		     "\"samples\":[[0],[1]],\"weights\":[1,1]}",
		     none, nobody, 2);
}

/* Time is time, in whichever unit; bytes are not. */
static void profiles_of_another_unit_do_not_count(void **state)
{
	(void)state;
	assert_reads("{" SCHEMA "," FRAMES ",\"profiles\":["
		     "{\"unit\":\"microseconds\",\"samples\":[[0]],\"weights\":[1.5]},"
		     "{\"unit\":\"bytes\",\"samples\":[[0]],\"weights\":[7]},"
		     "{\"unit\":\"nanoseconds\",\"samples\":[[2]],\"weights\":[7]}]}",
		     "a 1500\nc 7\n", 0, 1);
}

static void what_cannot_be_is_left_out(void **state)
{
	(void)state;
	assert_reads("{" SCHEMA "," FRAMES
		     ",\"profiles\":[{\"samples\":[[0],[9],[2],[-1],[1]],\"weights\":[1,2,-3,1]}]}",
		     "a 1\n", 4, 0);
	assert_reads(
		"{" SCHEMA "," FRAMES
		",\"profiles\":[{\"events\":[{\"type\":\"C\",\"frame\":0,\"at\":1},{},{\"type\":\"O\",\"frame\":3,\"at\":1},"
		"{\"type\":\"O\",\"frame\":0,\"at\":1},{\"type\":\"C\",\"frame\":0,\"at\":3}]}]}",
		"a 2\n", 3, 0);
}

static void values_elsewhere_are_none(void **state)
{
	(void)state;
	assert_reads(
		"{" SCHEMA
		",\"shared\":{\"frames\":[{\"name\":null},\"x\",{\"name\":{\"name\":\"y\"}},{\"name\":\"z\"}],"
		"\"profiles\":[1]},\"profiles\":[[1],{\"samples\":[[2]],\"weights\":[5]},7]}",
		"z 5\n", 0, 0);
}

static void assert_refused(const char *text, size_t offset)
{
	struct profile *profile = profile_new();
	struct profile_reader *reader = profile_reader_new(profile);
	struct read_report report;
	int error = profile_reader_feed(reader, text, strlen(text));

	if (!error)
		error = profile_reader_finish(reader, &report);
	assert_int_equal(error, -EPROTO);
	assert_int_equal(profile_reader_report(reader)->last.line, offset);
	profile_reader_free(reader);
	profile_free(profile);
}

static void what_is_no_json_is_refused_where_it_ends(void **state)
{
	static const char start[] = "{" SCHEMA ",\"profiles\":[";

	(void)state;
	assert_refused("{" SCHEMA ",\"profiles\":[", strlen(start));
	assert_refused("{" SCHEMA ",\"profiles\":[}", strlen(start) + 1);
}

static void folded_stacks_survive(void **state)
{
	static const char text[] = "p;[lost:late] 2\np;a_[j];\"b\\c\";d_[i] 3\np;[libc.so];x y 4\n";
	struct profile *profile = profile_new();
	struct buffer json = { 0 };
	struct read_report report;

	(void)state;
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(speedscope_write(profile, NULL, &json), 0);
	assert_reads(buffer_string(&json),
		     "p;[libc.so];x y 4\np;[lost:late] 2\np;a_[j];\"b\\c\";d_[i] 3\n", 0, 0);
	buffer_release(&json);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sampled_profiles_are_read),
		cmocka_unit_test(samples_without_a_weight_are_left_out),
		cmocka_unit_test(files_and_lines_are_read),
		cmocka_unit_test(evented_profiles_are_read),
		cmocka_unit_test(where_weights_are_time_samples_have_times),
		cmocka_unit_test(times_before_0_keep_their_order),
		cmocka_unit_test(profiles_of_another_unit_do_not_count),
		cmocka_unit_test(what_cannot_be_is_left_out),
		cmocka_unit_test(values_elsewhere_are_none),
		cmocka_unit_test(what_is_no_json_is_refused_where_it_ends),
		cmocka_unit_test(folded_stacks_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
