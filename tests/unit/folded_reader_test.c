/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "model/fates.h"
#include "model/profile_reader.h"
#include "model/profile.h"

static struct profile *read_text(const char *text, struct read_report *report)
{
	struct profile *profile = profile_new();
	size_t size = strlen(text);
	/* On the heap without a terminator, so that a read past the end is seen. */
	char *copy = malloc(size ? size : 1);

	memcpy(copy, text, size);
	assert_int_equal(profile_read(profile, copy, size, report), 0);
	free(copy);
	return profile;
}

static const struct frame *frame_at(const struct profile *profile, uint32_t node)
{
	return profile_frame(profile, profile_node(profile, node)->frame);
}

static const char *name_at(const struct profile *profile, uint32_t node)
{
	return profile_string(profile, frame_at(profile, node)->name, NULL);
}

static void test_kinds_come_from_suffixes_brackets_and_place(void **state)
{
	struct read_report report;
	struct profile *profile = read_text(
		"sh [x];[truncated:no_root];main;f_[i];j_[j];[libc.so.6];sys_read_[k] 3\n",
		&report);
	static const struct {
		const char *name;
		enum frame_kind kind;
	} expected[] = {
		{ "sh [x]", FRAME_PROCESS },  { "[truncated:no_root]", FRAME_MARKER },
		{ "main", FRAME_NATIVE },     { "f", FRAME_INLINED },
		{ "j", FRAME_JIT },           { "[libc.so.6]", FRAME_UNKNOWN },
		{ "sys_read", FRAME_KERNEL },
	};

	(void)state;
	assert_int_equal(report.stacks, 1);
	assert_int_equal(profile_node_count(profile), 8);
	for (uint32_t i = 0; i < 7; i++) {
		assert_string_equal(name_at(profile, i + 1), expected[i].name);
		assert_int_equal(frame_at(profile, i + 1)->kind, expected[i].kind);
	}
	assert_int_equal(profile_node(profile, 7)->self, 3);
	assert_true(profile_origin_of(profile)->fates_are_known);
	profile_free(profile);
}

static void test_a_marker_elsewhere_is_a_name(void **state)
{
	struct read_report report;
	struct profile *profile = read_text("a;b;[lost:late] 1\n[lost:late] 2\n", &report);
	struct fates fates;

	(void)state;
	assert_int_equal(frame_at(profile, 3)->kind, FRAME_UNKNOWN);
	assert_int_equal(frame_at(profile, 4)->kind, FRAME_PROCESS);
	assert_int_equal(profile_fates(profile, &fates), 0);
	assert_int_equal(fates.lost, 0);
	assert_false(profile_origin_of(profile)->fates_are_known);
	profile_free(profile);
}

static void test_faults_are_named_and_the_rest_is_kept(void **state)
{
	struct read_report report;
	struct profile *profile = read_text("a;b 1\n"
					    "no count\n"
					    "\n\n\n"
					    "a;b 1.5\r\n"
					    "7\n"
					    "a;b 3 4\n"
					    "a;b 99999999999999999999\n"
					    "a;b -1\n"
					    "a;c 2\r\n"
					    "a;d 0x10",
					    &report);
	static const struct read_fault expected[] = {
		{ 2, "no count at the end" },     { 6, "the count is not an integer" },
		{ 7, "a count without a stack" }, { 8, "two counts, where the first line has one" },
		{ 9, "the count is too large" },  { 10, "no count at the end" },
		{ 12, "no count at the end" },
	};

	(void)state;
	assert_int_equal(report.lines, 12);
	assert_int_equal(report.stacks, 2);
	assert_int_equal(report.faults, 7);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(report.first[i].line, expected[i].line);
		assert_string_equal(report.first[i].why, expected[i].why);
	}
	assert_int_equal(profile_total(profile), 3);
	profile_free(profile);
}

static void test_names_may_hold_spaces_and_be_empty(void **state)
{
	struct read_report report;
	struct profile *profile =
		read_text("Web Content;operator new(unsigned long);;x y 5", &report);

	(void)state;
	assert_string_equal(name_at(profile, 1), "Web Content");
	assert_string_equal(name_at(profile, 2), "operator new(unsigned long)");
	assert_string_equal(name_at(profile, 3), "[empty]");
	assert_string_equal(name_at(profile, 4), "x y");
	profile_free(profile);
}

static void test_counts_that_overflow_together_leave_lines_out(void **state)
{
	struct read_report report;
	struct profile *profile = read_text("a 9223372036854775807\na 1\n", &report);

	(void)state;
	assert_int_equal(report.stacks, 1);
	assert_int_equal(report.first[0].line, 2);
	assert_int_equal(profile_total(profile), INT64_MAX);
	profile_free(profile);
}

/* Any bytes are read without harm, and kept lines and left-out lines are all lines but blank ones. */
static void test_random_bytes_do_no_harm(void **state)
{
	static const char alphabet[] = "a;b 19.\n\r\t[]_k:-\xff";
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t size = (size_t)(round % 97);
		char *text = malloc(size + 1);
		struct profile *profile = profile_new();
		struct read_report report;

		for (size_t i = 0; i < size; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			text[i] = alphabet[(seed >> 33) % sizeof(alphabet)];
		}
		assert_int_equal(profile_read(profile, text, size, &report), 0);
		assert_true(report.stacks + report.faults <= report.lines);
		profile_free(profile);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_come_from_suffixes_brackets_and_place),
		cmocka_unit_test(test_a_marker_elsewhere_is_a_name),
		cmocka_unit_test(test_faults_are_named_and_the_rest_is_kept),
		cmocka_unit_test(test_names_may_hold_spaces_and_be_empty),
		cmocka_unit_test(test_counts_that_overflow_together_leave_lines_out),
		cmocka_unit_test(test_random_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
