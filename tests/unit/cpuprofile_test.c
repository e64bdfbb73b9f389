/* SPDX-License-Identifier: Apache-2.0 */
/* cpuprofile_reader.c and cpuprofile_writer.c: what V8 writes, in any order; what cannot be is left out where it stands; what hearth wrote comes back. */
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
#include "render/cpuprofile_writer.h"
#include "render/folded_writer.h"

#define FRAME(name) "\"callFrame\":{\"functionName\":\"" name "\",\"url\":\"\",\"lineNumber\":-1}"
#define NODES                                                                              \
	"\"nodes\":[{\"id\":1," FRAME(                                                     \
		"(root)") ",\"children\":[7,9]},"                                          \
			  "{\"id\":7," FRAME(                                              \
				  "app") ",\"children\":[8]},"                             \
					 "{\"id\":8," FRAME("f_[k]") "},{\"id\":9," FRAME( \
						 "(idle)") "}]"

static struct profile *read_text(const char *text, bool keeps, struct read_report *report)
{
	struct profile *profile = profile_new();

	if (keeps)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), report), 0);
	return profile;
}

static void assert_folds(const struct profile *profile, const char *folded)
{
	struct buffer written = { 0 };

	assert_int_equal(folded_write(profile, NULL, &written), 0);
	assert_string_equal(written.size ? buffer_string(&written) : "", folded);
	buffer_release(&written);
}

static void assert_reads(const char *text, const char *folded, uint64_t faults)
{
	struct read_report report;
	struct profile *profile = read_text(text, false, &report);

	assert_string_equal(report.format->name, "cpuprofile");
	assert_folds(profile, folded);
	assert_int_equal(report.faults, faults);
	profile_free(profile);
}

static void samples_count_where_no_hits_are_told(void **state)
{
	(void)state;
	assert_reads("{" NODES ",\"samples\":[8,7,8,9]}", "(idle) 1\napp 1\napp;f_[k] 2\n", 0);
	assert_reads("{\"timeDeltas\":[1,1],\"samples\":[8,9]," NODES "}",
		     "(idle) 1\napp;f_[k] 1\n", 0);
}

static void hits_count_where_they_are_told(void **state)
{
	(void)state;
	assert_reads(
		"{\"nodes\":[{\"id\":1," FRAME("(root)") ",\"children\":[2]},"
							 "{\"id\":2,\"hitCount\":7," FRAME(
								 "app") "}],\"samples\":[2,2,2,1]}",
		"app 7\n", 0);
	assert_reads("{\"nodes\":[{\"id\":2,\"hitCount\":7," FRAME("app") "}]}", "app 7\n", 0);
}

/* As some tools write it: a node tells its caller. */
static void callers_may_be_told_by_the_called(void **state)
{
	(void)state;
	assert_reads("{\"nodes\":[{\"id\":3,\"parent\":2,\"hitCount\":1," FRAME(
			     "g") "},"
				  "{\"id\":2," FRAME("f") "}]}",
		     "f;g 1\n", 0);
}

/* A sample lasts until the next one, the last one until the end; where the clock steps back, no time passes. */
static void times_are_between_samples(void **state)
{
	struct read_report report;
	struct profile *profile =
		read_text("{" NODES ",\"startTime\":1000,\"endTime\":1100.5,\"samples\":[7,8,7,9],"
			  "\"timeDeltas\":[10,20,-5,60]}",
			  true, &report);
	const struct samples *samples = profile_samples(profile);
	static const uint64_t times[] = { 1010000, 1030000, 1030000, 1085000 };
	static const uint64_t lasts[] = { 20000, 0, 55000, 15500 };

	(void)state;
	assert_int_equal(samples_count(samples), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(samples_get(samples, i).time_ns, times[i]);
		assert_int_equal(samples_value(samples, i, 0), 1);
		assert_int_equal(samples_value(samples, i, 1), lasts[i]);
	}
	profile_free(profile);
}

static void functions_have_their_place(void **state)
{
	struct read_report report;
	struct profile *profile = read_text(
		"{\"nodes\":[{\"id\":1," FRAME(
			"(root)") ",\"children\":[2,3]},{\"id\":2,\"hitCount\":1,\"callFrame\":"
				  "{\"functionName\":\"\",\"url\":\"file:///srv/x.js\",\"lineNumber\":6}},{\"id\":3,\"hitCount\":1,"
				  "\"callFrame\":{\"url\":\"node:fs\",\"functionName\":\"[lost:x]\"}}]}",
		false, &report);
	const struct frame *frame = profile_frame(profile, profile_node(profile, 1)->frame);

	(void)state;
	assert_string_equal(profile_string(profile, frame->name, NULL), "(anonymous)");
	for (uint32_t i = 0; i < profile_frame_count(profile); i++)
		if (profile_frame(profile, i)->line == 7)
			frame = profile_frame(profile, i);
	assert_string_equal(profile_string(profile, frame->file, NULL), "/srv/x.js");
	assert_int_equal(frame->line, 7);
	assert_int_equal(frame->kind, FRAME_NATIVE);
	assert_folds(profile, "(anonymous) 1\n[lost:x] 1\n");
	assert_false(profile_origin(profile)->fates_are_known);
	profile_free(profile);
}

static void what_cannot_be_is_left_out(void **state)
{
	(void)state;
	assert_reads("{" NODES ",\"samples\":[8,77,-1,1.5,null,7,7,7]}", "app 3\napp;f_[k] 1\n", 4);
	/* A circle, what hangs on it, a node that is its own caller; and a second caller. */
	assert_reads(
		"{\"nodes\":[{\"id\":1," FRAME(
			"a") ",\"children\":[2]},"
			     "{\"id\":2," FRAME("b") ",\"children\":[1,3]},{\"id\":3," FRAME(
				     "c") "},"
					  "{\"id\":4," FRAME(
						  "d") ",\"children\":[4]},"
						       "{\"id\":5," FRAME("e") ",\"children\":[6,99]},{\"id\":6," FRAME(
							       "f") "},"
								    "{\"id\":7," FRAME(
									    "g") ",\"children\":[6]}],\"samples\":[1,2,3,4,5,6,6,6,7,7]}",
		"e 1\ne;f 3\ng 2\n", 5);
	assert_reads("{\"nodes\":[{\"id\":1,\"hitCount\":1," FRAME(
			     "a") "},"
				  "{\"id\":1,\"hitCount\":2," FRAME("b") "},{\"hitCount\":4," FRAME(
					  "c") "},"
					       "{\"id\":2,\"hitCount\":1e300," FRAME("d") "}]}",
		     "a 1\n", 2);
}

static void folded_stacks_survive(void **state)
{
	static const char text[] =
		"p 1\np;[libc.so];x y 4\np;[lost:late] 2\np;a_[j];\"b\\c\";d_[i] 9007199254740991\n";
	struct buffer json = { 0 };
	struct read_report report;
	struct profile *profile = read_text(text, false, &report);

	(void)state;
	assert_int_equal(cpuprofile_write(profile, NULL, &json), 0);
	profile_free(profile);
	assert_reads(buffer_string(&json), text, 0);
	buffer_release(&json);
}

/* One thread behind the other, each sample as long as it weighs: gaps are not told. What has no time gets none by the way. */
static void samples_survive(void **state)
{
	static const uint64_t lasts[] = { 30, 1010, 7 },
			      times[] = { 3400000000, 3400000030, 3400001040 };
	struct buffer json = { 0 };
	struct read_report report;
	struct profile *profile =
		read_text("app 12/14 [000]  3.5:    1010 cpu-clock:u: \n\t 401 main (/bin/app)\n\n"
			  "app 12/15 [000]  3.6:    7 cpu-clock:u: \n\t 401 main (/bin/app)\n\n"
			  "app 12/14 [000]  3.4:    30 cpu-clock:u: \n\t 401 g (/bin/app)\n\n",
			  true, &report);
	const struct samples *samples;
	uint32_t count;

	(void)state;
	assert_int_equal(cpuprofile_write(profile, NULL, &json), 0);
	profile_free(profile);
	assert_non_null(strstr(buffer_string(&json),
			       "\"timeDeltas\":[0,0.030,1.010,0.007],\n\"endTime\":3400001.047}"));
	profile = read_text(buffer_string(&json), true, &report);
	samples = profile_samples(profile);
	assert_int_equal(samples_count(samples), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(samples_value(samples, i, 1), lasts[i]);
		assert_int_equal(samples_get(samples, i).time_ns, times[i]);
	}
	assert_folds(profile, "app;g 1\napp;main 2\n");
	profile_free(profile);
	buffer_clear(&json);

	profile = read_text("a;b 5\n", true, &report);
	assert_int_equal(cpuprofile_write(profile, NULL, &json), 0);
	profile_free(profile);
	profile = read_text(buffer_string(&json), true, &report);
	profile_values(profile, &count);
	assert_int_equal(count, 1);
	assert_false(samples_have_times(profile_samples(profile)));
	assert_folds(profile, "a;b 5\n");
	profile_free(profile);
	buffer_release(&json);
}

static void assert_same_samples(const struct samples *a, const struct samples *b)
{
	assert_int_equal(samples_count(a), samples_count(b));
	for (size_t i = 0; i < samples_count(a); i++) {
		assert_int_equal(samples_get(a, i).node, samples_get(b, i).node);
		assert_int_equal(samples_get(a, i).time_ns, samples_get(b, i).time_ns);
		for (uint32_t value = 0; value < 2; value++)
			assert_int_equal(samples_value(a, i, value), samples_value(b, i, value));
	}
}

/* Each at its time, to the nanosecond, however many there are. */
static void what_was_read_is_written(void **state)
{
	static const char *const ends[] = { "12345.678", "12346.001", "9007199254.123" };
	struct buffer text = { 0 }, json = { 0 };
	struct profile *profile, *again;
	struct read_report report;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		buffer_printf(&text,
			      "{" NODES ",\"startTime\":1000.001,\"endTime\":%s,\"samples\":[7",
			      ends[i]);
		for (size_t sample = 0; sample < 10000; sample++)
			buffer_printf(&text, ",%d", 7 + (int)(sample % 3));
		buffer_append_string(&text, "],\"timeDeltas\":[1000000.1");
		for (size_t sample = 0; sample < 10000; sample++)
			buffer_printf(&text, ",%d.%03d", (int)(sample % 7), (int)(sample % 1000));
		buffer_append_string(&text, "]}");
		profile = read_text(buffer_string(&text), true, &report);
		assert_int_equal(report.faults, 0);
		assert_int_equal(cpuprofile_write(profile, NULL, &json), 0);
		again = read_text(buffer_string(&json), true, &report);
		assert_int_equal(report.faults, 0);
		assert_same_samples(profile_samples(profile), profile_samples(again));
		profile_free(profile);
		profile_free(again);
		buffer_clear(&text);
		buffer_clear(&json);
	}
	buffer_release(&text);
	buffer_release(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_count_where_no_hits_are_told),
		cmocka_unit_test(hits_count_where_they_are_told),
		cmocka_unit_test(callers_may_be_told_by_the_called),
		cmocka_unit_test(times_are_between_samples),
		cmocka_unit_test(functions_have_their_place),
		cmocka_unit_test(what_cannot_be_is_left_out),
		cmocka_unit_test(folded_stacks_survive),
		cmocka_unit_test(samples_survive),
		cmocka_unit_test(what_was_read_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
