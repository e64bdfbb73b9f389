/* SPDX-License-Identifier: Apache-2.0 */
/* pprof_reader.c, pprof_tables.c, pprof.c and render/pprof_*.c, protobuf.c: what is written is read again; what is none is refused where it ends to be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/protobuf.h"
#include "model/fates.h"
#include "model/pprof.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "render/folded_writer.h"
#include "render/pprof_writer.h"

static struct profile *read_bytes(const struct buffer *bytes, bool keeps)
{
	struct profile *profile = profile_new();
	struct read_report report;

	if (keeps)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, bytes->data, bytes->size, &report), 0);
	assert_int_equal(report.faults, 0);
	return profile;
}

static struct profile *read_text(const char *text, bool keeps)
{
	struct buffer bytes = { (char *)text, strlen(text), strlen(text), false };

	return read_bytes(&bytes, keeps);
}

static struct profile *through_pprof(const struct profile *profile, bool keeps)
{
	struct buffer bytes = { 0 };
	struct profile *again;

	assert_int_equal(pprof_write(profile, NULL, &bytes), 0);
	again = read_bytes(&bytes, keeps);
	buffer_release(&bytes);
	return again;
}

static void assert_same_stacks(const struct profile *a, const struct profile *b)
{
	struct buffer one = { 0 }, other = { 0 };

	assert_int_equal(folded_write(a, NULL, &one), 0);
	assert_int_equal(folded_write(b, NULL, &other), 0);
	assert_string_equal(buffer_string(&one), buffer_string(&other));
	buffer_release(&one);
	buffer_release(&other);
}

static void assert_survives(const char *text)
{
	struct profile *profile = read_text(text, false);
	struct profile *again = through_pprof(profile, false), *kept = through_pprof(again, true);

	assert_same_stacks(profile, again);
	assert_same_stacks(profile, kept);
	assert_int_equal(profile_origin(profile)->fates_are_known,
			 profile_origin(again)->fates_are_known);
	profile_free(profile);
	profile_free(again);
	profile_free(kept);
}

static void folded_stacks_survive(void **state)
{
	(void)state;
	assert_survives("p;main;read_[k] 3\np;main;f_[i];g_[i] 2\np;f_[i] 1\np 4\n");
	assert_survives("p;[libc.so.6];a_[j];b_[i];c_[k];d_[i] 9\n");
	assert_survives("p;[truncated:no_rows];main 3\np;[lost:table_full] 2\n");
	assert_survives("[kernel];[x] 1\n[marker];(a) 2\n[process] [native];[jit] x 3\n");
	assert_survives("a;b 9223372036854775807\n");
}

/* Stacks of any shape and kind, some of them repeated in part. */
static void random_stacks_survive(void **state)
{
	static const char *const names[] = { "f",        "g_[k]",     "h_[i]",   "[so]", "j_[j]",
					     "[lost:x]", "[unknown]", "a b (c)", "[a]b", "x_[i]" };
	uint32_t seed = 1;

	(void)state;
	for (size_t round = 0; round < 50; round++) {
		struct buffer text = { 0 };

		for (size_t line = 0; line < 40; line++) {
			buffer_append_string(&text, "comm");
			for (size_t i = 0; i < 12 && (seed >> 16) % 8; i++) {
				seed = seed * 1103515245 + 12345;
				buffer_append_char(&text, ';');
				buffer_append_string(&text, names[(seed >> 16) % 10]);
			}
			seed = seed * 1103515245 + 12345;
			buffer_printf(&text, " %u\n", seed >> 16);
		}
		assert_survives(buffer_string(&text));
		buffer_release(&text);
	}
}

#define FRAMES "\t    7f0000400100 f+0x35 (/usr/lib/libcore.so.1)\n\t 401 main (/bin/app)\n\n"
#define SCRIPT                                               \
	"app 12/14 [000]  1.5:    10 cpu-clock:u: \n" FRAMES \
	"app 12/14 [000]  1.6:    20 cpu-clock:u: \n" FRAMES \
	"app 12/15 [003]  1.7:    30 cpu-clock:u: \n" FRAMES \
	"other 7 [001] 1.8:    40 cpu-clock:u: \n" FRAMES

static void assert_label(const struct profile *profile, size_t sample, enum sample_label label,
			 uint32_t value)
{
	const struct samples *samples = profile_samples(profile);

	assert_int_equal(
		samples_labels(samples, samples_get(samples, sample).labels)->values[label], value);
}

static void labels_and_values_survive(void **state)
{
	struct profile *profile = read_text(SCRIPT, true);
	struct profile *again = through_pprof(profile, true);
	const struct samples *samples = profile_samples(again);
	const struct value_type *types;
	uint32_t count, comm;

	(void)state;
	assert_same_stacks(profile, again);
	/* Those of one stack and one label set are one. */
	assert_int_equal(samples_count(samples), 3);
	assert_int_equal(samples_value(samples, 0, 0), 2);
	assert_int_equal(samples_value(samples, 0, 1), 30);
	assert_int_equal(samples_value(samples, 1, 1), 30);
	assert_label(again, 0, SAMPLE_LABEL_pid, 12);
	assert_label(again, 0, SAMPLE_LABEL_tid, 14);
	assert_label(again, 0, SAMPLE_LABEL_cpu, 0);
	assert_label(again, 1, SAMPLE_LABEL_cpu, 3);
	assert_label(again, 2, SAMPLE_LABEL_pid, PROFILE_NONE);
	comm = samples_labels(samples, samples_get(samples, 2).labels)->values[SAMPLE_LABEL_comm];
	assert_string_equal(profile_string(again, comm, NULL), "other");
	types = profile_values(again, &count);
	assert_int_equal(count, 2);
	assert_string_equal(profile_string(again, types[0].unit, NULL), "count");
	assert_string_equal(profile_string(again, types[1].name, NULL), "cpu");
	profile_free(profile);
	profile_free(again);
}

/* As of the first value. */
static void further_values_that_are_too_many_are_an_error(void **state)
{
	static const char *const last[] = { "807", "808" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer text = { 0 }, bytes = { 0 };
		struct profile *profile;

		buffer_printf(&text,
			      "app 1/1 [000] 1.0: 9223372036854775000 cycles: \n\t1 a (x)\n\n"
			      "app 1/1 [000] 2.0: %s cycles: \n\t1 b (x)\n\n",
			      last[i]);
		profile = read_text(buffer_string(&text), true);
		assert_int_equal(pprof_write(profile, NULL, &bytes), i ? -EOVERFLOW : 0);
		buffer_release(&bytes);
		buffer_release(&text);
		profile_free(profile);
	}
}

static void where_it_comes_from_survives(void **state)
{
	struct profile *profile = read_text("p;a 99\np;[lost:late] 1\n", false), *again;
	struct profile_origin *origin = profile_origin(profile), *read;
	uint32_t count;

	(void)state;
	origin->command = strdup("app --fast");
	origin->machine = strdup("host");
	origin->event = strdup("cpu-clock");
	origin->rate_hz = 99;
	origin->time_unix_ns = 1700000000123456789;
	origin->duration_ns = 10000000000;
	again = through_pprof(profile, true);
	read = profile_origin(again);
	assert_string_equal(read->command, origin->command);
	assert_string_equal(read->machine, origin->machine);
	assert_string_equal(read->event, origin->event);
	assert_int_equal(read->rate_hz, 99);
	assert_int_equal(read->time_unix_ns, origin->time_unix_ns);
	assert_int_equal(read->duration_ns, origin->duration_ns);
	assert_true(read->fates_are_known);
	/* Ticks of a known rate are time, too. */
	profile_values(again, &count);
	assert_int_equal(count, 2);
	assert_int_equal(samples_value(profile_samples(again), 0, 1), 1000000000);
	profile_free(profile);
	profile_free(again);
}

static void files_lines_and_modules_survive(void **state)
{
	struct profile *profile = profile_new(), *again;
	struct frame frame = frame_of_kind(FRAME_NATIVE);
	const struct frame *read;
	uint32_t id, node;

	(void)state;
	assert_int_equal(profile_intern(profile, "main", 4, &frame.name), 0);
	assert_int_equal(profile_intern(profile, "app", 3, &frame.module), 0);
	assert_int_equal(profile_intern(profile, "/src/main.c", 11, &frame.file), 0);
	frame.line = 17;
	assert_int_equal(profile_add_frame(profile, frame, &id), 0);
	assert_int_equal(profile_add_child(profile, PROFILE_ROOT, id, &node), 0);
	assert_int_equal(profile_add_ticks(profile, node, 1), 0);
	assert_int_equal(profile_add_named(profile, "hook", "nf_tables", FRAME_KERNEL, &id), 0);
	assert_int_equal(profile_add_child(profile, node, id, &node), 0);
	assert_int_equal(profile_add_named(profile, "[made]", "node", FRAME_JIT, &id), 0);
	assert_int_equal(profile_add_child(profile, node, id, &node), 0);
	assert_int_equal(profile_add_ticks(profile, node, 1), 0);
	again = through_pprof(profile, false);
	read = profile_frame(again, profile_node(again, 1)->frame);
	assert_int_equal(read->line, 17);
	assert_string_equal(profile_string(again, read->file, NULL), "/src/main.c");
	assert_string_equal(profile_string(again, read->module, NULL), "app");
	read = profile_frame(again, profile_node(again, 2)->frame);
	assert_int_equal(read->kind, FRAME_KERNEL);
	assert_string_equal(profile_string(again, read->module, NULL), "nf_tables");
	read = profile_frame(again, profile_node(again, 3)->frame);
	assert_int_equal(read->kind, FRAME_JIT);
	assert_string_equal(profile_string(again, read->name, NULL), "[made]");
	assert_string_equal(profile_string(again, read->module, NULL), "node");
	profile_free(profile);
	profile_free(again);
}

/* --- messages made by hand --- */

static void append_pair(struct buffer *to, uint32_t number, uint32_t first, uint64_t one,
			uint32_t second, uint64_t other)
{
	struct buffer inner = { 0 };

	protobuf_append_number(&inner, first, one);
	protobuf_append_number(&inner, second, other);
	protobuf_append_bytes(to, number, inner.data, inner.size);
	buffer_release(&inner);
}

static void append_string(struct buffer *to, const char *text)
{
	protobuf_append_bytes(to, PPROF_STRING, text, strlen(text));
}

static void append_head(struct buffer *to)
{
	append_pair(to, PPROF_SAMPLE_TYPE, PPROF_TYPE_NAME, 1, PPROF_TYPE_UNIT, 2);
	append_string(to, "");
	append_string(to, "samples");
	append_string(to, "count");
	append_string(to, "/usr/bin/app");
	append_string(to, "outer");
	append_string(to, "inner");
}

/* A location of two lines, whose IDs are far from 1; numbers are not packed, and the tables come behind the samples. */
static void others_write_it_otherwise(void **state)
{
	struct buffer bytes = { 0 }, inner = { 0 }, line = { 0 };
	struct profile *profile, *expected = read_text("outer;inner_[i] 7\n", false);
	struct buffer text = { 0 };

	(void)state;
	append_head(&bytes);
	append_pair(&bytes, PPROF_SAMPLE, PPROF_SAMPLE_LOCATION, UINT64_MAX, PPROF_SAMPLE_VALUE, 7);
	append_pair(&bytes, PPROF_MAPPING, PPROF_MAPPING_ID, 1u << 30, PPROF_MAPPING_FILE, 3);
	append_pair(&bytes, PPROF_FUNCTION, PPROF_FUNCTION_ID, 5000, PPROF_FUNCTION_NAME, 4);
	append_pair(&bytes, PPROF_FUNCTION, PPROF_FUNCTION_ID, 2, PPROF_FUNCTION_SYSTEM_NAME, 5);
	protobuf_append_number(&inner, PPROF_LOCATION_ID, UINT64_MAX);
	protobuf_append_number(&inner, PPROF_LOCATION_MAPPING, 1u << 30);
	protobuf_append_number(&line, PPROF_LINE_FUNCTION, 2);
	protobuf_append_bytes(&inner, PPROF_LOCATION_LINE, line.data, line.size);
	buffer_clear(&line);
	protobuf_append_number(&line, PPROF_LINE_FUNCTION, 5000);
	protobuf_append_bytes(&inner, PPROF_LOCATION_LINE, line.data, line.size);
	protobuf_append_bytes(&bytes, PPROF_LOCATION, inner.data, inner.size);
	profile = read_bytes(&bytes, false);
	assert_int_equal(folded_write(profile, NULL, &text), 0);
	assert_string_equal(buffer_string(&text), "outer;inner_[i] 7\n");
	assert_string_equal(profile_string(profile, profile_frame(profile, 0)->module, NULL),
			    "app");
	profile_free(profile);
	profile_free(expected);
	buffer_release(&text);
	buffer_release(&bytes);
	buffer_release(&inner);
	buffer_release(&line);
}

static void append_location_of(struct buffer *to, uint32_t id, uint32_t function)
{
	struct buffer inner = { 0 }, line = { 0 };

	protobuf_append_number(&inner, PPROF_LOCATION_ID, id);
	protobuf_append_number(&line, PPROF_LINE_FUNCTION, function);
	protobuf_append_bytes(&inner, PPROF_LOCATION_LINE, line.data, line.size);
	protobuf_append_bytes(to, PPROF_LOCATION, inner.data, inner.size);
	buffer_release(&inner);
	buffer_release(&line);
}

static void append_sample(struct buffer *to, const uint8_t *lists[2], const size_t sizes[2])
{
	struct buffer inner = { 0 };

	for (size_t i = 0; i < 2; i++)
		if (sizes[i])
			protobuf_append_bytes(&inner, PPROF_SAMPLE_LOCATION, lists[i], sizes[i]);
	protobuf_append_number(&inner, PPROF_SAMPLE_VALUE, 1);
	protobuf_append_bytes(to, PPROF_SAMPLE, inner.data, inner.size);
	buffer_release(&inner);
}

/* Lists that end with the same bytes, but not with the same numbers, in any order: location 1 is "outer", 2 and 129 are "inner". */
static void lists_are_compared_by_numbers(void **state)
{
	static const struct {
		uint8_t bytes[4];
		size_t size;
		const char *stack;
	} lists[] = {
		{ { 2, 1 }, 2, "outer;inner" },
		{ { 0x81, 1 }, 2, "inner" },          /* 129 */
		{ { 0x81, 0 }, 2, "outer" },          /* 1, in more bytes than it needs */
		{ { 2, 0x81, 0 }, 3, "outer;inner" }, /* the same */
		{ { 1, 0x81, 1 }, 3, "inner;outer" }, /* 1, 129 */
		{ { 1 }, 1, "outer" },                /* the end of all that end so */
		{ { 2, 2, 0x81, 1 }, 4, "inner;inner;inner" },
		{ { 0x82, 0x80, 0, 1 }, 4, "outer;inner" }, /* 2 in three bytes, 1 */
	};
	const size_t count = sizeof(lists) / sizeof(lists[0]);

	(void)state;
	for (size_t i = 0; i < count * count * 2; i++) {
		size_t one = i / 2 % count, other = i / 2 / count, split = i % 2;
		struct buffer bytes = { 0 }, text = { 0 }, stacks = { 0 }, expected = { 0 };
		struct profile *profile, *again;

		append_head(&bytes);
		append_sample(&bytes, (const uint8_t *[]){ lists[one].bytes, NULL },
			      (size_t[]){ lists[one].size, 0 });
		append_sample(&bytes, (const uint8_t *[]){ lists[other].bytes, NULL },
			      (size_t[]){ lists[other].size, 0 });
		if (split)
			append_sample(&bytes,
				      (const uint8_t *[]){ lists[one].bytes, lists[other].bytes },
				      (size_t[]){ lists[one].size, lists[other].size });
		append_sample(&bytes, (const uint8_t *[]){ lists[one].bytes, NULL },
			      (size_t[]){ lists[one].size, 0 });
		append_pair(&bytes, PPROF_FUNCTION, PPROF_FUNCTION_ID, 1, PPROF_FUNCTION_NAME, 4);
		append_pair(&bytes, PPROF_FUNCTION, PPROF_FUNCTION_ID, 2, PPROF_FUNCTION_NAME, 5);
		append_location_of(&bytes, 1, 1);
		append_location_of(&bytes, 2, 2);
		append_location_of(&bytes, 129, 2);
		buffer_printf(&stacks, "%s 1\n%s 1\n", lists[one].stack, lists[other].stack);
		if (split)
			buffer_printf(&stacks, "%s;%s 1\n", lists[other].stack, lists[one].stack);
		buffer_printf(&stacks, "%s 1\n", lists[one].stack);
		profile = read_bytes(&bytes, false);
		again = read_text(buffer_string(&stacks), false);
		assert_int_equal(folded_write(profile, NULL, &text), 0);
		assert_int_equal(folded_write(again, NULL, &expected), 0);
		assert_string_equal(buffer_string(&text), buffer_string(&expected));
		profile_free(profile);
		profile_free(again);
		buffer_release(&bytes);
		buffer_release(&text);
		buffer_release(&stacks);
		buffer_release(&expected);
	}
}

static void a_type_without_a_name_is_one(void **state)
{
	struct buffer bytes = { 0 };
	struct profile *profile;
	uint32_t count;

	(void)state;
	append_pair(&bytes, PPROF_SAMPLE_TYPE, PPROF_TYPE_NAME, 0, PPROF_TYPE_UNIT, 1);
	append_string(&bytes, "");
	append_string(&bytes, "count");
	profile = read_bytes(&bytes, true);
	assert_string_equal(profile_string(profile, profile_values(profile, &count)->name, NULL),
			    "");
	assert_int_equal(count, 1);
	profile_free(profile);
	buffer_release(&bytes);
}

static void assert_fault(const struct buffer *bytes, int expected, const char *why, size_t offset)
{
	struct profile *profile = profile_new();
	struct profile_reader *reader = profile_reader_new(profile);
	struct read_report report;
	int error = profile_reader_feed(reader, bytes->data, bytes->size);

	assert_int_equal(error, 0);
	assert_int_equal(profile_reader_finish(reader, &report), expected);
	assert_string_equal(report.format->name, "pprof");
	assert_int_equal(report.faults, 1);
	assert_non_null(strstr(report.last.why, why));
	assert_int_equal(report.last.line, offset);
	profile_reader_free(reader);
	profile_free(profile);
}

static void a_cut_message_is_refused_where_it_ends(void **state)
{
	struct buffer bytes = { 0 };
	size_t whole;

	(void)state;
	append_head(&bytes);
	whole = bytes.size;
	append_pair(&bytes, PPROF_FUNCTION, PPROF_FUNCTION_ID, 1, PPROF_FUNCTION_NAME, 4);
	bytes.size--;
	assert_fault(&bytes, -EPROTO, "cut off", whole);
	buffer_release(&bytes);
}

static void samples_that_cannot_be_are_left_out(void **state)
{
	static const struct {
		uint64_t location, value;
		const char *why;
	} cases[] = {
		{ 9, 1, "a location that is not there" },
		{ 0, UINT64_MAX, "negative" },
		{ 0, 0, "as many values" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buffer bytes = { 0 };
		size_t head;

		append_head(&bytes);
		head = bytes.size;
		append_pair(&bytes, PPROF_SAMPLE, PPROF_SAMPLE_LOCATION, cases[i].location,
			    PPROF_SAMPLE_VALUE, cases[i].value);
		assert_fault(&bytes, 0, cases[i].why, head + 2);
		buffer_release(&bytes);
	}
}

/* What the samples' frames are named by is not there: they are kept, and it is told where. */
static void references_to_nothing_are_told(void **state)
{
	static const struct {
		uint32_t field, id, number;
		const char *why;
	} cases[] = {
		{ PPROF_FUNCTION, PPROF_FUNCTION_ID, PPROF_FUNCTION_NAME, "name of a function" },
		{ PPROF_FUNCTION, PPROF_FUNCTION_ID, PPROF_FUNCTION_SYSTEM_NAME, "system's name" },
		{ PPROF_FUNCTION, PPROF_FUNCTION_ID, PPROF_FUNCTION_FILE, "file of a function" },
		{ PPROF_FUNCTION, PPROF_FUNCTION_FILE, PPROF_FUNCTION_ID, "not there" },
		{ PPROF_MAPPING, PPROF_MAPPING_ID, PPROF_MAPPING_FILE, "file of a mapping" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buffer bytes = { 0 }, location = { 0 }, line = { 0 };
		size_t place, head;

		append_head(&bytes);
		head = bytes.size;
		append_pair(&bytes, cases[i].field, cases[i].id, 1, cases[i].number, 99);
		place = cases[i].number == PPROF_FUNCTION_ID ? bytes.size : head;
		protobuf_append_number(&location, PPROF_LOCATION_ID, 1);
		protobuf_append_number(&location, PPROF_LOCATION_MAPPING, 1);
		if (cases[i].field == PPROF_FUNCTION)
			protobuf_append_number(&line, PPROF_LINE_FUNCTION, 1);
		protobuf_append_bytes(&location, PPROF_LOCATION_LINE, line.data, line.size);
		protobuf_append_bytes(&bytes, PPROF_LOCATION, location.data, location.size);
		append_pair(&bytes, PPROF_SAMPLE, PPROF_SAMPLE_LOCATION, 1, PPROF_SAMPLE_VALUE, 7);
		assert_fault(&bytes, 0, cases[i].why, place);
		buffer_release(&bytes);
		buffer_release(&location);
		buffer_release(&line);
	}
}

static void references_of_the_profile_itself_are_told(void **state)
{
	static const struct {
		uint32_t field;
		const char *why;
	} cases[] = {
		{ PPROF_COMMENT, "a comment" },
		{ PPROF_DEFAULT_TYPE, "the default type" },
	};
	struct buffer bytes = { 0 };
	size_t place;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		append_head(&bytes);
		place = bytes.size;
		protobuf_append_number(&bytes, cases[i].field, 6);
		assert_fault(&bytes, 0, cases[i].why, place);
		buffer_clear(&bytes);
	}
	append_head(&bytes);
	place = bytes.size;
	append_pair(&bytes, PPROF_SAMPLE_TYPE, PPROF_TYPE_NAME, 1, PPROF_TYPE_UNIT, 6);
	assert_fault(&bytes, 0, "unit of a type", place);
	buffer_clear(&bytes);
	append_pair(&bytes, PPROF_SAMPLE_TYPE, PPROF_TYPE_NAME, 77, PPROF_TYPE_UNIT, 0);
	assert_fault(&bytes, 0, "name of a type", 0);
	buffer_clear(&bytes);
	append_head(&bytes);
	place = bytes.size;
	append_pair(&bytes, PPROF_PERIOD_TYPE, PPROF_TYPE_NAME, 1, PPROF_TYPE_UNIT, UINT64_MAX);
	assert_fault(&bytes, 0, "unit of the period", place);
	buffer_release(&bytes);
}

/* A few bytes that name a location of many lines again and again would else take any memory. */
static void an_input_means_no_more_than_its_size_can(void **state)
{
	struct buffer bytes = { 0 }, location = { 0 }, sample = { 0 };
	struct profile *profile = profile_new();
	struct read_report report;

	(void)state;
	append_head(&bytes);
	protobuf_append_number(&location, PPROF_LOCATION_ID, 1);
	for (size_t i = 0; i < 256; i++)
		protobuf_append_bytes(&location, PPROF_LOCATION_LINE, "", 0);
	protobuf_append_bytes(&bytes, PPROF_LOCATION, location.data, location.size);
	for (size_t i = 0; i < 10000; i++)
		buffer_append_char(&sample, 1);
	buffer_append_char(&location, 0);
	location.size = 0;
	protobuf_append_bytes(&location, PPROF_SAMPLE_LOCATION, sample.data, sample.size);
	protobuf_append_number(&location, PPROF_SAMPLE_VALUE, 1);
	protobuf_append_bytes(&bytes, PPROF_SAMPLE, location.data, location.size);
	assert_int_equal(profile_read(profile, bytes.data, bytes.size, &report), 0);
	assert_int_equal(report.faults, 1);
	assert_true(profile_node_count(profile) < 4096 + 2 * bytes.size + 300);
	profile_free(profile);
	buffer_release(&bytes);
	buffer_release(&location);
	buffer_release(&sample);
}

/* A raw profile begins with a newline, as text may. */
static void text_is_no_message(void **state)
{
	static const char *const texts[] = { "\n\na;b 1\n",
					     "\na 1\n",
					     "\n\x02"
					     "ab 1\n",
					     "\n",
					     "p;a 1\n",
					     "2;8 1\n",
					     "\"\x02"
					     "a b\" 1\n",
					     "H@H@ 3\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct profile *profile = profile_new();
		struct read_report report;

		assert_int_equal(profile_read(profile, texts[i], strlen(texts[i]), &report), 0);
		assert_string_equal(report.format->name, "folded");
		profile_free(profile);
	}
}

static void fields_of_every_type_are_read(void **state)
{
	static const uint8_t bytes[] = { 0x08, 0x96, 0x01, 0x11, 1,   0,    0, 0, 0, 0, 0,
					 0,    0x1a, 2,    'h',  'i', 0x25, 2, 0, 0, 0 };
	struct protobuf_field field;
	struct byte_reader reader;

	(void)state;
	byte_reader_init(&reader, (struct bytes){ bytes, sizeof(bytes) });
	assert_true(protobuf_next(&reader, &field));
	assert_int_equal(field.value, 150);
	assert_true(protobuf_next(&reader, &field));
	assert_int_equal(field.type, PROTOBUF_FIXED64);
	assert_int_equal(field.value, 1);
	assert_true(protobuf_next(&reader, &field));
	assert_int_equal(field.bytes.size, 2);
	assert_true(protobuf_next(&reader, &field));
	assert_int_equal(field.number, 4);
	assert_int_equal(field.value, 2);
	assert_false(protobuf_next(&reader, &field));
	assert_false(reader.failed);
	/* Groups, field 0, and a size beyond the end. */
	for (size_t i = 0; i < 3; i++) {
		static const uint8_t bad[][2] = { { 0x0b, 0 }, { 0x00, 0 }, { 0x0a, 9 } };

		byte_reader_init(&reader, (struct bytes){ bad[i], 2 });
		assert_false(protobuf_next(&reader, &field));
		assert_true(reader.failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_stacks_survive),
		cmocka_unit_test(random_stacks_survive),
		cmocka_unit_test(labels_and_values_survive),
		cmocka_unit_test(further_values_that_are_too_many_are_an_error),
		cmocka_unit_test(where_it_comes_from_survives),
		cmocka_unit_test(files_lines_and_modules_survive),
		cmocka_unit_test(others_write_it_otherwise),
		cmocka_unit_test(lists_are_compared_by_numbers),
		cmocka_unit_test(a_type_without_a_name_is_one),
		cmocka_unit_test(a_cut_message_is_refused_where_it_ends),
		cmocka_unit_test(samples_that_cannot_be_are_left_out),
		cmocka_unit_test(references_to_nothing_are_told),
		cmocka_unit_test(references_of_the_profile_itself_are_told),
		cmocka_unit_test(an_input_means_no_more_than_its_size_can),
		cmocka_unit_test(text_is_no_message),
		cmocka_unit_test(fields_of_every_type_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
